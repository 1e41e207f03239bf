//! The policy that holds, for people (as TOML that can be read again) and for programs. Knows no key: prints what the tree holds, with where it comes from.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::escape;
use crate::config::keys::POLICY;
use crate::config::{Config, Node, Origin, What};

/// Writes the policy as TOML; with `origin` each value is followed by where it comes from. `notices` are told at the end.
pub fn text(config: &Config, notices: &[String], origin: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { origin, lines: Vec::new() };
    if let Some(file) = &config.file {
        let extends: Vec<&str> = config.tree.get("extends").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
        let extends = if extends.is_empty() { String::new() } else { format!(", which extends {}", extends.join(", ")) };
        page.lines.push(format!("# {file}{extends}"));
    }
    let entries: Vec<(&str, &Node)> =
        POLICY.iter().filter(|k| k.name != "extends").filter_map(|k| Some((k.name, config.tree.get(k.name)?))).collect();
    page.table(&entries, "");
    page.lines.extend(notices.iter().map(|n| format!("# {n}")));
    for line in &page.lines {
        writeln!(out, "{}", escape::visible(line))?;
    }
    Ok(())
}

/// Writes the policy as JSON: one entry for each value, always with where it comes from.
pub fn json(config: &Config, notices: &[String], out: &mut dyn Write) -> io::Result<()> {
    let mut entries = Vec::new();
    leaves(&config.tree, "", &mut entries);
    escape::write_json(&json!({ "file": config.file, "policy": entries, "notices": notices }), out)
}

fn leaves(node: &Node, path: &str, out: &mut Vec<Value>) {
    for (name, entry) in node.table() {
        let path = if path.is_empty() { key(name) } else { format!("{path}.{}", key(name)) };
        let mut leaf =
            |n: &Node| out.push(json!({ "key": path, "value": value(n), "origin": origins(n).into_iter().map(origin).collect::<Vec<_>>() }));
        match &entry.what {
            What::Table(_) => leaves(entry, &path, out),
            What::List(items) if is_tables(items) => items.iter().for_each(leaf),
            _ => leaf(entry),
        }
    }
}

fn origin(from: &Origin) -> Value {
    match from {
        Origin::Default => json!({ "from": "default" }),
        Origin::File { file, line, column } => json!({ "from": "file", "file": **file, "line": line, "column": column }),
        Origin::Flag(flag) => json!({ "from": "option", "option": flag }),
    }
}

fn value(node: &Node) -> Value {
    serde_json::to_value(node).unwrap_or_default()
}

/// Where a value comes from; of a list, where its items come from.
fn origins(node: &Node) -> Vec<&Origin> {
    let mut all: Vec<&Origin> = match &node.what {
        What::List(items) if !items.is_empty() => items.iter().map(|i| &i.from).collect(),
        _ => vec![&node.from],
    };
    // Items of one list that stand on one line are told once.
    all.dedup_by_key(|o| o.to_string());
    all
}

fn is_tables(items: &[Node]) -> bool {
    !items.is_empty() && items.iter().all(|i| matches!(i.what, What::Table(_)))
}

/// A text in the making.
struct Page {
    origin: bool,
    lines: Vec<String>,
}

impl Page {
    /// Values first, then what has a heading of its own.
    fn table(&mut self, entries: &[(&str, &Node)], path: &str) {
        let headed = |n: &Node| matches!(&n.what, What::Table(_)) || matches!(&n.what, What::List(items) if is_tables(items));
        for (name, node) in entries.iter().filter(|(_, n)| !headed(n)) {
            let from = origins(node).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.line(format!("{} = {}", key(name), inline(node)), &from);
        }
        for (name, node) in entries.iter().filter(|(_, n)| headed(n)) {
            let path = if path.is_empty() { key(name) } else { format!("{path}.{}", key(name)) };
            if let What::List(items) = &node.what {
                for item in items {
                    self.lines.push(String::new());
                    self.line(format!("[[{path}]]"), &item.from.to_string());
                    let lines = item.table().map(|(name, n)| format!("{} = {}", key(name), inline(n)));
                    self.lines.extend(lines);
                }
                continue;
            }
            let inner: Vec<(&str, &Node)> = node.table().collect();
            if inner.iter().any(|(_, n)| !headed(n)) {
                self.lines.push(String::new());
                self.lines.push(format!("[{path}]"));
            }
            self.table(&inner, &path);
        }
    }
    fn line(&mut self, text: String, from: &str) {
        self.lines.push(if self.origin { format!("{text}  # {from}") } else { text });
    }
}

