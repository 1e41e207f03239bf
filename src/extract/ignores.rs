//! Ignore comments, in whatever language they stand: `# pipevet: ignore[rule-a, rule-b] reason`, and those that another tool reads in workflows. Knows
//! neither the rules nor what a comment covers.

use crate::facts::{FileFacts, Ignore};
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;
use crate::text::utf8_same_length;

const NAME: &str = "pipevet:";
const TAG: &str = "pipevet-ignore";
/// In the list of an ignore: all rules.
pub const EVERY: &str = "*";
/// The mark of another tool whose comments have the same form and say the same of a workflow. Its rules are kept under its name.
const OTHER: &str = "zizmor:";

/// The ignore that a comment holds. `comment` may begin with its mark (`#`, `//`, `--`, `;`); an ignore may follow other words of the comment.
/// Rule ids are required: a comment that names none is no ignore (see [`malformed`]).
pub fn parse(comment: &str, range: Range) -> Option<Ignore> {
    let (rules, reason) = named(comment, NAME)?;
    Some(Ignore { range, rules: rules.into_iter().map(str::to_owned).collect(), reason: reason.to_owned() })
}

/// What another tool's ignore comment says, as one of ours: rules of it are `tool/rule`, and the reason says whose comment it is.
pub fn parse_other(comment: &str, range: Range) -> Option<Ignore> {
    let (rules, reason) = named(comment, OTHER)?;
    let tool = OTHER.trim_end_matches(':');
    let reason = format!("{OTHER} ignore[{}] {reason}", rules.join(", ")).trim_end().to_owned();
    Some(Ignore { range, rules: rules.into_iter().map(|r| format!("{tool}/{r}")).collect(), reason })
}

/// The ignore that a tag of a notebook's cell is: `pipevet-ignore` of every rule, `pipevet-ignore:rule-id` of one. A comment cannot stand in an output.
pub fn parse_tag(tag: &str, cell: Range) -> Option<Ignore> {
    let rest = tag.strip_prefix(TAG)?;
    let rule = if rest.is_empty() { EVERY } else { rest.strip_prefix(':')? };
    Some(Ignore { range: Range { end: cell.start, ..cell }, rules: vec![rule.to_owned()], reason: format!("cell tag {tag}") })
}

/// The rules in brackets behind a name and the reason behind them.
fn named<'c>(comment: &'c str, name: &str) -> Option<(Vec<&'c str>, &'c str)> {
    let rest = after_name(comment, name)?.strip_prefix("ignore")?.trim_start();
    let (ids, reason) = rest.strip_prefix('[')?.split_once(']')?;
    let rules: Vec<&str> = ids.split([',', ' ', '\t']).filter(|id| !id.is_empty()).collect();
    let named = !rules.is_empty() && rules.iter().all(|id| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    let reason = reason.trim().trim_end_matches("-->").trim_end_matches("*/").trim();
    named.then_some((rules, reason))
}

/// Whether a comment was meant as an ignore and is none: the name stands there, but no rule in brackets.
pub fn malformed(comment: &str) -> bool {
    after_name(comment, NAME).is_some_and(|rest| rest.starts_with("ignore")) && parse(comment, Range::default()).is_none()
}

/// Puts what a comment says where it belongs: an ignore, a notice for a malformed one, or nothing.
pub fn record(comment: &str, range: Range, facts: &mut FileFacts) {
    if let Some(ignore) = parse(comment, range) {
        facts.ignores.push(ignore);
    } else if malformed(comment) {
        let text = "an ignore comment names its rules in brackets: ignore[rule-id] reason".to_owned();
        facts.notices.push(LocalNotice { range, kind: NoticeKind::Policy, text });
    }
}

/// Records the ignore comments of a file whose comments begin with `#`, line by line. A mark inside a string counts as well: it can only hide what
/// stands beside it.
pub fn hash_comments(bytes: &[u8], facts: &mut FileFacts) {
    let text = utf8_same_length(bytes);
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|t| t.find(NAME)).map(|i| from + i) {
        let line_start = text.get(..at).unwrap_or_default().rfind(['\n', '\r']).map_or(0, |i| i + 1).max(from);
        let line_end = text.get(at..).unwrap_or_default().find(['\n', '\r']).map_or(text.len(), |i| at + i);
        from = line_end;
        let Some(hash) = text.get(line_start..at).unwrap_or_default().find('#').map(|i| line_start + i) else { continue };
        record(text.get(hash..line_end).unwrap_or_default(), Range::new(hash, line_end), facts);
    }
}

