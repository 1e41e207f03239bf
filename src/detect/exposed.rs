//! Machines that outlive a job and credentials beside code that its publisher can change.

use crate::detect::Context;
use crate::detect::paths::{alerts, way};
use crate::finding::{Alert, Hop, Severity};
use crate::origin::Who;
use crate::reach::{Asset, Carrier, Exec, walk};

/// A pull request runs on a machine that is not thrown away. The cause is `runs-on`.
///
/// Such a run takes the workflow itself from the contributor, so no condition in it holds them back.
pub fn self_hosted_runner(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for run in context.reach.runs.iter().filter(|r| r.state.who >= Who::Peer) {
        let Some((label, at)) = &run.own_runner else { continue };
        if !run.state.head || label.split(", ").any(|l| context.config.trust.runner(l)) {
            continue;
        }
        let taken = "the workflow is read from the pull request: its author can take conditions out";
        let hops = vec![Hop { at: run.state.trigger, text: walk::starts(&run.state) }, Hop { at: *at, text: taken.to_owned() }];
        let (kind, how) = ("self-hosted-host".to_owned(), "outlives the job".to_owned());
        let asset = Asset { kind, name: label.clone(), how, carrier: Carrier::Machine, at: *at, assumed: false, onward: Vec::new() };
        let mut found = way(context, run, run.state.who, (*at, label.clone()), hops, &[asset], &[]);
        found.assumes.push("runs of outside contributors start without approval".to_owned());
        if !label.contains("self-hosted") {
            found.doubts.push("this label or group may name machines that are thrown away after each job".to_owned());
        }
        ways.push(found);
    }
    alerts(context, "self-hosted-runner-exposed", ways)
}

/// Accounts of the platform itself.
const PLATFORM: [&str; 2] = ["actions/", "github/"];

/// Code that an outside publisher can change runs beside a credential that publishes. The cause is the reference that moves.
pub fn publish_credential(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    // Whoever calls a template, its own secrets are the same: one event stands for all.
    for run in context.reach.runs.iter().filter(|r| !r.state.external || r.state.event == "pull_request_target") {
        for exec in run.execs.iter().filter(|e| !e.tree && !is_trusted(context, e)) {
            // What the project's own account publishes is no outsider's, and the platform runs the job anyway: a branch of its actions is a matter of pins.
            if context.sources.is_own(run.job.file, &exec.subject) || PLATFORM.iter().any(|p| exec.subject.starts_with(p)) {
                continue;
            }
            let stated: Vec<Asset> = exec.assets.iter().filter(|a| !a.assumed && a.kind != "comment").cloned().collect();
            let cause = (exec.cause, exec.cause_text.clone());
            let mut found = way(context, run, exec.who, cause, exec.hops.clone(), &stated, &exec.gates);
            if found.asset.is_empty() || found.path.severity < Severity::High {
                continue;
            }
            let moved = if exec.subject.is_empty() { &exec.cause_text } else { &exec.subject };
            found.origin = format!("whoever can change `{moved}`");
            found.doubts.extend(exec.doubts.iter().cloned());
            ways.push(found);
        }
    }
    alerts(context, "publish-credential-exposed", ways)
}

/// Whether policy trusts who publishes what runs.
fn is_trusted(context: &Context, exec: &Exec) -> bool {
    let trust = &context.config.trust;
    let name = exec.cause_text.split('@').next().unwrap_or_default();
    exec.who == Who::Publisher && (trust.covers(&exec.subject) || trust.covers(&exec.cause_text) || trust.action(name) || trust.image(name))
}
