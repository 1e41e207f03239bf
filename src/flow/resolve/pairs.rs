//! What a loop over `enumerate` and `zip` gives: a counter, and elements each of its own list. By form alone.

use crate::facts::{ArgName, Call, V, What};
use crate::flow::resolve::spots::{Key, Scene, Spot, last};
use crate::flow::tables::Search;

/// One half of the pairs that a loop gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// A number that the program counts.
    Counter,
    /// An element of this.
    Element(Spot),
}

impl Scene<'_> {
    /// What stands at a place of the pairs that a value is; nothing when it may be something else.
    pub fn halves(self, pairs: Spot, place: &str, search: &mut Search) -> Vec<Half> {
        let mut out = Vec::new();
        for iterated in self.iterated(pairs, search) {
            for form in self.forms(iterated, search) {
                let Some(half) = self.call(form).and_then(|call| half(form, call, place)) else { return Vec::new() };
                out.push(half);
            }
        }
        out
    }
    /// What loops go over that give a value as their element; nothing when it may come from elsewhere.
    fn iterated(self, element: Spot, search: &mut Search) -> Vec<Spot> {
        let mut out = Vec::new();
        for form in self.forms(element, search) {
            let V::Index(base, key) = self.what(form) else { return Vec::new() };
            let here = |value| Spot { value, ..form };
            match self.key(here(*key), search) {
                Key::Each => out.push(here(*base)),
                // An element of an element: `for i, (a, b) in enumerate(zip(…))`.
                Key::At(place) if search.spend() => {
                    let halves = self.halves(here(*base), &place, search);
                    for half in &halves {
                        let Half::Element(list) = half else { return Vec::new() };
                        out.push(*list);
                    }
                    if halves.is_empty() {
                        return Vec::new();
                    }
                }
                _ => return Vec::new(),
            }
        }
        out
    }
    fn call<'a>(self, spot: Spot) -> Option<&'a Call>
    where
        Self: 'a,
    {
        let V::Ref(fact) = self.what(spot) else { return None };
        match &self.facts.file(spot.file).fact(*fact).what {
            What::Call(call) => Some(call),
            _ => None,
        }
    }
}

fn half(at: Spot, call: &Call, place: &str) -> Option<Half> {
    let list = |n: usize| call.args.get(n).filter(|a| matches!(a.name, ArgName::Position(_))).map(|a| Half::Element(Spot { value: a.value, ..at }));
    match (last(&call.name), place) {
        ("enumerate", "0") => Some(Half::Counter),
        ("enumerate", "1") => list(0),
        ("zip" | "zip_longest", n) => list(n.parse().ok()?),
        _ => None,
    }
}
