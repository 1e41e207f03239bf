use super::row::{Slot, SlotName};
use super::shipped::shipped;
use super::*;
use crate::extract::shell;
use crate::facts::{Builder, Language};
use crate::text::Text;

#[test]
fn builtin_rows_load() {
    if let Err(errors) = Catalog::builtin() {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{}", all.join("\n"));
    }
}

fn catalog(rows: &str) -> Catalog {
    match Catalog::load_only(&[("t.yml".into(), rows.into())]) {
        Ok(catalog) => catalog,
        Err(errors) => panic!("{errors:?}"),
    }
}

fn script(text: &str, catalog: &Catalog) -> FileFacts {
    let mut b = Builder::default();
    shell::script(&Text::verbatim(text.as_bytes(), 0), &[], &mut b);
    unwrap::unwrap(b.finish(), catalog)
}

/// Every command of a file with the text of its words, and the value of a slot of the first row that speaks of it.
fn commands(facts: &FileFacts) -> Vec<(FactId, String)> {
    let words = |c: &crate::facts::Command| c.words.iter().map(|w| facts.word(w).unwrap_or("?".into())).collect::<Vec<_>>().join(" ");
    facts.iter().filter_map(|(id, f)| if let What::Command(c) = &f.what { Some((id, words(c))) } else { None }).collect()
}

#[test]
fn faults_name_their_place_and_the_nearest_key() {
    let cases = [
        ("- call: a.b\n  sinc: { kind: shell }\n  see: x\n", (2, 3), "a row has no key `sinc`; did you mean `sink`?"),
        (
            "- call: a.b\n  see: x\n\n- call: c.d\n  see: x\n  sink: { kind: shel }\n",
            (6, 11),
            "severity.yml has no kind `shel`; did you mean `shell`?",
        ),
        ("- cal: a.b\n  see: x\n", (1, 1), "is `cal` meant to be `call`?"),
        ("- call: a.b\n", (1, 1), "a row needs `see`"),
        ("- call: a.b\n  see: x\n  flag: { name: f, safe: true, default-since: { p: 2.10 } }\n", (3, 3), "put quotes around 2.1"),
        ("- method: m\n  see: x\n", (1, 3), "a method needs `receiver:`"),
        ("- call: a.b\n  near: [c]\n  see: x\n", (2, 3), "`near` belongs to `secret` rows"),
        ("- secret: s\n  title: t\n  keywords: [k]\n  see: x\n", (1, 3), "a secret needs `title`, `keywords` and `pattern`"),
        ("- secret: s\n  title: t\n  keywords: [k]\n  pattern: k\n  public: ['']\n  see: x\n", (5, 3), "an empty text stands everywhere"),
        ("- secret: s\n  title: t\n  keywords: [k]\n  pattern: k\n  environment: hf-token\n  see: x\n", (5, 3), "the name of a variable"),
        ("- secret: s\n  title: t\n  keywords: [k]\n  pattern: k\n  check: crc\n  see: x\n", (5, 3), "`crc` is none of"),
        ("- call: [a.b\n", (1, 9), "not understood"),
        ("- call: a.b\n- see: x\n  see: y\n", (3, 3), "stands twice"),
    ];
    for (text, place, says) in cases {
        let errors = Catalog::load_only(&[("t.yml".into(), text.into())]).unwrap_err();
        let e = &errors[0];
        assert!(e.text.contains(says), "{text}: {e}");
        assert_eq!(e.line, place.0, "{text}: {e}");
        assert!(says.is_empty() || e.column >= 1, "{e}");
    }
}

