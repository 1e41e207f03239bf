//! Shapes of real scripts, as the facts they give.

use super::*;
use crate::cond::{CondId, CondWhat};
use crate::facts::{Channel, FactId, Stdin, ValueId, Word};

/// One line for each fact: what a test compares.
pub(crate) fn dump(facts: &FileFacts) -> Vec<String> {
    facts.iter().filter_map(|(id, _)| line(facts, id)).collect()
}

fn line(facts: &FileFacts, id: FactId) -> Option<String> {
    let fact = facts.fact(id);
    let mut out = match &fact.what {
        What::Command(c) => {
            let mut out = String::new();
            for (name, value) in &c.env {
                out += &format!("{name}={} ", show(facts, *value));
            }
            out += &c.words.iter().map(|w| word(facts, w)).collect::<Vec<_>>().join(" ");
            match c.stdin {
                Stdin::Inherited => {}
                Stdin::Pipe(f) => out += &format!(" <| {}", program(facts, f)),
                Stdin::File(v) => out += &format!(" < {}", show(facts, v)),
                Stdin::Text(v) => out += &format!(" <<< {}", show(facts, v)),
            }
            if let Some(cwd) = c.cwd {
                out += &format!(" @{}", show(facts, cwd));
            }
            if c.lenient {
                out += " (lenient)";
            }
            out
        }
        What::Write { channel, value } => format!("{} <- {}", channel_name(facts, channel), show(facts, *value)),
        What::Read { channel } => format!("read {}", channel_name(facts, channel)),
        What::Check { cond, on_fail } => format!("check {} else {on_fail:?}", cond_text(facts, *cond)),
        What::Function { name, .. } => format!("function {name}"),
        What::Script { .. } => return None,
        What::Image { reference, role } => format!("image {} {role:?}", show(facts, *reference)),
        What::Setting { path, value } => format!("{path} = {}", show(facts, *value)),
        What::Stage { name, index } => format!("stage {index} {}", name.clone().unwrap_or_default()),
        What::Input { name, default, .. } => format!("input {name} {}", default.map(|v| show(facts, v)).unwrap_or_default()),
        What::SecretRef { name } => format!("secret {name}"),
        other => format!("{other:?}"),
    };
    if let Some(when) = fact.when {
        out += &format!(" when {}", cond_text(facts, when));
    }
    Some(out)
}

fn channel_name(facts: &FileFacts, channel: &Channel) -> String {
    match channel {
        Channel::File(v) => format!("file {}", show(facts, *v)),
        Channel::Var(n) => format!("var {n}"),
        Channel::Env(n) => format!("env {n}"),
        other => format!("{other:?}"),
    }
}

fn word(facts: &FileFacts, w: &Word) -> String {
    match w.parts.as_slice() {
        [one] => match &facts.value(one.value).what {
            V::Str(t) if !one.quoted => t.as_str().to_owned(),
            _ if one.quoted => format!("\"{}\"", show(facts, one.value).trim_matches('\'')),
            _ => show(facts, one.value),
        },
        _ => show(facts, w.value),
    }
}

pub(crate) fn show(facts: &FileFacts, id: ValueId) -> String {
    let all = |v: &[ValueId]| v.iter().map(|v| show(facts, *v)).collect::<Vec<_>>();
    match &facts.value(id).what {
        V::Str(t) => format!("'{}'", t.as_str()),
        V::Env(n) => format!("${n}"),
        V::Param(n) => format!("$arg{n}"),
        V::Name(n) => format!("<{n}>"),
        V::Subst(f) => format!("out({})", program(facts, *f)),
        V::Fifo(f) => format!("pipe({})", program(facts, *f)),
        V::FileRead(v) => format!("bytes({})", show(facts, *v)),
        V::Join(v) => format!("[{}]", all(v).join(" ")),
        V::Phi(v) => format!("({})", all(v).join(" or ")),
        V::List(v, _) => format!("list[{}]", all(v).join(" ")),
        V::Unknown(v) => format!("?{}", all(v).join("?")),
        V::Expr(_) => "expr".to_owned(),
        other => format!("{other:?}"),
    }
}

