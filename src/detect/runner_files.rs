//! Files of the runner that later steps are started with: variables and search paths that an outsider writes into.

use crate::detect::Context;
use crate::detect::paths::{alerts, guessed, way};
use crate::detect::script_injection::holding;
use crate::facts::{Channel, What};
use crate::finding::{Alert, Hop, Location};
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::sources::View;
use crate::reach::{gates, walk};

/// Text of an outsider in `GITHUB_ENV` or `GITHUB_PATH`. The cause is the line that writes it.
///
/// One line sets one variable; only text with line breaks of its own, or that makes up the name, sets others. A search path needs no line break.
pub fn injected(context: &Context) -> Vec<Alert> {
    let reachable = context.reachable();
    let holding = holding(context);
    let mut ways = Vec::new();
    for run in context.reach.runs.iter().filter(|r| r.state.who >= Who::Peer && !r.state.head) {
        for step in &run.steps {
            let outside = holding.beside(run, step);
            let facts = reachable.facts.file(step.step.file);
            let view = View { context: reachable, state: &run.state, outside: &outside };
            for (fact, found) in context.index.steps().within(step.step).iter().map(|id| (*id, facts.fact(*id))) {
                let What::Write { channel, value } = &found.what else { continue };
                let (named, what) = match channel {
                    Channel::RunnerEnv(name) => (name.is_some(), "the variables"),
                    Channel::RunnerPath => (false, "the search path"),
                    _ => continue,
                };
                let node = Node { file: step.step.file, fact };
                let sources = view.of(&step.scope, node, *value);
                let fits = |s: &&crate::reach::sources::Source| {
                    s.arbitrary && s.who >= Who::Peer && (s.lines || !named) && gates::lets_through(&step.gates, s)
                };
                let Some(worst) = sources.iter().filter(fits).max_by_key(|s| (s.who, !s.guess)) else { continue };
                let at = Location { file: node.file, range: found.range };
                let text = context.sources.file(node.file).text_at(found.range);
                let who = gates::capped(worst.who, &step.gates);
                let mut hops = vec![Hop { at: run.state.trigger, text: walk::starts(&run.state) }];
                hops.extend(step.trail.iter().cloned());
                hops.extend(worst.hops.iter().filter(|h| h.at != at).cloned());
                hops.push(Hop { at, text: format!("{} goes into {what} of later steps", worst.name) });
                let mut found = way(context, run, who, (at, text), hops, &step.assets, &step.gates);
                found.name.clone_from(&worst.name);
                found.doubts.extend(guessed(worst));
                ways.push(found);
            }
        }
    }
    alerts(context, "runner-environment-injection", ways)
}
