//! The meaning of collections that are built in sight: their elements, what `get` gives, and the keywords that `**` spreads out.

use crate::catalog::row::{RowId, Slot, SlotName};
use crate::catalog::slot::Argument;
use crate::facts::{ArgName, Call, FactId, ParamKind, Target, V, ValueId, What};
use crate::flow::resolve::pairs::Half;
use crate::flow::resolve::spots::{Key, Scene, Spot, last};
use crate::flow::solver::{Here, Solver};
use crate::flow::tables::Search;
use crate::flow::value::{Lit, Val};
use crate::graph::Node;

/// Where the numbers of parameters end and those of keywords that a `**` parameter takes begin.
const KEYWORDS: u32 = 1 << 16;
/// What stands between the names of one keyword.
const OR: char = '|';
/// Facts of a function among which it may put a keyword in its place.
const MOST_INSIDE: usize = 2_000;
/// Dictionaries that are looked at for one keyword.
const SPREADS: u32 = 40;

impl<'a> Solver<'a> {
    /// The forms of values, as they stand now.
    pub fn scene(&self) -> Scene<'_> {
        Scene { index: self.world.index, facts: self.world.facts, tables: self.tables }
    }
    /// Asks for what a search met and could not see.
    pub fn ask(&mut self, search: &Search) {
        search.names.iter().for_each(|(file, name)| self.want(*file, name));
        search.members.iter().for_each(|(class, member)| self.want_member(*class, member));
    }
    /// A value at a spot.
    pub fn at_spot(&mut self, spot: Spot) -> Val {
        let at = Node { file: spot.file, fact: spot.scope.unwrap_or(FactId(0)) };
        self.value(Here { at, scope: spot.scope }, spot.value)
    }
    /// `base[key]` of a collection in sight, or of one that a function of the tree gives back.
    pub fn element(&mut self, here: Here, base: ValueId, key: ValueId) -> Option<Val> {
        let mut search = Search::default();
        let spot = |value| Spot { file: here.at.file, scope: here.scope, value };
        let wanted = self.scene().key(spot(key), &mut search);
        let (spots, whole) = self.scene().elements(spot(base), &wanted, &mut search);
        let forms = if spots.is_empty() { self.scene().forms(spot(base), &mut search) } else { Vec::new() };
        self.ask(&search);
        if !spots.is_empty() {
            let mut out = Val::default();
            for spot in spots {
                let val = self.at_spot(spot);
                // Where a table holds this and that, which of it is meant is not known.
                if wanted == Key::Any && val.consts.all().is_none_or(|all| all.iter().any(|l| matches!(l, Lit::Name(_)))) {
                    return None;
                }
                out.join(&val);
            }
            // What is put in out of sight is a part of the whole.
            return Some(if whole { out } else { out.less_known() });
        }
        let mut out: Option<Val> = None;
        for form in forms {
            let V::Ref(fact) = &self.file(form.file).value(form.value).what else { return None };
            let node = Node { file: form.file, fact: *fact };
            let What::Call(call) = &self.file(node.file).fact(node.fact).what else { return None };
            out.get_or_insert_default().join(&self.element_returned(node, call, &wanted)?);
        }
        out
    }
    /// `base[key]` of the pairs that a loop gives: each half carries what its own list holds, a counter nothing.
    pub fn half(&mut self, here: Here, base: ValueId, key: ValueId) -> Option<Val> {
        let place = self.file(here.at.file).literal(key)?;
        let mut search = Search::default();
        let halves = self.scene().halves(Spot { file: here.at.file, scope: here.scope, value: base }, &place, &mut search);
        let mut out: Option<Val> = None;
        for half in halves {
            let val = match half {
                Half::Counter => Val::program(),
                Half::Element(list) => self.at_spot(list).derived(),
            };
            out.get_or_insert_default().join(&val);
        }
        self.ask(&search);
        out
    }
    /// An element of what a call of a function of the tree gives back.
    fn element_returned(&mut self, node: Node, call: &Call, key: &Key) -> Option<Val> {
        if *key == Key::Each || self.says_result(node) {
            return None;
        }
        self.want_targets(node, call);
        let mut out: Option<Val> = None;
        for to in self.tables.reached.get(&node).cloned().unwrap_or_default() {
            for value in self.tables.returns(to.function).to_vec() {
                let returned = Spot { file: to.function.file, scope: Some(to.function.fact), value };
                let (spots, whole) = self.scene().elements(returned, key, &mut Search::default());
                if spots.is_empty() || !whole {
                    return None;
                }
                for spot in spots {
                    let val = self.at_spot(spot);
                    let filled = self.fill(node, call, to.function, to.bind, &val);
                    out.get_or_insert_default().join(&filled);
                }
            }
        }
        out
    }
    /// `table.get(key, default)` of a dictionary in sight, or of the keywords that a function takes.
    pub fn looked_up(&mut self, node: Node, call: &Call) -> Option<Val> {
        let receiver = call.receiver?;
        if matches!(last(&call.name), "get" | "pop")
            && let [key, default @ ..] = call.args.as_slice()
            && let Some(mut val) = self.own_keyword(self.here(node), receiver, key.value)
        {
            default.iter().for_each(|d| val.join(&self.at(node, d.value).derived()));
            return Some(val);
        }
        if last(&call.name) != "get" {
            return None;
        }
        if let Some(key) = call.args.first()
            && let Some(name) = self.file(node.file).literal(key.value)
            && self.is_unsaid(self.here(node), receiver, &name)
        {
            return Some(Val::program());
        }
        let mut search = Search::default();
        let spot = Spot { file: node.file, scope: self.tables.scope(node), value: call.callee };
        let spots = self.scene().given_by(spot, call, &mut search);
        self.ask(&search);
        let mut out: Option<Val> = None;
        for spot in spots {
            out.get_or_insert_default().join(&self.at_spot(spot));
        }
        out
    }
    /// The value of a slot that only `**` can hold: what the dictionary says, a parameter of its own where a function takes any keywords. None when it
    /// cannot be told.
    pub fn spread_slot(&mut self, node: Node, row: RowId, slot: &Slot) -> Option<Val> {
        let What::Call(call) = &self.file(node.file).fact(node.fact).what else { return None };
        let Slot::Arg(names) = slot else { return None };
        if call.args.iter().all(|a| a.name != ArgName::KeywordRest) || self.argument_in_slot(node, row, slot) != Argument::Unknown {
            return None;
        }
        let names: Vec<&str> = names.iter().filter_map(|n| if let SlotName::Name(name) = n { Some(name.as_str()) } else { None }).collect();
        if names.is_empty() { None } else { self.spread(node, call, &names.join(&OR.to_string())) }
    }
    fn argument_in_slot(&self, node: Node, row: RowId, slot: &Slot) -> Argument {
        self.world.catalog.argument(self.file(node.file), node.fact, row, slot)
    }
    /// A keyword, under the first of its names that is given, that the `**` arguments of a call may hold.
    pub fn spread(&mut self, node: Node, call: &Call, name: &str) -> Option<Val> {
        let mut out: Option<Val> = None;
        let mut fuel = SPREADS;
        for arg in call.args.iter().filter(|a| a.name == ArgName::KeywordRest) {
            let spot = Spot { file: node.file, scope: self.tables.scope(node), value: arg.value };
            let val = self.keyword(spot, name, &mut fuel)?;
            let absent = val.consts.all() == Some(&[Lit::Absent]);
            match &mut out {
                // Of several dictionaries the one that has it counts.
                Some(out) if !absent => *out = val,
                Some(_) => {}
                None => out = Some(val),
            }
        }
        out
    }
    fn keyword(&mut self, spot: Spot, name: &str, fuel: &mut u32) -> Option<Val> {
        *fuel = fuel.checked_sub(1)?;
        let mut search = Search::default();
        let forms = self.scene().forms(spot, &mut search);
        self.ask(&search);
        let mut out: Option<Val> = None;
        for form in forms {
            let val = match &self.file(form.file).value(form.value).what {
                V::Dict(entries, open) => {
                    let mut found = Val::literal(Lit::Absent);
                    for name in name.split(OR) {
                        found = self.entry(form, entries, *open, name, fuel)?;
                        if found.consts.all() != Some(&[Lit::Absent]) {
                            break;
                        }
                    }
                    found
                }
                V::Param(n) => self.keyword_parameter(form, *n, name)?,
                V::Ref(fact) => {
                    let node = Node { file: form.file, fact: *fact };
                    let What::Call(call) = &self.file(node.file).fact(node.fact).what else { return None };
                    self.keyword_returned(node, call, name, fuel)?
                }
                _ => return None,
            };
            out.get_or_insert_default().join(&val);
        }
        out
    }
    fn entry(&mut self, form: Spot, entries: &[(ValueId, ValueId)], open: bool, name: &str, fuel: &mut u32) -> Option<Val> {
        let facts = self.file(form.file);
        let here = |value| Spot { value, ..form };
        let mut out: Option<Val> = None;
        let mut spreads = 0;
        for (key, value) in entries {
            match facts.literal(*key) {
                Some(text) if text == name => out = Some(self.at_spot(here(*value))),
                Some(_) => {}
                None if facts.value(*key).what == V::Unknown(vec![*value]) => {
                    spreads += 1;
                    let val = self.keyword(here(*value), name, fuel)?;
                    if val.consts.all() != Some(&[Lit::Absent]) {
                        out = Some(val);
                    }
                }
                None => return None,
            }
        }
        // Open for another reason than the dictionaries spread out in it.
        if out.is_none() && open && spreads == 0 {
            return None;
        }
        Some(out.unwrap_or_else(|| Val::literal(Lit::Absent)))
    }
    /// A keyword of a function that takes any: a parameter of its own.
    fn keyword_parameter(&mut self, spot: Spot, n: u32, name: &str) -> Option<Val> {
        let of = Node { file: spot.file, fact: spot.scope? };
        let What::Function { params, .. } = &self.file(of.file).fact(of.fact).what else { return None };
        let rest = params.get(n as usize).is_some_and(|p| p.kind == ParamKind::KeywordRest);
        rest.then(|| Val::param(of, self.keyword_index(n, name)))
    }
    /// One keyword of the `**` parameter of the function it is read in: callers hand each over by its name. None where the function puts it there itself.
    pub fn own_keyword(&mut self, here: Here, base: ValueId, key: ValueId) -> Option<Val> {
        let facts = self.file(here.at.file);
        let V::Param(n) = facts.value(base).what else { return None };
        let name = facts.literal(key)?;
        let own = |value: ValueId| facts.value(value).what == V::Param(n);
        let is_put = |target: &Target| matches!(target, Target::Index(b, k) if own(*b) && facts.literal(*k).is_none_or(|k| k == name));
        let scope = here.scope?;
        let read = facts.value(key).range.start;
        let mut inside = facts.iter().skip(scope.0 as usize).take_while(|(_, f)| f.range.start < read).take(MOST_INSIDE);
        let is_changed = inside.any(|(_, f)| match &f.what {
            What::Assignment { target, .. } => is_put(target),
            What::Call(call) => matches!(last(&call.name), "update" | "setdefault") && call.receiver.is_some_and(own),
            _ => false,
        });
        if is_changed {
            return None;
        }
        let spot = Spot { file: here.at.file, scope: here.scope, value: base };
        // Which value it has is left open: what counts when nobody hands it over stands where it is read.
        self.keyword_parameter(spot, n, &name).map(Val::derived)
    }
    fn keyword_returned(&mut self, node: Node, call: &Call, name: &str, fuel: &mut u32) -> Option<Val> {
        self.want_targets(node, call);
        let reached = self.tables.reached.get(&node).cloned().filter(|r| !r.is_empty())?;
        let mut out: Option<Val> = None;
        for to in reached {
            for value in self.tables.returns(to.function).to_vec() {
                let returned = Spot { file: to.function.file, scope: Some(to.function.fact), value };
                let val = self.keyword(returned, name, fuel)?;
                let filled = self.fill(node, call, to.function, to.bind, &val);
                out.get_or_insert_default().join(&filled);
            }
        }
        out
    }
    fn keyword_index(&mut self, n: u32, name: &str) -> u32 {
        let at = self.keywords.iter().position(|k| k == name).unwrap_or_else(|| {
            self.keywords.push(name.to_owned());
            self.keywords.len() - 1
        });
        KEYWORDS + (u32::try_from(at).unwrap_or(0) << 8) + n.min(255)
    }
    /// The `**` parameter and the keyword that such a number stands for.
    pub fn keyword_of(&self, index: u32) -> Option<(u32, &str)> {
        let rest = index.checked_sub(KEYWORDS)?;
        Some((rest & 255, self.keywords.get((rest >> 8) as usize)?))
    }
    /// What a keyword of a `**` parameter receives at a call.
    pub fn keyword_given(&mut self, node: Node, call: &Call, name: &str) -> Val {
        let keyword = |name: &str| call.args.iter().find(|a| matches!(&a.name, ArgName::Keyword(k) if k == name)).map(|a| a.value);
        if let Some(value) = name.split(OR).find_map(keyword) {
            return self.at(node, value);
        }
        if call.args.iter().any(|a| a.name == ArgName::KeywordRest) {
            return self.spread(node, call, name).unwrap_or_else(|| {
                // One of what a dictionary holds that nobody can look into.
                let rest = call.args.iter().filter(|a| a.name == ArgName::KeywordRest).map(|a| a.value).collect::<Vec<_>>();
                self.all(node, &rest).derived().less_known()
            });
        }
        Val::literal(Lit::Absent)
    }
}
