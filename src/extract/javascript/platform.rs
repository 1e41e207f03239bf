//! The toolkit's protocol: outputs, variables and files that later steps read, inputs, what makes a step fail.

use super::{Walk, names};
use crate::facts::{Channel, Expr, ExprWhat, OnFail, V, ValueId, What};
use crate::source::Range;
use crate::syntax::javascript::Node;
use crate::text::Text;

impl<'t> Walk<'t, '_> {
    /// What a call of the toolkit or of the language means; none for any other.
    pub fn platform(&mut self, name: &str, args: &[ValueId], range: Range) -> Option<ValueId> {
        let literal = |w: &Self, n: usize| args.get(n).and_then(|a| w.b.facts.literal(*a));
        let write = |w: &mut Self, channel: Channel, value: Option<&ValueId>| {
            if let Some(value) = value {
                w.add(range, What::Write { channel, value: *value });
            }
        };
        match name {
            "js:core.setOutput" => {
                let channel = Channel::Output(literal(self, 0));
                write(self, channel, args.get(1));
            }
            "js:core.exportVariable" => {
                let channel = Channel::RunnerEnv(literal(self, 0));
                write(self, channel, args.get(1));
            }
            "js:core.addPath" => write(self, Channel::RunnerPath, args.first()),
            "js:core.setFailed" => self.refuse(range, OnFail::Exit),
            "js:process.exit" => {
                // Without a status, or with one that is computed, it may be success.
                if literal(self, 0).is_some_and(|status| status != "0") {
                    self.refuse(range, OnFail::Exit);
                }
            }
            "js:core.getInput" | "js:core.getMultilineInput" => return Some(self.input(literal(self, 0)?, range)),
            "js:fs.writeFileSync" | "js:fs.writeFile" | "js:fs.appendFileSync" | "js:fs.appendFile" => self.file(args, range),
            "js:fs.promises.writeFile" | "js:fs.promises.appendFile" => self.file(args, range),
            "js:fs.readFileSync" | "js:fs.readFile" | "js:fs.promises.readFile" => {
                let path = *args.first()?;
                return Some(self.value(range, V::FileRead(path)));
            }
            "js:String" | "js:JSON.stringify" | "js:JSON.parse" | "js:Array.from" | "js:Object.values" => return args.first().copied(),
            "js:parseInt" | "js:parseFloat" | "js:Number" | "js:Boolean" | "js:isNaN" => return Some(self.unknown(range, Vec::new())),
            "js:encodeURIComponent" | "js:encodeURI" | "js:Object.entries" | "js:Object.keys" | "js:Object.assign" | "js:Buffer.from" => {
                return Some(self.unknown(range, args.to_vec()));
            }
            "js:Promise.all" | "js:Promise.allSettled" | "js:Promise.resolve" | "js:Promise.race" => return args.first().copied(),
            "js:path.join" | "js:path.resolve" | "js:path.posix.join" => {
                let mut parts = Vec::new();
                for arg in args {
                    if !parts.is_empty() {
                        parts.push(self.b.text(Text::synthetic("/", range)));
                    }
                    parts.push(*arg);
                }
                return Some(self.joined(range, parts));
            }
            _ => return None,
        }
        Some(self.value(range, V::None))
    }

    /// An input: what the step itself is given, else what the action around it is.
    fn input(&mut self, name: String, range: Range) -> ValueId {
        let owner = self.b.owner();
        let around = owner.into_iter().flat_map(|o| std::iter::once(self.b.facts.fact(o)).chain(self.b.facts.owners(o).map(|f| f.1)));
        let given = around.filter_map(|f| if let What::Uses { with, .. } = &f.what { Some(with) } else { None }).next();
        match given.and_then(|with| with.iter().find(|(n, _)| n.eq_ignore_ascii_case(&name))) {
            Some((_, value)) => *value,
            None => {
                let context = ExprWhat::Context(format!("inputs.{}", name.to_ascii_lowercase()));
                self.value(range, V::Expr(Box::new(Expr { range, what: context })))
            }
        }
    }

    /// A file is written: the runner's own are channels.
    fn file(&mut self, args: &[ValueId], range: Range) {
        let (Some(path), Some(value)) = (args.first().copied(), args.get(1).copied()) else { return };
        let variable = match self.what(path) {
            V::Env(name) => name.clone(),
            _ => String::new(),
        };
        let (name, rest) = self.line(value, range);
        let (channel, value) = match variable.as_str() {
            "GITHUB_OUTPUT" => (Channel::Output(name), rest),
            "GITHUB_ENV" => (Channel::RunnerEnv(name), rest),
            "GITHUB_PATH" => (Channel::RunnerPath, value),
            _ => (Channel::File(path), value),
        };
        self.add(range, What::Write { channel, value });
    }

    /// `NAME=value` as its two parts. Of several lines the names are not told apart.
    fn line(&mut self, value: ValueId, range: Range) -> (Option<String>, ValueId) {
        let parts = match self.what(value) {
            V::Join(parts) => parts.clone(),
            _ => vec![value],
        };
        let Some((first, others)) = parts.split_first() else { return (None, value) };
        let V::Str(text) = self.what(*first).clone() else { return (None, value) };
        let Some((name, after)) = text.as_str().split_once('=').filter(|(n, _)| n.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)))
        else {
            return (None, value);
        };
        let several = |t: &str| t.trim_end().contains('\n');
        let more = others
            .iter()
            .any(|o| matches!(self.what(*o), V::Str(t) if several(t.as_str().trim_start_matches('\n')) || t.as_str().trim().contains('=')));
        if several(after) || more {
            return (None, value);
        }
        let rest: Text = text.slice(name.len() + 1, text.len());
        let name = name.to_owned();
        let mut all = Vec::new();
        if !rest.as_str().trim_end_matches('\n').is_empty() {
            let end = rest.as_str().trim_end_matches('\n').len();
            all.push(self.b.text(rest.slice(0, end)));
        }
        let blank = |w: &Self, v: ValueId| matches!(w.what(v), V::Str(t) if t.as_str().trim().is_empty());
        all.extend(others.iter().copied().filter(|v| !blank(self, *v)));
        let value = match all.as_slice() {
            [one] => *one,
            _ => self.value(range, V::Join(all)),
        };
        (Some(name), value)
    }

    /// A member of something named is set: a status that makes the process fail.
    pub fn set_member(&mut self, name: &str, value: ValueId, range: Range) {
        if name == "js:process.exitCode" && self.b.facts.literal(value).is_some_and(|status| status != "0") {
            self.refuse(range, OnFail::Exit);
        }
        if let Some(variable) = name.strip_prefix("js:process.env.") {
            self.add(range, What::Write { channel: Channel::Var(variable.to_owned()), value });
        }
    }

    /// `import x from "m"`.
    pub fn import(&mut self, node: Node<'t>) {
        let Some(source) = node.field("source") else { return };
        let range = self.range(node);
        let path = self.expr(source);
        let Some(module) = self.b.facts.literal(path) else { return };
        let callee = self.name(range, names::global("import"));
        self.emit(names::global("import"), callee, None, &[path], range);
        let whole = if names::is_path(&module) { self.unknown(range, Vec::new()) } else { self.name(range, names::module(&module)) };
        for clause in node.named().into_iter().filter(|n| n.kind() == "import_clause") {
            for part in clause.named() {
                match part.kind() {
                    "identifier" => self.declare(part.text(), whole),
                    "namespace_import" => part.named().into_iter().for_each(|n| self.declare(n.text(), whole)),
                    _ => {
                        for specifier in part.named() {
                            let Some(name) = specifier.field("name") else { continue };
                            let value = self.member(whole, name.text(), range);
                            self.declare(specifier.field("alias").unwrap_or(name).text(), value);
                        }
                    }
                }
            }
        }
    }
}
