//! The hash by which GitHub recognises an alert after lines moved: `primaryLocationLineHash`. Knows bytes and lines, nothing else.
//!
//! A line's hash covers about a hundred characters from its start on, blanks apart, over UTF-16 units; line ends of every form count as one LF. The
//! value is the hash in hex and how often the same hash was met so far in the file. GitHub computes the same from the checkout and warns about a
//! different one, so even its odd corners are kept.

use rustc_hash::FxHashMap;

const WINDOW: usize = 100;
const FACTOR: u64 = 37;
const END: u16 = 65_535;

/// The value of a line: its hash, and how often it was met so far.
pub type Value = (u64, u32);

/// The value of every line, the first line's first. A file that ends in a line end has one further, empty line.
#[cfg(test)]
pub fn line_hashes(bytes: &[u8]) -> Vec<Value> {
    first_lines(bytes, u32::MAX)
}

/// The values of the first lines, as many as are asked for at least.
pub fn first_lines(bytes: &[u8], many: u32) -> Vec<Value> {
    let (seen, out) = (FxHashMap::default(), Vec::new());
    let mut roll = Roll { window: [0; WINDOW], opened: [false; WINDOW], at: 0, hash: 0, oldest: power(), seen, out };
    let mut line = Line { start: true, after_cr: false };
    for bytes in bytes.split_inclusive(|b| matches!(b, b'\n' | b'\r')) {
        if roll.out.len() >= (many as usize).max(1) {
            return roll.out;
        }
        let end = bytes.len() - usize::from(bytes.ends_with(b"\n") || bytes.ends_with(b"\r"));
        let (text, end) = bytes.split_at(end);
        let head = text.get(..head(text)).unwrap_or(text);
        if head.len() < text.len() && line.feed(head, &mut roll) >= WINDOW {
            // No line begins in the rest, and nothing looks back at it.
            roll.forget();
        } else {
            line.feed(text.get(if head.len() < text.len() { head.len() } else { 0 }..).unwrap_or_default(), &mut roll);
        }
        line.feed(end, &mut roll);
    }
    roll.close();
    roll.opened[roll.at] = line.start;
    roll.push(END);
    for _ in 0..WINDOW {
        roll.close();
        roll.push(0);
    }
    roll.out
}

/// The value of the 1-based line as it is written, that of line 1 when there is no such line.
pub fn of_line(hashes: &[Value], line: u32) -> String {
    let i = (line as usize).saturating_sub(1);
    hashes.get(i).or(hashes.first()).map(|(hash, count)| format!("{hash:x}:{count}")).unwrap_or_default()
}

/// Bytes of a line beyond which what its hash covers nearly always ends.
const HEAD: usize = 1024;

/// How much of a line is read first: [`HEAD`], cut before a character.
fn head(text: &[u8]) -> usize {
    let inside = |at: usize| text.get(at).is_some_and(|b| b & 0xc0 == 0x80);
    (HEAD.saturating_sub(4)..=HEAD).rev().find(|at| !inside(*at)).unwrap_or(HEAD).min(text.len())
}

/// Where the reading of lines stands.
struct Line {
    start: bool,
    after_cr: bool,
}

impl Line {
    /// Gives a stretch of text to the hash; how many units of it counted.
    fn feed(&mut self, text: &[u8], roll: &mut Roll) -> usize {
        if text.is_ascii() {
            return text.iter().filter(|b| self.take(u16::from(**b), roll)).count();
        }
        String::from_utf8_lossy(text).encode_utf16().filter(|unit| self.take(*unit, roll)).count()
    }
    /// Gives a unit to the hash; whether it counts.
    fn take(&mut self, unit: u16, roll: &mut Roll) -> bool {
        let blank = unit == u16::from(b' ') || unit == u16::from(b'\t');
        if blank || self.after_cr && unit == u16::from(b'\n') {
            self.after_cr = false;
            return false;
        }
        self.after_cr = unit == u16::from(b'\r');
        let unit = if self.after_cr { u16::from(b'\n') } else { unit };
        roll.close();
        roll.opened[roll.at] = self.start;
        self.start = unit == u16::from(b'\n');
        roll.push(unit);
        true
    }
}

struct Roll {
    window: [u16; WINDOW],
    /// Whether the unit at that place of the window begins a line.
    opened: [bool; WINDOW],
    at: usize,
    hash: u64,
    oldest: u64,
    seen: FxHashMap<u64, u32>,
    out: Vec<Value>,
}

