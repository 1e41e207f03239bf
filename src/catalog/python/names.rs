//! Which words of Python text the rows speak of: what selection looks for before anything is parsed.

use crate::catalog::Catalog;
use crate::catalog::row::{Effect, EntrySubject, Row, Slot, SlotName, Subject, Test};
use crate::origin::Via;
use crate::outline::{Counts, Form, WantedName};

impl Catalog {
    /// The words of all rows of Python that something can end at, sorted, without repeats. What such a call takes its values from is asked for later,
    /// by those who follow the values: a source or a conversion alone is no reason to look, unless its values are followed forwards. What only such a value
    /// reaches counts in files that hold a source. A writer counts in files that also load something.
    pub fn names(&self) -> Vec<WantedName> {
        let mut out: Vec<WantedName> = Vec::new();
        for row in self.rows.iter().filter(|r| r.effects.iter().any(ends)) {
            let fed = row.effects.iter().filter(|e| ends(e)).all(|e| matches!(e, Effect::Sink { kind, .. } if self.only_from(kind).is_some()));
            let counts = if fed { Counts::Fed } else { Counts::Alone };
            out.extend(of_row(row).into_iter().map(|n| WantedName { counts, ..n }));
        }
        let followed = self.followed();
        let sources = self.rows.iter().filter(|r| r.effects.iter().any(|e| gives(e, followed))).flat_map(of_row);
        out.extend(sources.map(|n| WantedName { counts: Counts::Source, ..n }));
        let mut loaders: Vec<String> = self.rows.iter().filter(|r| r.effects.iter().any(loads)).flat_map(of_row).map(|n| n.word).collect();
        loaders.sort();
        loaders.dedup();
        // What must have been called on an object is told by where that call stands.
        out.extend(self.rows.iter().filter(|r| !r.effects.iter().any(ends)).flat_map(called));
        let writers = self.rows.iter().filter(|r| r.effects.iter().any(|e| matches!(e, Effect::Writes { .. }))).flat_map(of_row);
        out.extend(writers.map(|mut n| {
            n.companions.push(loaders.clone());
            n.counts = Counts::Beside;
            n
        }));
        out.sort();
        out.dedup();
        out
    }
}

/// Effects that a finding or an edge can stand on.
fn ends(effect: &Effect) -> bool {
    use Effect::{Asks, Calls, Checks, Enters, Escapes, Passes, Reads, Returns, RoundTripOf, Writes};
    let inner = matches!(effect, Calls { .. } | Returns { .. } | Passes { .. } | Reads { .. } | Enters { .. } | Escapes(_) | RoundTripOf(_));
    !(inner || matches!(effect, Asks | Checks { .. } | Writes { .. }))
}

/// Effects that give a value with one of these labels.
fn gives(effect: &Effect, labels: Via) -> bool {
    matches!(effect, Effect::Returns { via, .. } | Effect::Enters { via, .. } if via.meets(labels))
}

/// Effects that take the bytes behind a name.
fn loads(effect: &Effect) -> bool {
    matches!(effect, Effect::Sink { bytes: true, .. })
}

