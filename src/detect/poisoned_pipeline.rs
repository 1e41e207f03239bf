//! Code of a pull request runs in a job that holds something: the execution, not the checkout, makes it. Also the checkout that nothing executes.

use crate::detect::Context;
use crate::detect::paths::{alerts, way};
use crate::finding::Alert;
use crate::origin::Who;
use crate::reach::gates;

/// Trees of outsiders whose code runs. The cause is the `ref` that brings them.
///
/// A run that is read from the pull request itself has nothing but its machine, and that is told where the machine is chosen. Trees that only writers
/// can bring are no stranger's.
pub fn executed(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for run in &context.reach.runs {
        for exec in run.execs.iter().filter(|e| e.tree && e.ungated >= Who::Peer) {
            let cause = (exec.cause, exec.cause_text.clone());
            let mut found = way(context, run, exec.who, cause, exec.hops.clone(), &exec.assets, &exec.gates);
            if found.asset.is_empty() || run.state.head || gates::author(exec.ungated, &exec.gates) < Who::Peer {
                continue;
            }
            found.doubts.extend(exec.doubts.iter().cloned());
            ways.push(found);
        }
    }
    alerts(context, "poisoned-pipeline-execution", ways)
}

/// Trees of outsiders in a job with privileges, of which nothing is executed that we know of.
pub fn checked_out(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for run in context.reach.runs.iter().filter(|r| r.state.privileged) {
        for checkout in run.checkouts.iter().filter(|c| gates::author(Who::Anyone, &c.gates) >= Who::Peer) {
            let cause = (checkout.cause, checkout.cause_text.clone());
            ways.push(way(context, run, checkout.who, cause, checkout.hops.clone(), &[], &checkout.gates));
        }
    }
    alerts(context, "untrusted-checkout", ways)
}
