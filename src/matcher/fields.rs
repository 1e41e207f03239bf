//! The conditions of `where:`, one after the other.

use std::sync::{Arc, PoisonError};

use super::candidate::Candidate;
use super::put_back::is_put_back;
use super::switched::OnDemand;
use super::{Matcher, flag_word, is_test_path, kind_word, verdicts};
use crate::catalog::row::{Effect, RowId, Verdict};
use crate::catalog::slot::{holds, holds_text};
use crate::cond::{CondId, CondWhat};
use crate::facts::{FactId, V, What};
use crate::flow::SinkHit;
use crate::flow::guards::conjuncts;
use crate::flow::resolve::spots::module_of;
use crate::graph::paths::is_test;
use crate::graph::{EdgeKind, Node};
use crate::origin::{Origin, Who};
use crate::rule::pattern::{Compare, Field, FlagWord, OriginTest};
use crate::source::{FileId, Kind};

/// What the conditions together say.
#[derive(Debug)]
pub(crate) struct Verdicts {
    /// All hold.
    pub hold: bool,
    /// They hold only because an argument is open or unknown.
    pub open: bool,
    /// What the row says of that.
    pub verdict: Verdict,
    /// Doubts.
    pub doubts: Vec<String>,
}

impl<'a> Matcher<'a> {
    pub(super) fn fields(&self, c: &Candidate<'a>, fields: &[Field]) -> Verdicts {
        let mut out = Verdicts { hold: true, open: false, verdict: Verdict::Silent, doubts: Vec::new() };
        // Without a condition on them, open bytes still count as the row says.
        if !fields.iter().any(|f| matches!(f, Field::Bytes(_)))
            && let Some(hit) = c.hit
            && hit.bytes.open
        {
            (out.open, out.verdict) = (true, verdicts(self.context, hit).0);
        }
        for field in fields {
            if !self.field(c, field, &mut out) {
                out.hold = false;
                break;
            }
        }
        out
    }

