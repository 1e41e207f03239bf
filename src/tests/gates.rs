//! Conditions of a job that runs a stranger's tree, and who gets past them.

use std::collections::BTreeMap;

use super::harness::{knowledge, scan, sources};
use crate::finding::{Alert, Severity};

/// The level of the way through a job whose first step is a script, the tree of a stranger behind it under this condition.
fn level_behind(script: &str, condition: &str) -> Option<Severity> {
    let script: String = script.lines().map(|l| format!("            {l}\n")).collect();
    let workflow = format!(
        "on:\n  issue_comment:\n    types: [created]\npermissions: {{ contents: write }}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - id: who\n        \
         uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b\n        with:\n          script: |\n{script}      - uses: \
         actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n        if: {condition}\n        with:\n          \
         ref: refs/pull/${{{{ github.event.issue.number }}}}/head\n      - run: make\n        if: {condition}\n"
    );
    let tree = sources(&BTreeMap::from([(".github/workflows/a.yml".to_owned(), workflow)]));
    let (model, alerts) = scan(&tree, knowledge().0);
    assert!(model.facts.files.iter().all(|f| f.notices.is_empty()), "{script}");
    alerts.iter().filter_map(level_of).max()
}

/// The level of the way through a job under this condition; `None` when an outsider has no way.
fn level(condition: &str) -> Option<Severity> {
    let workflow = format!(
        "on:\n  pull_request_target:\n    types: [opened, labeled]\npermissions: {{ contents: write }}\njobs:\n  a:\n    if: {condition}\n    runs-on: ubuntu-latest\n    \
         steps:\n      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n        with:\n          \
         ref: ${{{{ github.event.pull_request.head.sha }}}}\n      - run: make\n"
    );
    let tree = sources(&BTreeMap::from([(".github/workflows/a.yml".to_owned(), workflow)]));
    let (_, alerts) = scan(&tree, knowledge().0);
    alerts.iter().filter_map(level_of).max()
}

/// The level of a way through; one that a maintainer lets in and that can change meanwhile has a finding of its own, and is held as well.
fn level_of(alert: &Alert) -> Option<Severity> {
    match alert.rule.as_str() {
        "poisoned-pipeline-execution" => Some(alert.severity),
        "approved-commit-can-change" => Some(Severity::Low),
        _ => None,
    }
}

#[test]
fn doors_beside_each_other_are_as_wide_as_the_widest() {
    let label = "github.event.label.name == 'run'";
    let own = "!github.event.pull_request.head.repo.fork";
    let member = "github.event.pull_request.author_association == 'MEMBER'";
    let draft = "github.event.pull_request.draft == false";
    let held = Some(Severity::Low);
    for (condition, want) in [
        (draft.to_owned(), Some(Severity::Critical)),
        (label.to_owned(), held),
        (format!("{label} && {draft}"), held),
        (format!("{label} || {draft}"), Some(Severity::Critical)),
        (format!("{label} || {own}"), held),
        (format!("({label}) || github.event_name == 'push' || ({own} && {draft})"), held),
        (format!("{label} || {own} || {draft}"), Some(Severity::Critical)),
    ] {
        assert_eq!(level(&format!("\"{condition}\"")), want, "{condition}");
    }
    // Nobody from outside is a member; with a label beside it, somebody may be let in.
    assert!(level(&format!("\"{member}\"")).is_none_or(|l| l <= Severity::Low));
    assert_eq!(level(&format!("\"{member} || {label}\"")), held);
}

const ASKED: &str = "const { data } = await github.rest.repos.getCollaboratorPermissionLevel({ ...context.repo, username: context.actor });\n";
const MEMBER: &str = "await github.rest.orgs.checkMembershipForUser({ org: 'acme', username: context.actor });\n";