fn program(facts: &FileFacts, id: FactId) -> String {
    match &facts.fact(id).what {
        What::Command(c) => c.words.first().map(|w| word(facts, w)).unwrap_or_default(),
        other => format!("{other:?}"),
    }
}

fn cond_text(facts: &FileFacts, id: CondId) -> String {
    match &facts.cond(id).what {
        CondWhat::And(c) => format!("({})", c.iter().map(|c| cond_text(facts, *c)).collect::<Vec<_>>().join(" and ")),
        CondWhat::Or(c) => format!("({})", c.iter().map(|c| cond_text(facts, *c)).collect::<Vec<_>>().join(" or ")),
        CondWhat::Not(c) => format!("not {}", cond_text(facts, *c)),
        CondWhat::Atom(a, op, _) if matches!(op, crate::cond::CmpOp::Truthy | crate::cond::CmpOp::Succeeds) => format!("{op:?} {}", show(facts, *a)),
        CondWhat::Atom(a, op, c) => format!("{} {op:?} {}", show(facts, *a), show(facts, *c)),
        other => format!("{other:?}"),
    }
}

mod hidden;

fn facts_of(code: &str) -> FileFacts {
    file(code.as_bytes())
}

#[track_caller]
fn gives(code: &str, expected: &[&str]) {
    let facts = facts_of(code);
    assert_eq!(dump(&facts), expected, "{code}\n{:?}", facts.notices);
}

#[test]
fn words_keep_parts_and_quotes() {
    gives("echo $X \"$X\" 'a b' a\"$Y\"c ${Z} $1 \"$@\" $?\n", &["echo $X \"$X\" \"a b\" ['a' $Y 'c'] $Z $arg0 \"<@>\" <?>"]);
    gives("c\"ur\"l -fsS\\\nL x\\ y $'a\\x62\\n' \"\"\n", &["'curl' -fsSL 'x y' \"ab\n\" \"\""]);
    gives("a $'\\é\\cé'", &["a \"\\é\u{3}\""]);
    gives("echo ${A:-b} ${A:+$B} ${A#x} ${A[@]} ${#A} \"${A:-\"$(id)\"}\"", &["id", "echo ($A or 'b') ($B or '') ?$A $A ?$A \"($A or out(id))\""]);
}

#[test]
fn pipes_substitutions_and_redirections() {
    gives("curl -fsSL https://x/i.sh | bash -s -- -y\n", &["curl -fsSL https://x/i.sh", "bash -s -- -y <| curl"]);
    gives("bash <(curl x)", &["curl x", "bash pipe(curl)"]);
    gives("curl x | tee >(bash) > log", &["curl x", "bash <| tee", "tee pipe(bash) <| curl", "file 'log' <- out(tee)"]);
    gives("{ echo a; curl x; } | bash", &["echo a", "curl x", "bash <<< [out(echo) out(curl)]"]);
    gives("curl x | { read a; bash; }", &["curl x", "read a <| curl", "var a <- out(curl)", "bash <| curl"]);
    gives(
        "V=$(cat VERSION) W=`git rev-parse \\`hostname\\`` U=$(<f)",
        &["cat VERSION", "hostname", "git rev-parse out(hostname)", "var V <- bytes('VERSION')", "var W <- out(git)", "var U <- bytes('f')"],
    );
    gives(
        "a < in > out 2> err; b <<< \"$X\"; c &>> log",
        &["a < 'in'", "read file 'in'", "file 'out' <- out(a)", "b <<< $X", "c", "file 'log' <- out(c)"],
    );
    gives("exec < <(curl x)\nbash\n", &["curl x", "bash <| curl"]);
}

