//! Which versions of a package a project allows, from its requirement facts. Knows PEP 440's order as far as rows need it, and no package.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::Flag;
use crate::facts::{Requirement, RequirementFrom, V, What};
use crate::flow::FlagState;
use crate::flow::sinks::worse;
use crate::graph::Facts;
use crate::graph::index::Index;
use crate::graph::paths::{base, parent};
use crate::source::FileId;

/// Where project files say which interpreter they want.
const INTERPRETER: [&str; 2] = ["project.requires-python", "options.python_requires"];

/// A version: release numbers, and whether it comes before that release (`a`, `b`, `rc`, `dev`).
#[derive(Clone, Debug)]
pub struct Version {
    release: Vec<u64>,
    early: bool,
}

impl Version {
    /// Reads `2.6.0`, `v2.6`, `2.6.0rc1`, `2.6.0+cu118`; anything without a leading number is none.
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.trim().trim_start_matches(['v', 'V']);
        let text = text.split_once('!').map_or(text, |p| p.1);
        let text = text.split('+').next()?;
        let mut release = Vec::new();
        let mut early = false;
        for part in text.split('.') {
            let digits: String = part.chars().take_while(char::is_ascii_digit).take(12).collect();
            let rest = part.get(digits.len()..).unwrap_or_default().to_ascii_lowercase();
            if let Ok(n) = digits.parse() {
                release.push(n);
            }
            if !rest.is_empty() || digits.is_empty() {
                early = !rest.starts_with("post") && !rest.starts_with('*') && !rest.starts_with('-');
                break;
            }
        }
        (!release.is_empty()).then_some(Version { release, early })
    }
    fn next(&self, keep: usize) -> Version {
        let mut release: Vec<u64> = self.release.iter().copied().take(keep.max(1)).collect();
        if let Some(last) = release.last_mut() {
            *last += 1;
        }
        Version { release, early: false }
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let len = self.release.len().max(other.release.len());
        let at = |v: &Version, i: usize| v.release.get(i).copied().unwrap_or(0);
        for i in 0..len {
            match at(self, i).cmp(&at(other, i)) {
                Ordering::Equal => {}
                unequal => return Some(unequal),
            }
        }
        Some(other.early.cmp(&self.early))
    }
}

/// The versions a specifier allows: from a minimum up to a maximum.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// Lowest allowed.
    pub min: Option<Version>,
    /// Highest allowed, and whether it is allowed itself.
    pub max: Option<(Version, bool)>,
}

