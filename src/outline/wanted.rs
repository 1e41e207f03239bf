//! Names of interest, and where in a file one of them really stands: `x.get` is no `requests.get`, `model.eval()` no `eval`. A part is chosen by the hashes
//! of its identifiers first; only parts that pass are read once more for what stands around the name.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::head::blank;
use super::lexer::{Seen, trace};
use super::{BlockKind, Outline, Part, name_hash};
use crate::source::Range;

/// A name of interest, as the catalogue writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedName {
    /// The identifier that must occur.
    pub word: String,
    /// What must stand around it.
    pub form: Form,
    /// Identifiers of which one of each list must occur in the file for the name to count (the library of a common name); none: the name counts alone.
    pub companions: Vec<Vec<String>>,
    /// Whether it counts by itself.
    pub counts: Counts,
}

/// When a name counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counts {
    /// By itself, and it is the beginning of what [`Counts::Fed`] ones end.
    Source,
    /// By itself.
    Alone,
    /// Only in files where another counts by itself.
    Beside,
    /// Only in files where a source stands.
    Fed,
}

/// What must stand around a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Anything.
    Anywhere,
    /// Nothing: a name of the language, never an attribute.
    Free,
    /// It is taken from this module (`load` of `torch`), or imported from one that has it in its name.
    Of(String),
}

/// What is asked for of files that nobody looked into.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    everything: bool,
    names: HashMap<u32, Vec<Sought>>,
    /// One bit for each value of a hash's low half that a name has: nearly all identifiers end here.
    filter: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sought {
    counts: Counts,
    companions: Vec<Vec<u32>>,
    form: Context,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Context {
    Anywhere,
    Free,
    Of(u32, String),
}

/// Words that reach a name by its text.
const BY_TEXT: [&str; 14] = [
    "getattr",
    "__dict__",
    "__getattribute__",
    "globals",
    "locals",
    "vars",
    "builtins",
    "__builtins__",
    "import_module",
    "__import__",
    "modules",
    "methodcaller",
    "attrgetter",
    "locate",
];

impl WantedName {
    /// The name of a call as rows write it, `*` for what may differ (`torch.load`, `a.*.load`, `eval`): its last plain segment, in files that name its root and
    /// its module. None if all of it may differ.
    pub fn qualified(name: &str) -> Option<Self> {
        let plain = |s: &&str| !s.is_empty() && !s.contains('*');
        let word = name.rsplit('.').find(plain)?.to_owned();
        let root = name.split('.').next().unwrap_or("");
        let alone = root.is_empty() || root == "builtins" || root.contains('*') || root == name;
        // `torch.hub.list` must name `hub` as well as `torch`, however it is imported.
        let module = name.rsplit('.').skip(1).find(|s| plain(s) && *s != word).unwrap_or(root);
        let form = match name.rsplit('.').nth(1).filter(|_| name.ends_with(&word)) {
            None if root == name => Form::Free,
            Some("builtins") => Form::Free,
            // Of a class the name is taken from its objects, whatever they are called.
            Some(p) if plain(&p) && !p.starts_with(|c: char| c.is_ascii_uppercase()) => Form::Of(p.to_owned()),
            _ => Form::Anywhere,
        };
        let mut companions = if alone || root == word { Vec::new() } else { vec![vec![root.to_owned()], vec![module.to_owned()]] };
        companions.dedup();
        Some(WantedName { word, form, companions, counts: Counts::Alone })
    }
}

impl Wanted {
    /// All blocks of all files.
    pub fn everything() -> Self {
        Wanted { everything: true, ..Wanted::default() }
    }
    /// The catalogue's names.
    pub fn new(names: impl IntoIterator<Item = WantedName>) -> Self {
        let mut sought: BTreeMap<u32, Vec<Sought>> = BTreeMap::new();
        for name in names {
            let companions = name.companions.iter().map(|any| any.iter().map(|c| name_hash(c)).collect()).collect();
            let form = match name.form {
                Form::Anywhere => Context::Anywhere,
                Form::Free => Context::Free,
                Form::Of(module) => Context::Of(name_hash(&module), module),
            };
            sought.entry(name_hash(&name.word)).or_default().push(Sought { counts: name.counts, companions, form });
        }
        let mut filter = vec![0; 1 << 10];
        for (hash, all) in &mut sought {
            if let Some(word) = filter.get_mut((hash & 0xffff) as usize / 64) {
                *word |= 1 << (hash & 63);
            }
            all.sort();
            all.dedup();
        }
        Wanted { everything: false, names: sought.into_iter().collect(), filter }
    }
    /// Whether all blocks are asked for.
    pub fn is_everything(&self) -> bool {
        self.everything
    }
    fn sought(&self, hash: u32) -> Option<&Vec<Sought>> {
        let word = self.filter.get((hash & 0xffff) as usize / 64)?;
        if word >> (hash & 63) & 1 == 0 {
            return None;
        }
        self.names.get(&hash)
    }
    /// The parts of a file in which a name of interest stands, with the names.
    pub(super) fn hits(&self, outline: &Outline, bytes: &[u8]) -> Vec<(Part, Vec<u32>)> {
        let mut file = File { outline, bytes, mentioned: HashMap::new(), known: HashMap::new(), by_text: HashMap::new() };
        let mut candidates: Vec<(Part, Vec<u32>)> = Vec::new();
        for part in 0..outline.count() {
            let names: Vec<u32> = outline.names(part).iter().copied().filter(|h| self.sought(*h).is_some()).collect();
            if !names.is_empty() {
                candidates.push((part, names));
            }
        }
        let mut out: Vec<(Part, Vec<u32>)> = Vec::new();
        let mut fed = false;
        // Sources first: what they feed counts after them.
        for level in [Counts::Source, Counts::Alone, Counts::Beside, Counts::Fed] {
            let counts = match level {
                Counts::Source | Counts::Alone => true,
                Counts::Beside => !out.is_empty(),
                Counts::Fed => fed,
            };
            for (part, names) in candidates.iter().filter(|_| counts) {
                let mut sought: Vec<(u32, &Context)> = Vec::new();
                for name in names {
                    let all = self.sought(*name).into_iter().flatten().filter(|s| s.counts == level);
                    sought.extend(all.filter(|s| file.companions_met(&s.companions)).map(|s| (*name, &s.form)));
                }
                let found = if sought.is_empty() { Vec::new() } else { file.standing(*part, &sought) };
                if !found.is_empty() {
                    fed |= level == Counts::Source;
                    out.push((*part, found));
                }
            }
        }
        out
    }
}

/// What a file says of modules, as far as it was asked.
struct File<'o> {
    outline: &'o Outline,
    bytes: &'o [u8],
    /// Which companions some part names.
    mentioned: HashMap<u32, bool>,
    /// By the last segment of a module: what the module is called here.
    known: HashMap<u32, HashSet<u32>>,
    by_text: HashMap<Part, bool>,
}

