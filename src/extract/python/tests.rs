use super::*;
use crate::facts::Target;
use crate::outline::{Wanted, WantedName, outline, select};
use crate::tests::show;

fn facts(source: &str) -> FileFacts {
    let o = outline(source.as_bytes());
    module(source.as_bytes(), &o, &o.all())
}

/// The calls of a source, one a line: name, arguments, condition.
fn calls(source: &str) -> Vec<String> {
    let f = facts(source);
    f.iter().filter_map(|(id, _)| show::call(&f, id)).collect()
}

#[test]
fn calls_are_named_through_imports_and_aliases() {
    for (source, expected) in [
        ("import torch as t\nt.load(x)", "torch.load(x)"),
        ("from torch import load as L\nL('a')", "torch.load('a')"),
        ("import torch.nn as nn\nnn.Linear(1)", "torch.nn.Linear(1)"),
        ("import os.path\nos.path.exists('a')", "os.path.exists('a')"),
        ("def f(p):\n    import torch\n    return torch.load(p)", "torch.load($0)"),
        ("def f(p):\n    return torch.load(p)\nimport torch", "torch.load($0)"),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None\ndef f(p):\n    torch.load(p)", "torch.load($0)"),
        ("from .mod import f\nf(1)", ".mod.f(1)"),
        ("from . import mod\nmod.f(1)", ".mod.f(1)"),
        ("from .. import *\nf(1)", "f(1)|..f(1)"),
        ("from torch import *\nload(1)", "load(1)|torch.load(1)"),
        ("import torch\nL = torch.load\nL(1)", "torch.load(1)"),
        ("import torch\nL = torch.load\ndef f(): L(1)", "torch.load(1)"),
        ("import torch\nM = torch\nL = M.load\ndef f(): L(1)", "torch.load(1)"),
        ("import torch\ndef f(x):\n    L = torch.load\n    def g(): return L(x)\n", "torch.load({$0})"),
        ("def f(x):\n    def g(): return torch.load(x)\n    import torch\n    return g", "torch.load({$0})"),
        ("try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle\npickle.loads(b)", "cPickle.loads(b)|pickle.loads(b)"),
        ("import torch\ngetattr(torch, 'load')(1)", "torch.load(1)"),
        ("import torch\ngetattr(torch, 'lo' 'ad')(1)", "torch.load(1)"),
        ("__import__('torch').load(1)", "__import__('torch')|torch.load(1)"),
        ("import sys\nsys.modules['torch'].load(1)", "torch.load(1)"),
        ("import torch\ntorch.__dict__['load'](1)", "torch.load(1)"),
        ("import torch\nvars(torch)['load'](1)", "torch.load(1)"),
        ("import torch\n(torch\n .load)(1)", "torch.load(1)"),
        ("import torch\ntorch.\\\nload(1)", "torch.load(1)"),
        ("# c\rimport torch\rtorch.load(1)", "torch.load(1)"),
        ("import torch\n\u{ff54}orch.\u{1d5c5}oad(1)", "torch.load(1)"),
        ("import torch\n(lambda: torch.load(1))()", "torch.load(1)|<lambda>()"),
        ("import torch\nx = [torch.load(p) for p in ps if p]", "torch.load(ps[?()]) if ps[?()]"),
        ("import torch\nf\"{torch.load(\"a\")}\"", "torch.load('a')"),
        ("import torch\nf'\\{torch.load(1)}'", "torch.load(1)"),
        ("import torch\nf'{x:{torch.load(1)}}'", "torch.load(1)"),
        ("import torch\nif (y := torch.load(1)): pass", "torch.load(1)"),
        ("import torch\nclass A:\n    x: int = torch.load(1)\n    def f(self, a=torch.load(2)): pass", "torch.load(1)|torch.load(2)"),
        ("import torch\n@torch.load(1)\ndef f(): pass", "torch.load(1)"),
        ("import torch\nwith torch.load(1) as x, open(x) as y: y.read()", "torch.load(1)|open(torch.load())|?.read()"),
        ("import torch\nmatch x:\n    case [a, *_] if torch.load(1): f(a)", "torch.load(1)|f(?(x)) if (Opaque and torch.load())"),
        ("import torch\nx = 1 if torch.load(1) else 2", "torch.load(1)"),
        ("import torch\nassert torch.load(1)\nraise torch.load(2) from torch.load(3)", "torch.load(1)|torch.load(2)|torch.load(3)"),
        ("import torch\ndel a[torch.load(1)]", "torch.load(1)"),
        ("import torch\nasync def f():\n    async for x in await torch.load(1): yield torch.load(2)", "torch.load(1)|torch.load(2)"),
        ("import torch\nx[torch.load(1)] = y", "torch.load(1)"),
        ("import torch\ndef f(x: torch.load(1) = 2) -> torch.load(3): pass", "torch.load(1)|torch.load(3)"),
        ("import torch\ndef f(): L(1)\nL = torch.load", "torch.load(1)"),
        ("import torch\na, L = 1, torch.load\ndef f(): L(1)", "torch.load(1)"),
        ("import torch\nL = M = torch.load if c else None\ndef f(): M(1)", "torch.load(1)"),
        ("T = __import__('torch')\ndef f(): T.load(1)", "__import__('torch')|torch.load(1)"),
        ("import torch\nA = 'load'\ndef f(): getattr(torch, A)(1)", "torch.load(1)"),
        ("import torch, json\nD = {'a': torch.load, 'b': json.load}\ndef f(k): D[k](1)\nD['b'](2)", "torch.load(1)|json.load(1)|json.load(2)"),
        ("import torch\n[torch][0].load(1)\nfor t in [torch]: t.load(2)", "torch.load(1)|torch.load(2)"),
        ("import torch\ntorch.load.__call__(1)", "torch.load(1)"),
        ("import torch\ndef f(t=torch): t.load(1)", "torch.load(1)"),
        (
            "import torch\nclass A:\n    l = torch.load\n    def f(self):\n        self.l(1)\n        self.m(2)\n    def __init__(self): self.m = torch.load",
            "torch.load(1)|torch.load(2)",
        ),
        (
            "import torch\nfrom functools import partial\nL = partial(torch.load, 'p', weights_only=False)\ndef f(): L(2, weights_only=x)",
            "functools.partial(torch.load, 'p', weights_only=false)|torch.load('p', 2, weights_only=x)",
        ),
        ("import torch\nlist(map(torch.load, ps))", "map(torch.load, ps)|torch.load(ps[?()])|list(map())"),
        ("import torch\nclass A:\n    l = staticmethod(torch.load)\nA.l(1)", "staticmethod(torch.load)|A.l(1)|torch.load(1)"),
        ("exec 'x'", "exec('x')"),
        ("x.a.b(1)", "?.a.b(1)"),
        ("def f(x): x.a.b(1)", "?.a.b(1)"),
        ("x = f()\ndef f(): x.a(1)", "f()|?.a(1)"),
        ("def f(g): g(1)", "?(1)"),
        ("class M:\n    def load(self): pass\nM.load(1)", "M.load(1)"),
        ("def f():\n    def g(): pass\n    g()", "f.<locals>.g()"),
        ("f(*a, b, c=1, **d)", "f(*a, b, c=1, **d)"),
        ("f(**{'a': 1})", "f(a=1)"),
    ] {
        assert_eq!(calls(source).join("|"), expected, "{source}");
    }
}

