use proptest::prelude::*;

use super::*;
use crate::cond::Cond;

fn text(s: &str) -> Text {
    Text::verbatim(s.as_bytes(), 0)
}

fn show(e: &Expr) -> String {
    match &e.what {
        ExprWhat::Str(s) => format!("'{s}'"),
        ExprWhat::Num(n) => n.clone(),
        ExprWhat::Bool(v) => v.to_string(),
        ExprWhat::Null => "null".into(),
        ExprWhat::Context(c) => c.clone(),
        ExprWhat::Call(n, args) => format!("{n}({})", args.iter().map(show).collect::<Vec<_>>().join(", ")),
        ExprWhat::Not(i) => format!("!{}", show(i)),
        ExprWhat::Binary(op, l, r) => format!("({} {op} {})", show(l), show(r)),
        ExprWhat::Index(l, r) => format!("{}[{}]", show(l), show(r)),
        ExprWhat::Bad(t) => format!("bad<{t}>"),
    }
}

fn cond(b: &Builder, id: CondId) -> String {
    let side = |v: ValueId| match &b.facts.value(v).what {
        V::Expr(e) => show(e),
        V::Str(t) => format!("'{}'", t.as_str()),
        other => format!("{other:?}"),
    };
    let Cond { what, .. } = b.facts.cond(id);
    match what {
        CondWhat::And(c) => format!("({})", c.iter().map(|c| cond(b, *c)).collect::<Vec<_>>().join(" & ")),
        CondWhat::Or(c) => format!("({})", c.iter().map(|c| cond(b, *c)).collect::<Vec<_>>().join(" | ")),
        CondWhat::Not(c) => format!("!{}", cond(b, *c)),
        CondWhat::Atom(l, CmpOp::Truthy, _) => side(*l),
        CondWhat::Atom(l, op, r) => format!("{} {op:?} {}", side(*l), side(*r)),
        CondWhat::Const(v) => v.to_string(),
        CondWhat::Status(s) => format!("{s:?}"),
        CondWhat::Opaque => "opaque".into(),
    }
}

#[test]
fn expressions_are_read() {
    let table: &[(&str, &str)] = &[
        (" github.event.Issue.title ", "github.event.issue.title"),
        ("github['event'].commits[0].message", "github.event.commits.0.message"),
        ("github.event.commits.*.message", "github.event.commits.*.message"),
        ("github.event[format('is{0}', 'sue')].body", "github.event.issue.body"),
        ("secrets[matrix.x]", "secrets.[?]"),
        ("fromJSON(needs.a.outputs.m).x[1]", "fromjson(needs.a.outputs.m)['x'][1]"),
        ("(a || b).c", "(a || b)['c']"),
        ("!contains(a, 'it''s') && b != 1.0", "(!contains(a, 'it's') && (b != 1.0))"),
        ("a == (true)", "(a == true)"),
        ("newFunction(github.head_ref, 'x')", "?(github.head_ref)"),
        ("a = github['head_ref'] || inputs[x] 'y.z'", "?(a, github.head_ref, inputs.[?])"),
        ("'open", "bad<'open>"),
        ("", "bad<>"),
    ];
    for (source, want) in table {
        assert_eq!(show(&parse(&text(source))), *want, "{source}");
    }
    let source = "a && github.actor  == 'x'";
    let ExprWhat::Binary(_, _, r) = parse(&text(source)).what else { panic!() };
    assert_eq!(source.get(r.range.bounds()).unwrap(), "github.actor  == 'x'");
}

#[test]
fn fences_end_where_the_platform_ends_them() {
    let table: &[(&str, &[&str])] = &[
        ("echo ${{ a }} ${{b}}", &["${{ a }}", "${{b}}"]),
        ("${{ format('}}', x) }}!", &["${{ format('}}', x) }}"]),
        ("${{ 'a''}}' }}", &["${{ 'a''}}' }}"]),
        ("${{ it's }} and ${{ b }}", &["${{ it's }}", "${{ b }}"]),
        ("${{ never", &[]),
        ("$ {{ a }} ${ {b}}", &[]),
        ("${{ a ${{ b }}", &["${{ a ${{ b }}"]),
    ];
    for (source, want) in table {
        assert_eq!(fences(source).iter().map(|f| source.get(f.start..f.end).unwrap()).collect::<Vec<_>>(), *want);
    }
}

#[test]
fn conditions_are_lowered() {
    let table: &[(&str, &str)] = &[
        ("github.event_name == 'push' && !cancelled()", "(github.event_name Eq 'push' & !Cancelled)"),
        ("${{ a || b || c }}", "(a | b | c)"),
        ("${{ false }}", "false"),
        ("${{ false }} ", "true"),
        ("x ${{ false }}", "true"),
        ("${{ a }}${{ b }}", "opaque"),
        (
            "contains(github.event.comment.body, '/run') && startsWith(a, 'b') || endsWith(a, 'c')",
            "((github.event.comment.body Contains '/run' & a StartsWith 'b') | a EndsWith 'c')",
        ),
        ("fromJSON(inputs.x)", "fromjson(inputs.x)"),
        ("a < 2", "a Order Num(\"2\")"),
        ("always()", "Always"),
        ("''", "false"),
        ("nope(a)", "opaque"),
        ("false", "false"),
    ];
    for (source, want) in table {
        let mut b = Builder::default();
        let id = condition(&text(source), &mut b).unwrap();
        assert_eq!(cond(&b, id), *want, "{source}");
    }
    assert!(condition(&text(" \n"), &mut Builder::default()).is_none());
}

#[test]
fn long_chains_are_no_deep_trees() {
    for source in ["a||".repeat(100_000), "!".repeat(100_000), "(".repeat(100_000), "a[".repeat(100_000), "${{ '".repeat(50_000)] {
        let t = text(&source);
        fences(&source);
        lower(&parse(&t), &mut Builder::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_harms(source in "[a-z.()\\[\\]'!&|=<>*,0-9é ${}x+-]{0,40}") {
        let t = text(&source);
        let expr = parse(&t);
        let mut found = Vec::new();
        contexts(&expr, &mut found);
        for (_, range) in found {
            prop_assert!(t.whole().contains(range));
        }
        condition(&t, &mut Builder::default());
        for fence in fences(&source) {
            prop_assert!(source.get(fence.start..fence.end).unwrap().starts_with("${{"));
        }
    }
}