#[test]
fn a_script_that_fails_for_outsiders_is_a_gate() {
    let held = [
        format!("{ASKED}if (!['admin', 'write'].includes(data.permission)) {{\n  core.setFailed('no write access');\n  return;\n}}"),
        format!("{ASKED}const allowed = data.permission === 'admin' || data.permission === 'write';\nif (!allowed) throw new Error('no');"),
        format!("{ASKED}const rank = {{ admin: 3, write: 2 }};\nif ((rank[data.permission] || 0) < 2) core.setFailed('no');"),
        format!("{ASKED}if (!data.user.permissions.push) {{\n  console.error('no');\n  process.exit(1);\n}}"),
        format!("try {{\n  {MEMBER}}} catch (error) {{\n  core.setFailed(`no member: ${{error.message}}`);\n}}"),
        format!(
            "try {{\n  {ASKED}  if (data.permission !== 'admin') throw new Error('no');\n}} catch (error) {{\n  core.setFailed(error.message);\n}}"
        ),
        MEMBER.to_owned(),
        format!("const answer = {MEMBER}if (answer.status !== 204) core.setFailed('no');"),
        "if (!new Set(['OWNER', 'MEMBER']).has(context.payload.comment.author_association)) core.setFailed('for members');".to_owned(),
        "const trusted = ['OWNER', 'MEMBER'];\nif (trusted.indexOf(context.payload.comment.author_association) === -1) throw 1;".to_owned(),
        "const users = ['ann', 'bob'];\nif (!users.some(u => u === context.actor)) { core.setFailed('no'); }".to_owned(),
        format!(
            "async function isMaintainer() {{\n  try {{\n    {ASKED}    return ['admin', 'maintain'].includes(data.permission);\n  }} catch (error) {{\n    return false;\n  }}\n}}\n\
             if (!(await isMaintainer())) {{\n  return core.setFailed('for maintainers');\n}}"
        ),
        format!(
            "async function levelOf() {{\n  {ASKED}  return {{ level: data.permission }};\n}}\nconst who = await levelOf();\n\
             if (who.level !== 'admin') throw new Error('no');"
        ),
        format!("{ASKED}const check = (level) => {{ if (level !== 'admin') throw new Error('no'); }};\ncheck(data.permission);"),
        format!("{ASKED}switch (data.permission) {{\n  case 'admin':\n  case 'write':\n    break;\n  default:\n    core.setFailed('no');\n}}"),
    ];
    for script in held {
        assert_eq!(level_behind(&script, "success()"), Some(Severity::Low), "{script}");
    }
}

#[test]
fn a_script_that_only_says_so_is_none() {
    let open = [
        format!("{ASKED}if (!['admin', 'write'].includes(data.permission)) {{\n  core.warning('no write access');\n  return;\n}}"),
        format!("{ASKED}try {{\n  if (data.permission !== 'admin') throw new Error('no');\n}} catch (error) {{\n  console.log(error.message);\n}}"),
        format!("{ASKED}core.info(data.permission);\nif (!context.payload.issue.pull_request) core.setFailed('no pull request');"),
        format!("let member = true;\ntry {{\n  {MEMBER}}} catch (error) {{\n  member = false;\n}}\nif (!member) core.info('an outsider');"),
        format!("{ASKED}if (data.permission === 'admin') core.setFailed('not for admins');"),
        format!("{ASKED}if (data.permission === 'none') core.setFailed('no');"),
        "if (context.payload.comment.author_association === 'NONE') core.info('throw an error, setFailed');".to_owned(),
        "// core.setFailed after getCollaboratorPermissionLevel\nif (!context.payload.comment.body.includes('/run')) throw new Error('no');"
            .to_owned(),
    ];
    for script in open {
        assert_eq!(level_behind(&script, "success()"), Some(Severity::Critical), "{script}");
    }
}