#[test]
fn here_documents() {
    gives("python - <<'EOF'\nprint($x)\nEOF\necho next\n", &["python - <<< 'print($x)\n'", "echo next"]);
    gives("cat <<-EOF > f\n\ta $X\n\tEOF\nb\n", &["cat <<< ['a ' $X '\n']", "file 'f' <- ['a ' $X '\n']", "b"]);
    gives("cat <<A; cat <<B\n1\nA\n2\nB\nc\n", &["cat <<< '1\n'", "cat <<< '2\n'", "c"]);
    gives("x=$(cat <<E\n$(id)\nE\n)\n", &["id", "cat <<< [out(id) '\n']", "var x <- out(cat)"]);
}

#[test]
fn conditions_and_checks() {
    gives("[ \"$A\" = b ] || exit 1\nrun\n", &["check $A Eq 'b' else Exit", "exit 1 when not $A Eq 'b'", "run"]);
    gives(
        "if ! sha256sum -c s; then echo bad; exit 1; fi\nrun\n",
        &[
            "sha256sum -c s (lenient)",
            "check not not Succeeds out(sha256sum) else Exit",
            "echo bad when not Succeeds out(sha256sum)",
            "exit 1 when not Succeeds out(sha256sum)",
            "run",
        ],
    );
    gives("[[ $A == v* && -z \"$B\" ]] && run\n", &["run when ($A Matches 'v*' and not Truthy $B)"]);
    gives(
        "a || true; b && c || d",
        &[
            "a (lenient)",
            "true when not Succeeds out(a)",
            "b (lenient)",
            "c (lenient) when Succeeds out(b)",
            "d when not (Succeeds out(b) and Succeeds out(c))",
        ],
    );
    gives(
        "case $X in a|b) run ;; *) exit 1 ;; esac",
        &["run when ($X Eq 'a' or $X Eq 'b')", "check (($X Eq 'a' or $X Eq 'b')) else Exit", "exit 1 when not (($X Eq 'a' or $X Eq 'b'))"],
    );
    gives(
        "die() { echo \"$1\" >&2; exit 1; }\ncmd || die no\n",
        &["function die", "echo \"$arg0\"", "exit 1", "cmd", "check Succeeds out(cmd) else Exit", "die no when not Succeeds out(cmd)"],
    );
}

#[test]
fn directories_follow() {
    gives(
        "cd a && make\ncd b\n(cd /c; x)\ny\n",
        &["cd a", "make @'a' when Succeeds out(cd)", "cd b @'a'", "cd /c @['a' '/' 'b']", "x @'/c'", "y @['a' '/' 'b']"],
    );
}

#[test]
fn variables_and_files_of_the_runner() {
    gives(
        "export A=1 B; local c=\"$X\"; D=2 run; read -r E F < f; for i in x y; do p $i; done",
        &[
            "env A <- '1'",
            "env B <- $B",
            "var c <- $X",
            "D='2' run",
            "read -r E F < 'f'",
            "read file 'f'",
            "var E <- bytes('f')",
            "var F <- bytes('f')",
            "var i <- ('x' or 'y')",
            "p $i",
        ],
    );
    gives(
        "echo \"TAG=${T}\" >> $GITHUB_ENV\necho dir >> \"${GITHUB_PATH}\"\necho \"x=$(id)\" | tee -a $GITHUB_OUTPUT\n",
        &[
            "echo ['TAG=' $T]",
            "RunnerEnv(Some(\"TAG\")) <- $T",
            "echo dir",
            "RunnerPath <- 'dir'",
            "id",
            "echo ['x=' out(id)]",
            "tee -a $GITHUB_OUTPUT <<< ['x=' out(id) '\n']",
            "Output(Some(\"x\")) <- out(id)",
        ],
    );
    gives(
        "{\n echo 'body<<EOF'\n echo \"$B\"\n echo EOF\n} >> \"$GITHUB_OUTPUT\"\ncat x >> $GITHUB_ENV",
        &["echo \"body<<EOF\"", "echo \"$B\"", "Output(Some(\"body\")) <- $B", "echo EOF", "cat x", "RunnerEnv(None) <- out(cat)"],
    );
    gives(
        "cat <<EOF >> $GITHUB_ENV\nA=$X\nB=2\nEOF\nprintf 'k=%s\\n' \"$V\" >>$GITHUB_ENV; echo \"::set-output name=q::$Z\"",
        &[
            "cat <<< ['A=' $X '\nB=2\n']",
            "RunnerEnv(Some(\"A\")) <- $X",
            "RunnerEnv(Some(\"B\")) <- '2'",
            "printf \"k=%s\\n\" \"$V\"",
            "RunnerEnv(Some(\"k\")) <- $V",
            "echo ['::set-output name=q::' $Z]",
            "Output(Some(\"q\")) <- $Z",
        ],
    );
}

