//! Rule pages: front matter, text and examples, loaded and validated. Knows no fact.
