//! One decision that stands at many lines of a file is told once: one alert speaks and names the other places.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::finding::{Hidden, Hop, ONCE, Reported};

/// Places that one alert names, at most.
const MOST: usize = 10;

/// Lets one speak of those that are shown and belong together. Which one it is depends on what they are, never on the order of lines, and each keeps its
/// own identity: a tree where one of them goes, or one more comes, has no other findings than before.
pub fn tell(all: &mut [Reported], hidden: &mut [Option<Hidden>]) {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (i, (reported, why)) in all.iter_mut().zip(hidden.iter()).enumerate() {
        let key = reported.alert.data.remove(ONCE);
        if let Some(key) = key.filter(|_| why.is_none()) {
            groups.entry((reported.alert.primary.file, reported.alert.rule.clone(), key)).or_default().push(i);
        }
    }
    for mut group in groups.into_values().filter(|g| g.len() > 1) {
        group.sort_by_key(|i| (Reverse(all[*i].alert.severity), Reverse(all[*i].alert.confidence), all[*i].v1.clone()));
        let Some((speaker, others)) = group.split_first() else { continue };
        let whole = all[*speaker].v1.clone();
        let mut places: Vec<Hop> = Vec::new();
        for i in others {
            hidden[*i] = Some(Hidden::Repeated(whole.clone()));
            all[*i].alert.part_of = Some(whole.clone());
            places.push(Hop { at: all[*i].alert.primary, text: "the same again".to_owned() });
        }
        places.sort();
        places.truncate(MOST);
        all[*speaker].alert.related.extend(places);
    }
}