impl Span {
    /// Reads `>=2.0,<3`, `==1.2.3`, `==1.2.*`, `~=2.1`, `^2.1`, `~2.1`, `=2.1` (conda), `2.1`. Exclusions and unreadable parts leave the span wider.
    pub fn parse(spec: &str) -> Span {
        let mut span = Span::default();
        for part in spec.split([',', ' ']).map(str::trim).filter(|p| !p.is_empty()) {
            let body = part.trim_start_matches(['>', '<', '=', '~', '!', '^']);
            let op = part.get(..part.len() - body.len()).unwrap_or_default();
            let Some(version) = Version::parse(body) else { continue };
            let len = version.release.len();
            let star = body.trim_end().ends_with('*');
            let one = match op {
                ">=" | ">" => Span { min: Some(version), max: None },
                "<" => Span { min: None, max: Some((version, false)) },
                "<=" => Span { min: None, max: Some((version, true)) },
                "~=" => Span { max: Some((version.next(len.saturating_sub(1)), false)), min: Some(version) },
                "^" => Span { max: Some((version.next(version.release.iter().take_while(|n| **n == 0).count() + 1), false)), min: Some(version) },
                "~" => Span { max: Some((version.next(len.min(2)), false)), min: Some(version) },
                "=" | "==" if star => Span { max: Some((version.next(len), false)), min: Some(version) },
                "=" if len < 3 => Span { max: Some((version.next(len), false)), min: Some(version) },
                "=" | "==" | "===" | "" => Span { max: Some((version.clone(), true)), min: Some(version) },
                _ => Span::default(),
            };
            span = span.meet(one);
        }
        span
    }
    /// Both.
    fn meet(self, other: Span) -> Span {
        let min = match (self.min, other.min) {
            (Some(a), Some(b)) => Some(if a < b { b } else { a }),
            (a, b) => a.or(b),
        };
        let max = match (self.max, other.max) {
            (Some(a), Some(b)) => Some(if (&b.0, b.1) < (&a.0, a.1) { b } else { a }),
            (a, b) => a.or(b),
        };
        Span { min, max }
    }
    /// Either.
    fn hull(self, other: Span) -> Span {
        let min = match (self.min, other.min) {
            (Some(a), Some(b)) => Some(if b < a { b } else { a }),
            _ => None,
        };
        let max = match (self.max, other.max) {
            (Some(a), Some(b)) => Some(if (&a.0, a.1) < (&b.0, b.1) { b } else { a }),
            _ => None,
        };
        Span { min, max }
    }
    /// Whether nothing is said.
    fn is_free(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
    /// Whether every allowed version is `floor` or later.
    pub fn at_least(&self, floor: &Version) -> bool {
        self.min.as_ref().is_some_and(|m| m >= floor)
    }
    /// Whether every allowed version comes before `floor`.
    pub fn below(&self, floor: &Version) -> bool {
        self.max.as_ref().is_some_and(|(m, inclusive)| m < floor || (m == floor && !inclusive))
    }
    /// Whether every allowed version lies in another span.
    pub fn within(&self, other: &Span) -> bool {
        let above = other.min.as_ref().is_none_or(|min| self.at_least(min));
        above
            && other
                .max
                .as_ref()
                .is_none_or(|(max, inclusive)| self.max.as_ref().is_some_and(|own| own.0 < *max || (own.0 == *max && own.1 <= *inclusive)))
    }
    /// Whether some allowed version lies in another span.
    pub fn meets(&self, other: &Span) -> bool {
        let before = |a: &Span, b: &Span| match (&a.max, &b.min) {
            (Some((max, inclusive)), Some(min)) => max < min || (max == min && !inclusive),
            _ => false,
        };
        !before(self, other) && !before(other, self)
    }
}

/// What the projects of a tree say of their packages.
#[derive(Debug, Default)]
pub struct Versions {
    /// (root, directory) -> package -> what it allows, and whether a lock says so.
    dirs: BTreeMap<(u32, String), BTreeMap<String, (Span, bool)>>,
    /// Root and directory of each file.
    files: Vec<(u32, String)>,
}

impl Versions {
    /// Reads all requirement facts.
    pub fn new(index: &Index, facts: &Facts) -> Versions {
        let mut versions = Versions::default();
        for (i, file) in facts.files.iter().enumerate() {
            let id = FileId(u32::try_from(i).unwrap_or(u32::MAX));
            let key = (index.root(id), project(index.path(id)).to_owned());
            versions.files.push((key.0, parent(index.path(id)).to_owned()));
            // What one file says of a package holds together; what several say is the widest.
            let mut here: BTreeMap<String, (Span, bool)> = BTreeMap::new();
            let mut note = |name: &str, span: Span, lock: bool| {
                let entry = here.remove(name);
                here.insert(name.to_owned(), (entry.map_or(span.clone(), |e| e.0.meet(span)), lock));
            };
            for fact in &file.items {
                match &fact.what {
                    What::Requirement(requirement) => {
                        if let Some(span) = stated(requirement) {
                            note(&requirement.name, span, requirement.from == RequirementFrom::Lock);
                        }
                    }
                    // The interpreter is a dependency that has a key of its own.
                    What::Setting { path, value } if INTERPRETER.contains(&path.as_str()) => {
                        if let Some(spec) = file.literal(*value) {
                            note("python", Span::parse(&spec), false);
                        }
                    }
                    _ => {}
                }
            }
            if base(index.path(id)) == "setup.py" {
                // Its dependencies are strings, in whatever list or table the script keeps them.
                for value in &file.values {
                    let V::Str(text) = &value.what else { continue };
                    if let Some((name, span)) = written(text.as_str()) {
                        note(&name, span, false);
                    }
                }
            }
            let dir = versions.dirs.entry(key).or_default();
            for (name, (span, lock)) in here {
                let merged = match dir.remove(&name) {
                    None => (span, lock),
                    Some((old, was)) if was == lock => (old.hull(span), lock),
                    Some((old, true)) => (old, true),
                    Some(_) => (span, true),
                };
                dir.insert(name, merged);
            }
        }
        versions
    }
    /// What the project of a file allows; the nearest directory upwards that speaks of the package decides. A mention without a version counts only
    /// where no directory states one: it takes what is newest.
    pub fn span(&self, file: FileId, package: &str) -> Option<&Span> {
        let (root, dir) = self.files.get(file.0 as usize)?;
        let mut dir = dir.as_str();
        let mut mentioned: Option<&Span> = None;
        loop {
            if let Some((span, _)) = self.dirs.get(&(*root, dir.to_owned())).and_then(|d| d.get(package)) {
                if !span.is_free() {
                    return Some(span);
                }
                mentioned = mentioned.or(Some(span));
            }
            if dir.is_empty() {
                return mentioned;
            }
            dir = parent(dir);
        }
    }
    /// Whether the project of a file allows a version in `spec`; none when it does not say.
    pub fn allows(&self, file: FileId, package: &str, spec: &str) -> Option<bool> {
        self.span(file, package).filter(|s| !s.is_free()).map(|span| span.meets(&Span::parse(spec)))
    }
    /// What a flag with its default decides.
    pub fn absent(&self, file: FileId, flag: &Flag) -> FlagState {
        if flag.default_safe {
            return self.safe(file, flag);
        }
        // Safe where every package that has a say makes it so.
        let states = flag.default_since.iter().map(|(package, since)| self.since(file, flag, package, since, FlagState::Unsafe));
        states.reduce(worse).unwrap_or(FlagState::Unsafe)
    }
    /// What a flag with an unsafe value decides: nothing any more where the package no longer knows it.
    pub fn unsafe_value(&self, file: FileId, flag: &Flag) -> FlagState {
        match flag.removed_since.iter().next() {
            Some((package, since)) => self.since(file, flag, package, since, FlagState::Unsafe),
            None => FlagState::Unsafe,
        }
    }
    /// What a flag with its safe value decides. A version in which it does not hold counts where the project takes no other one: what a project merely
    /// still allows is not what a fresh installation brings.
    pub fn safe(&self, file: FileId, flag: &Flag) -> FlagState {
        let inside = |package: &str, spec: &str| self.span(file, package).is_some_and(|span| span.within(&Span::parse(spec)));
        let old = flag.honoured_since.iter().filter(|(package, since)| self.holds_since(file, package, since) == Holds::Never);
        let holes = flag.holes.iter().flat_map(|(packages, _)| packages).filter(|(package, spec)| inside(package, spec));
        let failing: BTreeSet<&str> = old.chain(holes).map(|(package, _)| package.as_str()).collect();
        let counts = |package: &str, hole: Option<&str>| failing.contains(package) && hole.is_none_or(|spec| inside(package, spec));
        floor(flag, counts).map_or(FlagState::Safe, FlagState::Hole)
    }
    /// What is decided by a version from which on a call is safe.
    fn since(&self, file: FileId, flag: &Flag, package: &str, since: &str, before: FlagState) -> FlagState {
        match self.holds_since(file, package, since) {
            Holds::Always | Holds::Newest => self.safe(file, flag),
            Holds::Never => before,
            Holds::Depends => FlagState::Unsettled(floor(flag, |p, _| p == package).unwrap_or_else(|| format!("{package}>={since}"))),
        }
    }
    /// Which of the project's versions come at or after `since`.
    fn holds_since(&self, file: FileId, package: &str, since: &str) -> Holds {
        let (Some(span), Some(since)) = (self.span(file, package), Version::parse(since)) else { return Holds::Depends };
        if span.at_least(&since) {
            Holds::Always
        } else if span.below(&since) {
            Holds::Never
        } else if span.min.is_none() {
            Holds::Newest
        } else {
            Holds::Depends
        }
    }
}

/// Which versions of a project something holds in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// In all.
    Always,
    /// In none.
    Never,
    /// In the newest, and the project asks for no older one.
    Newest,
    /// Older ones are allowed, or nothing is said.
    Depends,
}