/// Loading leaves the patterns that are built in alone, so that a run compiles only those it meets.
#[test]
fn patterns_of_secrets_that_ship_compile() {
    let catalog = Catalog::load(&[], Vec::new()).unwrap();
    let patterns: Vec<&str> =
        catalog.iter().filter_map(|(_, row)| if let Subject::Secret(f) = &row.subject { Some(f.pattern.as_str()) } else { None }).collect();
    assert!(patterns.len() > 100);
    let faults: Vec<_> = patterns.iter().filter_map(|p| load::format::compile(p).err().map(|e| format!("{p}: {e}"))).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_pattern_of_a_user_that_is_none_is_a_fault() {
    let rows = "- secret: s\n  title: t\n  keywords: [k]\n  pattern: k(\n  see: x\n";
    let errors = Catalog::load(&[("own.yml".into(), rows.into())], Vec::new()).unwrap_err();
    assert!(errors.len() == 1 && errors[0].line == 4 && errors[0].text.contains("is no regular expression"), "{errors:?}");
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        /// A broken row file, page or policy is a fault with a place inside the file, never a panic.
        #[test]
        fn broken_files_are_faults_with_places(which in 0usize..shipped().rows.len(), page in 0usize..shipped().pages.len(), cut in 0usize..4000, put in "[-\\[\\]{}:\"' \n#a*&|>é]{0,6}") {
            let broken = |text: &str| {
                let mut at = cut.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                format!("{}{put}{}", text.get(..at).unwrap(), text.get(at + text.get(at..).unwrap().chars().next().map_or(0, char::len_utf8)..).unwrap())
            };
            let rows = broken(&shipped().rows[which].1);
            for e in Catalog::load_only(&[("t.yml".into(), rows.clone())]).err().unwrap_or_default() {
                prop_assert!(e.line >= 1 && e.line as usize <= rows.lines().count() + 2, "{e}");
            }
            let text = broken(&shipped().pages[page].1);
            let catalog = Catalog::load_only(&[]).unwrap();
            let frameworks = serde_json::from_str(&shipped().frameworks).unwrap();
            if let Err(e) = crate::rule::page::page("x.md", &text, true, &catalog.severities, &frameworks) {
                prop_assert!(e.line >= 1 && e.line as usize <= text.lines().count() + 2, "{e}");
            }
            let policy = broken("edition = \"2026.11\"\n[trust]\norgs = [\"é\"]\n[rule.x]\nlevel = \"high\"\n[[row]]\ncall = \"a.b\"\nsee = \"x\"\n");
            let _ = crate::config::Config::load(&std::collections::BTreeMap::from([("pipevet.toml".to_owned(), policy)]), "pipevet.toml", &catalog.severities);
        }
    }
}

#[test]
fn options_are_read_as_rows_know_them() {
    let c = catalog(
        "- command: pip install\n  valued: [-r, --index-url]\n  installs: { from: 0, ecosystem: pypi }\n  see: x\n\
         - command: pip\n  valued: [--proxy, -X]\n  see: x\n\
         - command: git clone\n  mounts: { tree: clone, url: 0, ref: [-b, --branch], at: 1 }\n  see: x\n",
    );
    let name = |n: &str| Slot::Arg(vec![SlotName::Name(n.into())]);
    let at = |n: u32| Slot::Arg(vec![SlotName::Position(n)]);
    let cases = [
        ("pip --proxy p -X y install -r req.txt torch", at(0), Some("torch")),
        ("pip install -rreq.txt torch", name("-r"), Some("req.txt")),
        ("pip install torch --index-url=http://$H/x", name("--index-url"), None),
        ("pip install -qr req.txt", name("-r"), Some("req.txt")),
        ("pip install -- -odd", at(0), Some("-odd")),
        ("git clone --depth 1 -b main u d", at(0), Some("1")),
        ("git clone -b main u d", at(1), Some("d")),
        ("git clone --branch=v1 u", Slot::Arg(vec![SlotName::Name("-b".into()), SlotName::Name("--branch".into())]), Some("v1")),
    ];
    for (text, slot, wanted) in cases {
        let facts = script(text, &c);
        let (id, _) = commands(&facts)[0];
        let rows = c.classify(&facts, &Objects::of(&facts), id);
        let row = *rows.iter().find(|r| matches!(&c.row(**r).subject, Subject::Command { sub, .. } if !sub.is_empty())).expect(text);
        let values = c.slot(&facts, id, row, &slot);
        assert_eq!(values.len(), 1, "{text}");
        assert_eq!(facts.literal(values[0]).as_deref(), wanted, "{text}");
    }
    let facts = script("pip install -r r.txt torch==2.1 'x[a]>=1' git+https://h/r@main ./local", &c);
    let found: Vec<(String, String, Option<String>)> = facts
        .items
        .iter()
        .filter_map(|f| if let What::Requirement(r) = &f.what { Some((r.name.clone(), r.spec.clone(), r.url.clone())) } else { None })
        .collect();
    let want = |n: &str, s: &str, u: Option<&str>| (n.to_owned(), s.to_owned(), u.map(str::to_owned));
    assert_eq!(found, [want("torch", "==2.1", None), want("x", ">=1", None), want("", "", Some("git+https://h/r@main"))]);
}

