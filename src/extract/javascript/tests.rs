use super::*;
use crate::cond::CmpOp;
use crate::extract::expressions;
use crate::facts::{FileFacts, OnFail};
use crate::tests::show;

fn facts(source: &str) -> FileFacts {
    let text = Text::verbatim(source.as_bytes(), 0);
    let mut b = Builder::default();
    let (_, holes) = expressions::split(&text, &mut b);
    snippet(&text, &holes, &mut b);
    b.finish()
}

/// What a source does to the world, one a line: the condition of each behind it.
fn told(source: &str) -> Vec<String> {
    let f = facts(source);
    let wanted = |w: &What| matches!(w, What::Write { .. } | What::Check { .. });
    f.iter()
        .filter(|(_, fact)| wanted(&fact.what))
        .filter_map(|(id, fact)| {
            let when = fact.when.filter(|_| !matches!(fact.what, What::Check { .. })).map(|w| format!(" if {}", show::cond(&f, w)));
            Some(show::fact(&f, id)? + &when.unwrap_or_default())
        })
        .collect()
}

fn calls(source: &str) -> Vec<String> {
    let f = facts(source);
    f.iter().filter_map(|(id, _)| show::call(&f, id)).collect()
}

#[test]
fn values_of_the_run_are_contexts() {
    for (value, expected) in [
        ("context.payload.pull_request.title", "github.event.pull_request.title"),
        ("context.payload.pull_request?.head?.sha", "github.event.pull_request.head.sha"),
        ("context.payload['comment']['body']", "github.event.comment.body"),
        ("context.payload.commits[0].message", "github.event.commits.*.message"),
        ("context.actor + '/' + context.runId", "github.actor+'/'+github.run_id"),
        ("context.eventName", "github.event_name"),
        ("context.repo.owner", "github.repository_owner"),
        ("context.issue.number", "{github.event.issue.number|github.event.pull_request.number}"),
        ("(context.payload.issue || context.payload.pull_request).title", "{github.event.issue.title|github.event.pull_request.title}"),
        ("require('@actions/github').context.payload.comment.body", "github.event.comment.body"),
        ("process.env.TITLE", "$TITLE"),
        ("process.env['TITLE']", "$TITLE"),
        ("`run ${process.env.A} of ${context.sha}`", "'run '+$A+' of '+github.sha"),
        ("'${{ github.event.comment.body }}'", "github.event.comment.body"),
        ("`a ${{ inputs.x }} b`", "'a '+inputs.x+' b'"),
        ("${{ github.event.issue.number }}", "github.event.issue.number"),
        ("core.getInput('Ref')", "inputs.ref"),
        ("'a\\n\\x41\\u{42}'", "'a\nAB'"),
        ("[1, ...['a', true]]", "[1,'a',true]"),
        ("({a: 1, b: {c: 'd'}}).b.c", "'d'"),
        ("context.payload.comment.body.trim()", "github.event.comment.body"),
        ("context.payload.comment.body.split(' ')[1]", "?(github.event.comment.body,?(' '))[1]"),
        ("context.payload.comment.body.match(/^run (\\w+)$/)[1]", "?()[1]"),
        ("context.payload.comment.body.match(/^run (.*)$/)[1]", "?(github.event.comment.body)[1]"),
        ("context.payload.comment.body.replace(/[^a-z0-9]/g, '')", "?(?())"),
        ("context.payload.comment.body.length", "?()"),
        ("parseInt(context.payload.comment.body)", "?()"),
        ("JSON.stringify(context.payload.issue)", "github.event.issue"),
        ("context.payload.pull_request.labels.map(l => l.name)", "[github.event.pull_request.labels.*.name,*]"),
        ("fs.readFileSync('a.txt', 'utf8')", "read('a.txt')"),
    ] {
        assert_eq!(told(&format!("core.setOutput('x', {value})")), [format!("output x = {expected}")], "{value}");
    }
}