/// The version from which on nothing about a flag is open: the highest that its row names, of the packages and holes that count.
fn floor(flag: &Flag, counts: impl Fn(&str, Option<&str>) -> bool) -> Option<String> {
    let since = flag.default_since.iter().chain(&flag.honoured_since).chain(&flag.removed_since).filter(|(package, _)| counts(package, None));
    let since = since.filter_map(|(package, v)| Some((Version::parse(v)?, format!("{package}>={v}"))));
    let holes = flag.holes.iter().flat_map(|(packages, _)| packages).filter(|(package, spec)| counts(package, Some(spec)));
    let ends = holes.filter_map(|(package, spec)| {
        let end = spec.split(',').find_map(|p| p.trim().strip_prefix('<'))?;
        let last = end.strip_prefix('=');
        Some((Version::parse(last.unwrap_or(end))?, last.map_or_else(|| format!("{package}>={end}"), |v| format!("{package}>{v}"))))
    });
    since.chain(ends).reduce(|a, b| if b.0 > a.0 { b } else { a }).map(|(_, text)| text)
}

/// The directory a file speaks for: its own, or the one that holds the folder of requirement files.
fn project(path: &str) -> &str {
    let own = parent(path);
    match own.split('/').position(|segment| segment == "requirements") {
        Some(0) => "",
        Some(n) => own.match_indices('/').nth(n - 1).and_then(|(at, _)| own.get(..at)).unwrap_or(own),
        None => own,
    }
}