#[test]
fn wrappers_are_unwrapped_with_places() {
    let c = catalog(
        "- command: [sudo, nice, xargs, env]\n  valued: [-u, -n]\n  wraps: { argv-from: 0 }\n  see: x\n\
         - command: timeout\n  valued: [-k]\n  wraps: { argv-from: 1 }\n  see: x\n\
         - command: docker run\n  valued: [-v, -e]\n  wraps: { argv-from: 1 }\n  see: x\n\
         - command: bash\n  options: leading\n  wraps: { text: -c, language: shell }\n  see: x\n\
         - command: bash\n  options: leading\n  when: { slot: 0, given: false }\n  wraps: { text: stdin, language: shell }\n  see: x\n",
    );
    let cases: [(&str, &[&str]); 6] = [
        ("sudo -u bob env A=b pip install x", &["sudo -u bob env A=b pip install x", "env A=b pip install x", "pip install x"]),
        ("timeout -k 5 10 make -j", &["timeout -k 5 10 make -j", "make -j"]),
        ("timeout 10 nice -n 5 make -j", &["timeout 10 nice -n 5 make -j", "nice -n 5 make -j", "make -j"]),
        ("docker run --rm -v a:b img -c x", &["docker run --rm -v a:b img -c x", "-c x"]),
        ("bash -ec 'curl u | sh -s'", &["bash -ec curl u | sh -s", "curl u", "sh -s"]),
        ("sudo bash <<'E'\nmake all\nE\n", &["sudo bash", "bash", "make all"]),
    ];
    for (text, wanted) in cases {
        let facts = script(text, &c);
        let found: Vec<String> = commands(&facts).into_iter().map(|(_, t)| t).collect();
        assert_eq!(found, wanted, "{text}");
        for (id, words) in commands(&facts) {
            let range = facts.fact(id).range;
            let first = words.split(' ').next().unwrap();
            assert!(text.get(range.bounds()).unwrap().starts_with(first), "{text}: {words}");
        }
        let wraps = facts.items.iter().filter(|f| matches!(f.what, What::Wraps { .. })).count();
        assert!(wraps > 0 || wanted.len() == 1, "{text}");
    }
    assert!(Language::Shell < Language::Python);
}

#[test]
fn globs_see_the_literal_part_of_a_text() {
    let c = catalog(
        "- command: git fetch\n  when: { slot: 1, like: \"*pull/*/head*\" }\n  mounts: { tree: pull-request }\n  see: x\n\
         - command: aws s3 cp\n  when: { slot: 1, unlike: \"s3://*\" }\n  see: x\n",
    );
    for (text, found) in [
        ("git fetch origin refs/pull/3/head", 1),
        ("git fetch origin \"pull/$N/head:pr\"", 1),
        ("git fetch origin $REF", 0),
        ("git fetch origin \"$A/$B\"", 0),
        ("aws s3 cp a s3://$BUCKET/x", 0),
        ("aws s3 cp a $TO", 1),
        ("aws s3 cp a out/$TO", 1),
    ] {
        let facts = script(text, &c);
        let (id, _) = commands(&facts)[0];
        assert_eq!(c.classify(&facts, &Objects::of(&facts), id).len(), found, "{text}");
    }
}