    fn field(&self, c: &Candidate<'a>, field: &Field, out: &mut Verdicts) -> bool {
        let facts = self.context.facts.file(c.node.file);
        let fact = facts.fact(c.node.fact);
        let said = |key: &str| c.values.get(key).map(String::as_str);
        let file = self.context.sources.file(c.node.file);
        match field {
            Field::Bytes(test) => self.origin(c, c.bytes, test, out),
            Field::Name(test) | Field::ValueOrigin(test) => c.name.is_some_and(|o| passes(o, test)),
            Field::Called(test) => holds_text(said("name"), test),
            Field::Outside(test) => holds_text(c.hit.and_then(|h| h.subject.as_deref()), test),
            Field::Ref(test) | Field::Tag(test) => holds_text(said("ref"), test),
            Field::Value(test) => holds_text(c.value.and_then(|v| facts.literal(v)).as_deref(), test),
            Field::Flag(words) => {
                let Some(hit) = c.hit else { return false };
                let word = flag_word(&hit.flag);
                if word == FlagWord::Dynamic && words.contains(&word) {
                    out.doubts.push("the flag is computed".to_owned());
                }
                words.contains(&word)
            }
            Field::Slot(test) => {
                let row = c.row.map(|r| self.context.catalog.row(r));
                let effect = c.hit.zip(row).and_then(|(h, r)| r.effects.get(h.effect as usize));
                let Some(Effect::Sink { slot: Some(slot), .. }) = effect else { return false };
                c.row.is_some_and(|row| holds(facts, &self.context.catalog.argument(facts, c.node.fact, row, slot), test))
            }
            Field::Arg(test) => c.row.is_some_and(|row| self.context.catalog.holds(facts, c.node.fact, row, test)),
            Field::ReceiverCalled(names) => {
                let receiver = match &fact.what {
                    What::Call(call) => call.receiver.map(|r| &facts.value(r).what),
                    _ => None,
                };
                receiver.is_some()
                    && facts.items.iter().any(|f| match &f.what {
                        What::Call(call) => {
                            let last = call.name.rsplit('.').next().unwrap_or("");
                            names.iter().any(|n| n == last) && call.receiver.map(|r| &facts.value(r).what) == receiver
                        }
                        _ => false,
                    })
            }
            Field::Version(wanted) => {
                let answers: Vec<Option<bool>> = wanted.iter().map(|(p, s)| self.context.flow.versions.allows(c.node.file, p, s)).collect();
                if answers.contains(&None) {
                    out.doubts.push("the project does not say which version it uses".to_owned());
                }
                answers.iter().all(|a| *a != Some(false))
            }
            Field::Place(words) => words.iter().any(|w| w == kind_word(file.kind)),
            Field::TestCode(yes) => is_test_path(&file.path) == *yes,
            Field::TestFile(yes) => is_test(&self.context.sources.file(c.node.file).path) == *yes,
            Field::PutBack(yes) => is_put_back(self.context.facts.file(c.node.file), c.node.fact) == *yes,
            Field::StartedBy(tests) => {
                let around: Vec<FactId> = std::iter::once(c.node.fact).chain(facts.owners(c.node.fact).map(|(id, _)| id)).collect();
                let steps = self.context.reach.runs.iter().flat_map(|r| &r.steps);
                steps.filter(|s| s.step.file == c.node.file && around.contains(&s.step.fact)).any(|s| any(tests, s.who))
            }
            Field::Kind(kinds) => c.hit.is_some_and(|h| kinds.contains(&h.kind)),
            Field::Switched(switches) => {
                let flag = c.row.and_then(|row| self.context.catalog.row(row).flags.first()).map(|f| f.name.as_str());
                let mut asked = self.on_demand.lock().unwrap_or_else(PoisonError::into_inner);
                let of_file = asked.entry(c.node.file).or_insert_with(|| Arc::new(OnDemand::of(facts))).clone();
                drop(asked);
                of_file.is_switched(c.node.fact, c.hit.and_then(|h| h.slot), flag, switches)
            }
            Field::OwnCallee(yes) => self.is_own_callee(c.node) == *yes,
            Field::Stated(yes) => c.hit.is_some_and(|h| h.stated == *yes),
            Field::OwnAddress(yes) => c.hit.is_some_and(|h| self.is_own_address(c.node, h)) == *yes,
            Field::InOrder(yes) => self.may_go_in_order(c.node.file) == *yes,
            Field::Form(words) => {
                let name = said("name").unwrap_or("");
                let form = match name {
                    n if n.starts_with("./") || n.starts_with("$/") => "local",
                    n if n.starts_with("docker://") => "docker",
                    _ => "remote",
                };
                words.iter().any(|w| w == form)
            }
            Field::Spec(test) => {
                matches!(&fact.what, What::Requirement(r) if holds_text(Some(&r.spec).filter(|s| !s.is_empty()).map(String::as_str), test))
            }
            Field::Url(test) => matches!(&fact.what, What::Requirement(r) if holds_text(r.url.as_deref(), test)),
            Field::Hashed(yes) => matches!(&fact.what, What::Requirement(r) if (r.hashes > 0) == *yes),
            Field::Of(of) => {
                let owner = fact.owner.map(|o| &facts.fact(o).what);
                (of == "workflow" && matches!(owner, Some(What::Workflow { .. }))) || (of == "job" && matches!(owner, Some(What::Job { .. })))
            }
            Field::Label(test) => match &fact.what {
                What::Runner { labels, .. } => labels.iter().any(|l| holds_text(facts.literal(*l).as_deref(), test)),
                _ => false,
            },
            Field::Hosted(yes) => self.context.index.effects(self.context.catalog, c.node).any(|e| *e == Effect::Hosted) == *yes,
            Field::Who(tests) => self.starts(c).is_some_and(|(who, _)| any(tests, who)),
            Field::Privileged(yes) => self.starts(c).is_some_and(|(_, privileged)| privileged == *yes),
            Field::Lenient(yes) => match &fact.what {
                What::Command(command) => command.lenient == *yes,
                What::Job { lenient, .. } | What::Step { lenient, .. } => lenient == yes,
                _ => false,
            },
            Field::Handled(yes) => fact.handler.is_some() == *yes,
            Field::Conditional(yes) => {
                // That the file is run as a program is no condition on what it found out.
                let decides = |c: &CondId| !matches!(facts.cond(*c).what, CondWhat::Atom(v, ..) if matches!(&facts.value(v).what, V::Name(n) if n == "__name__"));
                conjuncts(facts, fact.when).iter().any(decides) == *yes
            }
            Field::Language(words) => match &fact.what {
                What::Script { language, .. } => words.contains(&format!("{language:?}").to_lowercase()),
                _ => false,
            },
            Field::Permissions(yes) => facts.items.iter().any(|f| f.owner == Some(c.node.fact) && matches!(f.what, What::Permission { .. })) == *yes,
        }
    }

