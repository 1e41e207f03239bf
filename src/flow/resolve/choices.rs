//! Callees that callers choose: `then(data)` runs what was handed over as `then`. A way from a sink outwards remembers what must have been handed over, so that
//! it leads only to callers that did. Knows no origin.

use crate::catalog::row::{RowId, Subject};
use crate::facts::{Call, V, ValueId, What};
use crate::flow::resolve::functions::Callee;
use crate::flow::resolve::spots::Spot;
use crate::flow::solver::Solver;
use crate::flow::tables::{Bind, Given, Search, given};
use crate::graph::Node;

/// Assignments between a value and what it is.
const STEPS: usize = 8;

/// What a parameter must hold for a sink to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The function.
    pub of: Node,
    /// Its parameter.
    pub index: u32,
    /// What it must be.
    pub chosen: Chosen,
}

/// What is called through a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// A function of the tree.
    Function(Node),
    /// Whatever a row speaks of.
    Row(RowId),
}

impl Solver<'_> {
    /// The parameter through which a call reaches what it calls.
    fn through(&self, node: Node) -> Option<(Node, u32)> {
        let What::Call(call) = &self.file(node.file).fact(node.fact).what else { return None };
        let V::Param(index) = self.file(node.file).value(call.callee).what else { return None };
        Some((Node { file: node.file, fact: self.tables.scope(node)? }, index))
    }
    /// What must have been handed over for a call to be what a row speaks of.
    pub fn chosen_row(&self, node: Node, row: RowId) -> Option<Choice> {
        let (of, index) = self.through(node)?;
        matches!(self.world.catalog.row(row).subject, Subject::Call(_)).then_some(Choice { of, index, chosen: Chosen::Row(row) })
    }
    /// What must have been handed over for a call to reach a function.
    pub fn chosen_function(&self, node: Node, function: Node) -> Option<Choice> {
        let (of, index) = self.through(node)?;
        Some(Choice { of, index, chosen: Chosen::Function(function) })
    }
    /// The choices of a function seen from one of its calls; none when another was made there.
    pub fn choices(&self, choices: &[Choice], function: Node, node: Node, bind: Bind) -> Option<Vec<Choice>> {
        let mut out = Vec::new();
        for choice in choices {
            if choice.of != function {
                out.push(choice.clone());
                continue;
            }
            let (What::Call(call), What::Function { params, .. }) =
                (&self.file(node.file).fact(node.fact).what, &self.file(function.file).fact(function.fact).what)
            else {
                continue;
            };
            match given(call, params, choice.index, bind) {
                Given::Values(values) => {
                    for value in values {
                        match self.file(node.file).value(value).what {
                            V::Param(index) => {
                                let of = self.tables.scope(node).map(|fact| Node { file: node.file, fact })?;
                                out.push(Choice { of, index, chosen: choice.chosen });
                            }
                            _ if !self.is_chosen(Spot { file: node.file, scope: self.tables.scope(node), value }, choice.chosen) => return None,
                            _ => {}
                        }
                    }
                }
                Given::Default(_) => self.default_chosen(choice).then_some(())?,
                Given::New | Given::Unknown => {}
            }
        }
        Some(out)
    }
    /// Whether what a function takes by default makes its choices.
    pub fn default_chosen(&self, choice: &Choice) -> bool {
        let What::Function { params, .. } = &self.file(choice.of.file).fact(choice.of.fact).what else { return false };
        let default = params.get(choice.index as usize).and_then(|p| p.default);
        default.is_some_and(|value| self.is_chosen(Spot { file: choice.of.file, scope: self.tables.scope(choice.of), value }, choice.chosen))
    }
    fn is_chosen(&self, spot: Spot, chosen: Chosen) -> bool {
        let callees = self.scene().callees(spot, &mut Search::default());
        callees.iter().any(|callee| match (callee, chosen) {
            (Callee::Function(function, _), Chosen::Function(wanted)) => *function == wanted,
            (Callee::Class(class), Chosen::Function(wanted)) => self.tables.method(*class, "__init__") == Some(wanted),
            (Callee::Library(name), Chosen::Row(row)) => self.world.catalog.qualified(name).contains(&row),
            _ => false,
        })
    }
    /// Whether a call hands over one of the parameters that a way depends on; otherwise the function's own defaults decide.
    pub fn hands_over(&self, call: &Call, function: Node, indices: &[u32], bind: Bind) -> bool {
        let What::Function { params, .. } = &self.file(function.file).fact(function.fact).what else { return true };
        indices.iter().any(|index| match self.keyword_of(*index) {
            Some((_, name)) => call.args.iter().any(|a| match &a.name {
                crate::facts::ArgName::Keyword(k) => name.split('|').any(|n| n == k),
                other => *other == crate::facts::ArgName::KeywordRest,
            }),
            None => match given(call, params, *index, bind) {
                Given::Values(values) => !values.is_empty(),
                Given::Default(_) | Given::New => false,
                Given::Unknown => true,
            },
        })
    }
    /// Whether a call hands over what is kept in a field or a variable of a module for one of the parameters that a way depends on.
    pub fn hands_kept(&self, node: Node, call: &Call, function: Node, indices: &[u32], bind: Bind) -> bool {
        let What::Function { params, .. } = &self.file(function.file).fact(function.fact).what else { return false };
        let facts = self.file(node.file);
        // At the top of a module its variables are no more than local names.
        let inside = self.tables.scope(node).is_some();
        let is_kept = |value: &ValueId| {
            let mut at = *value;
            for _ in 0..STEPS {
                at = match facts.value(at).what {
                    V::Ref(fact) => match &facts.fact(fact).what {
                        What::Assignment { value, .. } => *value,
                        _ => return false,
                    },
                    // A part of what a call gave was not kept anywhere.
                    V::Attr(base, _) => match facts.value(base).what {
                        V::Attr(..) => base,
                        V::Param(_) | V::Name(_) => return true,
                        _ => return false,
                    },
                    V::Name(_) => return inside,
                    _ => return false,
                };
            }
            false
        };
        indices.iter().any(|index| matches!(given(call, params, *index, bind), Given::Values(values) if values.iter().any(is_kept)))
    }
}