#[test]
fn names_hold_what_reaches_them() {
    for (source, expected) in [
        ("const {payload} = context; const {title: t} = payload.issue; out(t)", "github.event.issue.title"),
        ("const {A, B: b = 'c'} = process.env; out(A + b)", "$A+{$B|'c'}"),
        ("let x = 'a'; x += context.ref; out(x)", "'a'+github.ref"),
        ("let x = 'a'; if (y) { x = 'b' } out(x)", "{'b'|'a'}"),
        ("let x = 'a'; if (y) { x = 'b'; } else { x = 'b2'; throw 1 } out(x)", "'b'"),
        ("let x; for (const c of context.payload.commits) { x = c.message } out(x)", "{None|github.event.commits.*.message}"),
        ("const f = (a, b = 2) => a + b; out(f('z'))", "'z'+2"),
        ("out(f('z')); function f(a) { return `<${a}>` }", "'<'+'z'+'>'"),
        ("async function f() { return context.payload.issue.title } out(await f())", "github.event.issue.title"),
        ("function f(a) { if (a) return 'x'; return 'y' } out(f(b))", "{'x'|'y'}"),
        ("function f(a) { return f(a) } out(f('b'))", "?('b')"),
        ("const o = {}; o.t = context.payload.issue.title; out(o.t)", "github.event.issue.title"),
        ("const l = []; l.push(context.ref); out(l[0])", "github.ref"),
        ("const r = await github.rest.pulls.get({owner}); out(r.data.head.sha)", "js:github.rest.pulls.get().data.head.sha"),
        ("const {data: pr} = await github.pulls.get({}); out(pr.title)", "js:github.rest.pulls.get().data.title"),
        ("const l = await github.paginate(github.rest.issues.listComments, {}); out(l[0].body)", "js:github.rest.issues.listComments()[0].body"),
        ("try { x = 'a' } catch (e) { x = 'b' } out(x)", "{'a'|'b'}"),
        ("let x = a ? 'b' : 'c'; out(x)", "{'b'|'c'}"),
        ("switch (k) { case 'a': x = 'b'; break; default: x = 'c' } out(x)", "{'c'|'b'}"),
    ] {
        let source = source.replace("out(", "core.setOutput('x', ");
        let found = told(&source).into_iter().find(|t| t.starts_with("output x")).unwrap_or_default();
        assert_eq!(found.split(" if ").next().unwrap(), format!("output x = {expected}"), "{source}");
    }
}

#[test]
fn calls_have_qualified_names() {
    for (source, expected) in [
        ("const {exec} = require('child_process'); exec('ls')", "js:require('child_process')|js:child_process.exec('ls')"),
        (
            "const cp = require('node:child_process'); cp.execSync(`ls ${x}`)",
            "js:require('node:child_process')|js:child_process.execSync('ls '+js:x)",
        ),
        ("import { execSync as run } from 'node:child_process'\nrun('ls')", "js:import('node:child_process')|js:child_process.execSync('ls')"),
        ("await exec.exec('npm', ['ci'])", "js:exec.exec('npm', ['ci'])"),
        ("const exec = require('@actions/exec'); exec.exec('npm ci')", "js:require('@actions/exec')|js:exec.exec('npm ci')"),
        (
            "const run = util.promisify(require('child_process').exec); run('a')",
            "js:require('child_process')|js:util.promisify(js:child_process.exec)|js:child_process.exec('a')",
        ),
        ("await require('./x.js')({github})", "js:require('./x.js')|js:?({'github':js:github}, github=js:github)"),
        ("const m = await import('./x.mjs')", "js:import('./x.mjs')"),
        ("new Function(code)()", "js:Function(js:code)|js:?()"),
        ("eval(code)", "js:eval(js:code)"),
        ("octokit.rest.issues.get({issue_number: 1})", "js:github.rest.issues.get({'issue_number':1}, issue_number=1)"),
        ("const gh = github.getOctokit(t); gh.rest.pulls.get()", "js:github.getOctokit(js:t)|js:github.rest.pulls.get()"),
        ("if (a) { f(b) }", "js:f(js:b) if js:a"),
        ("if (a) return; f(b)", "js:f(js:b) if !js:a"),
        ("for (const x of list) { if (!x) continue; f(x) } g(1)", "js:f(js:list[?()]) if (Opaque and js:list[?()])|js:g(1)"),
        ("function unused(p) { f(p) }", "js:f(?()) if Opaque"),
        ("core.group('x', async () => { f(1) })", "js:core.group('x', ?())|js:f(1)"),
        ("class A { m() { f(1) } }", "js:f(1) if Opaque"),
        ("x = {a(b) { f(b) }, c: () => g(2)}; x.c()", "js:g(2)|js:f(?()) if Opaque"),
    ] {
        assert_eq!(calls(source).join("|"), expected, "{source}");
    }
}