/// What a requirement says of its package's versions; a mention without a version is a free span.
fn stated(requirement: &Requirement) -> Option<Span> {
    (!requirement.name.is_empty()).then(|| Span::parse(&requirement.spec))
}

/// A requirement written as text: a name, extras, and a version; none for other text.
fn written(text: &str) -> Option<(String, Span)> {
    let text = text.split(';').next()?.trim();
    let at = text.find(['<', '>', '=', '~', '!'])?;
    let name = text.get(..at)?.split('[').next()?.trim();
    let plain = !name.is_empty() && name.len() < 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let span = Span::parse(text.get(at..)?);
    (plain && !span.is_free()).then(|| (name.to_ascii_lowercase().replace(['_', '.'], "-"), span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_have_an_order() {
        let rising = ["0.9", "1.0.dev1", "1.0", "1.0.1", "1.9", "1.10", "2.6.0rc1", "2.6", "2.6.1+cu118", "2.10", "10"];
        for (i, a) in rising.iter().enumerate() {
            for b in rising.iter().skip(i + 1) {
                assert!(v(a) < v(b), "{a} < {b}");
            }
        }
        assert!(v("2.6") == v("2.6") && v("2.6").partial_cmp(&v("2.6.0")) == Some(Ordering::Equal));
        assert!(Version::parse("latest").is_none());
    }

    /// What a flag decides in a project that asks for these packages.
    fn decided(flag: &Flag, project: &[(&str, &str)]) -> FlagState {
        let spans = project.iter().map(|(package, spec)| ((*package).to_owned(), (Span::parse(spec), false))).collect();
        let versions = Versions { dirs: BTreeMap::from([((0, String::new()), spans)]), files: vec![(0, String::new())] };
        versions.absent(FileId(0), flag)
    }

    #[test]
    fn every_package_that_has_a_say_must_agree() {
        let pairs = |all: &[(&str, &str)]| all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<BTreeMap<_, _>>();
        let plain = Flag {
            name: "safe".into(),
            safe: "true".into(),
            default_since: BTreeMap::new(),
            honoured_since: BTreeMap::new(),
            holes: Vec::new(),
            removed_since: BTreeMap::new(),
            default_safe: false,
        };
        let both = Flag { default_since: pairs(&[("a", "2"), ("b", "3")]), ..plain.clone() };
        assert_eq!(decided(&both, &[("a", "==2.1"), ("b", "==3.0")]), FlagState::Safe);
        assert_eq!(decided(&both, &[("a", "==2.1"), ("b", "==2.9")]), FlagState::Unsafe);
        assert_eq!(decided(&both, &[("a", "==2.1")]), FlagState::Unsettled("b>=3".into()));
        let holed = Flag {
            name: String::new(),
            holes: vec![(pairs(&[("a", "<1.5")]), String::new()), (pairs(&[("a", ">=2.0,<2.4")]), String::new())],
            default_safe: true,
            ..plain
        };
        assert_eq!(decided(&holed, &[("a", "==1.4")]), FlagState::Hole("a>=1.5".into()));
        assert_eq!(decided(&holed, &[("a", "==2.3")]), FlagState::Hole("a>=2.4".into()));
        assert_eq!(decided(&holed, &[("a", "==1.9")]), FlagState::Safe);
        assert_eq!(decided(&holed, &[]), FlagState::Safe);
    }

    #[test]
    fn specifiers_are_spans() {
        for (spec, inside, outside) in [
            (">=2.0,<3", "2.5", "3.0"),
            ("==1.2.3", "1.2.3", "1.2.4"),
            ("==1.2.*", "1.2.9", "1.3"),
            ("~=2.1", "2.9", "3.0"),
            ("~=2.1.3", "2.1.9", "2.2"),
            ("^2.1", "2.9", "3.0"),
            ("^0.3.1", "0.3.5", "0.4"),
            ("~2.1", "2.1.5", "2.2"),
            ("=2.1", "2.1.5", "2.2"),
            ("2.1.0", "2.1", "2.2"),
            ("<2.10", "2.9", "2.10"),
            ("", "1", ""),
        ] {
            let span = Span::parse(spec);
            assert!(span.meets(&Span::parse(&format!("=={inside}"))), "{spec} {inside}");
            assert!(outside.is_empty() || !span.meets(&Span::parse(&format!("=={outside}"))), "{spec} {outside}");
        }
        assert!(Span::parse(">=2.6").at_least(&v("2.6")) && !Span::parse(">=2.5").at_least(&v("2.6")));
        assert!(Span::parse("<2.6").below(&v("2.6")) && !Span::parse("<=2.6").below(&v("2.6")));
    }
}