impl File<'_> {
    fn companions_met(&mut self, companions: &[Vec<u32>]) -> bool {
        let outline = self.outline;
        let mut names = |c: u32| *self.mentioned.entry(c).or_insert_with(|| (0..outline.count()).any(|p| outline.mentions(p, c)));
        companions.iter().all(|any| any.iter().any(|c| names(*c)))
    }
    /// Those of the names that stand in a part as they should.
    fn standing(&mut self, part: Part, sought: &[(u32, &Context)]) -> Vec<u32> {
        let mut out: Vec<u32> = sought.iter().filter(|(_, form)| **form == Context::Anywhere).map(|s| s.0).collect();
        let exact: Vec<&(u32, &Context)> = sought.iter().filter(|(name, form)| **form != Context::Anywhere && !out.contains(name)).collect();
        if !exact.is_empty() {
            let seen = seen_in(self.outline, self.bytes, part);
            for (name, form) in exact {
                if !out.contains(name) && self.stands(part, &seen, *name, form) {
                    out.push(*name);
                }
            }
        }
        out
    }
    fn stands(&mut self, part: Part, seen: &[Seen], name: u32, form: &Context) -> bool {
        let module = match form {
            Context::Anywhere => return true,
            Context::Free => None,
            Context::Of(hash, module) => Some((*hash, module.as_str())),
        };
        for (i, s) in seen.iter().enumerate().filter(|(_, s)| s.hash == name) {
            if s.quoted {
                if self.reaches_by_text(part) {
                    return true;
                }
                continue;
            }
            let found = match (module, self.taken_from(seen, i)) {
                (None, Taken::Free) => !self.is_keyword(s),
                (None, _) => false,
                (Some((_, module)), Taken::Free) => self.imported(s, name, module),
                (Some((hash, module)), Taken::Of(parent)) => self.called(hash, module).contains(&parent),
                // What a call or a subscript gave may be the module.
                (Some(_), Taken::Other) => self.reaches_by_text(part),
            };
            if found {
                return true;
            }
        }
        // The module itself is handed around here: whatever takes the name may take it from there.
        let Some((hash, module)) = module else { return false };
        let known = self.called(hash, module).clone();
        seen.iter().enumerate().any(|(i, s)| known.contains(&s.hash) && self.is_value(seen, i)) && seen.iter().any(|s| s.hash == name && !s.quoted)
    }
    /// Whether a part can reach a thing by the text of its name.
    fn reaches_by_text(&mut self, part: Part) -> bool {
        let outline = self.outline;
        *self.by_text.entry(part).or_insert_with(|| BY_TEXT.iter().any(|w| outline.mentions(part, name_hash(w))))
    }
    /// What a module is called in this file: its own name, what imports bind it to, what is assigned from those.
    fn called(&mut self, hash: u32, module: &str) -> &HashSet<u32> {
        if !self.known.contains_key(&hash) {
            let mut known = HashSet::from([hash]);
            for import in &self.outline.imports {
                let last = import.name.as_deref().unwrap_or_else(|| import.module.rsplit('.').next().unwrap_or_default());
                if last == module && !import.alias.is_empty() {
                    known.insert(name_hash(&import.alias));
                }
            }
            self.assigned(&mut known);
            self.known.insert(hash, known);
        }
        &self.known[&hash]
    }
    /// Names and fields that something known is assigned to, uncalled.
    fn assigned(&self, known: &mut HashSet<u32>) {
        for _ in 0..2 {
            let mut more: Vec<u32> = Vec::new();
            for part in 0..self.outline.count() {
                let mentions = known.iter().any(|k| self.outline.mentions(part, *k));
                if !mentions {
                    continue;
                }
                let holds = |range: Range| {
                    let bytes = self.bytes.get(range.bounds()).unwrap_or_default();
                    let seen = trace(bytes);
                    (0..seen.len()).any(|i| seen.get(i).is_some_and(|s| known.contains(&s.hash)) && is_value(bytes, &seen, i))
                };
                let mut last = None;
                for assigned in self.outline.assigns(part) {
                    if last != Some(assigned.statement) && !holds(assigned.statement) {
                        continue;
                    }
                    last = Some(assigned.statement);
                    more.push(assigned.name);
                }
                if let Some(block) = self.outline.blocks.get(part)
                    && matches!(block.kind, BlockKind::Assign | BlockKind::Compound)
                    && holds(block.range)
                {
                    more.extend(block.defines.iter().map(|d| name_hash(d)));
                }
            }
            let before = known.len();
            known.extend(more);
            if known.len() == before {
                break;
            }
        }
    }
    /// Whether a free name is bound by an import from a module of that name, or by one from everything.
    fn imported(&self, seen: &Seen, name: u32, module: &str) -> bool {
        let from = |m: &str| m.split('.').any(|s| s == module);
        let of_module = |i: &&super::ImportedName| i.name.is_some() && (from(&i.module) || i.module.is_empty());
        self.outline.imports.iter().filter(of_module).any(|i| match i.name.as_deref() {
            Some("*") => true,
            Some(imported) => name_hash(&i.alias) == name || (name_hash(imported) == name && i.range.contains(Range::new(seen.start, seen.end))),
            None => false,
        })
    }
    fn taken_from(&self, seen: &[Seen], i: usize) -> Taken {
        taken_from(self.bytes, seen, i)
    }
    fn is_value(&self, seen: &[Seen], i: usize) -> bool {
        let Some(s) = seen.get(i) else { return false };
        let range = Range::new(s.start, s.end);
        is_value(self.bytes, seen, i) && !self.outline.imports.iter().any(|import| import.range.contains(range))
    }
    /// `name=` of a call.
    fn is_keyword(&self, seen: &Seen) -> bool {
        let at = blank(self.bytes, seen.end);
        self.bytes.get(at) == Some(&b'=')
            && self.bytes.get(at + 1) != Some(&b'=')
            && self.bytes.get(..seen.start).is_some_and(|before| matches!(before.trim_ascii_end().last(), Some(b'(' | b',')))
    }
}

