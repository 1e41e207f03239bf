//! Shell text to facts. Knows no program and no platform but the runner's own files.

use crate::extract::Hole;
use crate::facts::{Builder, FactId, FileFacts, Language, What};
use crate::text::Text;

/// Adds a [`What::Script`] and the commands of `text` under the current owner.
pub fn script(text: &Text, _holes: &[Hole], b: &mut Builder) -> FactId {
    let range = text.whole();
    let value = b.text(text.clone());
    b.add(range, What::Script { language: Language::Shell, text: value })
}

/// The facts of a shell file.
pub fn file(_bytes: &[u8]) -> FileFacts {
    FileFacts::default()
}