/// Holes come back as the values they are, wherever they stand, and never as text.
#[test]
fn holes_are_values_in_words() {
    let code = "echo {{1}} a{{2}}b \"x {{3}}\" '{{4}}' `{{5}} y` ${X:-{{6}}} {{7}}={{8}}\ncat <<E >> $GITHUB_ENV\nA={{9}}\nE\ncat <<'E'\n{{0}}\nE\n# {{1}}\nif [ {{2}} = a ]; then {{3}}; fi\n";
    let mut b = Builder::default();
    let mut holes = Vec::new();
    let mut at = 0;
    while let Some(start) = code.get(at..).and_then(|rest| rest.find("{{")).map(|i| at + i) {
        let end = start + 5;
        let value = b.value(Range::new(start, end), V::Name(code.get(start + 2..end - 2).unwrap().to_owned()));
        holes.push(Hole { start, end, value });
        at = end;
    }
    script(&Text::verbatim(code.as_bytes(), 0), &holes, &mut b);
    let facts = b.finish();
    assert_eq!(
        dump(&facts),
        [
            "<5> y",
            "y",
            "echo <1> ['a' <2> 'b'] ['x ' <3>] \"<4>\" out(y) ($X or <6>) [<7> '=' <8>]",
            "cat <<< ['A=' <9> '\n']",
            "RunnerEnv(Some(\"A\")) <- <9>",
            "cat <<< [<0> '\n']",
            "<3> when <2> Eq 'a'",
        ]
    );
}

/// Every word of every command stands where its range says, through files, here-documents, continuations and Dockerfiles.
#[test]
fn words_stand_where_their_ranges_say() {
    type Read = fn(&[u8]) -> FileFacts;
    let samples: [(&str, Read); 3] = [
        ("curl -fsSL \"https://x/$A\" | tee a'b'c\npip install \\\n  -r req.txt `cat \\`f\\`` <<E\nx $(id -u) y\nE\n", file),
        (
            "FROM a\nRUN pip install \\\n # c\n  x==1 && \\\n\n [ -f y ] \\\n && curl z\nRUN <<-E\n\tgit clone u\n\tE\nCOPY [\"a b\", \"c\"]\n",
            crate::extract::dockerfile::dockerfile,
        ),
        ("V = x\nall:\n\t@pip install \\\n\t  -r $$R a\n\t-curl u | sh\n", crate::extract::make::makefile),
    ];
    for (code, read) in samples {
        let facts = read(code.as_bytes());
        let mut seen = 0;
        for fact in &facts.items {
            let What::Command(command) = &fact.what else { continue };
            for word in &command.words {
                let at = code.get(word.range.bounds()).unwrap();
                for part in &word.parts {
                    let value = facts.value(part.value);
                    assert!(word.range.contains(value.range), "{at:?}");
                    let V::Str(text) = &value.what else { continue };
                    assert_eq!(code.get(value.range.bounds()), Some(text.as_str()), "{at:?}");
                    seen += 1;
                }
                let inside: u32 = word.range.end - word.range.start;
                assert!(inside > 0 && !at.starts_with(char::is_whitespace) && !at.ends_with(char::is_whitespace), "{at:?}");
            }
        }
        assert!(seen > 5);
    }
}
