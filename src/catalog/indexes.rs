//! Package indexes that rows know, and every address that a slot is given.

use super::Catalog;
use super::command::OptValue;
use super::glob;
use super::row::{Effect, Listing, RowId, Slot, SlotName, Subject};
use super::slot::tail;
use crate::facts::{FactId, FileFacts, ValueId, What};

impl Catalog {
    /// Whose names the index at an address serves, as rows say. Parts of the address may be open; host and beginning of the path decide.
    pub fn listing(&self, address: &str) -> Option<Listing> {
        let rest = address.strip_prefix("http")?.trim_start_matches('s').strip_prefix("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
        let is_below = |known: &str| {
            let mut wanted = known.split('/');
            let mut given = path.split(['/', '?', '#']);
            wanted.next().is_some_and(|h| glob::text(h, &host)) && wanted.all(|w| given.next().is_some_and(|g| glob::text(w, g)))
        };
        let row = self.of_kind("index").find(|(_, row)| matches!(&row.subject, Subject::Index(known) if is_below(known)))?.1;
        row.effects.iter().find_map(|e| if let Effect::Names(listing) = e { Some(*listing) } else { None })
    }
    /// The values in a slot; of a command also those of an option that is given several times.
    pub fn every(&self, facts: &FileFacts, id: FactId, row: RowId, slot: &Slot) -> Vec<ValueId> {
        let (What::Command(command), Slot::Arg(names), Subject::Command { .. }) = (&facts.fact(id).what, slot, &self.row(row).subject) else {
            return self.slot(facts, id, row, slot);
        };
        if names.iter().any(|n| !matches!(n, SlotName::Name(_))) {
            return self.slot(facts, id, row, slot);
        }
        let Some(line) = self.commands.line(self, facts, command, row) else { return Vec::new() };
        let word = |i: usize| command.words.get(i).map(|w| w.value);
        let is_named = |given: &str| names.iter().any(|n| matches!(n, SlotName::Name(name) if name == given));
        let options = line.options.iter().filter(|o| is_named(&o.name));
        let value = |option: OptValue| match option {
            OptValue::None => None,
            OptValue::Word(i) => word(i),
            OptValue::Tail(i, skip) => tail(facts, id, i, skip).or_else(|| word(i)),
        };
        options.filter_map(|o| value(o.value)).collect()
    }
}