fn key(name: &str) -> String {
    toml_edit::Key::new(name).to_string()
}

fn inline(node: &Node) -> String {
    match &node.what {
        // One line, whatever the text holds.
        What::Text(text) => serde_json::Value::from(text.as_str()).to_string().replace('\u{7f}', "\\u007f"),
        What::Number(n) => n.to_string(),
        What::Float(n) => toml_edit::Value::from(*n).to_string(),
        What::Truth(b) => b.to_string(),
        What::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        What::Table(table) => format!("{{ {} }}", table.iter().map(|(k, n)| format!("{} = {}", key(k), inline(n))).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::severity::Severities;
    use std::collections::BTreeMap;

    const POLICY: &str = "extends = \"base.toml\"\nmin-severity = \"low\"\nrules = [\"own\"]\n\n[trust]\norgs = [\"mine\"]\n[trust.secrets]\n\"HF_*\" = \"read\"\n\n\
        [rule.unpinned-action]\nlevel = \"high\"\n\n[[ignore]]\nrule = \"unpinned-action\"\nreason = \"say \\\"why\\\"\\u202e\"\n\n\
        [[row]]\ncall = \"a.b\"\nsee = \"us\"\nsink = { kind = \"shell\", slot = [0, \"f\"] }\n";

    fn load(files: &[(&str, &str)]) -> Config {
        let files: BTreeMap<String, String> = files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        Config::load(&files, "pipevet.toml", &Severities::builtin().unwrap()).unwrap()
    }

    #[test]
    fn what_is_printed_says_where_it_comes_from_and_can_be_read_again() {
        let config = load(&[("pipevet.toml", POLICY), ("base.toml", "hygiene = true\nrules = [\"theirs\"]\n[trust]\norgs = [\"acme\"]\n")]);
        let call = Node { from: Origin::Default, what: What::Table([("preview".to_owned(), Node::flag("--all", What::Truth(true)))].into()) };
        let config = config.with(call, &Severities::builtin().unwrap());
        let print = |origin| {
            let mut out = Vec::new();
            text(&config, &["pipevet.toml:13: stale".to_owned()], origin, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let told = print(true);
        for line in [
            "# pipevet.toml, which extends base.toml",
            "fail-on = \"high\"  # default",
            "min-severity = \"low\"  # pipevet.toml:2",
            "preview = true  # --all",
            "hygiene = true  # base.toml:1",
            "rules = [\"theirs\", \"own\"]  # base.toml:2, pipevet.toml:3",
            "orgs = [\"acme\", \"mine\"]  # base.toml:4, pipevet.toml:6",
            "\"HF_*\" = \"read\"  # pipevet.toml:8",
            "[[ignore]]  # pipevet.toml:13",
            "# pipevet.toml:13: stale",
        ] {
            assert!(told.lines().any(|l| l == line), "{line}\n{told}");
        }
        assert!(!told.contains('\u{202e}'), "nothing in it acts on a terminal");
        let again = load(&[("pipevet.toml", &print(false).replace("\\u{202e}", "\\u202e"))]);
        let values = |c: &Config| {
            let mut all = value(&c.tree);
            all.as_object_mut().unwrap().remove("extends");
            all
        };
        assert_eq!(values(&again), values(&config), "{told}");
        let mut out = Vec::new();
        json(&config, &[], &mut out).unwrap();
        let told: Value = serde_json::from_slice(&out).unwrap();
        let find = |key: &str| told["policy"].as_array().unwrap().iter().find(|e| e["key"] == key).unwrap().clone();
        assert_eq!(find("trust.secrets.\"HF_*\"")["origin"], json!([{ "from": "file", "file": "pipevet.toml", "line": 8, "column": 1 }]));
        assert_eq!((&find("preview")["origin"][0]["option"], &find("mode")["origin"][0]["from"]), (&json!("--all"), &json!("default")));
    }
}
