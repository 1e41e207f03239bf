//! Text of an outsider that a shell takes apart into arguments of a program whose options run commands.

use crate::catalog::row::Effect;
use crate::detect::Context;
use crate::detect::paths::{alerts, guessed, way};
use crate::detect::script_injection::holding;
use crate::facts::{V, What};
use crate::finding::{Alert, Hop, Location, Severity};
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::sources::View;
use crate::reach::{gates, walk};

/// Variables and substitutions without quotes around them. The cause is the word.
pub fn injected(context: &Context) -> Vec<Alert> {
    let reachable = context.reachable();
    let holding = holding(context);
    let mut ways = Vec::new();
    for run in context.reach.runs.iter().filter(|r| r.state.who >= Who::Peer && !r.state.head) {
        for step in &run.steps {
            let facts = reachable.facts.file(step.step.file);
            let outside = holding.beside(run, step);
            let view = View { context: reachable, state: &run.state, outside: &outside };
            for (fact, found) in context.index.steps().within(step.step).iter().map(|id| (*id, facts.fact(*id))) {
                let What::Command(command) = &found.what else { continue };
                let node = Node { file: step.step.file, fact };
                let takes = context.index.effects(context.catalog, node).any(|e| *e == Effect::OptionsAct);
                if !takes {
                    continue;
                }
                for word in command.words.iter().skip(1) {
                    let split = |p: &&crate::facts::WordPart| !p.quoted && matches!(facts.value(p.value).what, V::Env(_) | V::Subst(_));
                    // An expression is pasted before the shell reads anything, and told as that.
                    let Some(part) = word.parts.iter().find(split) else { continue };
                    let sources = view.of(&step.scope, node, part.value);
                    let Some(worst) = sources
                        .into_iter()
                        .filter(|s| s.arbitrary && !s.branch && s.who >= Who::Peer && gates::lets_through(&step.gates, s))
                        .max_by_key(|s| (s.who, !s.guess))
                    else {
                        continue;
                    };
                    let at = Location { file: node.file, range: word.range };
                    let who = gates::capped(worst.who, &step.gates);
                    let mut hops = vec![Hop { at: run.state.trigger, text: walk::starts(&run.state) }];
                    hops.extend(step.trail.iter().cloned());
                    hops.extend(worst.hops.iter().filter(|h| h.at != at).cloned());
                    let program = facts.program(command).unwrap_or_default();
                    hops.push(Hop { at, text: format!("{} is taken apart into arguments of {program}", worst.name) });
                    let text = context.sources.file(node.file).text_at(word.range);
                    let mut found = way(context, run, who, (at, text), hops, &step.assets, &step.gates);
                    // It takes an option that does something, and the program has to be there.
                    found.path.severity = found.path.severity.min(Severity::Medium);
                    found.name.clone_from(&worst.name);
                    found.doubts.extend(guessed(&worst));
                    ways.push(found);
                }
            }
        }
    }
    alerts(context, "argument-injection", ways)
}
