//! Steps of jobs and of composite actions: the one place where `run`, `uses`, `env`, `if` and `shell` are read. Knows no action by name.

use super::scripts::{self, Constants};
use super::{entries, environment_writes, key, owned};
use crate::extract::expressions::{self, Mentions};
use crate::extract::shell;
use crate::facts::{Builder, ImageRole, Language, ValueId, What};
use crate::notice::NoticeKind;
use crate::syntax::expr;
use crate::syntax::yaml::{Node, NodeKind};

/// What applies to steps that do not say otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    /// `defaults.run.shell`, with the language it means.
    pub shell: Option<(ValueId, Language)>,
    /// `defaults.run.working-directory`.
    pub directory: Option<ValueId>,
    /// Whether the runner's own shell is PowerShell.
    pub windows: bool,
    /// Literal texts that expressions can stand for here.
    pub constants: Constants,
}

impl Defaults {
    /// These defaults with what a `defaults:` says laid over them.
    pub fn overlaid(&self, node: Option<&Node>, b: &mut Builder) -> Defaults {
        let Some(run) = node.and_then(|n| n.get("run")) else { return self.clone() };
        let mut unused = Mentions::new();
        let shell = run.get("shell").filter(|n| n.text().is_some()).map(|n| (expressions::value(n, &mut unused, b), language(n)));
        let directory = run.get("working-directory").filter(|n| !n.is_null()).map(|n| expressions::value(n, &mut unused, b));
        Defaults { shell: shell.or(self.shell), directory: directory.or(self.directory), ..self.clone() }
    }
    /// These defaults on a runner: a label that begins with `windows` brings another shell.
    pub fn on(self, runs_on: Option<&Node>) -> Defaults {
        let labels =
            runs_on.map(|n| if n.entries().is_empty() { super::strings(n) } else { n.get("labels").map(super::strings).unwrap_or_default() });
        let windows = labels.unwrap_or_default().iter().any(|l| l.get(..7).is_some_and(|p| p.eq_ignore_ascii_case("windows")));
        Defaults { windows, ..self }
    }
}

impl Defaults {
    /// With the literal texts of an `env:` and a `strategy:`.
    pub fn knowing(mut self, env: Option<&Node>, strategy: Option<&Node>) -> Defaults {
        env.into_iter().for_each(|n| scripts::environment(n, &mut self.constants));
        strategy.and_then(|n| n.get("matrix")).into_iter().for_each(|n| scripts::matrix(n, &mut self.constants));
        self
    }
}

/// Runs `body` under an `if:`, or plainly when there is none.
pub(crate) fn conditional(node: Option<&Node>, b: &mut Builder, body: impl FnOnce(&mut Builder)) {
    let Some(node) = node.filter(|n| !n.is_null() || n.tag.is_some()) else { return body(b) };
    let cond = match node.text() {
        Some(text) => expr::condition(text, b),
        None => {
            b.notice(node.place(), NoticeKind::PartlyUnderstood, "an `if` that is no text");
            Some(b.cond(node.place(), crate::cond::CondWhat::Opaque))
        }
    };
    match cond {
        Some(cond) => b.under(cond, body),
        None => body(b),
    }
}

/// Notes the secrets an `if:` names.
pub(crate) fn condition_secrets(node: Option<&Node>, mentions: &mut Mentions) {
    let Some(text) = node.and_then(Node::text) else { return };
    let fences = expr::fences(text.as_str());
    if fences.is_empty() {
        expressions::secrets(&expr::parse(text), mentions);
    }
    for fence in fences {
        expressions::secrets(&expr::parse(&fence.inner(text)), mentions);
    }
}

/// Whether `continue-on-error` may hold: anything but a plain false.
pub(crate) fn lenient(node: Option<&Node>) -> bool {
    node.is_some_and(|n| !n.is_null() && n.as_bool() != Some(false))
}

/// The steps of a job or a composite action.
pub(crate) fn steps(node: &Node, defaults: &Defaults, b: &mut Builder) {
    if !matches!(node.kind, NodeKind::Seq(_)) && !node.is_null() {
        b.notice(node.place(), NoticeKind::PartlyUnderstood, "`steps` is no list");
    }
    for item in node.items() {
        match &item.kind {
            NodeKind::Map(_) => step(item, defaults, b),
            // A list put into the list by an alias.
            NodeKind::Seq(_) => steps(item, defaults, b),
            NodeKind::Scalar(_) => b.notice(item.place(), NoticeKind::PartlyUnderstood, "a step that is no mapping"),
        }
    }
}

