//! What those who start a program put where it reads: a script that downloads a file and then runs the module that loads it, two steps of a job, two lines of
//! an image. Knows no origin.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::channels::Writers;
use crate::flow::solver::{Here, Solver, World};
use crate::flow::value::Val;
use crate::graph::{EdgeKind, Node};
use crate::origin::Origin;
use crate::source::{FileId, Kind};

/// Modules of one started program, at most.
const MODULES: usize = 256;
/// Commands that start one module, at most.
const STARTS: usize = 16;

/// Commands that start a program, by the modules that it is made of.
pub(in crate::flow) type Starters = BTreeMap<FileId, Vec<Node>>;

impl Writers {
    /// Reads which modules belong to programs that are started where files are written too.
    pub(in crate::flow) fn starts(&mut self, world: World) {
        let runs = world.graph.edges.iter().filter(|e| e.kind == EdgeKind::Runs && e.from.file != e.to.file);
        for edge in runs {
            let python = matches!(world.index.kind(edge.to.file), Kind::Python | Kind::Notebook);
            let known = self.starters.get(&edge.to.file).map_or(0, Vec::len);
            if !python || known >= STARTS || !self.writes_in(edge.from.file) {
                continue;
            }
            let mut modules: Vec<FileId> = world.index.imports().reached_from([edge.to.file]).into_iter().collect();
            modules.sort_unstable();
            for module in modules.into_iter().take(MODULES) {
                let starters = self.starters.entry(module).or_default();
                if starters.len() < STARTS && !starters.contains(&edge.from) {
                    starters.push(edge.from);
                }
            }
        }
    }
}

impl Solver<'_> {
    /// What was written to a place before the program was started; none for places that only the program itself can name.
    pub(in crate::flow) fn written_before_start(&mut self, here: Here, key: &str) -> Option<Val> {
        if key.contains(['\u{1}', '$']) {
            return None;
        }
        let starters = self.writers.starters.get(&here.at.file)?;
        let mut out: Option<Val> = None;
        let mut put: BTreeSet<Node> = BTreeSet::new();
        for start in starters.clone() {
            let writers: Vec<Node> = self.writers.of(start.file, key).into_iter().map(|fact| Node { fact, ..start }).collect();
            let writers: Vec<Node> = writers.into_iter().filter(|w| *w != start && self.precedes(*w, start)).collect();
            let Some(first) = writers.first() else { continue };
            let checked = self.verified(Here { at: start, scope: self.tables.scope(start) }, key, first.fact);
            let out = out.get_or_insert_default();
            if checked {
                out.join(&Val::content(Origin::REPOSITORY));
                continue;
            }
            for writer in writers.into_iter().filter(|w| put.insert(*w)) {
                out.join(&self.put(writer));
            }
        }
        out
    }
}
