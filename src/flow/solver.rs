//! The fixpoint: every fact, return, field and module variable that is asked for is a cell of a finite lattice; a cell is computed again when one it
//! reads has grown. The least fixpoint does not depend on the order of the work list. What a value *means* stands in the transfer files beside this one.

use std::collections::{BTreeSet, HashMap};

use rustc_hash::FxHashMap;

use crate::catalog::Catalog;
use crate::catalog::row::{Effect, Row, RowId, Slot, SlotName, Subject};
use crate::facts::{FactId, FileFacts, V, ValueId, What};
use crate::finding::Location;
use crate::flow::Harmless;
use crate::flow::channels::Writers;
use crate::flow::place;
use crate::flow::tables::Tables;
use crate::flow::value::{Consts, Lit, Made, Source, Val};
use crate::graph::index::Index;
use crate::graph::paths::{join, parent};
use crate::graph::{Facts, Graph, Node};
use crate::origin::{Mutable, Origin, Who};
use crate::outline::Ask;
use crate::source::{FileId, Kind, Range};

/// How deep cells ask for cells before the rest waits in the queue.
const MAX_DEPTH: u32 = 64;
/// How deep one value may be nested.
const MAX_NESTING: u32 = 120;

/// How many values are looked at, over all files, for what a program keeps itself.
const MAX_LOOKS: usize = 4_000_000;

/// What flow reads.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Lookups.
    pub index: &'a Index,
    /// Facts of all files.
    pub facts: &'a Facts,
    /// Edges.
    pub graph: &'a Graph,
    /// Rows.
    pub catalog: &'a Catalog,
}

/// Where a value is read: names mean what they mean there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Here {
    /// The fact.
    pub at: Node,
    /// The function whose parameters count.
    pub scope: Option<FactId>,
}

/// Something whose value is shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// The result of a call, the value of an assignment, the output of a command.
    Fact(Node),
    /// What a function returns, its parameters open.
    Return(Node),
    /// A field of a class.
    Field(Node, String),
    /// A variable of a module.
    Global(FileId, String),
    /// An environment variable where a fact stands.
    Env(Node, String),
    /// An output of a step, by its name; of a job, the fact that gives it.
    Output(Node, String),
    /// One of several values.
    Phi(Here, ValueId),
}

/// Whether a row speaks of whatever has a method of that name.
pub fn is_vague(row: &Row) -> bool {
    match row.subject {
        Subject::Method(_) => row.receiver.as_ref().is_none_or(|r| r.any),
        Subject::Suffix { .. } => true,
        _ => false,
    }
}

#[derive(Debug)]
struct State {
    cell: Cell,
    val: Val,
    readers: BTreeSet<u32>,
    started: bool,
}

/// The solver. `value` and `fact` may be asked at any time; [`Solver::settle`] makes the answers final.
#[derive(Debug)]
pub struct Solver<'a> {
    /// What it reads.
    pub world: World<'a>,
    /// Lookups.
    pub tables: &'a Tables,
    /// Writers of files by symbolic path.
    pub writers: &'a Writers,
    /// (module, name) that a value needed and no fact defines.
    pub wanted: BTreeSet<(FileId, String, Ask)>,
    /// Sinks that were found harmless.
    pub harmless: Vec<Harmless>,
    ids: FxHashMap<Cell, u32>,
    cells: Vec<State>,
    stack: Vec<u32>,
    queue: BTreeSet<u32>,
    nesting: u32,
    /// Archives and copies whose contents are being looked for.
    pub unpacking: Vec<Node>,
    /// Calls that values are handed to, by place.
    pub(super) handed: crate::flow::resolve::validators::Handed,
    /// Names of keywords that functions take without saying so.
    pub(super) keywords: Vec<String>,
    /// Variables of the environment that something of the tree sets, once it was asked for.
    pub(super) set_variables: Option<BTreeSet<String>>,
    /// How many values of files may still be looked at for what the program keeps itself.
    pub(super) looks: usize,
}

