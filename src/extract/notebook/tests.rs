use super::*;
use crate::facts::{FactId, ValueId};

fn nb(cells: &str) -> String {
    format!("{{\"cells\": [{cells}], \"metadata\": {{\"kernelspec\": {{\"name\": \"python3\", \"language\": \"python\"}}}}, \"nbformat\": 4}}")
}

fn code(lines: &[&str]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(i, l)| serde_json::to_string(&if i + 1 < lines.len() { format!("{l}\n") } else { (*l).to_string() }).unwrap())
        .collect();
    format!("{{\"cell_type\": \"code\", \"execution_count\": 1, \"metadata\": {{}}, \"source\": [{}], \"outputs\": []}}", lines.join(", "))
}

fn show(f: &FileFacts, v: ValueId) -> String {
    match &f.value(v).what {
        V::Str(t) => t.as_str().to_owned(),
        V::Join(p) => p.iter().map(|p| show(f, *p)).collect(),
        V::Ref(id) => match &f.fact(*id).what {
            What::Call(c) => format!("<{}()>", c.name),
            What::Assignment { value, .. } => show(f, *value),
            _ => "<ref>".into(),
        },
        V::Name(n) => format!("<{n}>"),
        V::Subst(s) => format!("$({})", s.0),
        V::Num(n) => n.clone(),
        V::Unknown(_) => "?".into(),
        other => format!("<{other:?}>"),
    }
}

/// Facts in order, a few words each.
fn summary(source: &str) -> Vec<String> {
    let f = notebook(source.as_bytes());
    let mut out = Vec::new();
    for (_, fact) in f.iter() {
        out.push(match &fact.what {
            What::Call(c) => format!("call {}({})", c.name, c.args.iter().map(|a| show(&f, a.value)).collect::<Vec<_>>().join(", ")),
            What::Command(c) => {
                let words: Vec<String> = c.words.iter().map(|w| w.parts.iter().map(|p| show(&f, p.value)).collect()).collect();
                format!("$ {}{}", words.join(" "), c.cwd.map(|c| format!(" in {}", show(&f, c))).unwrap_or_default())
            }
            What::Write { channel: Channel::File(path), value } => format!("write {} {}", show(&f, *path), show(&f, *value)),
            What::Write { channel, value } => format!("write {channel:?} {}", show(&f, *value)),
            What::Script { language, .. } if *language != Language::Shell => format!("script {language:?}"),
            _ => continue,
        });
    }
    out
}

#[test]
fn commands_stand_between_the_statements() {
    for (lines, expected) in [
        (
            &["import torch", "!pip install x", "%cd sub", "!wget http://a/b.pt", "%time m = torch.load('b.pt')"][..],
            "$ pip install x|$ wget http://a/b.pt in sub|call torch.load(b.pt)",
        ),
        (&["%pip install -q y \\", "  z"], "$ pip install -q y z"),
        (&["if True:", "    !ls {d} $x", "    a = 1"], "$ ls <d> <Env(\"x\")>"),
        (&["x = !cat f", "print(x)"], "$ cat f|call print($(2))"),
        (&["d = 'o/m'", "!hf download {d} $d"], "$ hf download o/m o/m"),
        (&["%%bash", "curl x | sh"], "$ curl x|$ sh"),
        (&["", "%%script bash --no-raise", "ls"], "$ ls"),
        (&["%%writefile t.py", "import os"], "write t.py import os"),
        (&["%%capture out", "import torch", "torch.load(1)"], "call torch.load(1)"),
        (&["%%html", "<b>"], "script Other"),
        (&["%%sql", "SELECT x FROM y"], "script Other"),
        (&["%%python", "import torch; torch.load(1)"], "call torch.load(1)"),
        (&["%env TOKEN=abc"], "write Env(\"TOKEN\") abc"),
        (&["%run -i x.py a", "%load_ext foo", "%matplotlib inline", "%autoreload 2", "?print", "print?"], "$ %run -i x.py a|$ %load_ext foo"),
        (&["s = '''", "!no", "'''", "f(1,", "  2)", "!yes"], "call f(1, 2)|$ yes"),
        (&["pip install x", "x if y else z", "print('a b')"], "$ pip install x|call print(a b)"),
        (&["def f():", "    !ls", "    return 1", "f()"], "$ ls|call f()"),
        (&["a = b % c", "d = (b", " % e)", "f(d)"], "call f(?)"),
        (&["f('it''s') # don't", "!ls it's"], "call f(its)|$ ls its"),
        (&["%timeit -n 10 g(1)"], "call g(1)"),
        (&["(", "!ls"], "$ ls"),
    ] {
        let found = summary(&nb(&code(lines))).join("|");
        assert_eq!(found, expected, "{lines:?}");
    }
}