    /// Bytes may pass as they are; or because a parameter that others set, or what is not known, could make them pass, where the row says so.
    fn origin(&self, c: &Candidate<'a>, origin: Option<Origin>, test: &OriginTest, out: &mut Verdicts) -> bool {
        let Some(origin) = origin else { return false };
        if passes(origin, test) {
            if !origin.known && origin.who < Who::Publisher {
                out.doubts.push("part of where it comes from is not known".to_owned());
            }
            return true;
        }
        let Some(hit) = c.hit else { return false };
        let (open, unknown) = verdicts(self.context, hit);
        let verdict = if origin.open {
            open
        } else if !origin.known {
            unknown
        } else {
            Verdict::Silent
        };
        let worst = Origin { who: Who::Anyone, mutable: crate::origin::Mutable::Moving, ..origin };
        if verdict == Verdict::Silent || origin.who >= Who::Publisher || !passes(worst, test) {
            return false;
        }
        let why = if origin.open { "who calls this with which argument is not in sight" } else { "where it comes from is not known" };
        out.doubts.push(why.to_owned());
        (out.open, out.verdict) = (true, verdict);
        true
    }

    /// Whether a call stands in the package that defines what it calls: what it says there, those who call the package decide.
    fn is_own_callee(&self, node: Node) -> bool {
        let What::Call(call) = &self.context.facts.fact(node).what else { return false };
        let Some((module, _)) = module_of(self.context.index, node.file, &call.name) else { return false };
        let path = |file| self.context.sources.file(file).path.as_str();
        // The package begins at the folder with the first of its names.
        let root = call.name.split('.').next().unwrap_or_default();
        let folders: Vec<&str> = path(module).split('/').collect();
        let package = folders.iter().rposition(|f| *f == root).map(|last| folders.iter().take(last + 1));
        call.name.starts_with('.') || package.is_some_and(|p| path(node.file).split('/').zip(p.clone()).filter(|(a, b)| a == *b).count() == p.len())
    }

    /// Whether an address among those that a sink is given names the project: its owner, or a package of the tree, is a label of the host or a segment of the path.
    fn is_own_address(&self, node: Node, hit: &SinkHit) -> bool {
        let given = hit.subject.clone().or_else(|| self.literal(hit)).unwrap_or_default();
        let owner = self.context.sources.owner(node.file);
        let names = |part: &str| {
            part.len() > 2 && (owner.is_some_and(|o| o.eq_ignore_ascii_case(part)) || self.context.index.is_own_package(node.file, part))
        };
        given.split_whitespace().filter_map(|word| word.split_once("://")).any(|(_, rest)| {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            host.split(['.', ':']).chain(path.split('/')).any(names)
        })
    }

    /// Whether installers that take the first index with a name may take a list of packages.
    fn may_go_in_order(&self, file: FileId) -> bool {
        let context = self.context;
        let installs = |node: Node| context.index.effects(context.catalog, node).any(|e| *e == Effect::InOrder);
        if context.sources.file(file).kind != Kind::Requirements {
            return false;
        }
        let list = context.index.top(context.facts, file);
        let mut by_name = list.into_iter().flat_map(|list| context.graph.into(list, EdgeKind::Installs)).map(|e| e.from).peekable();
        if by_name.peek().is_some() {
            return by_name.all(installs);
        }
        // A list that is named when the script runs may be any.
        context.index.classified().any(|(node, rows)| {
            let facts = context.facts.file(node.file);
            let computed = |row: RowId, e: &Effect| match e {
                Effect::Installs { manifest: Some(slot), .. } => {
                    context.catalog.slot(facts, node.fact, row, slot).into_iter().any(|v| facts.literal(v).is_none())
                }
                _ => false,
            };
            installs(node) && rows.iter().any(|row| context.catalog.row(*row).effects.iter().any(|e| computed(*row, e)))
        })
    }

    fn starts(&self, c: &Candidate<'a>) -> Option<(Who, bool)> {
        self.context.index.effects(self.context.catalog, c.node).find_map(|e| match e {
            Effect::Starts { who, privileged, .. } => Some((*who, *privileged)),
            _ => None,
        })
    }
}

fn any<T: PartialOrd>(tests: &[Compare<T>], value: T) -> bool {
    tests.is_empty() || tests.iter().any(|t| t.holds(&value))
}

/// Whether an origin passes; below a publisher nothing moves, so mutability is not asked.
pub fn passes(origin: Origin, test: &OriginTest) -> bool {
    any(&test.who, origin.who)
        && (origin.who < Who::Publisher || any(&test.mutable, origin.mutable))
        && (test.via.is_empty() || test.via.iter().any(|v| origin.via.has(*v)))
        && !test.not_via.iter().any(|v| origin.via.has(*v))
        && test.open.is_none_or(|o| o == origin.open)
        && test.known.is_none_or(|k| k == origin.known)
}