impl<'a> Solver<'a> {
    /// A solver with nothing computed.
    pub fn new(world: World<'a>, tables: &'a Tables, writers: &'a Writers) -> Self {
        Solver {
            world,
            tables,
            writers,
            wanted: BTreeSet::new(),
            harmless: Vec::new(),
            ids: FxHashMap::default(),
            cells: Vec::new(),
            stack: Vec::new(),
            queue: BTreeSet::new(),
            nesting: 0,
            unpacking: Vec::new(),
            handed: HashMap::new(),
            keywords: Vec::new(),
            set_variables: None,
            looks: MAX_LOOKS,
        }
    }
    /// The facts of a file.
    pub fn file(&self, file: FileId) -> &'a FileFacts {
        self.world.facts.file(file)
    }
    /// What a fact gives. Before [`Solver::settle`] this may still grow.
    pub fn fact(&mut self, node: Node) -> Val {
        self.get(Cell::Fact(node))
    }
    /// The value of a cell.
    pub fn get(&mut self, cell: Cell) -> Val {
        let id = match self.ids.get(&cell) {
            Some(id) => *id,
            None => {
                let id = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
                self.ids.insert(cell.clone(), id);
                self.cells.push(State { cell, val: Val::default(), readers: BTreeSet::new(), started: false });
                id
            }
        };
        if let Some(reader) = self.stack.last() {
            self.cells[id as usize].readers.insert(*reader);
        }
        if !self.cells[id as usize].started {
            if self.stack.len() < MAX_DEPTH as usize {
                self.compute(id);
            } else {
                self.queue.insert(id);
            }
        }
        self.cells[id as usize].val.clone()
    }
    /// Computes until nothing grows any more.
    pub fn settle(&mut self) {
        let mut fuel = 40 * self.cells.len() + 100_000;
        while let Some(id) = self.queue.pop_first() {
            self.compute(id);
            fuel = match fuel.checked_sub(1) {
                Some(f) => f,
                None => return self.queue.clear(),
            };
        }
    }
    /// What `ask` gives after everything it needs is settled.
    pub fn settled<T>(&mut self, ask: impl Fn(&mut Self) -> T) -> T {
        let first = ask(self);
        if self.queue.is_empty() {
            return first;
        }
        self.settle();
        ask(self)
    }
    /// A value, read in a place.
    pub fn value(&mut self, here: Here, value: ValueId) -> Val {
        if self.nesting >= MAX_NESTING {
            return Val::unknown();
        }
        self.nesting += 1;
        let out = self.transfer(here, value);
        self.nesting -= 1;
        out
    }
    /// The place of a fact.
    pub fn here(&self, at: Node) -> Here {
        Here { at, scope: self.tables.scope(at) }
    }
    /// A value where a fact stands.
    pub fn at(&mut self, node: Node, value: ValueId) -> Val {
        self.value(self.here(node), value)
    }
    /// The join of values where a fact stands.
    pub fn all(&mut self, node: Node, values: &[ValueId]) -> Val {
        let mut out = Val::default();
        for value in values {
            out.join(&self.at(node, *value));
        }
        out
    }
    /// The values of a slot, joined; none when it is not given.
    pub fn slot(&mut self, node: Node, row: RowId, slot: &Slot) -> Option<Val> {
        match slot {
            Slot::Stdin => self.stdin(node),
            Slot::Result => Some(self.fact(node)),
            _ => {
                let values = self.slot_values(node, row, slot);
                if values.is_empty() { self.spread_slot(node, row, slot) } else { Some(self.all(node, &values)) }
            }
        }
    }
    /// The values of a slot.
    pub fn slot_values(&self, node: Node, row: RowId, slot: &Slot) -> Vec<ValueId> {
        self.world.catalog.slot(self.file(node.file), node.fact, row, slot)
    }
    /// The rows of a fact.
    pub fn rows(&self, node: Node) -> Vec<(RowId, &'a Row)> {
        self.world.index.rows(self.world.catalog, node).collect()
    }
    /// Text of the source.
    pub fn literal(&mut self, file: FileId, text: &str, range: Range) -> Val {
        let (place, tracked) = self.place(file, text);
        let bytes = match (place, place::store(place, tracked)) {
            // The address itself may name a commit or a release.
            (place::Place::Url { .. }, outside) => match place::pin(text) {
                Mutable::Digest => Origin::REPOSITORY,
                mutable => Origin { mutable, ..outside },
            },
            (_, inside) => inside,
        };
        let val = Val { name: Origin::REPOSITORY, bytes, consts: Consts::one(Lit::Str(text.to_owned())), made: Made::OTHER, ..Val::default() };
        if bytes.who <= Who::Operator {
            return val;
        }
        let source =
            Source { who: bytes.who, at: Location { file, range }, text: format!("names `{text}`"), row: None, subject: Some(text.to_owned()) };
        val.from_source(source)
    }
    /// What a literal names, seen from a file, and whether that path stands in the tree.
    pub fn place(&self, file: FileId, text: &str) -> (place::Place, bool) {
        let root = self.world.index.root(file);
        let here = parent(self.world.index.path(file));
        let exists = |path: &str| {
            !path.is_empty()
                && !path.starts_with('/')
                && [join("", path), join(here, path)].iter().any(|p| !p.is_empty() && self.world.index.exists(root, p))
        };
        let place = place::of(text, exists);
        let tracked = place == place::Place::Path && exists(text);
        (place, tracked)
    }
    /// Where an alert on a fact points: the callee, the program, the `uses:`.
    pub fn head(&self, node: Node) -> Location {
        let file = self.file(node.file);
        let fact = file.fact(node.fact);
        let range = match &fact.what {
            What::Call(call) => file.value(call.callee).range,
            What::Command(command) => command.words.first().map_or(fact.range, |w| w.range),
            What::Uses { target, .. } => file.value(*target).range,
            What::Setting { value, .. } => file.value(*value).range,
            _ => fact.range,
        };
        Location { file: node.file, range }
    }
    /// What a fact is called: the call's name, the program, the `uses:`.
    pub fn called(&self, node: Node) -> String {
        let file = self.file(node.file);
        match &file.fact(node.fact).what {
            What::Call(call) => call.name.trim_start_matches("?.").to_owned(),
            What::Command(command) => command.words.first().and_then(|w| file.word(w)).unwrap_or_default(),
            What::Uses { target, .. } => file.literal(*target).unwrap_or_default(),
            What::Function { name, .. } => name.clone(),
            What::Setting { path, .. } => path.clone(),
            _ => String::new(),
        }
    }

    fn compute(&mut self, id: u32) {
        let cell = self.cells[id as usize].cell.clone();
        self.cells[id as usize].started = true;
        self.queue.remove(&id);
        self.stack.push(id);
        let nesting = std::mem::take(&mut self.nesting);
        let val = match cell {
            Cell::Fact(node) => self.result(node),
            Cell::Return(function) => self.returned(function),
            Cell::Field(class, name) => {
                let facts = self.tables.field_of_all(class, &name);
                self.assigned(&facts)
            }
            Cell::Global(file, name) => {
                let facts: Vec<Node> = self.tables.global(file, &name).iter().map(|fact| Node { file, fact: *fact }).collect();
                self.assigned(&facts)
            }
            Cell::Env(node, name) => self.environment(node, &name),
            Cell::Output(of, name) => self.output(of, &name),
            Cell::Phi(here, value) => match &self.file(here.at.file).value(value).what {
                V::Phi(options) => self.joined(here, options),
                V::Index(base, key) => self.index(here, *base, *key),
                _ => Val::unknown(),
            },
        };
        self.nesting = nesting;
        self.stack.pop();
        let state = &mut self.cells[id as usize];
        if state.val.grow(&val) {
            self.queue.extend(state.readers.iter().copied());
        }
    }
    fn assigned(&mut self, facts: &[Node]) -> Val {
        let mut out = Val::default();
        for node in facts {
            out.join(&self.fact(*node));
        }
        out
    }
    fn returned(&mut self, function: Node) -> Val {
        let mut out = Val::default();
        for value in self.tables.returns(function).to_vec() {
            let val = self.value(Here { at: function, scope: Some(function.fact) }, value);
            out.join(&self.unless_verified(function, value, val));
        }
        out
    }
    fn result(&mut self, node: Node) -> Val {
        let facts = self.file(node.file);
        match &facts.fact(node.fact).what {
            What::Call(call) => self.call(node, call),
            What::Assignment { value, .. } => self.at(node, *value),
            What::Command(command) => self.command(node, command),
            What::Uses { .. } => self.row_result(node).unwrap_or_else(Val::unknown),
            What::Setting { value, .. } => self.at(node, *value),
            What::Script { .. } => {
                let owned: Vec<Node> = facts
                    .iter()
                    .skip(node.fact.0 as usize)
                    .filter(|(_, f)| f.owner == Some(node.fact) && matches!(f.what, What::Command(_)))
                    .map(|(fact, _)| Node { file: node.file, fact })
                    .collect();
                self.assigned(&owned)
            }
            What::Function { .. } | What::Class { .. } | What::Module { .. } => Val::program(),
            What::Import { module, name, level, .. } => {
                let dots = ".".repeat(*level as usize);
                let dotted = match name {
                    Some(name) if module.is_empty() => format!("{dots}{name}"),
                    Some(name) => format!("{dots}{module}.{name}"),
                    None => module.clone(),
                };
                self.name(node.file, &dotted)
            }
            _ => Val::unknown(),
        }
    }
    /// The rows of a fact, without those that go by the name of a method alone where the call reaches a function of the tree.
    pub fn sure_rows(&self, node: Node) -> Vec<(RowId, &'a Row)> {
        let known = self.tables.reached.contains_key(&node);
        self.rows(node).into_iter().filter(|(_, row)| !known || !is_vague(row)).collect()
    }
    /// Whether rows say what a call gives.
    pub fn says_result(&self, node: Node) -> bool {
        self.sure_rows(node).iter().any(|(_, row)| {
            row.effects.iter().any(|e| matches!(e, Effect::Returns { .. } | Effect::Passes { to: Slot::Result, .. } | Effect::Reads { .. }))
        })
    }
    /// What the rows of a fact say of its result; none when they say nothing of it.
    pub fn row_result(&mut self, node: Node) -> Option<Val> {
        let mut out: Option<Val> = None;
        for (id, row) in self.sure_rows(node) {
            if !self.was_called(node, id) {
                continue;
            }
            for (i, effect) in row.effects.iter().enumerate() {
                let val = match effect {
                    Effect::Returns { who, pin, via, path, .. } => {
                        let which = (id, u32::try_from(i).unwrap_or(u32::MAX));
                        self.row_returns(node, which, (*who, *via), pin, *path)
                    }
                    // Of a file that was written in sight what was written counts, not what its path says.
                    Effect::Passes { to: Slot::Result, .. } if self.reads_written(node, id, row) => continue,
                    Effect::Passes { from, to: Slot::Result } => {
                        let values: Vec<ValueId> = from.iter().flat_map(|slot| self.slot_values(node, id, slot)).collect();
                        match values.as_slice() {
                            [] => {
                                let mut val = Val::default();
                                for slot in from {
                                    val.join(&self.slot(node, id, slot).unwrap_or_default());
                                }
                                val
                            }
                            [one] => self.at(node, *one),
                            // What is put together from several values is none of them.
                            [first, rest @ ..] => self.put_together(node, *first, rest).derived(),
                        }
                    }
                    Effect::Reads { channel, name } => match self.read_channel(node, id, channel, name) {
                        Some(val) => val,
                        None => continue,
                    },
                    _ => continue,
                };
                out.get_or_insert_default().join(&val);
            }
        }
        out
    }
    fn reads_written(&mut self, node: Node, id: RowId, row: &Row) -> bool {
        row.effects.iter().any(|effect| match effect {
            Effect::Reads { channel, name } if channel == "file" => {
                self.slot_values(node, id, name).into_iter().any(|value| self.written(self.here(node), value).is_some())
            }
            _ => false,
        })
    }
    /// What is put together from several values: what follows the first as plain text says who chose the name, not who can write what lies there.
    fn put_together(&mut self, node: Node, first: ValueId, rest: &[ValueId]) -> Val {
        let mut out = self.at(node, first);
        for value in rest {
            let part = self.at(node, *value);
            if part.consts.all().is_some() && part.bytes.who <= Who::Operator {
                out.name = out.name.join(part.name);
            } else {
                out.join(&part);
            }
        }
        out
    }
    /// Rows of a call by its name as written, methods by their last segment.
    pub fn rows_named(&self, name: &str) -> impl Iterator<Item = &'a Row> {
        let catalog = self.world.catalog;
        let last = name.rsplit('.').next().unwrap_or(name).to_owned();
        let methods: Vec<&Row> = catalog.methods(&last).chain(catalog.suffixes(&last)).map(|m| m.1).collect();
        catalog.qualified(name).into_iter().map(move |id| catalog.row(id)).chain(methods)
    }
    /// The slot that names what a row speaks of: its sink's, else its pin's, else the first argument.
    pub fn subject_slot(row: &Row) -> Slot {
        let sink = row.effects.iter().find_map(|e| match e {
            Effect::Sink { slot: Some(slot), .. } => Some(slot.clone()),
            _ => None,
        });
        let pin = row.effects.iter().find_map(|e| match e {
            Effect::Returns { pin: crate::catalog::row::Pin::Suffix(slot), .. } => Some(slot.clone()),
            _ => None,
        });
        let said = row.effects.iter().find_map(|e| if let Effect::Returns { subject, .. } = e { subject.clone() } else { None });
        said.or(sink).or(pin).unwrap_or_else(|| Slot::Arg(vec![SlotName::Position(0)]))
    }

    fn transfer(&mut self, here: Here, value: ValueId) -> Val {
        let file = here.at.file;
        let facts = self.file(file);
        let v = facts.value(value);
        match &v.what {
            V::Str(text) => self.literal(file, text.as_str(), v.range),
            V::Bool(b) => Val::literal(Lit::Bool(*b)),
            V::Num(n) => Val::literal(Lit::Num(n.clone())),
            V::None => Val::literal(Lit::None),
            V::Param(n) => self.parameter(here, *n),
            V::Ref(fact) | V::Subst(fact) => self.fact(Node { file, fact: *fact }),
            V::Fifo(fact) => Val { name: Origin::PROGRAM, ..self.fact(Node { file, fact: *fact }).read() },
            V::Name(name) => self.name(file, name),
            V::Attr(base, name) => self.attribute(here, *base, name),
            V::Join(parts) => self.concatenated(here, parts),
            // Alternatives of a loop and elements of a table may come back to themselves.
            V::Phi(_) | V::Index(..) if matches!(self.world.index.kind(file), Kind::Python | Kind::Notebook) => {
                let at = Node { file, fact: here.scope.unwrap_or(FactId(0)) };
                self.get(Cell::Phi(Here { at, scope: here.scope }, value))
            }
            V::Phi(options) => self.joined(here, options),
            V::Index(base, key) => self.index(here, *base, *key),
            V::Dict(entries, _) => {
                let values: Vec<ValueId> = entries.iter().map(|e| e.1).collect();
                self.joined(here, &values).derived()
            }
            V::List(items, _) => self.list_of(here, items),
            V::Func(_) => Val::program(),
            V::Env(name) => self.get(Cell::Env(here.at, name.clone())),
            V::Expr(expr) => self.expression(here.at, expr),
            V::FileRead(inner) => {
                let val = self.value(here, *inner);
                self.behind(here, *inner, val).read()
            }
            V::Unknown(parts) => {
                let joined = self.joined(here, parts);
                joined.derived().less_known()
            }
        }
    }
    /// The join of values.
    pub fn joined(&mut self, here: Here, values: &[ValueId]) -> Val {
        let mut out = Val::default();
        for value in values {
            out.join(&self.value(here, *value));
        }
        out
    }
}