#[test]
fn checks_say_what_must_hold() {
    for (source, expected) in [
        ("core.setFailed('x')", "check Const(false) Exit"),
        ("if (!ok) { core.setFailed('x'); return }", "check js:ok Exit"),
        ("if (!ok) throw new Error('x')", "check js:ok Exit"),
        ("if (!ok) { console.error('no'); process.exit(1) }", "check js:ok Exit"),
        ("if (!ok) process.exit(0)", ""),
        ("if (!ok) core.warning('x')", ""),
        ("if (['a', 'b'].includes(context.actor) === false) throw 1", "check ['a','b'] Contains github.actor Exit"),
        ("if (['a'].indexOf(context.actor) === -1) throw 1", "check ['a'] Contains github.actor Exit"),
        ("if (!new Set(['a']).has(context.actor)) throw 1", "check ['a'] Contains github.actor Exit"),
        ("if (!['a'].some(u => u === context.actor)) throw 1", "check ['a'] Contains github.actor Exit"),
        ("const ok = context.actor === 'a' || x; if (!ok) throw 1", "check (github.actor Eq 'a' or js:x) Exit"),
        ("try { if (!ok) throw 1 } catch (e) { core.setFailed(e.message) }", "check js:ok Exit|check !Opaque Exit"),
        ("try { if (!ok) throw 1 } catch (e) { console.log(e) }", "check js:ok Log"),
        ("main().catch(e => core.setFailed(e.message)); async function main() { if (!ok) throw 1 }", "check js:ok Exit|check !Opaque Exit"),
        ("main().catch(() => {}); async function main() { if (!ok) throw 1 }", "check js:ok Log"),
        ("for (const x of l) { if (x.ok) return }\ncore.setFailed('none')", "check !Opaque Exit"),
        ("if (a) { if (b) return }\ncore.setFailed('none')", "check !Opaque Exit"),
        ("try { f(); return } catch {}\ncore.setFailed('none')", "check !Opaque Exit"),
        ("l.forEach(x => { if (!x) core.setFailed('x') })", "check !(Opaque and !?()) Exit"),
        ("await core.group('x', async () => { if (!ok) throw 1 })", "check js:ok Exit"),
        ("const f = () => ['a'].includes(context.actor); if (!f()) throw 1", "check ['a'] Contains github.actor Exit"),
    ] {
        assert_eq!(told(source).join("|"), expected, "{source}");
    }
}

