//! What a program put there itself: the store that a field holds and the same program fills, the state that an object saved under a name that its callers
//! chose, a file that the same function wrote. Of such places callers out of sight choose the name and not the bytes. Knows no origin.

use crate::catalog::row::{Effect, Row, RowId, Slot};
use crate::facts::{Call, FactId, Target, V, ValueId, What};
use crate::flow::channels::{fuel, key};
use crate::flow::resolve::undo::same_call;
use crate::flow::solver::{Here, Solver};
use crate::flow::tables::{is_class_method, is_static};
use crate::flow::transfer::parts::is_capital;
use crate::graph::Node;
use crate::outline::{Ask, name_hash};
use crate::source::FileId;

/// Steps from a value to the store that it was taken from.
const DEPTH: u32 = 16;
/// Calls of a file that make what one sink undoes, and calls beside one that asks a store.
const MOST: usize = 64;

/// What holds a store.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holder {
    Field(Node, String),
    Global(String),
    /// A parameter of a function, by its name.
    Param(String),
}

/// A store, and how it was asked.
struct Asked {
    holder: Holder,
    /// The calls that lead from it to the value, outermost last.
    calls: Vec<Node>,
    /// Whether an entry was taken from it.
    entry: bool,
}

impl Solver<'_> {
    /// Whether the program itself writes what a sink reads, by what the sink undoes, as long as nobody in sight says otherwise.
    pub fn is_own(&mut self, node: Node, row: &Row, values: &[ValueId]) -> bool {
        let Some(left) = self.looks.checked_sub(self.file(node.file).values.len()) else { return false };
        self.looks = left;
        let makers = self.makers(node, row);
        !values.is_empty() && values.iter().all(|value| self.is_saved(node, *value, &makers) || self.is_stored(node, *value, &makers))
    }
    /// Whether a function of a module only gives back what it loads, and nobody in the tree hands it on. What a package itself defines is what it offers.
    pub fn is_lone(&self, function: Node, load: Node) -> bool {
        let facts = self.file(function.file);
        let What::Function { name, .. } = &facts.fact(function.fact).what else { return false };
        let returned = self.tables.returns(function);
        !name.contains('.')
            && !self.tables.of(function.file).is_some_and(|l| l.is_value(name))
            && !self.world.index.path(function.file).ends_with(PACKAGE)
            && returned.iter().any(|v| self.is_result(function, *v, load, DEPTH))
            && self.is_known_here_alone(function)
    }
    /// Whether a value is what a call gives.
    fn is_result(&self, function: Node, value: ValueId, call: Node, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let facts = self.file(function.file);
        match &facts.value(value).what {
            V::Ref(fact) if *fact == call.fact => call.file == function.file,
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => self.is_result(function, *value, call, depth),
                _ => false,
            },
            V::Phi(options) => options.iter().take(8).any(|o| self.is_result(function, *o, call, depth)),
            _ => false,
        }
    }
    /// Whether no other file of the tree, tests apart, imports the function, or the class that it is a method of.
    pub fn is_known_here_alone(&self, function: Node) -> bool {
        let called = self.called(function);
        let name = called.split('.').next().unwrap_or_default();
        let (index, hash) = (self.world.index, name_hash(name));
        let imports = index.imports();
        let handed_on =
            |file: FileId| imports.origin(file, name).is_some_and(|o| o.0 == function.file) || imports.starred(file).contains(&function.file);
        let known = imports.knowing(function.file, hash).into_iter();
        let mut elsewhere = known.filter(|(file, _)| *file != function.file && !index.is_test(*file));
        elsewhere.all(|(file, known)| known == hash && !handed_on(file))
    }
    /// The calls of a file that make what a sink undoes.
    fn makers(&self, sink: Node, row: &Row) -> Vec<(Node, RowId)> {
        let called = self.called(sink);
        let whole = |name: &str| name.strip_suffix('s').map_or_else(|| name.to_owned(), str::to_owned);
        let trips = |row: &Row, call: &str| {
            row.effects.iter().any(|e| matches!(e, Effect::RoundTripOf(calls) if calls.iter().any(|c| same_call(&whole(c), &whole(call)))))
        };
        let mut out = Vec::new();
        for (fact, f) in self.file(sink.file).iter() {
            if out.len() >= MOST || !matches!(f.what, What::Call(_)) || fact == sink.fact {
                continue;
            }
            let maker = Node { fact, ..sink };
            let undone = |made: &Row| trips(made, &called) || trips(row, &self.called(maker));
            out.extend(self.rows(maker).into_iter().find(|(_, made)| undone(made)).map(|(id, _)| (maker, id)));
        }
        out
    }
    /// Whether the same object, or the same function, saves under such a name what is read here.
    fn is_saved(&self, node: Node, value: ValueId, makers: &[(Node, RowId)]) -> bool {
        let Some(scope) = self.tables.scope(node) else { return false };
        let Some(read) = self.shape(self.here(node), value, DEPTH) else { return false };
        makers.iter().any(|(maker, id)| {
            let Some(writes) = self.tables.scope(*maker) else { return false };
            let beside = writes == scope || (read.contains(GIVEN) && self.is_of_one_object(node, scope, writes));
            beside && self.names(*maker, *id).into_iter().any(|name| self.shape(self.here(*maker), name, DEPTH).as_ref() == Some(&read))
        })
    }
    /// Whether two functions are methods of one class: of its objects, or of a class that no package offers to others. What classes of other files derive
    /// from is made for them, with whatever they load.
    fn is_of_one_object(&self, node: Node, a: FactId, b: FactId) -> bool {
        let facts = self.file(node.file);
        let class = |fact| self.tables.class(Node { fact, ..node });
        let of_object = |fact| !is_static(facts, fact) && !is_class_method(facts, fact);
        let derived = |of: Node| self.world.index.imports().derived(of.file, self.class_name(of)).iter().any(|d| d.0 != of.file);
        class(a).is_some_and(|of| class(b) == Some(of) && !derived(of) && ((of_object(a) && of_object(b)) || !self.is_offered(of)))
    }
    /// Whether the first parameter of a function is its object or class.
    fn is_method(&self, function: Node) -> bool {
        self.tables.class(function).is_some() && !is_static(self.file(function.file), function.fact)
    }
    /// Whether a package hands a class on under its own name.
    fn is_offered(&self, class: Node) -> bool {
        let index = self.world.index;
        let known = index.imports().knowing(class.file, name_hash(self.class_name(class)));
        known.into_iter().any(|(file, _)| index.path(file).ends_with(PACKAGE))
    }
    /// The values that name where a call writes.
    fn names(&self, maker: Node, id: RowId) -> Vec<ValueId> {
        let effects = self.world.catalog.row(id).effects.iter();
        let slots = effects.filter_map(|e| if let Effect::Writes { name, .. } = e { Some(name) } else { None });
        slots.flat_map(|slot| self.slot_values(maker, id, slot)).collect()
    }
    /// The form of a path: what callers hand over is the same wherever they do, what is put in between may be anything.
    fn shape(&self, here: Here, value: ValueId, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let facts = self.file(here.at.file);
        match &facts.value(value).what {
            V::Ref(fact) => {
                let node = Node { fact: *fact, ..here.at };
                match &facts.fact(*fact).what {
                    What::Assignment { value, .. } => self.shape(self.here(node), *value, depth),
                    What::Call(_) => match self.handle(node) {
                        Some(inner) => self.shape(self.here(node), inner, depth),
                        None => self.plain(here, value),
                    },
                    _ => None,
                }
            }
            V::Join(parts) => {
                let (first, rest) = parts.split_first()?;
                let mut out = self.shape(here, *first, depth)?;
                for part in rest {
                    match &facts.value(*part).what {
                        V::Str(text) => out.push_str(text.as_str()),
                        V::Join(_) => out.push_str(&self.shape(here, *part, depth)?),
                        _ => out.push(ANY),
                    }
                }
                Some(out)
            }
            _ => self.plain(here, value),
        }
    }
    /// The key of a value that is no text put together; of a parameter that it is one.
    fn plain(&self, here: Here, value: ValueId) -> Option<String> {
        let key = key(self.world, self.tables, here, value, &mut fuel())?;
        let own = format!("\u{1}p{}.", here.scope.map_or(0, |s| s.0));
        match key.strip_prefix(&own) {
            Some("0") if here.scope.is_some_and(|f| self.is_method(Node { fact: f, ..here.at })) => None,
            Some(index) if index.bytes().all(|b| b.is_ascii_digit()) => Some(GIVEN.to_string()),
            _ => Some(key),
        }
    }
    /// The place that a value opens, or the value itself: what lies there is not what it is called.
    pub fn opened(&self, here: Here, value: ValueId) -> (Here, ValueId) {
        let mut found = (here, value);
        for _ in 0..DEPTH {
            let V::Ref(fact) = self.file(found.0.at.file).value(found.1).what else { break };
            let node = Node { fact, ..found.0.at };
            let inner = match &self.file(node.file).fact(fact).what {
                What::Assignment { value, .. } => Some(*value),
                What::Call(_) => self.handle(node),
                _ => None,
            };
            let Some(inner) = inner else { break };
            found = (self.here(node), inner);
        }
        found
    }
    /// The path or the text behind what only opens it or passes it on.
    pub fn handle(&self, node: Node) -> Option<ValueId> {
        for (id, row) in self.rows(node) {
            for effect in &row.effects {
                let slots = match effect {
                    Effect::Passes { from, to: Slot::Result } => from.as_slice(),
                    Effect::Reads { channel, name } if channel == "file" => std::slice::from_ref(name),
                    _ => continue,
                };
                let given: Vec<ValueId> = slots.iter().flat_map(|slot| self.slot_values(node, id, slot)).take(2).collect();
                if let [one] = given.as_slice() {
                    return Some(*one);
                }
            }
        }
        None
    }
    /// Whether an entry of a store is read that the program fills.
    fn is_stored(&mut self, node: Node, value: ValueId, makers: &[(Node, RowId)]) -> bool {
        let mut read = Asked { holder: Holder::Global(String::new()), calls: Vec::new(), entry: false };
        let Some(holder) = self.holder_of(self.here(node), value, &mut read, DEPTH) else { return false };
        read.holder = holder;
        if !read.entry && !read.calls.iter().any(|call| self.is_entry(*call, &read.holder)) {
            return false;
        }
        self.want_users(node, &read);
        let facts = self.file(node.file);
        facts.iter().any(|(fact, f)| {
            let at = Node { fact, ..node };
            match &f.what {
                What::Assignment { target: Target::Index(base, _), value } => {
                    !matches!(read.holder, Holder::Param(_)) && self.is_held(at, *base, &read.holder) && self.carries(at, *value, makers, DEPTH)
                }
                What::Call(call) => self.stores(at, call, &read, makers),
                _ => false,
            }
        })
    }
    /// Asks for what else uses a store: who fills it may stand in a block that was not looked at yet.
    fn want_users(&mut self, node: Node, read: &Asked) {
        match &read.holder {
            Holder::Field(class, field) => {
                let member = format!("{}.{field}", self.class_name(*class));
                self.wanted.insert((class.file, member, Ask::Uses));
            }
            Holder::Global(name) => {
                self.wanted.insert((node.file, name.clone(), Ask::Uses));
            }
            Holder::Param(_) => {
                let calls = read.calls.iter().filter_map(|call| match &self.file(call.file).fact(call.fact).what {
                    What::Call(c) => Some(self.given_names(*call, c)),
                    _ => None,
                });
                let names: Vec<String> = calls.flatten().filter_map(|n| n.strip_prefix("\u{1}f").map(str::to_owned)).collect();
                self.wanted.extend(names.into_iter().filter(|n| !n.contains('.')).map(|n| (node.file, n, Ask::Uses)));
            }
        }
    }
    /// Whether a call hands the store that was asked a value under a name.
    fn stores(&self, node: Node, call: &Call, read: &Asked, makers: &[(Node, RowId)]) -> bool {
        let Some(receiver) = call.receiver else { return false };
        // A value alone is sent to somebody; under a name it is kept.
        let facts = self.file(node.file);
        let named = call.args.len() >= 2 || call.args.iter().any(|a| matches!(facts.value(a.value).what, V::Dict(..)));
        let held = self.is_held(node, receiver, &read.holder);
        let alike = !held && self.is_alike(node, receiver, &read.holder);
        if !named || !(held || alike) || !call.args.iter().any(|a| self.carries(node, a.value, makers, DEPTH)) {
            return false;
        }
        // What is only handed in is the same store where a function of the tree gives the same name.
        (held && !matches!(read.holder, Holder::Param(_)))
            || self.given_names(node, call).iter().any(|name| read.calls.iter().any(|c| self.asks_for(*c, name)))
    }
    fn asks_for(&self, node: Node, name: &str) -> bool {
        matches!(&self.file(node.file).fact(node.fact).what, What::Call(call) if self.given_names(node, call).iter().any(|n| n == name))
    }
    /// Functions of the tree that give the arguments of a call.
    fn given_names(&self, node: Node, call: &Call) -> Vec<String> {
        let keys = call.args.iter().filter_map(|a| key(self.world, self.tables, self.here(node), a.value, &mut fuel()));
        keys.filter(|k| k.starts_with("\u{1}f")).filter_map(|k| Some(k.split_once('(')?.0.to_owned())).collect()
    }
    /// Whether a value was taken from what another class of the file keeps under the same name.
    fn is_alike(&self, node: Node, value: ValueId, holder: &Holder) -> bool {
        let mut asked = Asked { holder: holder.clone(), calls: Vec::new(), entry: false };
        match (self.holder_of(self.here(node), value, &mut asked, DEPTH), holder) {
            (Some(Holder::Field(_, one)), Holder::Field(_, other)) => one == *other,
            _ => false,
        }
    }
    fn is_held(&self, node: Node, value: ValueId, holder: &Holder) -> bool {
        let mut asked = Asked { holder: holder.clone(), calls: Vec::new(), entry: false };
        self.holder_of(self.here(node), value, &mut asked, DEPTH).as_ref() == Some(holder)
    }
    /// What holds the store that a value was taken from.
    fn holder_of(&self, here: Here, value: ValueId, asked: &mut Asked, depth: u32) -> Option<Holder> {
        let depth = depth.checked_sub(1)?;
        let facts = self.file(here.at.file);
        match &facts.value(value).what {
            V::Ref(fact) => {
                let node = Node { fact: *fact, ..here.at };
                let at = self.here(node);
                match &facts.fact(*fact).what {
                    What::Assignment { value, .. } => self.holder_of(at, *value, asked, depth),
                    What::Call(call) => self.holder_of_call(node, call, asked, depth),
                    _ => None,
                }
            }
            V::Attr(base, name) => match (&facts.value(*base).what, here.scope.and_then(|fact| self.tables.class(Node { fact, ..here.at }))) {
                (V::Param(0), Some(class)) => Some(Holder::Field(class, name.clone())),
                _ => self.holder_of(here, *base, asked, depth),
            },
            V::Index(base, key) => {
                asked.entry |= !matches!(facts.value(*key).what, V::Num(_));
                self.holder_of(here, *base, asked, depth)
            }
            V::Phi(options) => {
                let some = options.iter().filter(|o| facts.value(**o).what != V::None);
                let found: Vec<Option<Holder>> = some.take(4).map(|o| self.holder_of(here, *o, asked, depth)).collect();
                let first = found.first()?.clone();
                found.iter().all(|f| *f == first).then_some(first)?
            }
            V::Unknown(parts) => match parts.as_slice() {
                [one] => self.holder_of(here, *one, asked, depth),
                _ => None,
            },
            V::Name(name) if !self.tables.global(here.at.file, name).is_empty() => Some(Holder::Global(name.clone())),
            V::Param(n) => {
                let function = here.scope?;
                let What::Function { params, .. } = &facts.fact(function).what else { return None };
                let own = *n == 0 && self.is_method(Node { fact: function, ..here.at });
                params.get(*n as usize).filter(|_| !own).map(|p| Holder::Param(p.name.clone()))
            }
            _ => None,
        }
    }
    fn holder_of_call(&self, node: Node, call: &Call, asked: &mut Asked, depth: u32) -> Option<Holder> {
        let facts = self.file(node.file);
        let at = self.here(node);
        let own = |receiver: ValueId| facts.value(receiver).what == V::Param(0) && self.tables.class_around(node).is_some();
        match call.receiver {
            Some(receiver) if own(receiver) => {
                let [reached] = self.tables.reached.get(&node)?.as_slice() else { return None };
                let [returned] = self.tables.returns(reached.function) else { return None };
                let inside = Here { at: reached.function, scope: Some(reached.function.fact) };
                self.holder_of(inside, *returned, asked, depth).filter(|h| !matches!(h, Holder::Param(_)))
            }
            // What is decoded is what was kept, and what a method gives was kept by its object.
            _ => match (self.handle(node), call.receiver) {
                (Some(inner), receiver) if receiver != Some(inner) => self.holder_of(at, inner, asked, depth),
                (_, Some(receiver)) => {
                    asked.calls.push(node);
                    self.holder_of(at, receiver, asked, depth)
                }
                _ => None,
            },
        }
    }
    /// Whether a call asks a store for an entry: by a name, or with a statement before.
    fn is_entry(&self, node: Node, holder: &Holder) -> bool {
        let facts = self.file(node.file);
        let What::Call(call) = &facts.fact(node.fact).what else { return false };
        let names = |call: &Call| call.args.iter().any(|a| !matches!(facts.value(a.value).what, V::Num(_) | V::Bool(_) | V::None));
        if names(call) {
            return true;
        }
        let Some(receiver) = call.receiver else { return false };
        facts.iter().skip((node.fact.0 as usize).saturating_sub(MOST)).take(MOST).any(|(fact, f)| {
            let at = Node { fact, ..node };
            let What::Call(other) = &f.what else { return false };
            let stated = other.args.first().and_then(|a| facts.literal(a.value)).is_some_and(|text| text.trim().contains(char::is_whitespace));
            stated
                && self.tables.scope(at) == self.tables.scope(node)
                && other.receiver.is_some_and(|r| facts.value(r).what == facts.value(receiver).what)
                && self.is_held(at, receiver, holder)
        })
    }
    /// Whether a value is, or holds, what one of these calls made.
    fn carries(&self, node: Node, value: ValueId, makers: &[(Node, RowId)], depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let facts = self.file(node.file);
        match &facts.value(value).what {
            V::Ref(fact) => {
                let at = Node { fact: *fact, ..node };
                if makers.iter().any(|(maker, _)| *maker == at) {
                    return true;
                }
                match &facts.fact(*fact).what {
                    What::Assignment { value, .. } => self.carries(at, *value, makers, depth),
                    What::Call(call) => {
                        let given = call.args.iter().map(|a| a.value).chain(call.receiver);
                        self.makes(at, makers) || (!is_capital(&call.name) && given.into_iter().any(|v| self.carries(at, v, makers, depth)))
                    }
                    _ => false,
                }
            }
            V::List(items, _) | V::Phi(items) | V::Join(items) | V::Unknown(items) => {
                items.iter().take(8).any(|v| self.carries(node, *v, makers, depth))
            }
            V::Dict(entries, _) => entries.iter().take(8).any(|e| self.carries(node, e.1, makers, depth)),
            V::Index(base, _) => self.carries(node, *base, makers, depth),
            _ => false,
        }
    }
    /// Whether a function of the tree that a call reaches gives back what one of these calls made.
    fn makes(&self, node: Node, makers: &[(Node, RowId)]) -> bool {
        let Some([reached]) = self.tables.reached.get(&node).map(Vec::as_slice) else { return false };
        let function = reached.function;
        let returned = self.tables.returns(function);
        let facts = self.file(function.file);
        function.file == node.file
            && returned.iter().any(|v| match &facts.value(*v).what {
                V::Ref(fact) => makers.iter().any(|(maker, _)| *maker == Node { fact: *fact, ..function }),
                _ => false,
            })
    }
}

/// The module that a package is.
const PACKAGE: &str = "__init__.py";
/// What callers hand over, in the form of a path.
const GIVEN: char = '\u{2}';
/// What may be anything, in the form of a path.
const ANY: char = '\u{3}';
