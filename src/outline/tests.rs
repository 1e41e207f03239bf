use super::*;

fn names(source: &str) -> Vec<String> {
    outline(source.as_bytes()).blocks.iter().map(|b| b.defines.join(",")).collect()
}

fn mentions(source: &str, name: &str) -> Vec<bool> {
    let o = outline(source.as_bytes());
    o.all().into_iter().map(|p| o.mentions(p, name_hash(name))).collect()
}

#[test]
fn blocks_begin_at_column_zero() {
    let source = "\"\"\"doc\n\"\"\"\nimport a.b as c, d\nfrom ..x import (y as z,\n  w)\nif d:\n    import e\nelif c:\n    q = 1\nelse:\n    pass\n@dec.o(1)\n@two\nasync def f(a, b: int = g(1), *r, **k):\n    global G\n    G = 1\nclass C(Base, m.D, metaclass=M):\n    x = 1\n    @p\n    def m1(self):\n        def inner(): pass\n    def m2(self): pass\nt, (u, *v) = 1, (2, 3)\nn: int = 3\nx.y = 4\nprint(1)\n";
    assert_eq!(names(source), ["", "c,d", "w,z", "e,q", "G,f", "C", "t,u,v", "n", "x", ""]);
    let o = outline(source.as_bytes());
    assert_eq!(o.blocks[4].decorators, ["dec.o", "two"]);
    assert_eq!(o.blocks[4].params, ["a", "b", "r", "k"]);
    assert_eq!(o.blocks[5].bases, ["Base", "m.D"]);
    let methods: Vec<_> = o.methods.iter().map(|m| (m.name.as_str(), source.get(m.range.bounds()).unwrap().trim())).collect();
    assert_eq!(methods, [("m1", "@p\n    def m1(self):\n        def inner(): pass"), ("m2", "def m2(self): pass")]);
    let imports: Vec<_> = o.imports.iter().map(|i| (i.level, i.module.as_str(), i.name.as_deref(), i.alias.as_str())).collect();
    assert_eq!(imports, [(0, "a.b", None, "c"), (0, "d", None, "d"), (2, "x", Some("y"), "z"), (2, "x", Some("w"), "w"), (0, "e", None, "e")]);
    assert!(o.notices.is_empty());
}

#[test]
fn names_are_seen_wherever_code_can_stand() {
    for source in [
        "# c\rload(1)",
        "x = f\"{d[\"k\"]:{load}}\"",
        "x = f'{f\"{load!r}\"}'",
        "x = f\"\\{load(1)}\"",
        "x = f'''{\n load # c\n}'''",
        "x = rf'{a:%H'f'{load}'",
        "x = getattr(m, 'lo\\x61d')",
        "x = getattr(m, 'load')",
        "x = getattr(m, 'lo' 'ad')",
        "x = getattr(m, 'l' + ('oa'\n'd'))",
        "x = 1if load else 2",
        "x = 'a\\\nb'; load",
        "x = '''a\r'''\rload",
        "if x: load()",
        "x = (\n'a'\n'''b''' + load)",
        "x = b'' rb\"\" + load",
        "\u{feff}load",
        "x = \\\r\n load",
    ] {
        assert!(mentions(source, "load").contains(&true), "{source:?}");
    }
    for source in ["# load", "'''x load y'''", "x = 'a load'", "f'load'", "reload = payload", "f'{{load}}'"] {
        assert!(!mentions(source, "load").contains(&true), "{source:?}");
    }
    assert!(outline("ｌoad(1)".as_bytes()).blocks[0].non_ascii);
}

#[test]
fn what_is_cut_short_is_one_block_with_a_notice() {
    for source in ["a = 1\nb = (1\nc = 2\n", "a = 1\nb = '''1\nc = 2\n", "a = 1\nb = f'{1\nc = 2\n"] {
        let o = outline(source.as_bytes());
        assert_eq!(o.blocks.len(), 2, "{source}");
        assert_eq!(o.notices.len(), 1, "{source}");
        assert_eq!(o.blocks[1].range.end as usize, source.len());
    }
    assert_eq!(outline(b"# -*- coding: utf-7 -*-\nx = 1\n").notices.len(), 1);
    assert!(outline(b"#!/usr/bin/python\n# vim: fileencoding=UTF-8\n").notices.is_empty());
}

fn chosen(source: &str, wanted: &Wanted) -> Vec<usize> {
    select(&outline(source.as_bytes()), source.as_bytes(), wanted)
}

#[test]
fn selection_follows_aliases_up_and_definitions_down() {
    let method = WantedName { word: "recv_pyobj".to_owned(), form: Form::Anywhere, companions: Vec::new(), counts: Counts::Alone };
    let wanted = Wanted::new(WantedName::qualified("torch.load").into_iter().chain([method]));
    let source = "import torch\nL = torch.load\ndef f(x):\n    return L(x, HELP)\nHELP = g()\ndef g(): pass\ndef h(): pass\n";
    assert_eq!(chosen(source, &wanted), [0, 1, 2, 3]);
    assert_eq!(chosen("import json\nx = json.load(f)\n", &wanted), Vec::<usize>::new());
    assert_eq!(chosen("from torch import *\ndef f(): load(1)\ny = 2\n", &wanted), [0, 1]);
    assert_eq!(chosen("s.recv_pyobj()\n", &wanted), [0]);
    assert_eq!(chosen("x = 1\ny = é\n", &wanted), [1]);
    assert_eq!(chosen("x = 1\ny = 2\n", &Wanted::everything()), [0, 1]);
    let own = "def fetch(): pass\ndef b(): fetch()\ndef c(): pass\n";
    let more = |asked: &Asked, source: &str, before: &[usize]| select_more(&outline(source.as_bytes()), source.as_bytes(), asked, before);
    let mut used = Asked::default();
    used.uses(name_hash("fetch"), None);
    assert_eq!(more(&used, own, &[]), Some(vec![0, 1]));
    assert_eq!(more(&used, own, &[2]), Some(vec![0, 1, 2]));
    assert_eq!(more(&used, own, &[0, 1]), None);
    assert_eq!(more(&used, "from .util import *\nx = 1\n", &[]), Some(vec![0]));
    let mut defined = Asked::default();
    defined.definition("fetch");
    assert_eq!(more(&defined, own, &[]), Some(vec![0]));
    assert_eq!(more(&Asked::default(), own, &[2]), None);
}