#[test]
fn names_hold_what_reaches_them() {
    for (source, expected) in [
        ("x = 1\nif c:\n    x = 2\nf(x)", "f({2|1})"),
        ("x = 1\nif c:\n    x = 2\nelse:\n    x = 3\nf(x)", "f({2|3})"),
        ("x = 1\nif c:\n    x = 2\n    raise E\nf(x)", "f(1)"),
        ("def f():\n    x = 1\n    while c:\n        g(x)\n        x = 2\n    h(x)", "g({1|2}) if c|h({2|1})"),
        ("def f():\n    for i in [1]:\n        x = i\n        g(x)", "g([1][?()])"),
        ("def f():\n    for i in r:\n        if c:\n            x = 1\n            continue\n        x = 2\n        break\n    g(x)", "g({2|1})"),
        (
            "def f():\n    try:\n        x = 1\n        g()\n        x = 2\n    except E as e:\n        h(x, e)\n    k(x)",
            "g()|h({1|2}, ?(E))|k({2|1})",
        ),
        ("def f(a, b=1, *c, d, **e): g(a, b, c, d, e)", "g($0, $1, $2, $3, $4)"),
        ("a, (b, c) = 1, (2, 3)\nf(a, b, c)", "f(1, 2, 3)"),
        ("a, b = g()\nf(b)", "g()|f(g()[1])"),
        ("x = 'a'\nx += 'b'\nf(x)", "f('a'+'b')"),
        ("f(f'a{b}c', 'a%sb' % c, 'a{}b{n}'.format(1, n=2), 'a' + b + 'c')", "?.format(1, n=2)|f('a'+b+'c', 'a'+c+'b', 'a'+1+'b'+2, 'a'+b+'c')"),
        (
            "import os\nfrom pathlib import Path\nf(os.path.join('a', b), Path(c) / 'x')",
            "os.path.join('a', b)|pathlib.Path(c)|f('a'+'/'+b, pathlib.Path()+'/'+'x')",
        ),
        ("f(a or b and c, 1 if d else 2, {'k': v, **w}, [1, *x], not y)", "f({a|{b|c}}, {1|2}, {'k':v,?(w):w,*}, [1,x[?()],*], ?(y))"),
        ("with open(p) as h:\n    f(h)", "open(p)|f(open())"),
        ("x = y = g()\nf(x, y)", "g()|f(g(), g())"),
        ("def f():\n    x = 1\n    def g(): h(x)\n    x = 2", "h({1|2})"),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    h(x)", "h({1|2})"),
        ("x = 1\ndef f(): g(x)", "g(x)"),
        ("x = 1\nclass A:\n    x = 2\n    def f(self): g(x)\n    g(x)", "g(x)|g(2)"),
        ("f({k: v for k, v in z})", "f({z[?()][0]:z[?()][1],*})"),
        ("x = b'a\\x41' 'c' r'\\d'\nf(x, -1, 0x1F)", "f('aAc\\d', -1, 0x1F)"),
        ("g = lambda a: h(a)", "h($0)"),
        ("f(getattr(x, 'a'), x['a'], x[1:2])", "f(x.a, x['a'], x[?(1,2)])"),
    ] {
        assert_eq!(calls(source).join("|"), expected, "{source}");
    }
}