impl Roll {
    /// When the unit about to leave the window began a line, the window now holds all of what that line's hash covers.
    fn close(&mut self) {
        if std::mem::take(&mut self.opened[self.at]) {
            let count = self.seen.entry(self.hash).or_default();
            *count += 1;
            self.out.push((self.hash, *count));
        }
    }
    /// Goes on as if nothing had stood here: right when a window's length has gone by since a line began.
    fn forget(&mut self) {
        self.close();
        self.window = [0; WINDOW];
        self.hash = 0;
    }
    fn push(&mut self, unit: u16) {
        let leaving = std::mem::replace(&mut self.window[self.at], unit);
        self.hash = self.hash.wrapping_mul(FACTOR).wrapping_add(u64::from(unit)).wrapping_sub(self.oldest.wrapping_mul(u64::from(leaving)));
        self.at = if self.at + 1 == WINDOW { 0 } else { self.at + 1 };
    }
}

fn power() -> u64 {
    (0..WINDOW).fold(1, |p, _| FACTOR.wrapping_mul(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All values of a file as they are written.
    fn written(bytes: &[u8]) -> Vec<String> {
        let all = line_hashes(bytes);
        (1..).take(all.len()).map(|line| of_line(&all, line)).collect()
    }

    #[test]
    fn values_are_those_github_computes() {
        let greeting = [
            "e9496ae3ebfced30:1",
            "fb7c023a8b9ccb3f:1",
            "ce8ba1a563dcdaca:1",
            "e20e36e16fcb0cc8:1",
            "b3edc88f2938467e:1",
            "c8e28b0b4002a3a0:1",
            "c129715d7a2bc9a3:1",
        ];
        let repeated = "Lorem ipsum dolor sit amet.\n".repeat(10);
        let table: &[(&str, &[&str])] = &[
            ("", &["c129715d7a2bc9a3:1"]),
            (" a\nb\n  \t\tc\n d", &["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
            (
                " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
                &["8b7cf3e952e7aeb2:1", "b1ae1287ec4718d9:1", "bff680108adb0fcc:1", "c6805c5e1288b612:1", "b86d3392aea1be30:1", "e6ceba753e1a442:1"],
            ),
            (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", &greeting),
            (" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r", &greeting),
            (" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", &greeting),
            (" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", &greeting),
            (
                &repeated,
                &[
                    "a7f2ff13bc495cf2:1",
                    "a7f2ff13bc495cf2:2",
                    "a7f2ff13bc495cf2:3",
                    "a7f2ff13bc495cf2:4",
                    "a7f2ff13bc495cf2:5",
                    "a7f2ff13bc495cf2:6",
                    "a7f2ff1481e87703:1",
                    "a9cf91f7bbf1862b:1",
                    "55ec222b86bcae53:1",
                    "cc97dc7b1d7d8f7b:1",
                    "c129715d7a2bc9a3:1",
                ],
            ),
        ];
        for (text, want) in table {
            assert_eq!(written(text.as_bytes()), *want, "{text:?}");
        }
        assert_eq!(of_line(&line_hashes(b"a\nb"), 9), of_line(&line_hashes(b"a\nb"), 1));
    }

    #[test]
    fn the_middle_of_a_long_line_does_not_count() {
        let long = |n: usize| format!("a\nb {}\nc\n{}é{}\nd", "xy é".repeat(n), "z".repeat(HEAD - 1), "w".repeat(n));
        let hashes = |n| line_hashes(long(n).as_bytes());
        // What a rolling window over everything gives: short lines are read whole.
        assert_eq!(hashes(2_000), hashes(4_000));
        assert_eq!(hashes(2_000).len(), 5);
        assert_eq!(hashes(2_000)[0], hashes(200)[0]);
        assert_eq!(hashes(2_000)[4], line_hashes(b"d")[0]);
    }

    proptest::proptest! {
        /// Where reading ends early the values are those of the whole.
        #[test]
        fn the_first_lines_are_those_of_the_whole(text in "([a-c \t\u{e9}]{0,120}(\r\n|\r|\n)?){0,9}", many in 0u32..12) {
            let (whole, first) = (line_hashes(text.as_bytes()), first_lines(text.as_bytes(), many));
            proptest::prop_assert!(first.len() >= whole.len().min(many as usize) && whole.starts_with(&first));
        }
        /// There is a value for every line, and a line's value does not depend on what stands above it (its count apart).
        #[test]
        fn a_line_keeps_its_value_when_others_come_above(above in "[a-c \t\u{e9}]{0,40}", text in "([a-c \t\u{1f600}]{0,30}(\r\n|\r|\n)?){0,6}") {
            let bare = |v: Vec<Value>| v.into_iter().map(|(hash, _)| hash).collect::<Vec<_>>();
            let below = bare(line_hashes(text.as_bytes()));
            let both = bare(line_hashes(format!("{above}\n{text}").as_bytes()));
            proptest::prop_assert_eq!(&both[1..], &below[..]);
        }
    }
}
