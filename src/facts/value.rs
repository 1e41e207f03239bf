//! Values and platform expressions: what stands on the right of things. About form alone.

use serde::{Deserialize, Serialize};

use super::{FactId, ValueId};
use crate::source::Range;
use crate::text::Text;

/// A value with the range it was read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Where it stands.
    pub range: Range,
    /// What it is.
    pub what: V,
}

/// The forms of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum V {
    /// Text, with its own map: it may be code of another language. Apart, since most values are none and there are many of them.
    Str(Box<Text>),
    /// A truth value.
    Bool(bool),
    /// A number as written.
    Num(String),
    /// Null, `None`.
    None,
    /// The nth parameter of the enclosing function or script (`$1` is 0; `self` counts).
    Param(u32),
    /// The result of a call, the value of an assignment, the output of a command.
    Ref(FactId),
    /// A name that this file's scopes do not settle: qualified through imports (`os.environ`), or a bare name of the module.
    Name(String),
    /// `value.name`.
    Attr(ValueId, String),
    /// `value[key]`.
    Index(ValueId, ValueId),
    /// Parts joined to one text: f-string, `+`, `os.path.join`, a word, a `run:` block with expressions.
    Join(Vec<ValueId>),
    /// One of several.
    Phi(Vec<ValueId>),
    /// Entries; `open` when others may be there.
    Dict(Vec<(ValueId, ValueId)>, bool),
    /// Elements; `open` when others may be there.
    List(Vec<ValueId>, bool),
    /// A function or lambda of this file.
    Func(FactId),
    /// A shell or environment variable.
    Env(String),
    /// A platform expression (`${{ … }}`), whole.
    Expr(Box<Expr>),
    /// The output of a command or substitution.
    Subst(FactId),
    /// The name of a pipe that stands for a command (`<(…)`, `>(…)`): not text, but a file whose bytes are the command's output (or its input).
    Fifo(FactId),
    /// The bytes of the file of that name (`$(cat f)`, `< f`, `hashFiles`).
    FileRead(ValueId),
    /// Not understood, or computed in a way that has no form here. The values it was computed from.
    Unknown(Vec<ValueId>),
}

impl V {
    /// Text.
    pub fn text(text: Text) -> Self {
        V::Str(Box::new(text))
    }
}

/// A platform expression, as parsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// Where it stands.
    pub range: Range,
    /// What it is.
    pub what: ExprWhat,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ExprWhat {
    /// A string.
    Str(String),
    /// A number as written.
    Num(String),
    /// true or false.
    Bool(bool),
    /// null.
    Null,
    /// A context: `github.event.issue.title` in lower case, `*` for a star, `[?]` for a computed index.
    Context(String),
    /// A function call; the name in lower case.
    Call(String, Vec<Expr>),
    /// `!e`.
    Not(Box<Expr>),
    /// A binary operation: `==`, `!=`, `<`, `<=`, `>`, `>=`, `&&`, `||`.
    Binary(String, Box<Expr>, Box<Expr>),
    /// A computed index into something that is no plain context.
    Index(Box<Expr>, Box<Expr>),
    /// Not parsed; the text.
    Bad(String),
}