#[test]
fn requests_that_fail_end_the_step() {
    let f = facts(
        "try { await github.rest.orgs.checkMembershipForUser({}); ok = true } catch { ok = false }\nawait github.rest.a.b(); core.setOutput('ok', ok)",
    );
    let checks: Vec<(CmpOp, OnFail)> = f
        .items
        .iter()
        .filter_map(|f_| match &f_.what {
            What::Check { cond, on_fail } => match f.cond(*cond).what {
                CondWhat::Atom(_, op, _) => Some((op, *on_fail)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(checks, [(CmpOp::Succeeds, OnFail::Exit)], "what is caught and goes on is none");
}

#[test]
fn channels_of_the_runner_are_writes() {
    for (source, expected) in [
        ("core.exportVariable('A', context.actor)", "env A = github.actor"),
        ("core.addPath('b')", "path 'b'"),
        ("fs.appendFileSync(process.env.GITHUB_OUTPUT, `t=${context.payload.issue.title}\\n`)", "output t = github.event.issue.title"),
        ("require('fs').appendFileSync(process.env.GITHUB_ENV, 'A=b\\n')", "env A = 'b'"),
        ("fs.appendFileSync(process.env.GITHUB_ENV, `A=${a}\\nB=${b}`)", "env ? = 'A='+js:a+'\nB='+js:b"),
        ("fs.promises.writeFile('x.sh', context.payload.comment.body)", "write 'x.sh' = github.event.comment.body"),
        ("return context.payload.comment.body", "output result = github.event.comment.body"),
        ("if (a) { return 1 }\nreturn 2", "output result = 1 if js:a|output result = 2 if !js:a"),
        ("const ok = a === 'b'; core.setOutput('ok', ok)", "output ok = {true|false}"),
    ] {
        assert_eq!(told(source).join("|"), expected, "{source}");
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let f = facts("core.setOutput('a', context.ref)\nconst = ;;; (\ncore.setOutput('b', context.sha)");
    assert!(!f.notices.is_empty());
    assert_eq!(told("core.setOutput('a', context.ref)\nlet = = 3\n").first().unwrap(), "output a = github.ref");
    let deep = format!("f({}1{})", "[".repeat(5_000), "]".repeat(5_000));
    assert!(facts(&deep).notices.iter().any(|n| n.kind == NoticeKind::Limit));
}

#[test]
fn long_texts_end_soon() {
    let many = 20_000;
    for source in [
        "if (a) return;\n".repeat(many),
        "x += context.ref;\n".repeat(many),
        "x ||= f(x);\n".repeat(many),
        format!("f({})", vec!["a"; many].join(" + ")),
        format!("f({})", vec!["a"; many].join(" && ")),
        format!("function f() {{ {} }}\n", "g(1);".repeat(many)) + &"f();\n".repeat(1_000),
        format!("x{}", ".then(y => y)".repeat(many)),
        "if (a) { x = 1 } else ".repeat(many) + "{}",
        "l.push(1);\n".repeat(many),
        "const f = () => { f(); f(); g(f) };\n".repeat(many / 20),
        (0..many / 10).map(|n| format!("if (a) {{ v{n} = {n} }}\n")).collect(),
        "'${{ x }}' + y;\n".repeat(many),
        "`${".repeat(many),
        "try { throw 1 } catch { f(1) }\n".repeat(many),
    ] {
        let began = std::time::Instant::now();
        let f = facts(&source);
        assert!(began.elapsed().as_secs() < 20, "{:.60}", source);
        assert!(f.items.len() < 60 * many, "{:.60}: {} facts", source, f.items.len());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::default() })]

    #[test]
    fn no_text_harms(words in proptest::collection::vec(proptest::sample::select(vec![
        "if (", ")", "{", "}", "const x = ", "x", "=>", "await ", "github.rest.a.b(", "core.setOutput('a', ", "`", "${", "'", "\"", "${{ a.b }}", "é", "/", "[", "]", ";", "\n", "return ",
        "throw ", "try {", "} catch (e) {", "switch (x) { case 1:", "for (const y of x) ", "function f(a, {b, ...c}) ", ".map(", "...", "a.b", "?.", "=", "+= ", "||", "\\", "//", "/*", "class A {", "new ",
    ]), 0..40)) {
        let source: String = words.concat();
        let f = facts(&source);
        for range in f.items.iter().map(|f| f.range).chain(f.values.iter().map(|v| v.range)) {
            proptest::prop_assert!(range.start <= range.end && range.end as usize <= source.len(), "{range:?} in {source}");
        }
    }
}
