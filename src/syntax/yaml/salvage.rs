//! How a text is read: by the grammar; if that loses anything, with line breaks in quoted scalars masked. Knows the order of attempts, not the grammar.

use super::tree::{self, Reader};
use super::{Node, Yaml, scan};
use crate::notice::NoticeKind;
use crate::text::Text;

/// All documents of a text.
pub(super) fn documents(src: &Text) -> Yaml {
    let masked = scan::masked(src.as_str());
    let mut reader = Reader::new(src);
    let mut comments = Vec::new();
    let clean = |text: &str| tree::grammar(text).filter(|t| !t.root_node().has_error());
    let documents = match clean(&masked).or_else(|| clean(&unbroken(src, &masked))) {
        Some(tree) => from_tree(&tree, &mut reader, &mut comments),
        None => {
            let whole = src.whole();
            reader.notice(whole, NoticeKind::PartlyUnderstood, "not understood as YAML");
            vec![tree::raw(src, 0, src.len())]
        }
    };
    Yaml { documents, comments, notices: reader.notices }
}

/// Line breaks inside quoted scalars become spaces: the grammar wants them indented, readers do not.
fn unbroken(src: &Text, masked: &str) -> String {
    let mut bytes = masked.as_bytes().to_vec();
    for (start, end) in scan::marks(src).quoted {
        for b in bytes.get_mut(start..end).unwrap_or_default() {
            if matches!(*b, b'\n' | b'\r') {
                *b = b' ';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn from_tree(tree: &tree_sitter::Tree, reader: &mut Reader, comments: &mut Vec<Text>) -> Vec<Node> {
    let mut documents = Vec::new();
    let mut cursor = tree.walk();
    for document in tree.root_node().named_children(&mut cursor).filter(|c| c.kind() == "document") {
        reader.forget();
        let mut inner = document.walk();
        let node = document.named_children(&mut inner).find(|c| matches!(c.kind(), "block_node" | "flow_node"));
        documents.push(match node {
            Some(node) => reader.node(node, 0, -1, 0),
            None => tree::null(reader.src.range(document.end_byte(), document.end_byte())),
        });
    }
    let mut walk = tree.walk();
    loop {
        if walk.node().kind() == "comment" {
            comments.push(reader.src.slice(walk.node().start_byte(), walk.node().end_byte()));
        }
        if walk.goto_first_child() || walk.goto_next_sibling() {
            continue;
        }
        loop {
            if !walk.goto_parent() {
                return documents;
            }
            if walk.goto_next_sibling() {
                break;
            }
        }
    }
}
