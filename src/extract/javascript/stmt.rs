//! Statements: branches, loops, what is thrown and caught, what ends a function or the step.

use super::Walk;
use super::scope::Arm;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{Channel, OnFail, V, What};
use crate::source::Range;
use crate::syntax::javascript::Node;

impl<'t> Walk<'t, '_> {
    /// The statements of a block; whether it never comes to its end.
    pub fn block(&mut self, node: Node<'t>) -> bool {
        let statements = node.named();
        // Functions are there before the statement that writes them.
        for function in statements.iter().filter(|s| s.kind().ends_with("function_declaration")) {
            let value = self.closure(*function);
            if let Some(name) = function.field("name") {
                self.declare(name.text(), value);
            }
        }
        statements.into_iter().any(|s| self.stmt(s))
    }

    /// One statement; whether what follows is never reached.
    pub fn stmt(&mut self, node: Node<'t>) -> bool {
        self.deeper(node, |w| w.read_stmt(node)).unwrap_or(false)
    }

    fn read_stmt(&mut self, node: Node<'t>) -> bool {
        match node.kind() {
            "statement_block" | "program" => return self.block(node),
            "function_declaration" | "generator_function_declaration" | "empty_statement" | "hash_bang_line" => {}
            "lexical_declaration" | "variable_declaration" => {
                for declarator in node.named() {
                    let Some(name) = declarator.field("name") else { continue };
                    let range = self.range(declarator);
                    let value = declarator.field("value").map(|v| self.expr(v));
                    let value = value.unwrap_or_else(|| self.value(range, V::None));
                    self.bind(name, value, true);
                }
            }
            "if_statement" => return self.branch(node),
            "for_statement" => {
                node.field("initializer").into_iter().for_each(|n| {
                    self.stmt(n);
                });
                let parts = [node.field("body"), node.field("increment")];
                self.repeat(node, node.field("condition"), |w| {
                    parts.into_iter().flatten().for_each(|n| {
                        w.stmt(n);
                    });
                });
            }
            "for_in_statement" => {
                let all = node.field("right").map(|n| self.expr(n));
                let over = node.field("operator").is_some_and(|o| o.text() == "of");
                self.repeat(node, None, |w| {
                    if let (Some(left), Some(all)) = (node.field("left"), all) {
                        let range = w.range(left);
                        let each = if over { w.element(all, range) } else { w.unknown(range, vec![all]) };
                        w.bind(left, each, node.field("kind").is_some());
                    }
                    node.field("body").into_iter().for_each(|n| {
                        w.stmt(n);
                    });
                });
            }
            "while_statement" => {
                self.repeat(node, node.field("condition"), |w| {
                    node.field("body").into_iter().for_each(|n| {
                        w.stmt(n);
                    });
                });
            }
            "do_statement" => {
                // Its body is read at least once.
                let ends = node.field("body").is_some_and(|n| self.stmt(n));
                node.field("condition").map(|n| self.expr(n));
                return ends;
            }
            "switch_statement" => return self.switch(node),
            "try_statement" => return self.attempt(node),
            "return_statement" => return self.returned(node),
            "throw_statement" => {
                for value in node.named() {
                    self.expr(value);
                }
                let range = self.range(node);
                let on_fail = self.thrown();
                self.refuse(range, on_fail);
                return true;
            }
            "break_statement" | "continue_statement" => return true,
            "labeled_statement" => return node.field("body").is_some_and(|n| self.stmt(n)),
            "class_declaration" => {
                self.expr(node);
            }
            "import_statement" => self.import(node),
            "export_statement" => {
                for inner in node.named() {
                    self.stmt(inner);
                }
            }
            _ => {
                for inner in if node.kind() == "expression_statement" { node.named() } else { vec![node] } {
                    self.expr(inner);
                    if self.leaves(inner) {
                        return true;
                    }
                }
            }
        }
        false
    }

    fn branch(&mut self, node: Node<'t>) -> bool {
        let range = self.range(node);
        let cond = match node.field("condition") {
            Some(test) => self.cond(test),
            None => self.b.cond(range, CondWhat::Opaque),
        };
        let not = self.not(cond);
        let first = self.arm(Some(cond), |w| node.field("consequence").is_some_and(|n| w.stmt(n)));
        let other = node.field("alternative").and_then(|n| n.named().into_iter().next());
        let second = self.arm(Some(not), |w| other.is_some_and(|n| w.stmt(n)));
        self.meet(cond, not, first, second, range)
    }

    /// Where the arms of a condition meet: what follows one that ends is reached through the other.
    fn meet(&mut self, cond: CondId, not: CondId, first: Arm, second: Arm, range: Range) -> bool {
        let ends = (first.ends, second.ends);
        // A way that leaves from within an arm that goes on.
        let left = first.left && !first.ends || second.left && !second.ends;
        self.join(Some(cond), first, second, range);
        match ends {
            (true, true) => return true,
            (true, false) => self.hold(not),
            (false, true) => self.hold(cond),
            (false, false) => {}
        }
        if left {
            self.doubt(range);
        }
        false
    }

    /// A body that is read never, once or often.
    fn repeat(&mut self, node: Node<'t>, test: Option<Node<'t>>, body: impl FnOnce(&mut Self)) {
        let range = self.range(node);
        let cond = match test.filter(|t| t.kind() != "empty_statement") {
            Some(test) => self.cond(test),
            None => self.b.cond(range, CondWhat::Opaque),
        };
        self.perhaps(cond, range, body);
    }

    fn switch(&mut self, node: Node<'t>) -> bool {
        let range = self.range(node);
        let subject = node.field("value").map(|n| self.expr(n));
        let mut others: Vec<CondId> = Vec::new();
        // Labels without statements share those of the next one.
        let mut labels: Vec<CondId> = Vec::new();
        for case in node.field("body").map(Node::named).unwrap_or_default() {
            let at = self.range(case);
            let label = match (case.field("value"), subject) {
                (Some(value), Some(subject)) => {
                    let value = self.expr(value);
                    Some(self.compare(at, subject, CmpOp::Eq, value))
                }
                _ => None,
            };
            match label {
                Some(label) => {
                    labels.push(label);
                    others.push(label);
                }
                None => {
                    let none = others.iter().map(|c| self.not(*c)).collect();
                    labels.push(self.b.cond(at, CondWhat::And(none)));
                }
            }
            let body = case.fields("body");
            if body.is_empty() {
                continue;
            }
            let cond = self.b.cond(at, CondWhat::Or(std::mem::take(&mut labels)));
            // What comes after the switch is reached past a `break`.
            let taken = self.arm(Some(cond), |w| {
                body.into_iter().any(|s| w.stmt(s));
                false
            });
            let left = taken.left;
            let passed = self.arm(None, |_| false);
            self.join(Some(cond), taken, passed, range);
            if left {
                self.doubt(range);
            }
        }
        false
    }

    fn attempt(&mut self, node: Node<'t>) -> bool {
        let range = self.range(node);
        let handler = node.field("handler");
        let body = node.field("body");
        let mut ends = false;
        if let Some(handler) = handler {
            self.catches.push(handler.field("body").is_some_and(refuses));
            let tried = self.arm(None, |w| body.is_some_and(|n| w.block(n)));
            self.catches.pop();
            let (held, tried_ends, mut left) = (tried.held.clone(), tried.ends, tried.left);
            let may = self.b.cond(range, CondWhat::Opaque);
            let caught = self.arm(Some(may), |w| {
                if let Some(error) = handler.field("parameter") {
                    let at = w.range(error);
                    let value = w.unknown(at, Vec::new());
                    w.bind(error, value, true);
                }
                handler.field("body").is_some_and(|n| w.block(n))
            });
            let caught_ends = caught.ends;
            left |= caught.left && !caught_ends;
            let whole = match held.as_slice() {
                [] => None,
                many => Some(self.b.cond(range, CondWhat::And(many.to_vec()))),
            };
            self.join(whole, tried, caught, range);
            match (tried_ends, caught_ends) {
                (_, true) => held.into_iter().for_each(|c| self.hold(c)),
                (true, false) => self.hold(may),
                (false, false) if left => self.doubt(range),
                (false, false) => {}
            }
            ends = tried_ends && caught_ends;
        } else if let Some(body) = body {
            ends = self.block(body);
        }
        let last = node.field("finalizer").and_then(|f| f.field("body")).is_some_and(|n| self.block(n));
        ends || last
    }

    fn returned(&mut self, node: Node<'t>) -> bool {
        let range = self.range(node);
        let value = node.named().into_iter().next().map(|n| self.expr(n));
        self.left = true;
        match (self.frames.last().map(|f| f.conds), value) {
            (Some(conds), value) => {
                let mut value = value.unwrap_or_else(|| self.b.value(range, V::None));
                if let Some(cond) = self.path(conds) {
                    value = self.when("return", cond, value, range);
                }
                self.frames.iter_mut().last().into_iter().for_each(|f| f.returns.push(value));
            }
            // What the text itself gives back is an output of its step.
            (None, Some(value)) => {
                self.add(range, What::Write { channel: Channel::Output(Some("result".to_owned())), value });
            }
            (None, None) => {}
        }
        true
    }

    /// What happens to something that is thrown here.
    pub fn thrown(&self) -> OnFail {
        if self.catches.last().copied().unwrap_or(true) { OnFail::Exit } else { OnFail::Log }
    }

    /// The step fails here: what brings the walk here must not hold.
    pub fn refuse(&mut self, range: Range, on_fail: OnFail) {
        let cond = match self.path(0) {
            _ if self.lost => self.b.cond(range, CondWhat::Opaque),
            Some(path) => self.not(path),
            None => self.b.cond(range, CondWhat::Const(false)),
        };
        self.add(range, What::Check { cond, on_fail });
    }

    /// Whether a statement ends the process.
    fn leaves(&self, node: Node<'t>) -> bool {
        node.kind() == "call_expression" && node.field("function").is_some_and(|f| f.text() == "process.exit")
    }
}

/// Whether a handler that is handed over always ends the step with failure.
pub(super) fn refuses_as_handed(handler: Node) -> bool {
    match handler.field("body") {
        Some(body) if body.kind() == "statement_block" => refuses(body),
        Some(body) => fails(body),
        None => handler.text().ends_with("setFailed"),
    }
}

/// Whether what is caught always ends the step with failure.
fn refuses(handler: Node) -> bool {
    handler.named().into_iter().any(|s| match s.kind() {
        "throw_statement" => true,
        "expression_statement" | "return_statement" => s.named().into_iter().next().is_some_and(fails),
        _ => false,
    })
}

/// Whether an expression makes the step fail.
fn fails(expression: Node) -> bool {
    let mut inner = Some(expression);
    while let Some(node) = inner.filter(|n| matches!(n.kind(), "await_expression" | "parenthesized_expression")) {
        inner = node.named().into_iter().next();
    }
    let called = inner.filter(|n| n.kind() == "call_expression").and_then(|n| n.field("function"));
    called.is_some_and(|f| f.text().ends_with("setFailed") || f.text() == "process.exit")
}