#[test]
fn wrappers_end_at_a_depth() {
    let c = catalog("- command: sudo\n  wraps: { argv-from: 0 }\n  see: x\n");
    let facts = script(&format!("{}make", "sudo ".repeat(50)), &c);
    assert_eq!(commands(&facts).len(), 9);
    assert_eq!(facts.notices.iter().filter(|n| n.kind == crate::notice::NoticeKind::Limit).count(), 1);
}

#[test]
fn overrides_replace_only_what_they_name() {
    let severities = Severities::load("s", &shipped().severity).unwrap();
    let mut rows = load::rows("b.yml", "- call: a.b\n  see: x\n- call: a.c\n  see: x\n", false, &severities).unwrap();
    rows.extend(load::rows("u.yml", "- call: a.d\n  see: y\n  overrides: call a.b\n", true, &severities).unwrap());
    let catalog = Catalog::of(rows, severities.clone()).unwrap();
    assert_eq!(catalog.rows.iter().map(|r| r.subject.name()).collect::<Vec<_>>(), ["a.c", "a.d"]);
    assert_eq!(catalog.overridden, [("call a.b".to_owned(), "u.yml:1".to_owned())]);
    let rows = load::rows("u.yml", "- call: a.d\n  see: y\n  overrides: call x.y\n", true, &severities).unwrap();
    assert_eq!(Catalog::of(rows, severities).unwrap_err()[0].line, 1);
}

/// The names of the rows that speak of each Python fact, in order.
fn spoken(code: &str, c: &Catalog) -> Vec<String> {
    let outline = crate::outline::outline(code.as_bytes());
    let facts = crate::extract::python::module(code.as_bytes(), &outline, &outline.all());
    facts.iter().flat_map(|(id, _)| c.classify(&facts, &Objects::of(&facts), id)).map(|r| c.row(r).subject.name()).collect()
}

#[test]
fn assignments_are_found_by_what_they_replace() {
    let c = catalog(
        "- assign: a.load\n  see: x\n- assign: \"a.table[]\"\n  when: { slot: key, is: k }\n  see: x\n- assign: \"**.conf.formats\"\n  when: { slot: 0, has: [pickle] }\n  see: x\n- assign: FORMATS\n  see: x\n",
    );
    for (code, wanted) in [
        ("import a\na.load = 1\n", "a.load"),
        ("import a as b\nb.load = 1\n", "a.load"),
        ("import a\ndef f():\n    a.load = g\n", "a.load"),
        ("import a\na.loads = 1\n", ""),
        ("import a\na.table['k'] = 1\n", "a.table[]"),
        ("import a\na.table['l'] = 1\n", ""),
        ("app = App()\napp.conf.formats = ['json', 'pickle']\n", "**.conf.formats"),
        ("app = App()\napp.conf.formats = ['json']\n", ""),
        ("FORMATS = 1\n", "FORMATS"),
    ] {
        assert_eq!(spoken(code, &c).join(" "), wanted, "{code}");
    }
}

#[test]
fn functions_are_asked_which_keyword_they_set() {
    let c = catalog("- assign: a.load\n  when: { slot: 0, sets: { safe: \"false\" } }\n  see: x\n");
    for (value, found) in [
        ("functools.partial(a.load, safe=False)", 1),
        ("functools.partial(a.load, safe=True)", 0),
        ("functools.partial(a.load, 1)", 0),
        ("lambda *x, **k: before(*x, **{**k, 'safe': False})", 1),
        ("inner", 1),
        ("fills", 1),
        ("other", 0),
        ("before", 0),
        ("from_elsewhere", 0),
    ] {
        let code = format!(
            "import a, functools\nfrom b import from_elsewhere\nbefore = a.load\ndef inner(*x, **k):\n    k['safe'] = False\n    return before(*x, **k)\n\
             def fills(*x, **k):\n    k.setdefault('safe', False)\n    return before(*x, **k)\ndef other(*x, **k):\n    k['fast'] = False\n    return before(*x, **k)\na.load = {value}\n"
        );
        assert_eq!(spoken(&code, &c).len(), found, "{value}");
    }
}