#[test]
fn structure_is_kept() {
    let source = "'''doc'''\nfrom a import b\nif __name__ == '__main__':\n    main()\nelif x:\n    y()\n@app.post('/x')\ndef f(a: b, *, _k=1):\n    '''d'''\n    if not a:\n        raise E('no')\n    global G\n    G = a\n    return a\nclass C(Base, metaclass=M):\n    'tok'\n    'tok2'\n    def _m(self): pass\n";
    let f = facts(source);
    let mut out = Vec::new();
    for (id, fact) in f.iter() {
        let owner = f.owners(id).filter_map(|(_, o)| match &o.what {
            What::Function { name, .. } | What::Class { name, .. } => Some(name.clone()),
            _ => None,
        });
        let owner = owner.collect::<Vec<_>>().join("<");
        let what = match &fact.what {
            What::Function { name, params, public, decorators } => {
                let params: Vec<String> = params
                    .iter()
                    .map(|p| {
                        format!(
                            "{}:{:?}:{}:{}",
                            p.name,
                            p.kind,
                            p.default.map(|d| show::value(&f, d)).unwrap_or_default(),
                            p.annotation.map(|d| show::value(&f, d)).unwrap_or_default()
                        )
                    })
                    .collect();
                format!("def {name}({}) {public} {}", params.join(" "), decorators.len())
            }
            What::Class { name, bases } => format!("class {name} {}", bases.iter().map(|b| show::value(&f, *b)).collect::<String>()),
            What::EntryMark { kind, name } => format!("entry {kind:?} {name}"),
            What::Check { cond, on_fail } => format!("check {} {on_fail:?}", show::cond(&f, *cond)),
            What::Assignment { target: Target::Global(n), value } => format!("global {n} {}", show::value(&f, *value)),
            What::Return { value } => format!("return {}", show::value(&f, *value)),
            What::Raise { value } => format!("raise {}", value.map(|v| show::value(&f, v)).unwrap_or_default()),
            What::Call(c) => format!("call {}", c.name),
            What::Import { module, name, alias, level } => format!("import {level} {module} {name:?} {alias}"),
            What::Module { .. } => "module".into(),
            other => format!("{other:?}"),
        };
        let when = fact.when.map(|w| format!(" if {}", show::cond(&f, w))).unwrap_or_default();
        out.push(format!("{owner}: {what}{when}"));
    }
    insta::assert_snapshot!(out.join("\n"), @r#"
    : module
    : import 0 a Some("b") b
    : entry Main __main__
    : call main if __name__ Eq '__main__'
    : call y if (!__name__ Eq '__main__' and x)
    : call ?.post
    : def f(a:Plain::a.b _k:Keyword:1:) true 1
    f: entry Decorator ?.post
    f: call E if !$0
    f: raise E() if !$0
    f: check $0 Raise
    f: global G $0
    f: return $0
    : class C Base
    C: entry Base Base
    C: def C._m(self:Plain::) false 0
    "#);
    assert_eq!(f.constructs.iter().filter(|c| !c.name.is_empty()).map(|c| c.name.as_str()).collect::<Vec<_>>(), ["f", "C", "C._m"]);
}

#[test]
fn every_text_stands_where_it_says() {
    let source = "\u{feff}# é\r\nx = 'a\\n' \"b\"\nf(f'{x}c', key=rb'\\d', **d)[0].attr\nclass K(B): y = u'é'\n";
    let f = facts(source);
    let at = |r: Range| source.get(r.bounds()).unwrap_or("<out of bounds>");
    let mut texts = Vec::new();
    for value in &f.values {
        match &value.what {
            V::Str(t) => {
                for (a, b, file) in t.linear_runs() {
                    assert_eq!(t.as_str().get(a..b), source.get(file..file + b - a));
                }
                texts.push((t.as_str().to_owned(), at(value.range).to_owned()));
            }
            V::Name(n) => assert_eq!(at(value.range), n),
            V::Num(n) => assert_eq!(at(value.range), n),
            _ => {}
        }
    }
    for fact in &f.items {
        match &fact.what {
            What::Call(c) => assert_eq!((at(fact.range), at(f.value(c.callee).range)), ("f(f'{x}c', key=rb'\\d', **d)", "f")),
            What::Class { .. } => assert_eq!(at(fact.range), "class K(B): y = u'é'"),
            What::Assignment { target: Target::Name(n), .. } => assert!(at(fact.range).starts_with(n.as_str())),
            _ => {}
        }
    }
    let expected = [("a\nb", "'a\\n' \"b\""), ("c", "c"), ("\\d", "rb'\\d'"), ("é", "u'é'")];
    assert_eq!(texts.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>(), expected);
}

#[test]
fn a_snippet_maps_through_its_text_and_puts_values_into_holes() {
    let file = "python -c \"import os; os.system('$CMD')\"; x=${{ y }}";
    let mut text = Text::default();
    text.push("import os; os.system(", Range::new(11, 32));
    text.push("${{ y }}", Range::new(45, 53));
    text.push(")", Range::new(37, 38));
    let mut b = Builder::default();
    let hole = b.value(Range::new(45, 53), V::Env("Y".into()));
    let module = snippet(&text, &[Hole { start: 21, end: 29, value: hole }], &mut b);
    let f = b.finish();
    assert!(matches!(f.fact(module).what, What::Module { language: Language::Python }));
    let call = f.items.iter().find_map(|i| if let What::Call(c) = &i.what { Some(c) } else { None }).unwrap();
    assert_eq!(call.name, "os.system");
    assert_eq!(call.args[0].value, hole);
    assert_eq!(file.get(f.value(call.callee).range.bounds()), Some("os.system"));
}

#[test]
fn code_in_a_text_knows_the_imports_around_it() {
    let source = "import torch as t\nexec(\"t.load(p)\")\n";
    let o = outline(source.as_bytes());
    let f = module(source.as_bytes(), &o, &[0, 1]);
    let (call, text) = f.iter().find_map(|(id, i)| if let What::Call(c) = &i.what { Some((id, c.args[0].value)) } else { None }).unwrap();
    let V::Str(text) = f.value(text).what.clone() else { panic!() };
    let mut b = Builder::resume(f, call);
    snippet(&text, &[], &mut b);
    let names: Vec<String> = b.finish().items.iter().filter_map(|i| if let What::Call(c) = &i.what { Some(c.name.clone()) } else { None }).collect();
    assert_eq!(names, ["exec", "torch.load"]);
}

#[test]
fn asking_on_demand_loses_no_call_of_interest() {
    let wanted = Wanted::new(["torch.load", "pickle.loads", "yaml.load"].into_iter().filter_map(WantedName::qualified));
    let source = "import torch, yaml\nfrom pickle import loads as un\nBASE = 'a'\nURL = BASE + 'b'\ndef helper(p):\n    return torch.load(URL + p)\ndef other():\n    return print(1)\nclass A:\n    def m(self): return un(self.x)\nL = yaml.load\nif True:\n    L(BASE)\nprint(2)\n";
    let o = outline(source.as_bytes());
    let some = select(&o, source.as_bytes(), &wanted);
    assert!(some.len() < o.blocks.len());
    let interesting = |f: &FileFacts| {
        let calls = f.items.iter().filter_map(|i| {
            if let What::Call(c) = &i.what {
                Some((i.range, c.name.clone(), c.args.iter().map(|a| show::value(f, a.value)).collect::<Vec<_>>()))
            } else {
                None
            }
        });
        calls.filter(|c| c.1.contains("load")).collect::<Vec<_>>()
    };
    let (all, part) = (facts(source), module(source.as_bytes(), &o, &some));
    assert_eq!(interesting(&all), interesting(&part));
    assert_eq!(interesting(&all).len(), 3);
}

#[test]
fn hostile_sources_end_well() {
    let n = 3000;
    let deep = [
        format!("x = {}1{}\nimport torch\ntorch.load(1)\n", "(".repeat(n), ")".repeat(n)),
        format!("x = {}1\nimport torch\ntorch.load(1)\n", "(".repeat(n)),
        format!("x = {}torch.load(1)\nimport torch\n", "not ".repeat(n)),
        format!("x = {}torch.load(1)\nimport torch\n", "-".repeat(n)),
        format!("x = {}torch.load(1)\nimport torch\n", "lambda: ".repeat(150)),
        format!("import torch\nx = torch.load(1){}\n", "[0]".repeat(n)),
        format!("import torch\nx = torch.load(1){}\n", ".a()".repeat(n)),
        format!("import torch\nx = torch.load(1){}\n", " + a".repeat(n)),
        format!("import torch\nx = torch.load(1){}\n", " and a".repeat(n)),
        format!("import torch\nx = {}torch.load(1)\n", "a if b else ".repeat(n)),
        format!("import torch\nx = {}torch.load(1)\n", "a ** ".repeat(n)),
        format!("import torch\nx = {}torch.load(1){}\n", "f(".repeat(190), ")".repeat(190)),
        format!("import torch\nx = {}torch.load(1){}\n", "{1: [".repeat(90), "]}".repeat(90)),
        format!("{}import torch\nx = {}torch.load(1)\n", "\\\n".repeat(n), "\\\n".repeat(n)),
        format!("import torch\nif x:\n{}  torch.load(1)\n", "\\\n".repeat(n)),
        format!("import torch\ntorch.load(1)\n{}", "a b c\n".repeat(300)),
    ];
    for source in &deep {
        let found = calls(source);
        let head = source.chars().take(40).collect::<String>();
        // An unclosed bracket swallows the rest for Python as well.
        assert!(found.iter().any(|c| c.starts_with("torch.load(")) || source.contains(&"(".repeat(n)), "{head}");
    }
    assert!(facts(&deep[deep.len() - 1]).notices.len() <= 4);
    let mut nested = String::from("import torch\n");
    for i in 0..150 {
        nested.push_str(&format!("{}if x:\n", " ".repeat(i)));
    }
    facts(&nested);
    for cut in 0..60 {
        let source = "import torch\nx = f'{torch.load(\"a\")}' + '''b''' if y else {1: [2]}\n";
        facts(source.get(..cut).unwrap_or(source));
    }
    facts("x = \0 1\n\u{feff}");
    let long: String = (0..2000).map(|i| format!("if a{i}:\n    x = {i}\n")).collect();
    facts(&format!("x = 0\n{long}f(x)\n"));
}

#[test]
fn a_class_is_read_without_the_methods_nobody_asked_for() {
    let source = "class C(B):\n\tdef a(self): pass\n\tdef b(self):\n\t\treturn f('é', self.x)\n\t@p\n\tdef c(self): g()\n\tdef d(self): g()\nclass D:\n\tdef e(self): h()\ny = 1\n";
    let o = outline(source.as_bytes());
    let calls = |parts: &[usize]| {
        let f = module(source.as_bytes(), &o, parts);
        assert!(f.notices.is_empty(), "{:?}", f.notices);
        let calls = f.items.iter().filter_map(|i| if let What::Call(c) = &i.what { Some((c.name.clone(), i.range)) } else { None });
        calls.map(|(name, range)| (name, source.get(range.bounds()).unwrap().to_owned())).collect::<Vec<_>>()
    };
    let call = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(calls(&[0, 1, 2, 4]), [call("f", "f('é', self.x)")]);
    assert_eq!(calls(&[0, 1, 2]), []);
    assert_eq!(calls(&[0, 1, 5, 7]), [call("g", "g()"), call("h", "h()")]);
    assert_eq!(calls(&o.all()).len(), 4);
}
