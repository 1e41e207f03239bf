//! Pictures and films inside notebooks, cut out while the file is read: most of its bytes, and nothing that anyone looks at. Long runs of base64 keep their
//! beginning; everything else stays byte for byte. Knows no key and no format of notebooks.

use std::cell::Cell;
use std::io::{self, Read};

use crate::source::{Cut, Cuts};

/// A run of at least this many bytes is media: longer than any key or certificate.
const LONG: usize = 8 << 10;
/// What is kept of a run: enough for what is shown of a line and for its hash.
const KEPT: usize = 256;
/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// A text without its media.
#[derive(Debug, Default)]
pub struct Stripped {
    /// What is kept.
    pub bytes: Vec<u8>,
    /// What is not.
    pub cuts: Cuts,
    /// Bytes of the file.
    pub size: u64,
    /// The length of the run that the kept bytes end in.
    run: usize,
    /// Bytes that were left out of it.
    dropped: usize,
    /// Whether a backslash waits for what it escapes.
    escape: bool,
}

/// Reads a text without its media, stopping behind `most` kept bytes.
pub fn read(mut reader: impl Read, most: u64) -> io::Result<Stripped> {
    let mut out = Stripped { bytes: SPARE.take(), ..Stripped::default() };
    let mut chunk = CHUNKS.take();
    chunk.resize(CHUNK, 0);
    loop {
        let length = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        out.size += length as u64;
        out.take(chunk.get(..length).unwrap_or_default());
        // Positions in the file are 32 bits wide.
        if out.bytes.len() as u64 > most || out.size > u64::from(u32::MAX) {
            break;
        }
    }
    CHUNKS.set(chunk);
    out.end();
    Ok(out)
}