fn step(node: &Node, defaults: &Defaults, b: &mut Builder) {
    b.construct(node.range, name(node), true, |b| {
        conditional(node.get("if"), b, |b| {
            let mut mentions = Mentions::new();
            condition_secrets(node.get("if"), &mut mentions);
            let mut part = |key: &str, b: &mut Builder| node.get(key).filter(|n| !n.is_null()).map(|n| expressions::value(n, &mut mentions, b));
            let name = part("name", b);
            let shell = part("shell", b);
            let directory = part("working-directory", b);
            let language = match (node.get("shell").filter(|n| n.text().is_some()), defaults.shell) {
                (Some(own), _) => language(own),
                (None, Some((_, language))) => language,
                (None, None) if defaults.windows => Language::PowerShell,
                (None, None) => Language::Shell,
            };
            let what = What::Step {
                id: node.get("id").and_then(Node::as_str).map(str::to_owned),
                name,
                shell: shell.or(defaults.shell.map(|s| s.0)),
                working_directory: directory.or(defaults.directory),
                lenient: lenient(node.get("continue-on-error")),
            };
            let mut constants = defaults.constants.clone();
            node.get("env").into_iter().for_each(|n| scripts::environment(n, &mut constants));
            let step = b.add(node.range, what);
            b.within(step, |b| {
                expressions::mention(mentions, b);
                shell_command(node.get("shell"), b);
                for entry in node.entries() {
                    match entry.name() {
                        Some("env") => environment_writes(&entry.value, b),
                        Some("uses") => uses(&entry.value, &[("", node.get("with"))], b),
                        Some("run") => run(&entry.value, language, &constants, b),
                        _ => {}
                    }
                }
            });
        });
    });
}

/// `uses:` with its inputs; each group of inputs has a prefix for its names.
pub(crate) fn uses(node: &Node, inputs: &[(&str, Option<&Node>)], b: &mut Builder) {
    let Some(text) = node.text() else {
        return b.notice(node.place(), NoticeKind::PartlyUnderstood, "a `uses` that is no text");
    };
    let mut mentions = Mentions::new();
    let target = expressions::template(text, &mut mentions, b);
    let mut with = Vec::new();
    for (prefix, group) in inputs {
        let Some(group) = group.filter(|n| !n.is_null()) else { continue };
        if group.text().is_some() {
            // An expression in place of the mapping.
            with.push((format!("{prefix}*"), expressions::value(group, &mut mentions, b)));
            continue;
        }
        for entry in entries(group, "with", b) {
            with.push((format!("{prefix}{}", key(entry)), expressions::value(&entry.value, &mut mentions, b)));
        }
    }
    owned(node.range, What::Uses { target, with }, mentions, b);
    if let Some(at) = text.as_str().strip_prefix("docker://").map(|rest| text.len() - rest.len()) {
        let reference = b.text(text.slice(at, text.len()));
        b.add(node.range, What::Image { reference, role: ImageRole::Action });
    }
}

fn run(node: &Node, language: Language, constants: &Constants, b: &mut Builder) {
    let Some(text) = node.text() else {
        if !node.is_null() {
            b.notice(node.place(), NoticeKind::PartlyUnderstood, "a `run` that is no text");
        }
        return;
    };
    scripts::script(text, language, constants, b);
}

/// The language a `shell:` means. Unknown wrappers whose name says shell are taken for one, and so is an expression: a shell is the likeliest.
fn language(node: &Node) -> Language {
    let text = node.as_str().unwrap_or_default();
    let first = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    match shell::language(&first) {
        _ if text.is_empty() || text.contains("${{") => Language::Shell,
        Language::Other if text.split_whitespace().any(|w| w.ends_with("sh") || w.contains("shell")) => Language::Shell,
        language => language,
    }
}

/// What the shell of a `defaults:` runs by itself (see [`shell_command`]).
pub(crate) fn default_shell(node: Option<&Node>, b: &mut Builder) {
    shell_command(node.and_then(|n| n.get("run")).and_then(|n| n.get("shell")), b);
}

/// A `shell:` is a command line of its own. One that is more than a program, options and the script's place can do anything, so it is read as one.
fn shell_command(node: Option<&Node>, b: &mut Builder) {
    let Some(text) = node.and_then(Node::text) else { return };
    let plain = |w: &str| w == "{0}" || w.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'.'));
    // `-c` and its kin (`-lc`) take code.
    let code = |w: &str| w.starts_with('-') && !w.starts_with("--") && w.ends_with('c');
    if text.as_str().split_whitespace().skip(1).any(|w| !plain(w) || code(w)) {
        scripts::script(text, Language::Shell, &Constants::new(), b);
    }
}

/// The name of a step that survives edits: its id, else its name, else what it uses, else its first command.
fn name(node: &Node) -> String {
    let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|s| !s.trim().is_empty());
    let first = |run: &str| run.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or_default().to_owned();
    match text("id").or_else(|| text("name")).or_else(|| text("uses")) {
        Some(name) => name.to_owned(),
        None => text("run").map(first).unwrap_or_default(),
    }
}