#[test]
fn an_output_of_a_script_carries_its_gate() {
    let allowed = "steps.who.outputs.ok == 'true'";
    let (held, open) = (Some(Severity::Low), Some(Severity::Critical));
    for (script, condition, want) in [
        (format!("{ASKED}core.setOutput('ok', ['admin', 'write'].includes(data.permission));"), allowed, held),
        (format!("{ASKED}core.setOutput('ok', data.permission === 'admin' ? 'true' : 'false');"), allowed, held),
        (format!("{ASKED}if (data.permission === 'admin') core.setOutput('ok', 'true');"), allowed, held),
        (format!("{ASKED}if (data.permission !== 'admin') return;\ncore.setOutput('ok', 'true');"), allowed, held),
        (
            format!("{ASKED}let ok = false;\nif (data.permission === 'admin') {{ ok = true; }}\ncore.setOutput('ok', ok);"),
            "steps.who.outputs.ok != 'false'",
            held,
        ),
        (format!("{ASKED}core.setOutput('ok', data.permission);"), "contains(fromJSON('[\"admin\", \"write\"]'), steps.who.outputs.ok)", held),
        (format!("{ASKED}core.setOutput('ok', data.permission);"), "steps.who.outputs.ok == 'admin' || steps.who.outputs.ok == 'write'", held),
        (format!("{ASKED}return data.permission === 'admin';"), "steps.who.outputs.result == 'true'", held),
        (
            format!("let ok = 'no';\ntry {{\n  {MEMBER}  ok = 'yes';\n}} catch (error) {{}}\ncore.setOutput('ok', ok);"),
            "steps.who.outputs.ok == 'yes'",
            held,
        ),
        (format!("try {{\n  {MEMBER}  core.setOutput('ok', 'true');\n}} catch (e) {{\n  core.setOutput('ok', 'false');\n}}"), allowed, held),
        ("core.setOutput('ok', ['OWNER'].includes(context.payload.comment.author_association));".to_owned(), allowed, held),
        (format!("{ASKED}core.info(data.permission);\ncore.setOutput('ok', 'true');"), allowed, open),
        (format!("{ASKED}core.setOutput('ok', ['admin', 'write'].includes(data.permission));"), "steps.who.outputs.ok != ''", open),
        (format!("{ASKED}core.setOutput('ok', data.permission !== 'none');"), allowed, open),
        (format!("{ASKED}core.setOutput('ok', data.permission);"), "steps.who.outputs.ok == 'read'", open),
        (format!("let ok = 'yes';\ntry {{\n  {MEMBER}}} catch (error) {{}}\ncore.setOutput('ok', ok);"), "steps.who.outputs.ok == 'yes'", open),
        ("core.setOutput('ok', context.payload.comment.body.includes('/run'));".to_owned(), allowed, open),
        (format!("{ASKED}core.exportVariable('OK', data.permission === 'admin');"), "env.OK == 'true'", held),
        (format!("{ASKED}core.exportVariable('OK', data.permission !== 'none');"), "env.OK == 'true'", open),
        // The text `false` is true where it is asked for alone.
        (format!("{ASKED}core.setOutput('ok', data.permission === 'admin');"), "steps.who.outputs.ok", open),
    ] {
        assert_eq!(level_behind(&script, &format!("\"{}\"", condition.replace('"', "\\\""))), want, "{condition}: {script}");
    }
}

#[test]
fn a_needed_job_carries_the_gate_of_its_script() {
    let level = |value: &str, condition: &str| {
        let workflow = format!(
            "on:\n  issue_comment:\n    types: [created]\npermissions: {{ contents: write }}\njobs:\n  who:\n    runs-on: ubuntu-latest\n    outputs:\n      ok: ${{{{ steps.who.outputs.ok \
             }}}}\n    steps:\n      - id: who\n        uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b\n        with:\n          script: |\n            {ASKED}            \
             core.setOutput('ok', {value});\n  run:\n    needs: who\n    if: {condition}\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
             actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n        with:\n          ref: refs/pull/${{{{ github.event.issue.number }}}}/head\n      - run: make\n"
        );
        let tree = sources(&BTreeMap::from([(".github/workflows/a.yml".to_owned(), workflow)]));
        let (_, alerts) = scan(&tree, knowledge().0);
        alerts.iter().filter_map(level_of).max()
    };
    let admin = "data.permission === 'admin'";
    assert_eq!(level(admin, "needs.who.outputs.ok == 'true'"), Some(Severity::Low));
    assert_eq!(level("data.permission", "needs.who.outputs.ok == 'admin'"), Some(Severity::Low));
    assert_eq!(level("data.permission", "needs.who.outputs.ok == 'read'"), Some(Severity::Critical));
    assert_eq!(level(admin, "needs.who.outputs.ok == 'false'"), Some(Severity::Critical));
    assert_eq!(level("'true'", "needs.who.outputs.ok == 'true'"), Some(Severity::Critical));
}

/// The level of the way through the job that waits for this script's output.
fn level_after(script: &str, condition: &str) -> Option<Severity> {
    let script: String = script.lines().map(|l| format!("          {l}\n")).collect();
    let workflow = format!(
        "on:\n  issue_comment:\n    types: [created]\n  workflow_dispatch:\npermissions: {{ contents: write }}\njobs:\n  who:\n    runs-on: ubuntu-latest\n    outputs:\n      \
         ok: ${{{{ steps.who.outputs.ok }}}}\n    steps:\n      - id: who\n        env:\n          WHO: ${{{{ github.event.comment.author_association }}}}\n          \
         EVENT: ${{{{ github.event_name }}}}\n        run: |\n{script}  run:\n    needs: who\n    if: {condition}\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
         actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n        with:\n          ref: refs/pull/${{{{ github.event.issue.number }}}}/head\n      - run: make\n"
    );
    let tree = sources(&BTreeMap::from([(".github/workflows/a.yml".to_owned(), workflow)]));
    let (model, alerts) = scan(&tree, knowledge().0);
    assert!(model.facts.files.iter().all(|f| f.notices.is_empty()), "{script}");
    alerts.iter().filter_map(level_of).max()
}