/// The facts of a file of which nothing but its ignore comments is read.
pub fn of_hash_comments(bytes: &[u8]) -> FileFacts {
    let mut facts = FileFacts::default();
    hash_comments(bytes, &mut facts);
    facts
}

/// What follows the name of a tool in a comment.
fn after_name<'c>(comment: &'c str, name: &str) -> Option<&'c str> {
    let (before, rest) = comment.split_once(name)?;
    let alone = before.chars().next_back().is_none_or(|c| c.is_whitespace() || matches!(c, '#' | '/' | '-' | ';' | '*' | '!'));
    alone.then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_lines() {
        let source = b"a: 1 # pipevet: ignore[one, two] because\n#pipevet: ignore\nx: 'pipevet: ignore[no]'\n";
        let mut facts = FileFacts::default();
        hash_comments(source, &mut facts);
        assert_eq!(facts.ignores.len(), 1);
        assert_eq!(&source[facts.ignores[0].range.bounds()], b"# pipevet: ignore[one, two] because");
        assert_eq!(facts.notices.len(), 1);
    }

    #[test]
    fn tags_of_cells() {
        let rules = |tag| parse_tag(tag, Range::new(4, 90)).map(|i| (i.rules, i.range));
        assert_eq!(rules("pipevet-ignore"), Some((vec!["*".to_owned()], Range::new(4, 4))));
        assert_eq!(rules("pipevet-ignore:a-b"), Some((vec!["a-b".to_owned()], Range::new(4, 4))));
        assert_eq!(rules("pipevet-ignored"), None);
        assert_eq!(rules("hide"), None);
    }

    #[test]
    fn comments_of_another_tool() {
        type Want = Option<(&'static [&'static str], &'static str)>;
        let table: &[(&str, Want)] = &[
            ("# zizmor: ignore[template-injection] checked", Some((&["zizmor/template-injection"], "zizmor: ignore[template-injection] checked"))),
            ("# v4; zizmor: ignore[a,b]", Some((&["zizmor/a", "zizmor/b"], "zizmor: ignore[a, b]"))),
            ("# zizmor: ignore", None),
            ("# zizmor: disable[a]", None),
            ("# pipevet: ignore[a]", None),
        ];
        for (comment, want) in table {
            let got = parse_other(comment, Range::new(3, 9));
            let parts = got.as_ref().map(|i| (i.rules.iter().map(String::as_str).collect::<Vec<_>>(), i.reason.as_str()));
            assert_eq!(parts, want.map(|(r, why)| (r.to_vec(), why)), "{comment}");
        }
    }

    #[test]
    fn ids_and_reasons() {
        type Want = Option<(&'static [&'static str], &'static str)>;
        let table: &[(&str, Want, bool)] = &[
            ("# pipevet: ignore[script-injection] input is a number", Some((&["script-injection"], "input is a number")), false),
            ("# pipevet:ignore[a-b, c]", Some((&["a-b", "c"], "")), false),
            ("// note; pipevet: ignore[a] why */", Some((&["a"], "why")), false),
            ("# pipevet: ignore", None, true),
            ("# pipevet: ignore[]", None, true),
            ("# pipevet: ignore[a.b]", None, true),
            ("# pipevet: ignore[a", None, true),
            ("# see pipevet: rules", None, false),
            ("# mypipevet: ignore[a]", None, false),
            ("# ordinary", None, false),
        ];
        for (comment, want, bad) in table {
            let got = parse(comment, Range::new(3, 9));
            let got_parts = got.as_ref().map(|i| (i.rules.iter().map(String::as_str).collect::<Vec<_>>(), i.reason.as_str()));
            assert_eq!(got_parts, want.map(|(r, why)| (r.to_vec(), why)), "{comment}");
            assert_eq!(malformed(comment), *bad, "{comment}");
        }
    }
}
