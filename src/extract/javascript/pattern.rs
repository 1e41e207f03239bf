//! Regular expressions as far as it matters here: whether what they match, or leave, can be any text.

/// Whether text that such a pattern matched can hold signs of its own choice: a wildcard or a negated class is in it.
pub(super) fn is_open(pattern: &str) -> bool {
    let body = body(pattern).unwrap_or(pattern);
    let mut chars = body.chars().peekable();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if matches!(chars.next(), Some('S' | 'W' | 'D' | 'P')) {
                    return true;
                }
            }
            '[' if !class => {
                class = true;
                if chars.peek() == Some(&'^') {
                    return true;
                }
            }
            ']' => class = false,
            '.' if !class => return true,
            _ => {}
        }
    }
    false
}

/// Whether replacing every match leaves nothing but signs of a list: `/[^a-z0-9-]/g`.
pub(super) fn keeps_only_listed(pattern: &str) -> bool {
    let Some(body) = body(pattern).filter(|_| pattern.rsplit('/').next().is_some_and(|flags| flags.contains('g'))) else { return false };
    let body = body.strip_suffix('+').unwrap_or(body);
    body == "\\W"
        || body.starts_with("[^") && body.ends_with(']') && !body.contains(['$', '`', ';', '|', '&', '(', '"', '\'']) && !body.contains("\\S")
}

/// What stands between the slashes.
fn body(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix('/')?;
    inner.get(..inner.rfind('/')?)
}