thread_local! {
    /// What a file was read into that was let go: the next one is read into the same memory.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static CHUNKS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Takes back the memory of a text that is let go.
pub fn give_back(mut bytes: Vec<u8>) {
    let spare = SPARE.take();
    bytes.clear();
    SPARE.set(if spare.capacity() > bytes.capacity() { spare } else { bytes });
}

/// Digits of base64.
const fn is_media(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// [`is_media`] for every byte.
const MEDIA: [bool; 256] = {
    let mut out = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        out[byte] = is_media(byte as u8);
        byte += 1;
    }
    out
};

/// How many bytes at the beginning are no part of media: up to the last byte that ends a run, of as many as a run has at least. In text that byte is near the
/// end of them, so that hardly any other is looked at.
fn plain(bytes: &[u8]) -> usize {
    let mut plain = 0;
    while let Some(window) = bytes.get(plain..plain + LONG) {
        match window.iter().rposition(|b| *b != b'\\' && !MEDIA[usize::from(*b)]) {
            Some(at) => plain += at + 1,
            None => break,
        }
    }
    plain
}

impl Stripped {
    /// A text that is kept whole.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Stripped { size: bytes.len() as u64, bytes, ..Stripped::default() }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        // As many bytes are left when the next stretch is asked about: no byte is looked at twice for it.
        let mut next = usize::MAX;
        loop {
            if self.run == 0 && !self.escape && rest.len() <= next {
                let (before, after) = rest.split_at(plain(rest));
                self.bytes.extend_from_slice(before);
                rest = after;
                next = rest.len().saturating_sub(LONG);
            }
            let Some(first) = rest.first() else { return };
            // An escape is whole or it is none: `\n` between digits is part of a run, any other ends it.
            if std::mem::take(&mut self.escape) {
                let (pair, after) = ([b'\\', *first], rest.get(1..).unwrap_or_default());
                if *first == b'n' {
                    self.media(&pair)
                } else {
                    self.other(&pair)
                }
                rest = after;
                continue;
            }
            if *first == b'\\' {
                self.escape = true;
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let media = MEDIA[usize::from(*first)];
            let length = rest.iter().position(|b| *b == b'\\' || MEDIA[usize::from(*b)] != media).unwrap_or(rest.len());
            let (stretch, after) = rest.split_at(length);
            rest = after;
            if media { self.media(stretch) } else { self.other(stretch) }
        }
    }

    fn other(&mut self, stretch: &[u8]) {
        self.end_run();
        self.bytes.extend_from_slice(stretch);
    }

    fn media(&mut self, stretch: &[u8]) {
        self.run += stretch.len();
        if self.dropped > 0 {
            self.dropped += stretch.len();
            return;
        }
        self.bytes.extend_from_slice(stretch);
        if self.run >= LONG {
            let begin = self.bytes.len() - self.run;
            let splits = self.bytes.get(begin + KEPT - 1) == Some(&b'\\');
            let kept = KEPT - usize::from(splits);
            self.dropped = self.run - kept;
            self.bytes.truncate(begin + kept);
        }
    }

    fn end_run(&mut self) {
        if self.dropped > 0 {
            self.cuts.push(Cut { at: self.bytes.len(), length: self.dropped });
        }
        self.run = 0;
        self.dropped = 0;
    }

    /// The end of the text.
    fn end(&mut self) {
        if std::mem::take(&mut self.escape) {
            self.other(b"\\");
        }
        self.end_run();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte, then two, then three …
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            let n = self.1.min(self.0.len()).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn long_runs_are_cut_and_positions_lead_back() {
        let picture = "iVBORw0KGgo/".repeat(2_000);
        let short = "A".repeat(LONG - 1);
        let source = format!("{{\"a\": \"{picture}\\n\",\n \"b\": \"<img src=\\\"data:x;base64,{picture}\\\">\", \"c\": \"{short}\"}}\n");
        let whole = read(source.as_bytes(), u64::MAX).unwrap();
        let slow = read(Slow(source.as_bytes(), 0), u64::MAX).unwrap();
        assert_eq!(whole.bytes, slow.bytes);
        assert_eq!(whole.size, source.len() as u64);
        let text = String::from_utf8(whole.bytes).unwrap();
        let kept = picture.get(..KEPT).unwrap();
        assert_eq!(text, format!("{{\"a\": \"{kept}\",\n \"b\": \"<img src=\\\"data:x;base64,{kept}\\\">\", \"c\": \"{short}\"}}\n"));
        for needle in ["{\"a\"", "\"b\"", "\\\">", "\"c\"", "}\n"] {
            let (at, from) = (text.find(needle).unwrap(), source.find(needle).unwrap());
            assert_eq!(whole.cuts.original(u32::try_from(at).unwrap()) as usize, from, "{needle}");
        }
    }

    /// However a run and its escapes meet, what is left is the text with something cut out of its runs.
    #[test]
    fn escapes_stay_whole() {
        for tail in ["", "\\\\", "\\\\\\\\", "\\\"", "\\n", "\\u0041", "\\\\\\\""] {
            for head in 0..8 {
                for before in ["", "\\n", "\\\\"] {
                    let run = format!("{}{before}{}", "A".repeat(KEPT - head), "A".repeat(LONG));
                    let source = format!("[\"{run}{tail}\", \"next\"]");
                    let cut = read(source.as_bytes(), u64::MAX).unwrap();
                    let slow = read(Slow(source.as_bytes(), 0), u64::MAX).unwrap();
                    assert_eq!(cut.bytes, slow.bytes);
                    assert!(cut.bytes.len() < source.len() / 2);
                    let read: Vec<String> = serde_json::from_slice(&cut.bytes).unwrap();
                    assert_eq!((read.len(), read[1].as_str()), (2, "next"), "{tail:?} {head} {before:?}");
                }
            }
        }
    }

    /// Text, media and what is neither, in stretches around the length that counts: read in one piece and byte by byte, it is the same.
    #[test]
    fn long_texts_are_read_as_short_ones() {
        for length in [1, LONG - 2, LONG - 1, LONG, LONG + 1, 3 * LONG] {
            let parts = [
                "a word, ".repeat(length / 8),
                "A".repeat(length),
                "\\".repeat(length / 2 * 2),
                "\\n".repeat(length / 2),
                "QUJD\\n".repeat(length / 6),
            ];
            for first in &parts {
                for second in &parts {
                    let source = format!("{first}\"{second}\"{first}");
                    let (cut, slow) = (read(source.as_bytes(), u64::MAX).unwrap(), read(Slow(source.as_bytes(), 0), u64::MAX).unwrap());
                    let byte_by_byte = {
                        let mut out = Stripped::default();
                        source.bytes().for_each(|b| out.take(&[b]));
                        out.end();
                        out
                    };
                    assert!(cut.bytes == slow.bytes && cut.bytes == byte_by_byte.bytes && cut.cuts == byte_by_byte.cuts, "{length}");
                }
            }
        }
    }

    #[test]
    fn reading_stops_behind_what_may_be_kept() {
        assert!(read("x ".repeat(1 << 20).as_bytes(), 1000).unwrap().bytes.len() <= CHUNK);
        assert_eq!(read("A".repeat(1 << 20).as_bytes(), 1000).unwrap().bytes.len(), KEPT);
    }
}
