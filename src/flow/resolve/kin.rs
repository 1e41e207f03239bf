//! Which class an object has to be of for a method that stands in for another to run: what a base class calls on itself is the method of the class that the
//! object was made of, and no other's. Knows no origin.

use crate::facts::{V, What};
use crate::flow::resolve::spots::last;
use crate::flow::solver::Solver;
use crate::flow::tables::{Bind, Search};
use crate::graph::Node;

impl Solver<'_> {
    /// The class that the object of the function around a call must be of for `function` to run there, `of` being what is asked of the object that `function`
    /// belongs to. The outer none: it is an object of another class.
    pub(in crate::flow) fn kin(&mut self, function: Node, call: Node, bind: Bind, of: Option<Node>) -> Option<Option<Node>> {
        let Some(class) = self.tables.class(function).filter(|_| bind != Bind::Plain) else { return Some(None) };
        let What::Call(c) = &self.file(call.file).fact(call.fact).what else { return Some(None) };
        let member = self.called(function);
        let object = match c.receiver {
            Some(receiver) => receiver,
            None if matches!(last(&member), "__call__" | "__init__") => c.callee,
            // A method that was kept somewhere: of which object it is does not stand here.
            None => return Some(None),
        };
        let wanted = of.unwrap_or(class);
        let below = |class: Node, base: Node| self.tables.bases(class).contains(&base);
        if self.file(call.file).value(object).what == V::Param(0)
            && let Some(around) = self.tables.class_around(call)
        {
            // The object calls a method of its own.
            return match (below(wanted, around), below(around, wanted)) {
                (true, true) => Some(of),
                (true, false) => Some(Some(wanted)),
                (false, true) => Some(of.map(|_| around)),
                (false, false) => of.is_none().then_some(None),
            };
        }
        if of.is_none() {
            return Some(None);
        }
        let mut search = Search::default();
        let known = match self.tables.made.get(&call) {
            // What is made here is called first of all.
            Some(made) if bind == Bind::New => made.clone(),
            _ => self.tables.classes_of(self.world.index, self.world.facts, call.file, object, self.tables.scope(call), &mut search),
        };
        self.ask(&search);
        let fits = |class: &Node| below(*class, wanted) || below(wanted, *class);
        (known.is_empty() || known.iter().any(fits)).then_some(None)
    }
}
