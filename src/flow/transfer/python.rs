//! The meaning of Python's forms: calls, names, attributes, subscripts, joined text, parameters.

use crate::catalog::python::objects::names_in;
use crate::catalog::slot::{OPEN, fixed_host};
use crate::facts::{ArgName, Call, FactId, FileFacts, ParamKind, V, ValueId, What};
use crate::flow::place::{self, Place};
use crate::flow::resolve::spots::module_of;
use crate::flow::sinks::is_address;
use crate::flow::solver::{Cell, Here, Solver};
use crate::flow::tables::{Bind, Given, Search, given};
use crate::flow::transfer::parts::{elsewhere, is_capital};
use crate::flow::transfer::rows::pinned;
use crate::flow::value::{Consts, Lit, MAX_LITERALS, Made, Part, PinState, Side, Val};
use crate::graph::Node;
use crate::graph::imports::MOST_REEXPORTS;
use crate::origin::{Mutable, Origin, Via, Who};
use crate::outline::Ask;
use crate::source::FileId;

impl<'a> Solver<'a> {
    /// What a call gives: what a row says, else what the functions it reaches return, else what goes in.
    pub fn call(&mut self, node: Node, call: &Call) -> Val {
        if let Some(val) = self.looked_up(node, call) {
            return val;
        }
        let made = Made { by: vec![call.name.clone()], other: false };
        let handed = self.handed_results(node);
        if let Some(mut val) = self.row_result(node) {
            if val.consts.top {
                let escaped = self.world.catalog.escapes(&call.name).is_empty().then(|| self.escaped_arguments(node, call)).flatten();
                val.made = escaped.unwrap_or(made);
            }
            handed.iter().for_each(|given| val.join(given));
            return val;
        }
        let reached = self.tables.reached.get(&node).cloned().unwrap_or_default();
        self.want_targets(node, call);
        let constructs = reached.iter().any(|r| r.bind == Bind::New && self.is_constructor(r.function));
        if !reached.is_empty() && !constructs {
            let mut out = Val::default();
            for to in reached {
                let returned = self.get(Cell::Return(to.function));
                out.join(&self.fill(node, call, to.function, to.bind, &returned));
            }
            return out;
        }
        if let Some(val) = self.loaded(node) {
            return Val { made, ..val.derived() };
        }
        let mut out = Val::default();
        let keeps = is_capital(&call.name) && !constructs;
        for arg in &call.args {
            let mut val = self.at(node, arg.value);
            // With which address an object is made is a setting of it: what it gives can be something else.
            if is_address(&val) && ((keeps && matches!(arg.name, ArgName::Keyword(_))) || self.is_description(self.here(node), arg.value)) {
                val = elsewhere(val);
            }
            if val.consts.all().is_some() && val.bytes.who <= Who::Operator {
                // A plain text handed to what is not known names something, not necessarily a file that the result comes from.
                out.name = out.name.join(val.name);
            } else {
                out.join(&val);
            }
        }
        handed.iter().for_each(|given| out.join(given));
        if let Some(receiver) = call.receiver {
            let val = self.at(node, receiver);
            let made = val.consts.top && is_address(&val) && self.is_made(node, receiver);
            out.join(&if made { elsewhere(val) } else { val });
        }
        // What is done with a credential does not hand it back.
        out.name.via = out.name.via.without(Via::SECRET);
        out.bytes.via = out.bytes.via.without(Via::SECRET);
        Val { made, ..out.derived().less_known() }
    }
    /// Whether a value is a dictionary of several entries: an address in it is one thing it says among others.
    fn is_description(&self, here: Here, value: ValueId) -> bool {
        let facts = self.file(here.at.file);
        let several = |facts: &FileFacts, value: ValueId| matches!(&facts.value(value).what, V::Dict(entries, _) if entries.len() > 1);
        match &facts.value(value).what {
            V::Ref(fact) => matches!(&facts.fact(*fact).what, What::Assignment { value, .. } if several(facts, *value)),
            V::Attr(base, name) if self.is_self(here, *base) => {
                let class = here.scope.and_then(|fact| self.tables.class(Node { fact, ..here.at }));
                class.map(|c| self.tables.field(c, name)).unwrap_or_default().iter().any(|node| {
                    let facts = self.file(node.file);
                    matches!(&facts.fact(node.fact).what, What::Assignment { value, .. } if several(facts, *value))
                })
            }
            _ => several(facts, value),
        }
    }
    /// What the functions give that a call is handed to be called.
    fn handed_results(&mut self, node: Node) -> Vec<Val> {
        if !self.sure_rows(node).iter().any(|(_, row)| row.has("calls")) {
            return Vec::new();
        }
        let facts = self.file(node.file);
        let inner = facts.iter().skip(node.fact.0 as usize).filter(|(_, f)| f.owner == Some(node.fact) && matches!(f.what, What::Call(_)));
        inner.map(|(fact, _)| self.fact(Node { fact, ..node })).collect()
    }
    /// A value of a function with the arguments of a call filled in.
    pub fn fill(&mut self, node: Node, call: &Call, function: Node, bind: Bind, val: &Val) -> Val {
        self.fill_with(node, call, function, bind, val, false)
    }
    /// The same of a value of which what lies behind it counts: what was written before under the names that the call hands over.
    pub fn fill_named(&mut self, node: Node, call: &Call, function: Node, bind: Bind, val: &Val) -> Val {
        self.fill_with(node, call, function, bind, val, true)
    }
    fn fill_with(&mut self, node: Node, call: &Call, function: Node, bind: Bind, val: &Val, named: bool) -> Val {
        let mut indices: Vec<u32> = val.deps.iter().filter(|d| d.of == function).map(|d| d.index).collect();
        indices.extend(val.consts.params.iter().filter(|p| p.0 == function).map(|p| p.1));
        indices.extend(val.deps.iter().filter(|d| d.of == function).filter_map(|d| match d.part {
            Part::Fetched(PinState::By(i)) => Some(i),
            _ => None,
        }));
        indices.sort_unstable();
        indices.dedup();
        let lies = |i: u32| val.deps.iter().any(|d| d.of == function && d.index == i && d.to == Side::Bytes && d.part == Part::Own(Side::Bytes));
        let mut args: Vec<(u32, Val)> = Vec::new();
        for i in indices {
            let arg = self.argument_of(node, call, function, i, bind);
            args.push((i, if named && lies(i) { self.behind_argument(node, call, function, i, bind, arg) } else { arg }));
        }
        let get = |i: u32| args.iter().find(|a| a.0 == i).map_or_else(Val::unknown, |a| a.1.clone());
        let mut fetch = |name: &Val, pin: PinState| {
            let pin = match pin {
                PinState::By(i) => match (get(i).consts, self.function(node)) {
                    (Consts { set, top: false, params, .. }, here) if set.is_empty() && params.len() == 1 && params.iter().all(|p| p.0 == here) => {
                        params.first().map_or(PinState::Fixed(Mutable::Moving), |p| PinState::By(p.1))
                    }
                    (consts, _) => PinState::Fixed(pinned(&consts, place::pin)),
                },
                other => other,
            };
            self.fetched(node, name, pin)
        };
        let mut arg = get;
        val.fill(function, &mut arg, &mut fetch)
    }
    /// What lies behind the one value that a parameter receives at a call.
    fn behind_argument(&mut self, node: Node, call: &Call, function: Node, index: u32, bind: Bind, arg: Val) -> Val {
        let What::Function { params, .. } = &self.file(function.file).fact(function.fact).what else { return arg };
        match given(call, params, index, bind) {
            Given::Values(values) => match values.as_slice() {
                [one] => self.behind(self.here(node), *one, arg),
                _ => arg,
            },
            _ => arg,
        }
    }
    /// The argument that a parameter receives at a call.
    fn argument_of(&mut self, node: Node, call: &Call, function: Node, index: u32, bind: Bind) -> Val {
        let What::Function { params, .. } = &self.file(function.file).fact(function.fact).what else { return Val::unknown() };
        if let Some((_, name)) = self.keyword_of(index) {
            let name = name.to_owned();
            let named = params.iter().any(|p| p.kind != ParamKind::KeywordRest && name == p.name);
            return if named { Val::literal(Lit::Absent) } else { self.keyword_given(node, call, &name) };
        }
        match given(call, params, index, bind) {
            Given::Values(values) if values.is_empty() => Val::program(),
            Given::Values(values) => {
                let joined = self.all(node, &values);
                let rest = params.get(index as usize).is_some_and(|p| matches!(p.kind, ParamKind::Rest | ParamKind::KeywordRest));
                if rest { joined.derived() } else { joined }
            }
            Given::Default(value) => self.default_of(function, value),
            Given::New => Val::program(),
            Given::Unknown => Val::unknown(),
        }
    }
    /// A parameter's default.
    pub fn default_of(&mut self, function: Node, value: ValueId) -> Val {
        self.at(function, value)
    }
    /// A parameter of the function or script that is read in.
    pub fn parameter(&mut self, here: Here, index: u32) -> Val {
        let of = Node { file: here.at.file, fact: here.scope.unwrap_or(FactId(0)) };
        let whole = Val::param(of, index);
        // A truth value or a number carries no text: which one it is counts, not who chose it.
        if self.is_plain(of, index) { Val { deps: Vec::new(), ..whole } } else { whole }
    }
    fn is_plain(&self, of: Node, index: u32) -> bool {
        let file = self.file(of.file);
        let What::Function { params, .. } = &file.fact(of.fact).what else { return false };
        let annotation = params.get(index as usize).and_then(|p| p.annotation);
        annotation.is_some_and(|a| matches!(&file.value(a).what, V::Name(n) if matches!(n.as_str(), "bool" | "int" | "float")))
    }
    /// A name that scopes do not settle: a row's source, a variable of this or another module, a definition, a constant of a library.
    pub fn name(&mut self, file: FileId, name: &str) -> Val {
        if let Some(val) = self.named(file, name) {
            return val;
        }
        let plain = name.trim_start_matches('.');
        if !plain.contains('.') && name == plain {
            if self.tables.global(file, name).is_empty()
                && let Some(val) = self.variable(file, name)
            {
                return val;
            }
            if !self.tables.global(file, name).is_empty() {
                return self.get(Cell::Global(file, name.to_owned()));
            }
            for module in self.world.index.starred(file) {
                if self.world.index.is_left_out(*module, name, None) {
                    self.wanted.insert((*module, name.to_owned(), Ask::Definition));
                }
            }
            let known = self.tables.imports(file, name) || self.world.index.definition(file, name).is_some();
            let val = Val { consts: Consts::one(Lit::Name(name.to_owned())), ..Val::program() };
            return if known { val } else { val.less_known() };
        }
        if let Some((module, rest)) = module_of(self.world.index, file, name) {
            let head = rest.split('.').next().unwrap_or_default();
            if !self.tables.global(module, head).is_empty() {
                if head == rest {
                    return self.get(Cell::Global(module, head.to_owned()));
                }
                return match self.variable(file, name) {
                    Some(val) => val,
                    None => self.get(Cell::Global(module, head.to_owned())).derived(),
                };
            }
            if let Some(val) = self.variable(file, name) {
                return val;
            }
            if self.world.index.definition(file, name).is_none() {
                self.want(file, name);
            }
        } else if let Some(val) = self.variable(file, name) {
            return val;
        }
        let val = Val { consts: Consts::one(Lit::Name(name.to_owned())), ..Val::program() };
        let root = plain.split('.').next().unwrap_or_default();
        let known = name != plain || self.tables.imports(file, root) || self.world.index.definition(file, root).is_some();
        if known { val } else { val.less_known() }
    }
    /// A variable of another module, a constant of a class, a field of an object that a module holds.
    fn variable(&mut self, file: FileId, name: &str) -> Option<Val> {
        let mut search = Search::default();
        let found = self.scene().variable(file, name, &mut search);
        self.ask(&search);
        let mut out: Option<Val> = None;
        for node in found {
            out.get_or_insert_default().join(&self.fact(node));
        }
        out
    }
    /// Asks for the functions a call can reach, as far as they have no facts yet.
    pub fn want_targets(&mut self, node: Node, call: &Call) {
        let method = call.name.rsplit('.').next().unwrap_or_default();
        if let Some(receiver) = call.receiver {
            for class in self.classes(self.here(node), receiver) {
                self.want_member(class, method);
            }
        }
        self.want(node.file, &call.name);
        if let Some(class) = self.class_named(node, &call.name) {
            self.want_member(class, "__init__");
        }
    }
    /// The class of the tree that a name means.
    fn class_named(&self, node: Node, name: &str) -> Option<Node> {
        let found = crate::flow::tables::definition(self.world.index, self.world.facts, node, name)?;
        matches!(self.world.facts.fact(found).what, What::Class { .. }).then_some(found)
    }
    /// The classes of the tree that a value can be an object of; asks for what would tell more.
    fn classes(&mut self, here: Here, value: ValueId) -> Vec<Node> {
        let mut search = Search::default();
        let found = self.tables.classes_of(self.world.index, self.world.facts, here.at.file, value, here.scope, &mut search);
        self.ask(&search);
        found
    }
    /// Asks for a method or the assignments of a field, in a class, its bases and what derives from it.
    pub fn want_member(&mut self, class: Node, member: &str) {
        for class in self.tables.family(class) {
            let name = self.class_name(class);
            if self.world.index.is_left_out(class.file, name, Some(member)) {
                self.wanted.insert((class.file, format!("{name}.{member}"), Ask::Definition));
            }
        }
    }
    /// Asks for the method that a call of one really means: a class nearer to the object than where it was found may have its own.
    pub fn want_override(&mut self, node: Node) {
        let What::Call(call) = &self.file(node.file).fact(node.fact).what else { return };
        let (Some(receiver), Some(method)) = (call.receiver, call.name.rsplit('.').next()) else { return };
        for class in self.classes(self.here(node), receiver) {
            for class in self.tables.bases(class) {
                let name = self.class_name(class);
                if self.world.index.is_left_out(class.file, name, Some(method)) {
                    self.wanted.insert((class.file, format!("{name}.{method}"), Ask::Definition));
                    break;
                }
            }
        }
    }
    /// Asks for a method or the assignments of a field in what derives from a class.
    fn want_below(&mut self, class: Node, member: &str) {
        let index = self.world.index;
        for (file, name) in index.imports().derived(class.file, self.class_name(class)) {
            let unread = index.local(file, name, 0).is_none() || index.is_left_out(file, name, Some(member));
            if unread && index.imports().has_member(file, name, member) {
                self.wanted.insert((file, format!("{name}.{member}"), Ask::Definition));
            }
        }
    }
    /// The name of a class in its module.
    pub fn class_name(&self, class: Node) -> &'a str {
        match &self.world.facts.fact(class).what {
            What::Class { name, .. } => name,
            _ => "",
        }
    }
    /// Asks for what tells the class of an object on which a method is called.
    pub fn want_receiver(&mut self, node: Node, receiver: ValueId) {
        for class in self.classes(self.here(node), receiver) {
            self.want_bases(class);
        }
        self.settled(|s| s.at(node, receiver));
    }
    /// Notes that a name of a module of the tree has no facts yet.
    pub fn want(&mut self, file: FileId, name: &str) {
        if name.starts_with('?') || self.world.index.definition(file, name).is_some() {
            return;
        }
        if !name.contains('.') {
            if self.world.index.is_left_out(file, name, None) {
                self.wanted.insert((file, name.to_owned(), Ask::Definition));
            }
        } else if let Some((mut module, rest)) = module_of(self.world.index, file, name) {
            let (mut head, member) = rest.split_once('.').map_or((rest, None), |(head, more)| (head, more.split('.').next()));
            // A module that hands a name on is known already: what is missing stands where the name comes from.
            for _ in 0..MOST_REEXPORTS {
                let Some((origin, original)) = self.world.index.imports().origin(module, head) else { break };
                (module, head) = (origin, original);
            }
            if self.tables.global(module, head).is_empty() {
                let wanted = member.map_or_else(|| head.to_owned(), |member| format!("{head}.{member}"));
                self.wanted.insert((module, wanted, Ask::Definition));
            }
        }
    }
    /// What a row says of a name that is no call (`os.environ`, `sys.argv`).
    pub fn named(&mut self, file: FileId, name: &str) -> Option<Val> {
        if !name.contains('.') {
            return None;
        }
        let mut out: Option<Val> = None;
        for id in self.world.catalog.qualified(name) {
            let row = self.world.catalog.row(id);
            // What holds for some arguments alone holds for none where the name is not called.
            for effect in row.effects.iter().filter(|_| row.when.is_empty()) {
                let crate::catalog::row::Effect::Returns { who, via, .. } = effect else { continue };
                let mutable = if *who >= Who::Publisher { Mutable::Moving } else { Mutable::Digest };
                let origin = Origin { who: *who, mutable, via: *via, ..Origin::PROGRAM };
                out.get_or_insert_default().join(&Val::content(origin));
            }
        }
        let _ = file;
        out
    }
    /// `base.name`: a field of a class of the tree, else part of the base.
    pub fn attribute(&mut self, here: Here, base: ValueId, name: &str) -> Val {
        let file = self.file(here.at.file);
        if name.starts_with("__") && name.ends_with("__") {
            // What the language keeps about an object is the program's, whatever the object holds.
            return Val::program();
        }
        if let V::Name(root) = &file.value(base).what {
            let whole = format!("{root}.{name}");
            if let Some(val) = self.named(here.at.file, &whole) {
                return val;
            }
            if self.tables.global(here.at.file, root).is_empty() {
                return self.name(here.at.file, &whole);
            }
        }
        for kind in self.outer_types(here, base, name) {
            if let Some(val) = self.named(here.at.file, &format!("{kind}.{name}")) {
                return val;
            }
        }
        let mut out: Option<Val> = None;
        let handed_in = matches!(file.value(base).what, V::Param(_)) && !self.is_self(here, base);
        for class in self.classes(here, base) {
            self.want_member(class, name);
            let given = self.tables.field_of_all(class, name);
            if !given.is_empty() {
                out.get_or_insert_default().join(&self.get(Cell::Field(class, name.to_owned())));
                // What a class states is the default of an object that somebody else made.
                if handed_in && given.iter().all(|fact| self.tables.scope(*fact).is_none()) {
                    let whole = self.value(here, base).derived();
                    let out = out.get_or_insert_default();
                    let consts = out.consts.clone();
                    out.join(&whole);
                    out.consts = consts;
                }
            }
            if let Some(method) = self.tables.method(class, name) {
                let val = self.get(Cell::Return(method));
                out.get_or_insert_default().join(&val.derived());
            }
        }
        if self.is_self(here, base) && out.as_ref().is_none_or(|val| val.consts.all().is_some_and(|all| all == [Lit::None])) {
            // What a class leaves open, those that derive from it say.
            if let Some(class) = here.scope.and_then(|fact| self.tables.class(Node { fact, ..here.at })) {
                self.want_below(class, name);
            }
        }
        if let Some(val) = out {
            return val;
        }
        if self.is_self(here, base) {
            return Val::unknown();
        }
        self.part(here, base, name).unwrap_or_else(|| self.value(here, base).derived())
    }
    /// Classes outside of the tree that a parameter is an object of: by its annotation, or what the class of a method derives from. None where no row reads
    /// an attribute of that name.
    fn outer_types(&self, here: Here, base: ValueId, name: &str) -> Vec<String> {
        let file = self.file(here.at.file);
        let (V::Param(n), Some(scope)) = (&file.value(base).what, here.scope) else { return Vec::new() };
        if !self.world.catalog.reads(name) {
            return Vec::new();
        }
        if self.is_self(here, base) {
            let class = self.tables.class(Node { file: here.at.file, fact: scope });
            let all = class.map(|c| self.tables.bases(c)).unwrap_or_default();
            let bases = all.iter().filter_map(|c| match &self.world.facts.fact(*c).what {
                What::Class { bases, .. } => Some((c.file, bases)),
                _ => None,
            });
            return bases.flat_map(|(file, values)| values.iter().flat_map(move |v| names_in(self.file(file), *v))).collect();
        }
        let What::Function { params, .. } = &file.fact(scope).what else { return Vec::new() };
        let annotation = params.get(*n as usize).and_then(|p| p.annotation);
        annotation.map(|a| names_in(file, a).into_iter().collect()).unwrap_or_default()
    }
    fn is_self(&self, here: Here, base: ValueId) -> bool {
        let function = here.scope.map(|fact| Node { file: here.at.file, fact });
        self.file(here.at.file).value(base).what == V::Param(0) && function.is_some_and(|f| self.tables.class(f).is_some())
    }
    fn is_constructor(&self, function: Node) -> bool {
        matches!(&self.file(function.file).fact(function.fact).what, What::Function { name, .. } if name.ends_with("__init__"))
    }
    /// `base[key]`: the entry of a dictionary or list in sight, else part of the base.
    pub fn index(&mut self, here: Here, base: ValueId, key: ValueId) -> Val {
        let file = self.file(here.at.file);
        let is_secret = file.literal(key).is_some_and(|name| self.world.catalog.names_secret(&name));
        let unsaid = file.literal(key).is_some_and(|name| self.is_unsaid(here, base, &name));
        let mut out = match self.element(here, base, key).or_else(|| self.own_keyword(here, base, key)) {
            _ if unsaid => return Val::program(),
            Some(val) => val,
            None => match self.half(here, base, key) {
                Some(val) => val,
                None => self.value(here, base).derived(),
            },
        };
        if is_secret && out.bytes.via.has(Via::ENV) {
            out.name.via = out.name.via.with(Via::SECRET);
            out.bytes.via = out.bytes.via.with(Via::SECRET);
        }
        out
    }
    /// Joined text. When all parts are literal, so is the whole; otherwise a literal part says nothing of the bytes behind the whole, except a URL
    /// that it begins with.
    pub fn concatenated(&mut self, here: Here, parts: &[ValueId]) -> Val {
        if let [only] = parts {
            return self.value(here, *only);
        }
        let vals: Vec<Val> = parts.iter().map(|p| self.value(here, *p)).collect();
        let mut texts = vec![String::new()];
        for val in &vals {
            let Some(all) = val.consts.all().filter(|a| texts.len() * a.len() <= MAX_LITERALS && a.iter().all(|l| !matches!(l, Lit::Name(_)))) else {
                texts.clear();
                break;
            };
            texts = texts.iter().flat_map(|t| all.iter().map(move |l| format!("{t}{}", l.text()))).collect();
        }
        let range = self.file(here.at.file).value(*parts.first().unwrap_or(&ValueId(0))).range;
        if !texts.is_empty() && texts.iter().all(|t| t.len() < 4_096) {
            let mut out = Val::default();
            for text in &texts {
                out.join(&self.literal(here.at.file, text, range));
            }
            // Literal text keeps who chose its parts.
            for val in &vals {
                out.name = out.name.join(val.name);
            }
            return out;
        }
        let mut out = Val::default();
        for (i, val) in vals.iter().enumerate() {
            let literal = val.consts.all().is_some();
            let url =
                i == 0 && literal && val.consts.set.iter().any(|l| matches!(l, Lit::Str(s) if matches!(place::of(s, |_| false), Place::Url { .. })));
            if literal && !url {
                out.name = out.name.join(val.name);
            } else if i == 0 {
                out.join(val);
                out.deps.retain(|d| d.to == Side::Name || d.part != crate::flow::value::Part::Own(Side::Name));
            } else {
                out.join(&val.clone().further());
            }
        }
        let made = if is_below_host(&vals) { Made::below_host() } else { self.escaped_parts(&vals).unwrap_or(Made::OTHER) };
        Val { made, ..out.derived() }
    }
}

/// Whether joined parts begin with an address whose host the program states, or which who starts it has chosen.
fn is_below_host(vals: &[Val]) -> bool {
    let mut begins = vec![String::new()];
    for (i, val) in vals.iter().enumerate() {
        let inside = val.who() <= Who::Operator && val.name.known && !val.is_open();
        begins = match val.consts.all() {
            Some(all) if begins.len() * all.len() <= MAX_LITERALS => {
                begins.iter().flat_map(|t| all.iter().map(move |l| format!("{t}{}", l.text()))).collect()
            }
            _ if i == 0 && val.made == Made::below_host() => return true,
            // The whole address up to a slash: `{base}/name`.
            _ if i == 0 && inside => vec!["://host".to_owned()],
            _ => begins.into_iter().map(|t| format!("{t}{OPEN}")).collect(),
        };
    }
    begins.iter().all(|t| fixed_host(t))
}