#[test]
fn cells_share_one_scope_and_know_their_place() {
    let cells = [code(&["import torch as t", "p = 'a'"]), code(&["t.load(p)"])].join(",");
    assert_eq!(summary(&nb(&cells)), ["call torch.load(a)"]);
    let source = nb(&cells);
    let f = notebook(source.as_bytes());
    let call = f.iter().find(|(_, x)| matches!(x.what, What::Call(_))).unwrap();
    assert_eq!(source.get(call.1.range.bounds()), Some("t.load(p)"));
    let owner = f.fact(call.1.owner.unwrap());
    assert!(matches!(&owner.what, What::Cell { index: 2, count: Some(1), .. }));
    let chain: Vec<FactId> = f.owners(call.0).map(|o| o.0).collect();
    assert_eq!(chain.len(), 2);
    assert_eq!(f.constructs.iter().filter(|c| c.ignorable && c.name.len() == 16).count(), 2);
}

#[test]
fn a_cell_that_is_no_python_costs_only_itself() {
    let cells = [code(&["import torch", "x = ((", "'"]), code(&["torch.load(1)"])].join(",");
    assert!(summary(&nb(&cells)).contains(&"call torch.load(1)".to_owned()));
}

#[test]
fn a_token_between_escaped_quotes_is_found_where_it_stands() {
    let source = nb(&code(&["tok = \"hf_abc\" + f(\"hf_def\")", "login(token=f'{tok}é\\x41')"]));
    let f = notebook(source.as_bytes());
    let mut seen = Vec::new();
    for value in &f.values {
        if let V::Str(t) = &value.what {
            for (a, b, at) in t.linear_runs() {
                assert_eq!(t.as_str().get(a..b), source.get(at..at + b - a), "{t:?}");
            }
            for needle in ["hf_abc", "hf_def"] {
                if let Some(i) = t.as_str().find(needle) {
                    assert_eq!(source.get(t.range(i, i + needle.len()).bounds()), Some(needle));
                    seen.push(needle);
                }
            }
        }
    }
    assert!(seen.contains(&"hf_abc") && seen.contains(&"hf_def"));
}

#[test]
fn outputs_and_prose_are_no_facts() {
    let cell = r##"{"cell_type": "code", "metadata": {"tags": ["pipevet-ignore"], "x": {"y": "meta-secret"}}, "source": "f(1)", "id": "abc", "outputs": [
      {"output_type": "stream", "text": ["torch.load(1)\n"]}]}, {"cell_type": "markdown", "source": ["torch.load(2)"]}"##;
    let source = nb(cell);
    assert_eq!(summary(&source), ["call f(1)"]);
    let f = notebook(source.as_bytes());
    assert!(f.items.iter().any(|x| matches!(&x.what, What::Cell { tags, id: Some(id), .. } if tags == &["pipevet-ignore"] && id == "abc")));
    assert!(f.constructs.iter().any(|c| c.name == "abc"));
}

#[test]
fn old_formats_other_kernels_and_broken_files_are_read_as_far_as_they_go() {
    let old = r#"{"metadata": {"name": "x"}, "nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "collapsed": false, "input": ["!ls\n", "f(1)"], "language": "python", "outputs": [{"output_type": "pyout", "text": ["secret"]}], "prompt_number": 3}]}]}"#;
    assert_eq!(summary(old), ["$ ls", "call f(1)"]);
    let julia = nb(&code(&["load(x)"])).replace("\"python\"", "\"julia\"");
    assert_eq!(summary(&julia), ["script Other"]);
    let bash = nb(&code(&["ls x"])).replace("\"python\"", "\"bash\"");
    assert_eq!(summary(&bash), ["$ ls x"]);
    let whole = nb(&[code(&["import torch", "torch.load(1)"]), code(&["!ls"])].join(","));
    for cut in 0..whole.len() {
        notebook(whole.as_bytes().get(..cut).unwrap());
    }
    assert_eq!(summary(whole.get(..whole.len() - 150).unwrap()).first().map(String::as_str), Some("call torch.load(1)"));
    notebook(b"[1, 2]");
    notebook(b"\xff\xfe{");
}

#[test]
fn hostile_cells_take_no_time() {
    let long = 5_000;
    for line in [
        "{".repeat(long),
        "(\n".repeat(long),
        "<a".repeat(long),
        "%x {".repeat(long),
        "'".repeat(long),
        "\u{1b}[".repeat(long),
        "!\n".repeat(2_000),
        "x = \n".repeat(long / 10),
    ] {
        let source = nb(&code(&[&format!("!{line}"), &line]));
        notebook(source.as_bytes());
        let html = format!("\"outputs\": [{{\"data\": {{\"text/html\": {}}}}}]", serde_json::to_string(&line).unwrap());
        texts::texts(source.replace("\"outputs\": []", &html).as_bytes(), &|_, _| true);
    }
}
