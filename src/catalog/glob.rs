//! Anchored globs, the only patterns of rows and pages. Linear in pattern times text, no backtracking blow-up.

/// A sign of a pattern.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Any,
    One,
    Is(char),
}

/// The signs of a pattern: `[*]`, `[?]` and `[[]` are those characters themselves.
fn signs(pattern: &str) -> Vec<Sign> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let quoted = ["[*]", "[?]", "[[]"].into_iter().find(|q| rest.starts_with(q));
        let (sign, len) = match (quoted, c) {
            (Some(quoted), _) => (Sign::Is(quoted.chars().nth(1).unwrap_or(c)), quoted.len()),
            (None, '*') => (Sign::Any, 1),
            (None, '?') => (Sign::One, 1),
            (None, c) => (Sign::Is(c), c.len_utf8()),
        };
        out.push(sign);
        rest = rest.get(len..).unwrap_or_default();
    }
    out
}

/// Whether all of `text` matches: `*` is any text (also none), `?` one character, `[*]`, `[?]` and `[[]` the sign in the middle.
pub fn text(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    // Names are compared with thousands of patterns: nearly all of them fail here.
    let Some(fixed) = p.iter().position(|b| matches!(b, b'*' | b'?' | b'[')) else { return p == t };
    let (Some((head, p)), true) = (p.split_at_checked(fixed), t.len() >= fixed) else { return false };
    let (begin, t) = t.split_at(fixed);
    if head != begin {
        return false;
    }
    if memchr::memchr2(b'?', b'[', p).is_some() { signed(pattern, text) } else { starred(p, t) }
}

/// The same of a pattern with any signs.
fn signed(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<Sign>, Vec<char>) = (signs(pattern), text.chars().collect());
    let (mut i, mut j) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while j < t.len() {
        match p.get(i) {
            Some(Sign::Any) => {
                star = Some((i, j));
                i += 1;
            }
            Some(sign) if *sign == Sign::One || t.get(j).is_some_and(|c| *sign == Sign::Is(*c)) => {
                i += 1;
                j += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    i = at + 1;
                    j = from + 1;
                }
                None => return false,
            },
        }
    }
    p.iter().skip(i).all(|c| *c == Sign::Any)
}

/// The same of what is left of a pattern from its first star on, where it has no other sign: what stands between two stars is found where it first occurs.
fn starred(pattern: &[u8], text: &[u8]) -> bool {
    let mut rest = text;
    let mut parts = pattern.split(|b| *b == b'*').skip(1).peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match memchr::memmem::find(rest, part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// Whether dotted `path` matches segment by segment: `*` inside a segment is any part of that segment, `**` is any number of segments.
pub fn path(pattern: &str, path: &str) -> bool {
    // `a.**` also is `a`: the point before a star belongs to the star.
    if (!begins(pattern, path) && pattern.strip_suffix(".**") != Some(path)) || !ends(pattern, path) {
        return false;
    }
    let p: Vec<&str> = pattern.split('.').collect();
    let t: Vec<&str> = path.split('.').collect();
    let (mut i, mut j) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while j < t.len() {
        match (p.get(i), t.get(j)) {
            (Some(&"**"), _) => {
                star = Some((i, j));
                i += 1;
            }
            (Some(segment), Some(word)) if text(segment, word) => {
                i += 1;
                j += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    i = at + 1;
                    j = from + 1;
                }
                None => return false,
            },
        }
    }
    p.iter().skip(i).all(|s| *s == "**")
}

/// Whether a text can match at all: what stands before the first star or question mark. Most patterns fail here, without a copy.
fn begins(pattern: &str, text: &str) -> bool {
    let mut text = text.bytes();
    pattern.bytes().take_while(|b| !matches!(b, b'*' | b'?' | b'[')).all(|b| text.next() == Some(b))
}

/// The same for what stands behind the last point that comes after the last star or question mark.
fn ends(pattern: &str, text: &str) -> bool {
    let fixed = pattern.rfind(['*', '?', ']']).map_or(0, |i| i + 1);
    let last = pattern.get(fixed..).and_then(|p| p.rsplit_once('.')).map_or("", |p| p.1);
    text.ends_with(last)
}

/// Expands `{a,b}` alternatives, left to right; braces may nest. Unbalanced braces stay as they are.
pub fn alternatives(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let mut depth = 0;
    let mut cuts = vec![open];
    let mut close = None;
    for (at, c) in pattern.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => cuts.push(at),
            _ => {}
        }
        if depth == 0 {
            close = Some(at);
            break;
        }
    }
    let Some(close) = close else { return vec![pattern.to_owned()] };
    cuts.push(close);
    let before = pattern.get(..open).unwrap_or("");
    let after = pattern.get(close + 1..).unwrap_or("");
    let mut out = Vec::new();
    for pair in cuts.windows(2) {
        if let [from, to] = pair {
            let middle = pattern.get(from + 1..*to).unwrap_or("");
            out.extend(alternatives(&format!("{before}{middle}{after}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_anchored_and_dotted_ones_keep_to_segments() {
        for (pattern, word, yes) in [
            ("*.pt", "a/b.pt", true),
            ("*.pt", "a.ptx", false),
            ("a*b*c", "aXbYbZc", true),
            ("?", "é", true),
            ("", "", true),
            ("a[*]b", "a*b", true),
            ("a[*]b", "axb", false),
            ("[[]::1]:*", "[::1]:80", true),
            ("[*]", "x", false),
        ] {
            assert_eq!(text(pattern, word), yes, "{pattern} {word}");
        }
        for (pattern, word, yes) in [
            ("**.trust_remote_code", "trust_remote_code", true),
            ("**.trust_remote_code", "a.b.trust_remote_code", true),
            ("a.*.c", "a.b.b.c", false),
            ("t.Auto*.from_pretrained", "t.AutoModel.from_pretrained", true),
            ("t.Auto*.from_pretrained", "t.Auto.Model.from_pretrained", false),
            ("a.**", "a", true),
            ("a.**", "ab", false),
            ("a.**.c", "a.c", true),
        ] {
            assert_eq!(path(pattern, word), yes, "{pattern} {word}");
        }
    }

    #[test]
    fn alternatives_expand_left_to_right() {
        assert_eq!(alternatives("t.{load,{a,b}.c}(x{1,})"), ["t.load(x1)", "t.load(x)", "t.a.c(x1)", "t.a.c(x)", "t.b.c(x1)", "t.b.c(x)"]);
        assert_eq!(alternatives("a{b"), ["a{b"]);
    }
}