#[test]
fn a_name_counts_where_it_stands_as_its_row_says() {
    let wanted = Wanted::new(["torch.load", "requests.get", "eval"].into_iter().filter_map(WantedName::qualified));
    let parts = |source: &str| chosen(source, &wanted);
    // Taken from something else, or an attribute of that name.
    assert_eq!(parts("import torch\ndef f(m): m.load(1)\n"), Vec::<usize>::new());
    assert_eq!(parts("import requests\ndef f(d): d.get('x')\n"), Vec::<usize>::new());
    assert_eq!(parts("def f(m):\n    m.eval()\n    return g(eval=1)\n"), Vec::<usize>::new());
    // The module by another name: imported, assigned, handed around, kept in a field; reached by the text of its name.
    assert_eq!(parts("import torch as t\ndef f(m): t.load(1)\n"), [0, 1]);
    assert_eq!(parts("import requests\nhttp = requests\ndef f(): http.get('x')\n"), [0, 1, 2]);
    assert_eq!(parts("import torch\ndef f():\n    lib = torch\n    return lib.load(1)\n"), [0, 1]);
    assert_eq!(parts("import torch\nclass C:\n    def __init__(self): self.lib = torch\n    def f(self): return self.lib.load(1)\n"), [0, 1, 3]);
    assert_eq!(parts("import torch\ndef f(): return getattr(torch, 'load')(1)\n"), [0, 1]);
    assert_eq!(parts("from torch import load\ndef f(): return load(1)\n"), [0, 1]);
    assert_eq!(parts("def f(x): return eval(x)\n"), [0]);
    assert_eq!(parts("import torch\nx = torch . load (1)\n"), [0, 1]);
}

#[test]
fn checks_of_variables_that_are_followed_are_selected() {
    let wanted = Wanted::new(WantedName::qualified("torch.load"));
    let source = "import torch\nx = g()\nif not x:\n    raise ValueError(x)\nassert x\nif x:\n    print(x)\nif y:\n    exit(1)\ntorch.load(x)\n";
    assert_eq!(chosen(source, &wanted), [0, 1, 2, 3, 6]);
    assert_eq!(chosen("import json\nx = g()\nassert x\njson.load(x)\n", &wanted), Vec::<usize>::new());
}

#[test]
fn methods_are_asked_for_one_by_one() {
    let source = "import torch\nclass C(B):\n    size = 1\n    @p\n    def __init__(self):\n        self.read, self.n = torch.load, 1\n    class D: pass\n    def f(self): return self.read(1)\n    def g(self): self.x = torch.load(2)\n    def h(self): return self.x\nc = C()\ndef u(): c.h()\n";
    let o = outline(source.as_bytes());
    let members: Vec<_> = o.methods.iter().map(|m| (m.name.as_str(), m.assigns.iter().map(|a| a.name).collect::<Vec<_>>())).collect();
    let hashes = |names: &[&str]| names.iter().map(|n| name_hash(n)).collect::<Vec<_>>();
    assert_eq!(members, [("__init__", hashes(&["read", "n"])), ("f", vec![]), ("g", hashes(&["x"])), ("h", vec![])]);
    assert_eq!(o.assigns(1).iter().map(|a| a.name).collect::<Vec<_>>(), hashes(&["size"]));
    assert!(o.mentions(1, name_hash("D")) && !o.mentions(1, name_hash("torch")) && o.mentions(4, name_hash("p")));
    // `read` stands for what is wanted, `n` goes along; `x` holds what a call gave.
    let wanted = Wanted::new(WantedName::qualified("torch.load"));
    assert_eq!(chosen(source, &wanted), [0, 1, 4, 5, 6]);
    assert_eq!(left_out(&o, &[0, 1, 4, 5, 6]).len(), 3);
    let ask = |fill: &dyn Fn(&mut Asked)| {
        let mut asked = Asked::default();
        fill(&mut asked);
        select_more(&o, source.as_bytes(), &asked, &[])
    };
    assert_eq!(ask(&|a| a.definition("C.x")), Some(vec![0, 1, 6]));
    assert_eq!(ask(&|a| a.uses(name_hash("C"), Some("h"))), Some(vec![0, 1, 2, 3]));
    assert_eq!(ask(&|a| a.uses(name_hash("C"), Some("__init__"))), Some(vec![0, 1, 2]));
}

#[test]
fn nothing_makes_it_fail_or_lose_bytes() {
    let pieces: [&[u8]; 14] = [b"def f(", b"'", b"\"\"\"", b"f'{", b"}", b"\r", b"\n  ", b"\\", b"#", b"\xff\xfe", b":", b"class ", b"@", b"import "];
    let mut seed = 7u64;
    for _ in 0..2000 {
        let mut source = Vec::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            source.extend_from_slice(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        let o = outline(&source);
        assert_eq!(o.blocks.last().map(|b| b.range.end as usize), Some(source.len()));
        assert!(o.blocks.windows(2).all(|w| w[0].range.end <= w[1].range.start));
    }
}
