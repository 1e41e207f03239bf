//! INI files: every line of value is a setting; `setup.cfg`'s dependency keys are requirements and its console scripts are `project.scripts`.

use super::pep508;
use crate::extract::ignores;
use crate::facts::{Builder, FileFacts, RequirementFrom, V};
use crate::notice::NoticeKind;
use crate::syntax::ini::{self, Entry};

/// Reads `setup.cfg`, `pip.conf` and their like.
pub fn ini(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    ignores::hash_comments(bytes, &mut b.facts);
    for entry in ini::parse(bytes) {
        if b.facts.items.len() >= super::MOST {
            b.notice(entry.range(), NoticeKind::Limit, "too many settings, the rest is left out");
            break;
        }
        match (entry.section.as_str(), entry.key.as_str()) {
            ("options", "install_requires") => dependencies(&entry, None, &mut b),
            ("options", "setup_requires") => dependencies(&entry, Some("build-system"), &mut b),
            ("options", "tests_require") => dependencies(&entry, Some("test"), &mut b),
            ("options.extras_require", group) => dependencies(&entry, Some(group), &mut b),
            ("options.entry_points", "console_scripts" | "gui_scripts") => scripts(&entry, &mut b),
            _ => plain(&entry, &mut b),
        }
    }
    b.finish()
}

fn dependencies(entry: &Entry, group: Option<&str>, b: &mut Builder) {
    for line in &entry.lines {
        // One line may hold several, separated by `;` only when what follows is no marker; the common form is one per line.
        if super::add(line, RequirementFrom::Project, group, b).is_none() && pep508::parse(line.as_str()).is_none() {
            b.notice(line.whole(), NoticeKind::PartlyUnderstood, "not a requirement");
        }
    }
}

fn scripts(entry: &Entry, b: &mut Builder) {
    for line in &entry.lines {
        let Some((name, target)) = line.as_str().split_once('=') else { continue };
        let target = target.trim();
        let at = line.len() - line.as_str().trim_end().len();
        let value = line.slice(line.len() - at - target.len(), line.len() - at);
        super::setting(format!("project.scripts.{}", name.trim()), line.whole(), value.whole(), V::text(value), b);
    }
}

fn plain(entry: &Entry, b: &mut Builder) {
    let path = if entry.section.is_empty() { entry.key.clone() } else { format!("{}.{}", entry.section, entry.key) };
    match entry.lines.as_slice() {
        [] => {}
        [one] => {
            super::setting(path, entry.range(), one.whole(), V::text(one.clone()), b);
        }
        many => {
            for (i, line) in many.iter().enumerate() {
                super::setting(format!("{path}.{i}"), line.whole(), line.whole(), V::text(line.clone()), b);
            }
        }
    }
}
