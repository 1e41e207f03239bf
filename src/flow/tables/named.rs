//! A map by owner and name that is asked with borrowed names: lookups are made far more often than entries, and a key that owns its text would be built for each.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Entries by owner (a file, a class) and name.
#[derive(Debug)]
pub struct Named<O, T>(FxHashMap<O, FxHashMap<Box<str>, T>>);

impl<O, T> Default for Named<O, T> {
    fn default() -> Self {
        Named(FxHashMap::default())
    }
}

impl<O: Copy + Eq + Hash, T> Named<O, T> {
    /// The entry of a name.
    pub fn get(&self, owner: O, name: &str) -> Option<&T> {
        self.0.get(&owner)?.get(name)
    }
    /// All entries of an owner, in no order.
    pub fn of(&self, owner: O) -> impl Iterator<Item = (&str, &T)> {
        self.0.get(&owner).into_iter().flatten().map(|(name, entry)| (&**name, entry))
    }
    /// Replaces the entry of a name.
    pub fn set(&mut self, owner: O, name: &str, entry: T) {
        self.0.entry(owner).or_default().insert(name.into(), entry);
    }
}

impl<O: Copy + Eq + Hash, T> Named<O, Vec<T>> {
    /// The entries of a name.
    pub fn all(&self, owner: O, name: &str) -> &[T] {
        self.get(owner, name).map_or(&[], Vec::as_slice)
    }
    /// Adds to the entries of a name.
    pub fn push(&mut self, owner: O, name: &str, entry: T) {
        let names = self.0.entry(owner).or_default();
        match names.get_mut(name) {
            Some(entries) => entries.push(entry),
            None => {
                names.insert(name.into(), vec![entry]);
            }
        }
    }
}