fn of_row(row: &Row) -> Vec<WantedName> {
    let roots = |names: &[String]| {
        let mut roots: Vec<String> = names.iter().filter_map(|n| n.split('.').next()).filter(|r| !r.contains('*')).map(str::to_owned).collect();
        roots.sort();
        roots.dedup();
        if roots.is_empty() { Vec::new() } else { vec![roots] }
    };
    let mut out = Vec::new();
    match &row.subject {
        Subject::Call(name) => {
            let keywords = keywords(row, name);
            if keywords.is_empty() {
                out.extend(WantedName::qualified(name));
            }
            out.extend(keywords);
        }
        // Of what a call made, the name is taken from whatever holds it.
        Subject::Assign(name) if name.matches('.').count() > 1 => {
            out.extend(WantedName::qualified(name.trim_end_matches("[]")).map(|n| WantedName { form: Form::Anywhere, ..n }));
        }
        Subject::Assign(name) => out.extend(WantedName::qualified(name.trim_end_matches("[]"))),
        // An environment variable that a program sets for itself; other settings stand in files.
        Subject::Setting(path) => out.extend(variable(path)),
        // An object is called by its own name: what stands in the text is where it was made.
        Subject::Method(name) if name == "__call__" => {
            out.extend(row.receiver.iter().flat_map(|r| &r.types).filter_map(|t| WantedName::qualified(t)))
        }
        Subject::Method(name) => {
            let types = row.receiver.as_ref().map_or(&[][..], |r| &r.types);
            let mut companions = roots(types);
            // Of an object the file must say what it is.
            let mut classes: Vec<String> = types.iter().map(|t| last_plain(t)).filter(|c| !c.is_empty()).collect();
            classes.sort();
            classes.dedup();
            if !classes.is_empty() && row.receiver.as_ref().is_some_and(|r| !r.any) {
                companions.push(classes);
            }
            out.push(anywhere(name.clone(), companions));
        }
        Subject::Suffix { name, corroborate } => out.push(anywhere(last_plain(name), roots(corroborate))),
        Subject::Entry(EntrySubject::Decorator(name, _)) => out.extend(WantedName::qualified(name)),
        Subject::Entry(EntrySubject::Base(base, _)) => out.extend(WantedName::qualified(base)),
        Subject::Entry(EntrySubject::Function(_, function)) => out.push(anywhere(function.clone(), Vec::new())),
        _ => {}
    }
    for name in &mut out {
        name.companions.extend(roots(&row.corroborate));
    }
    out.extend(called(row));
    // A function that is looked into stands where it is written, and so does what a test asks for.
    let own: Vec<Vec<String>> = out.iter().map(|n| vec![n.word.clone()]).take(1).collect();
    for test in row.when.iter().chain(&row.safe_when) {
        match &test.test {
            Test::Sets(keywords) => out.extend(keywords.keys().map(|word| anywhere(word.clone(), own.clone()))),
            Test::ResultOf(calls) => out.extend(calls.iter().filter_map(|call| WantedName::qualified(call))),
            _ => {}
        }
    }
    out
}

fn anywhere(word: String, companions: Vec<Vec<String>>) -> WantedName {
    WantedName { word, form: Form::Anywhere, companions, counts: Counts::Alone }
}

/// What must have been called on the object of a method; it matters where the method's own word stands.
fn called(row: &Row) -> Vec<WantedName> {
    let (Subject::Method(word), Some((methods, _))) = (&row.subject, row.receiver.as_ref().and_then(|r| r.called.as_ref())) else {
        return Vec::new();
    };
    methods.iter().map(|method| anywhere(method.clone(), vec![vec![word.clone()]])).collect()
}

/// Of a row for many calls of a library, which one keyword sets apart: that keyword.
fn keywords(row: &Row, name: &str) -> Vec<WantedName> {
    let root = name.split('.').next().unwrap_or_default();
    if !name.ends_with("**") || root.contains('*') {
        return Vec::new();
    }
    let named = row.when.iter().filter(|t| matches!(t.test, Test::Is(_) | Test::Has(_) | Test::Present)).flat_map(|t| match &t.slot {
        Slot::Arg(names) => names.as_slice(),
        _ => &[],
    });
    let words = named.filter_map(|n| if let SlotName::Name(word) = n { word.split('.').next() } else { None });
    words.map(|word| anywhere(word.to_owned(), vec![vec![root.to_owned()]])).collect()
}

/// The name of an environment variable at the end of a path: capitals, as those are written.
fn variable(path: &str) -> Option<WantedName> {
    let word = last_plain(path);
    let capital = word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    capital.then(|| anywhere(word, Vec::new()))
}

/// The last segment without a star.
fn last_plain(name: &str) -> String {
    name.rsplit('.').find(|s| !s.is_empty() && !s.contains('*')).unwrap_or("").to_owned()
}