const SAY: &str = "echo ok=true >> \"$GITHUB_OUTPUT\"";

#[test]
fn a_shell_that_ends_before_it_writes_is_a_gate() {
    let held = [
        format!("if [ \"$WHO\" != MEMBER ]; then\n  echo no\n  exit 0\nfi\n{SAY}"),
        format!("if ! [[ \"$WHO\" == OWNER || \"$WHO\" == MEMBER ]]; then exit 0; fi\n{SAY}"),
        format!("[ \"$WHO\" = MEMBER ] || exit 0\n{SAY}"),
        format!("[[ \"$WHO\" =~ ^(OWNER|MEMBER)$ ]] || exit 1\n{SAY}"),
        format!("[ \"${{{{ github.event.comment.author_association }}}}\" = MEMBER ] || {{ echo ok=false >> \"$GITHUB_OUTPUT\"; exit 0; }}\n{SAY}"),
        format!("case \"$WHO\" in\n  OWNER|MEMBER) ;;\n  *) exit 0 ;;\nesac\n{SAY}"),
        "skip() {\n  echo ok=false >> $GITHUB_OUTPUT\n  exit 0\n}\n[ \"$WHO\" = MEMBER ] || skip 'no member'\n{\n  echo ok=true\n  echo n=$N\n} >> $GITHUB_OUTPUT".to_owned(),
        format!("if [ \"$EVENT\" = workflow_dispatch ]; then\n  echo by hand\nelse\n  [ \"$WHO\" = MEMBER ] || exit 0\nfi\n{SAY}"),
        format!("if [ \"$WHO\" = MEMBER ]; then\n  {SAY}\nelse\n  echo ok=false >> $GITHUB_OUTPUT\nfi"),
        format!("decide() {{\n  [ \"$WHO\" = MEMBER ] || return\n  {SAY}\n}}\ndecide"),
    ];
    for script in held {
        assert_eq!(level_after(&script, "needs.who.outputs.ok == 'true'"), Some(Severity::Low), "{script}");
    }
    let silent = format!("[ \"$WHO\" = MEMBER ] || exit 0\n{SAY}");
    assert_eq!(level_after(&silent, "needs.who.outputs.ok != ''"), Some(Severity::Low));
    assert_eq!(level_after(&silent, "needs.who.outputs.ok"), Some(Severity::Low));
}

#[test]
fn a_shell_that_writes_all_the_same_is_none() {
    let asked = "needs.who.outputs.ok == 'true'";
    let told = format!("[ \"$WHO\" = MEMBER ] || {{ echo ok=false >> \"$GITHUB_OUTPUT\"; exit 0; }}\n{SAY}");
    for (script, condition) in [
        (format!("{SAY}\n[ \"$WHO\" = MEMBER ] || exit 0"), asked),
        (format!("[ \"$WHO\" = MEMBER ] || echo no\n{SAY}"), asked),
        (format!("([ \"$WHO\" = MEMBER ] || exit 0)\n{SAY}"), asked),
        (format!("[ \"$WHO\" != MEMBER ] || exit 0\n{SAY}"), asked),
        (format!("[ \"$WHO\" = NONE ] || exit 0\n{SAY}"), asked),
        (format!("if [ \"$EVENT\" = workflow_dispatch ]; then\n  [ \"$WHO\" = MEMBER ] || exit 0\nfi\n{SAY}"), asked),
        (format!("check() {{\n  [ \"$WHO\" = MEMBER ] || return\n  echo fine\n}}\ncheck\n{SAY}"), asked),
        (format!("if [ \"$WHO\" != MEMBER ]; then\n  {SAY}\n  exit 0\nfi\necho ok=false >> $GITHUB_OUTPUT"), asked),
        (format!("[ \"$WHO\" = MEMBER ] || exit 0\n{SAY}"), "needs.who.outputs.ok != 'true'"),
        (format!("./decide.sh >> $GITHUB_OUTPUT\n[ \"$WHO\" = MEMBER ] || exit 0\n{SAY}"), asked),
        (format!("[[ \"$WHO\" =~ ^(OWNER|NONE)$ ]] || exit 0\n{SAY}"), asked),
        (told.clone(), "needs.who.outputs.ok != ''"),
        (told, "needs.who.outputs.ok == 'false'"),
    ] {
        assert_eq!(level_after(&script, condition), Some(Severity::Critical), "{condition}: {script}");
    }
}