/// Every name in a part, in order, with its place in the file.
pub(super) fn seen_in(outline: &Outline, bytes: &[u8], part: Part) -> Vec<Seen> {
    let mut seen = Vec::new();
    for range in stretches(outline, part) {
        let at = range.start as usize;
        let inside = trace(bytes.get(range.bounds()).unwrap_or_default()).into_iter();
        seen.extend(inside.map(|s| Seen { start: s.start + at, end: s.end + at, ..s }));
    }
    seen
}

/// What a name is taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Nothing.
    Free,
    /// A name.
    Of(u32),
    /// What a call, a subscript or a bracket gives.
    Other,
}

/// What the name at `i` is taken from.
pub(super) fn taken_from(bytes: &[u8], seen: &[Seen], i: usize) -> Taken {
    let Some(s) = seen.get(i) else { return Taken::Free };
    let before = bytes.get(..s.start).unwrap_or_default().trim_ascii_end();
    let Some(before) = before.strip_suffix(b".") else { return Taken::Free };
    let end = before.trim_ascii_end().len();
    match i.checked_sub(1).and_then(|p| seen.get(p)) {
        Some(parent) if parent.end == end && !parent.quoted => Taken::Of(parent.hash),
        _ => Taken::Other,
    }
}

/// Whether a name stands for itself: nothing is taken from it, it is not called, and it is taken from nothing.
fn is_value(bytes: &[u8], seen: &[Seen], i: usize) -> bool {
    let Some(s) = seen.get(i) else { return false };
    if s.quoted || taken_from(bytes, seen, i) != Taken::Free {
        return false;
    }
    let at = blank(bytes, s.end);
    match bytes.get(at) {
        Some(b'.' | b'(' | b':') => false,
        Some(b'=') => bytes.get(at + 1) == Some(&b'='),
        _ => true,
    }
}

/// What of a file a part is: a class without its methods is what stands between them.
pub(super) fn stretches(outline: &Outline, part: Part) -> Vec<Range> {
    let Some(block) = outline.blocks.get(part) else { return outline.method(part).map(|m| m.range).into_iter().collect() };
    let mut out = Vec::new();
    let mut at = block.range.start;
    for (_, method) in outline.methods_of(part) {
        out.push(Range { start: at, end: method.range.start.max(at) });
        at = method.range.end;
    }
    out.push(Range { start: at, end: block.range.end.max(at) });
    out.retain(|r| !r.is_empty());
    out
}
