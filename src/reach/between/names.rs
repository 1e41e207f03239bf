//! Names that jobs give to what they keep for others, as far as they are literal: which of two may be the same, which may begin another. Knows values.

use crate::facts::{FileFacts, V, ValueId};

/// Literal pieces of a name, with anything between them: one piece is exactly that name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pieces: Vec<String>,
}

/// Parts of a value that are looked at, at most.
const MOST: usize = 64;

impl Name {
    /// Any name at all.
    pub fn any() -> Name {
        Name { pieces: vec![String::new(); 2] }
    }

    /// Exactly this text.
    pub fn exact(text: &str) -> Name {
        Name { pieces: vec![text.to_owned()] }
    }

    /// What a value says; with holes for what is known only when it runs.
    pub fn of(facts: &FileFacts, value: ValueId) -> Name {
        let mut name = Name { pieces: vec![String::new()] };
        let (mut todo, mut steps) = (vec![value], 0);
        while let Some(value) = todo.pop() {
            steps += 1;
            match &facts.value(value).what {
                _ if steps > MOST => {
                    name.hole();
                    break;
                }
                V::Join(parts) => todo.extend(parts.iter().rev()),
                _ => match facts.literal(value) {
                    Some(text) => name.push(&text),
                    None => name.hole(),
                },
            }
        }
        name
    }

    /// The same and whatever may follow.
    #[must_use]
    pub fn open(mut self) -> Name {
        self.hole();
        self
    }

    /// Lines as names of their own.
    pub fn split_lines(&self) -> Vec<Name> {
        let mut out = vec![Name::exact("")];
        for (n, piece) in self.pieces.iter().enumerate() {
            if n > 0 {
                out.last_mut().into_iter().for_each(Name::hole);
            }
            for (k, line) in piece.split('\n').enumerate() {
                if k > 0 {
                    out.push(Name::exact(""));
                }
                out.last_mut().into_iter().for_each(|name| name.push(line.trim()));
            }
        }
        out.retain(|name| name.pieces.iter().any(|p| !p.is_empty()) || name.pieces.len() > 1);
        out
    }

    /// The same, where signs of a glob stand for others.
    pub fn glob(facts: &FileFacts, value: ValueId) -> Name {
        let plain = Name::of(facts, value);
        let mut name = Name { pieces: vec![String::new()] };
        for (n, piece) in plain.pieces.iter().enumerate() {
            if n > 0 {
                name.hole();
            }
            // A class or a choice ends before what follows it; all of it is a hole, and so is what is turned round.
            let from = piece.find(['[', '{', '(', '!', '+', '@', '\\']);
            let simple = from.map_or(piece.as_str(), |at| piece.get(..at).unwrap_or_default());
            for (k, literal) in simple.split(['*', '?']).enumerate() {
                if k > 0 {
                    name.hole();
                }
                name.push(literal);
            }
            if from.is_some() {
                name.hole();
            }
        }
        name
    }

    fn push(&mut self, text: &str) {
        if let Some(last) = self.pieces.last_mut() {
            last.push_str(text);
        }
    }

    fn hole(&mut self) {
        // Two holes side by side are one.
        if self.pieces.len() < 2 || self.pieces.last().is_some_and(|p| !p.is_empty()) {
            self.pieces.push(String::new());
        }
    }

    /// What it begins with.
    pub fn head(&self) -> &str {
        self.pieces.first().map_or("", String::as_str)
    }

    /// What it ends with.
    pub fn tail(&self) -> &str {
        self.pieces.last().map_or("", String::as_str)
    }

    fn is_exact(&self) -> bool {
        self.pieces.len() < 2
    }

    /// Whether both may be one name.
    pub fn may_be(&self, other: &Name) -> bool {
        match (self.is_exact(), other.is_exact()) {
            (true, true) => self.head() == other.head(),
            (true, false) => other.fits(self.head()),
            (false, true) => self.fits(other.head()),
            (false, false) => {
                let (a, b) = (self.head(), other.head());
                let (c, d) = (self.tail(), other.tail());
                (a.starts_with(b) || b.starts_with(a)) && (c.ends_with(d) || d.ends_with(c))
            }
        }
    }

    /// Whether it may be how another one begins.
    pub fn may_begin(&self, other: &Name) -> bool {
        let (a, b) = (self.head(), other.head());
        match (self.is_exact(), other.is_exact()) {
            (_, true) => b.starts_with(a),
            (true, false) | (false, false) => a.starts_with(b) || b.starts_with(a),
        }
    }

    /// Whether a text has the pieces in their order, the first and the last at its ends.
    fn fits(&self, text: &str) -> bool {
        let Some((last, before)) = self.pieces.split_last() else { return true };
        let mut rest = text;
        for (n, piece) in before.iter().enumerate() {
            let at = if n == 0 { rest.starts_with(piece.as_str()).then_some(0) } else { rest.find(piece.as_str()) };
            let Some(at) = at else { return false };
            rest = rest.get(at + piece.len()..).unwrap_or_default();
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        // `%` is a hole.
        Name { pieces: text.split('%').map(str::to_owned).collect() }
    }

    #[test]
    fn names_that_may_be_the_same() {
        for (a, b, same) in [
            ("model", "model", true),
            ("model", "models", false),
            ("dist-%", "dist-linux", true),
            ("dist-%", "docs-linux", false),
            ("dist-%", "di%", true),
            ("dist-%-x64", "dist-%-arm", false),
            ("%", "anything", true),
            ("a%b%c", "a--b--c", true),
            ("a%b%c", "a--c", false),
            // A piece is no part of two others.
            ("ab%ba", "aba", false),
            ("%-wheel", "linux-wheel", true),
        ] {
            assert_eq!(name(a).may_be(&name(b)), same, "{a} {b}");
            assert_eq!(name(b).may_be(&name(a)), same, "{b} {a}");
        }
    }

    #[test]
    fn names_that_may_begin_others() {
        for (a, b, begins) in [
            ("pip-", "pip-linux-1", true),
            ("pip-", "npm-%", false),
            ("%-pip-", "linux-pip-1", true),
            ("pip-linux-", "pip-%", true),
            ("pip-linux-1", "pip-linux", false),
            ("%", "x", true),
        ] {
            assert_eq!(name(a).may_begin(&name(b)), begins, "{a} {b}");
        }
    }
}
