//! Code of a pull request runs in a job that holds something: the execution, not the checkout, makes it. Also the checkout that nothing executes.

use crate::detect::Context;
use crate::detect::paths::{alerts, starter, way};
use crate::finding::{Alert, Hop, Severity};
use crate::origin::{Mutable, Who};
use crate::reach::{Asset, Carrier, Checkout, Exec, gates};

/// Trees of outsiders whose code runs. The cause is the `ref` that brings them.
///
/// A run that is read from the pull request itself has nothing but its machine, and that is told where the machine is chosen. Trees that only writers
/// can bring are no stranger's.
pub fn executed(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for run in &context.reach.runs {
        for exec in run.execs.iter().chain(&run.elsewhere).filter(|e| e.tree && e.ungated >= Who::Peer && !outruns(e)) {
            let cause = (exec.cause, exec.cause_text.clone());
            let mut found = way(context, run, exec.who, cause, exec.hops.clone(), &exec.assets, &exec.gates);
            if run.state.head || gates::author(exec.ungated, &exec.gates) < Who::Peer {
                continue;
            }
            found.doubts.extend(exec.doubts.iter().cloned());
            if let Some(event) = &exec.event {
                found.origin = starter(event, exec.who);
            }
            ways.push(found);
        }
    }
    alerts(context, "poisoned-pipeline-execution", ways)
}

/// Trees that somebody let in and that can change until they are checked out: between the look and the use an outsider pushes. The cause is the `ref`.
pub fn outrun(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for run in &context.reach.runs {
        for exec in run.execs.iter().chain(&run.elsewhere).filter(|e| e.tree && outruns(e) && !run.state.head) {
            let mut hops = exec.hops.clone();
            if let Some(gate) = exec.gates.iter().find(|g| g.start.is_some_and(|w| w < Who::Peer)) {
                let text = format!("somebody lets it start here ({}): until the checkout its author can push other commits", gate.family);
                hops.insert(1.min(hops.len()), Hop { at: gate.at, text });
            }
            let cause = (exec.cause, exec.cause_text.clone());
            let mut found = way(context, run, Who::Peer, cause, hops, &exec.assets, &exec.gates);
            if found.asset.is_empty() {
                continue;
            }
            found.doubts.extend(exec.doubts.iter().cloned());
            // It takes a maintainer's act and a push at the right moment.
            found.path.severity = found.path.severity.min(Severity::Medium);
            ways.push(found);
        }
    }
    alerts(context, "approved-commit-can-change", ways)
}

/// Artifacts of a run that outsiders start, published as they are. The cause is what publishes.
pub fn published(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for run in context.reach.runs.iter().filter(|r| !r.state.head) {
        for flow in run.outflows.iter().filter(|f| f.publish.asset != "comment" && f.publish.asset != "deployment") {
            if gates::author(Who::Anyone, &flow.gates) < Who::Peer {
                continue;
            }
            let name = flow.publish.name.clone().unwrap_or_else(|| flow.publish.asset.clone());
            let how = "is what it is published as".to_owned();
            let (kind, at) = (flow.publish.asset.clone(), flow.publish.at);
            let asset = Asset { kind, name, how, carrier: Carrier::Environment, at, assumed: false, onward: Vec::new() };
            let cause = (at, context.sources.file(at.file).text_at(at.range));
            let mut found = way(context, run, flow.who, cause, flow.hops.clone(), &[asset], &flow.gates);
            found.origin = starter(&flow.event, flow.who);
            found.doubts.extend(flow.doubts.iter().cloned());
            ways.push(found);
        }
    }
    alerts(context, "untrusted-artifact-published", ways)
}

/// Whether code of an outsider runs that only insiders can start, by a name that can move meanwhile.
fn outruns(exec: &Exec) -> bool {
    exec.who < Who::Peer && exec.mutable == Mutable::Moving && gates::author(exec.ungated, &exec.gates) >= Who::Peer
}

/// Trees of outsiders in a job with privileges, of which nothing is executed that we know of.
pub fn checked_out(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for run in context.reach.runs.iter().filter(|r| r.state.privileged) {
        // A job that holds nothing has nothing to lose.
        let holds = |c: &&Checkout| !(c.assets.is_empty() && c.carried.is_empty());
        for checkout in run.checkouts.iter().filter(holds).filter(|c| gates::author(Who::Anyone, &c.gates) >= Who::Peer) {
            let cause = (checkout.cause, checkout.cause_text.clone());
            ways.push(way(context, run, checkout.who, cause, checkout.hops.clone(), &checkout.carried, &checkout.gates));
        }
    }
    alerts(context, "untrusted-checkout", ways)
}