#[test]
fn lists_and_results_are_looked_into() {
    let c = catalog(
        "- call: m.allow\n  when: { slot: 0, has: [getattr, \"os.*\"] }\n  see: x\n- call: m.load\n  when: { slot: names, result-of: m.asked }\n  see: x\n",
    );
    let checked = "names = m.asked(f)\nif names - KNOWN:\n    raise ValueError(names)\n";
    for (code, found) in [
        ("m.allow([getattr])".to_owned(), 1),
        ("m.allow([dict, (os.system, 'x')])".to_owned(), 1),
        ("NAMES = {dict, os.path}\nm.allow(NAMES)".to_owned(), 1),
        ("m.allow(list(x) + ['os.system'])".to_owned(), 1),
        ("m.allow([dict] + [getattr])".to_owned(), 1),
        ("m.allow(getattr)".to_owned(), 0),
        ("m.allow([dict])".to_owned(), 0),
        ("m.load(f, names=m.asked(f))".to_owned(), 1),
        ("names = m.asked(f)\nm.load(f, names=names)".to_owned(), 1),
        ("m.load(f, names=sorted(m.asked(f)))".to_owned(), 0),
        (format!("{checked}m.load(f, names=names)"), 0),
        ("names = m.asked(f)\nfor name in names:\n    assert name in KNOWN\nm.load(f, names=names)".to_owned(), 0),
        ("names = m.asked(f)\nif not names:\n    print('none')\nm.load(f, names=names)".to_owned(), 1),
    ] {
        assert_eq!(spoken(&format!("import m, os\n{code}\n"), &c).len(), found, "{code}");
    }
}

#[test]
fn rows_of_variables_speak_of_what_programs_set() {
    let c = catalog(
        "- setting: \"**.SAFE_OFF\"\n  when: { slot: 0, is: \"1\" }\n  see: x\n- assign: \"os.environ[]\"\n  writes: { channel: env, name: key, value: 0 }\n  see: x\n- call: os.putenv\n  writes: { channel: env, name: 0, value: 1 }\n  see: x\n",
    );
    let found = |code: &str| spoken(code, &c).iter().filter(|n| *n == "**.SAFE_OFF").count();
    assert_eq!(found("import os\nos.environ['SAFE_OFF'] = '1'\n"), 1);
    assert_eq!(found("import os\nos.putenv('SAFE_OFF', '1')\n"), 1);
    assert_eq!(found("import os\nos.environ['SAFE_OFF'] = '0'\nos.environ['OTHER'] = '1'\nx = os.environ['SAFE_OFF']\n"), 0);
    for (text, n) in [("SAFE_OFF=1 python a.py", 1), ("SAFE_OFF=0 OTHER=1 python a.py", 0), ("export SAFE_OFF=1", 1)] {
        let facts = script(text, &c);
        assert_eq!(facts.iter().flat_map(|(id, _)| c.classify(&facts, &Objects::of(&facts), id)).count(), n, "{text}");
    }
}

#[test]
fn a_flag_may_be_a_version_alone() {
    let row = |flag: &str| load::rows("t.yml", &format!("- call: a.b\n  flag: {flag}\n  see: x\n"), false, &Severities::builtin().unwrap());
    let flag = |text: &str| row(text).unwrap()[0].flags[0].clone();
    assert!(flag("{ holes: [{ a: \"<2\" }] }").default_safe);
    assert!(!flag("{ default-since: { a: \"2\" } }").default_safe);
    for (text, wrong) in [("{}", "without a name"), ("{ name: safe }", "safe"), ("{ holes: [{ a: \">1\" }] }", "where it ends")] {
        let fault = row(text).unwrap_err().remove(0).to_string();
        assert!(fault.contains(wrong), "{fault}");
    }
}
