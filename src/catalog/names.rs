//! Which words of Python text the rows speak of: what selection looks for before anything is parsed.

use super::Catalog;
use super::row::{Effect, EntrySubject, Row, Subject};

/// A word that a row hangs on, and the libraries that must be named in the same file for it to count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The identifier.
    pub word: String,
    /// Identifiers of which the file must name one of each list; no list: the word counts alone.
    pub libraries: Vec<Vec<String>>,
}

impl Catalog {
    /// The words of all rows of Python that something can end at, sorted, without repeats. What such a call takes its values from is asked for later,
    /// by those who follow the values: a source or a conversion alone is no reason to look. A writer counts in files that also load something.
    pub fn names(&self) -> Vec<Name> {
        let mut out: Vec<Name> = self.rows.iter().filter(|r| r.effects.iter().any(ends)).flat_map(of_row).collect();
        let mut loaders: Vec<String> = self.rows.iter().filter(|r| r.effects.iter().any(loads)).flat_map(of_row).map(|n| n.word).collect();
        loaders.sort();
        loaders.dedup();
        let writers = self.rows.iter().filter(|r| r.effects.iter().any(|e| matches!(e, Effect::Writes { .. }))).flat_map(of_row);
        out.extend(writers.map(|mut n| {
            n.libraries.push(loaders.clone());
            n
        }));
        out.sort();
        out.dedup();
        out
    }
}

/// Effects that a finding or an edge can stand on.
fn ends(effect: &Effect) -> bool {
    use Effect::{Checks, Enters, Passes, Reads, Returns, RoundTripOf, Writes};
    !matches!(effect, Returns { .. } | Passes { .. } | Reads { .. } | Enters { .. } | RoundTripOf(_) | Checks { .. } | Writes { .. })
}

/// Effects that take the bytes behind a name.
fn loads(effect: &Effect) -> bool {
    matches!(effect, Effect::Sink { bytes: true, .. })
}

fn of_row(row: &Row) -> Vec<Name> {
    let roots = |names: &[String]| {
        let mut roots: Vec<String> = names.iter().filter_map(|n| n.split('.').next()).filter(|r| !r.contains('*')).map(str::to_owned).collect();
        roots.sort();
        roots.dedup();
        if roots.is_empty() { Vec::new() } else { vec![roots] }
    };
    let mut out = Vec::new();
    match &row.subject {
        Subject::Call(name) => out.extend(dotted(name)),
        Subject::Method(name) => {
            let types = row.receiver.as_ref().map_or(&[][..], |r| &r.types);
            out.push(Name { word: name.clone(), libraries: roots(types) });
        }
        Subject::Suffix { name, corroborate } => out.push(Name { word: last_plain(name), libraries: roots(corroborate) }),
        Subject::Entry(EntrySubject::Decorator(name)) => out.extend(dotted(name)),
        Subject::Entry(EntrySubject::Base(base, _)) => out.extend(dotted(base)),
        Subject::Entry(EntrySubject::Function(_, function)) => out.push(Name { word: function.clone(), libraries: Vec::new() }),
        _ => {}
    }
    // What must have been called on the object matters where the row's own word stands.
    if let (Some((method, _)), Some(own)) = (row.receiver.as_ref().and_then(|r| r.called.as_ref()), out.first()) {
        let mut libraries = own.libraries.clone();
        libraries.push(vec![own.word.clone()]);
        out.push(Name { word: method.clone(), libraries });
    }
    out
}

fn dotted(name: &str) -> Option<Name> {
    let word = last_plain(name);
    if word.is_empty() {
        return None;
    }
    let root = name.split('.').next().unwrap_or("");
    let alone = root.is_empty() || root == "builtins" || root.contains('*') || root == name;
    // `torch.hub.list` must name `hub` as well as `torch`, however it is imported.
    let module = name.rsplit('.').skip(1).find(|s| !s.is_empty() && !s.contains('*') && *s != word).unwrap_or(root);
    let mut libraries = if alone || root == word { Vec::new() } else { vec![vec![root.to_owned()], vec![module.to_owned()]] };
    libraries.dedup();
    Some(Name { libraries, word })
}

/// The last segment without a star.
fn last_plain(name: &str) -> String {
    name.rsplit('.').find(|s| !s.is_empty() && !s.contains('*')).unwrap_or("").to_owned()
}
