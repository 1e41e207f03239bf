use proptest::prelude::*;

use super::*;

/// A compact form of a node, for tables: scalars in `<…>` with a letter for their core type.
fn show(node: &Node) -> String {
    let tag = node.tag.as_deref().map(|t| format!("{t} ")).unwrap_or_default();
    let alias = if node.alias.is_some() { "*" } else { "" };
    let body = match &node.kind {
        NodeKind::Scalar(s) => match s.core {
            Core::Null => "~".to_owned(),
            Core::Bool(b) => b.to_string(),
            Core::Num => format!("#{}", s.text.as_str()),
            Core::Str => format!("{:?}", s.text.as_str()),
        },
        NodeKind::Seq(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        NodeKind::Map(entries) => {
            let entries = entries.iter().map(|e| format!("{}{}: {}", if e.merged.is_some() { "<" } else { "" }, show(&e.key), show(&e.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    };
    format!("{alias}{tag}{body}")
}

fn shown(text: &str) -> String {
    parse(text.as_bytes()).0.iter().map(show).collect::<Vec<_>>().join(" --- ")
}

/// Every scalar with its linear runs must stand in the file as it says; line breaks and folded spaces stand for each other.
fn check_positions(bytes: &[u8], node: &Node) {
    match &node.kind {
        NodeKind::Scalar(s) => {
            for (from, to, at) in s.text.linear_runs() {
                let want = &s.text.as_str().as_bytes()[from..to];
                let have = &bytes[at..at + to - from];
                let soft = |b: u8| matches!(b, b'\n' | b'\r' | b' ');
                assert!(want.iter().zip(have).all(|(w, h)| w == h || (soft(*w) && soft(*h)) || *w == b'?'), "{want:?} is not {have:?}");
            }
            assert!(node.range.is_empty() || s.text.is_empty() || node.range.contains(s.text.whole()), "{node:?}");
        }
        NodeKind::Seq(items) => items.iter().for_each(|n| check_positions(bytes, n)),
        NodeKind::Map(entries) => entries.iter().for_each(|e| {
            check_positions(bytes, &e.key);
            check_positions(bytes, &e.value);
        }),
    }
}

#[test]
fn reads_each_style_and_shape() {
    let table: &[(&str, &str)] = &[
        ("a: 1\nb: 'it''s'\nc: \"x\\ty\\u00e9\\x41\"\n", r#"{"a": #1, "b": "it's", "c": "x\tyéA"}"#),
        (
            "a: |\n  one\n   two\n\n  three\n\nb: |-\n  x\nc: |+\n  y\n\nd: >\n  f\n  g\n\n  h\n",
            r#"{"a": "one\n two\n\nthree\n", "b": "x", "c": "y\n\n", "d": "f g\nh\n"}"#,
        ),
        ("a: |2\n    two\n  x\n", r#"{"a": "  two\nx\n"}"#),
        ("a: >\n  x\n    more\n  y\n", r#"{"a": "x\n  more\ny\n"}"#),
        ("a: |\n  no end", r#"{"a": "no end"}"#),
        ("a: plain\n  goes\n\n  on\n", r#"{"a": "plain goes\non"}"#),
        ("a: \"x \\\n   y\n\n  z\"\n", r#"{"a": "x y\nz"}"#),
        ("- a\n-\n- - b\n  - ~\n", r#"["a", ~, ["b", ~]]"#),
        ("on: [push, {a: b, c}]\ntrue: no\n", r#"{"on": ["push", {"a": "b", "c": ~}], true: "no"}"#),
        ("a: !!str 12\nb: !x {c: 1}\nd: !!null 'null'\n", r#"{"a": !!str "12", "b": !x {"c": #1}, "d": !!null ~}"#),
        ("x: &a {k: 1}\ny: *a\nz:\n  <<: *a\n  m: 2\n", r#"{"x": {"k": #1}, "y": *{"k": #1}, "z": {<"k": #1, "m": #2}}"#),
        ("a: &b\n- 1\nc: *b\n", r#"{"a": [#1], "c": *[#1]}"#),
        ("a: 1\na: 2\n", r#"{"a": #1, "a": #2}"#),
        ("\u{feff}a: 1\nb: 2\n", r#"{"a": #1, "b": #2}"#),
        ("a: 1\rb: |\r  x\r  y\rc: 3\r", "{\"a\": #1, \"b\": \"x\\ny\\n\", \"c\": #3}"),
        ("a: |\r\n  x\r\n  y\r\nb: 1\r\n", "{\"a\": \"x\\ny\\n\", \"b\": #1}"),
        ("# c\u{2028}a: 1 # d\u{85}b: 2\n", r#"{"a": #1, "b": #2}"#),
        ("a: 1\n---\nb\n...\n---\n", r#"{"a": #1} --- "b" --- ~"#),
        ("? a\n: b\n? c\n", r#"{"a": "b", "c": ~}"#),
        ("a: 0x1F\nb: .5\nc: 1e3\nd: 1.2.3\ne: -.inf\nf: yes\n", r#"{"a": #0x1F, "b": #.5, "c": #1e3, "d": "1.2.3", "e": #-.inf, "f": "yes"}"#),
        ("a:\n  b: \"one\n  two\n\n three\"\n  c: 1\n", r#"{"a": {"b": "one two\nthree", "c": #1}}"#),
        ("a:\n  b: 'one\ntwo'\n", r#"{"a": {"b": "one two"}}"#),
        ("run: echo\n  \"quoted\n  more\nnext: 'x'\n", r#"{"run": "echo \"quoted more", "next": "x"}"#),
        ("- ? - a\n    - b\n  : - c\n-\n  ? |\n    d\n  :\n    e: f\n", r#"[{["a", "b"]: ["c"]}, {"d\n": {"e": "f"}}]"#),
        ("a:\n- b\n-\n  c: d\n- - e\nf: &x\n- g\nh: !t\n  i: *x\n", r#"{"a": ["b", {"c": "d"}, ["e"]], "f": ["g"], "h": !t {"i": *["g"]}}"#),
        ("&a k: &b v\n*a : *b\n!!str : c\n? !t\n: d\n", r#"{"k": "v", *"k": *"v", !!str ~: "c", !t ~: "d"}"#),
        ("{a: b}: c\n[d, e]: f\n'g': h\n\"i\" : j\n", r#"{{"a": "b"}: "c", ["d", "e"]: "f", "g": "h", "i": "j"}"#),
        (
            "a: [b, c: d, ? e, ? f : g, : h, {i, j: }, \"k\":l]\n",
            r#"{"a": ["b", {"c": "d"}, {"e": ~}, {"f": "g"}, {~: "h"}, {"i": ~, "j": ~}, {"k": "l"}]}"#,
        ),
        ("a: [?b, c:d, e f\n g, # h ]\n  'i\n\n j']\n", r#"{"a": [{"b": ~}, "c:d", "e f g", "i\nj"]}"#),
        ("a: b#c\nd: 'e'#f\ng: [h]#i\nj: k\t# l\n", r#"{"a": "b#c", "d": "e", "g": ["h"], "j": "k"}"#),
        ("a\n- b\n", r#""a - b""#),
        ("- # c\n%YAML 1.1\n--- # d\n--- >-\n# e\n...\n# f\n", r#"[~] --- ~ --- """#),
        ("a: b\n%c: d\n", r#"{"a": "b", "%c": "d"}"#),
        ("# a\n\u{feff}b: c\n---\n\u{feff}- d\n", r#"{"b": "c"} --- ["d"]"#),
        ("--- a\n--- 'b'\n---\n--- {c: d}\n--- e: f\n", r#""a" --- "b" --- ~ --- {"c": "d"} --- {"e": "f"}"#),
    ];
    for (text, want) in table {
        assert_eq!(&shown(text), want, "{text}");
        parse(text.as_bytes()).0.iter().for_each(|n| check_positions(text.as_bytes(), n));
    }
}

#[test]
fn ranges_are_those_of_the_file() {
    let text = "\u{feff}jobs:\n  a: &x \"q\\n\"\n  b: *x\n";
    let yaml = read(text.as_bytes());
    let at = |r: Range| text.get(r.bounds()).unwrap();
    let jobs = &yaml.documents[0].entries()[0];
    assert_eq!(at(jobs.key.range), "jobs");
    let inner = jobs.value.entries();
    assert_eq!(at(inner[0].value.range), "\"q\\n\"");
    assert_eq!(at(inner[1].value.place()), "*x");
    assert_eq!(inner[1].value.range, inner[0].value.range);
    let escape = inner[0].value.text().unwrap();
    assert_eq!(at(escape.range(1, 2)), "\\n");
}

#[test]
fn utf16_is_read_with_its_positions() {
    let text = "a: é\nb: [x]\n";
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let (docs, notices) = parse(&bytes);
    assert_eq!(show(&docs[0]), r#"{"a": "é", "b": ["x"]}"#);
    assert_eq!(docs[0].get("a").unwrap().range, Range::new(2 + 3 * 2, 2 + 4 * 2));
    assert!(notices.is_empty());
}

#[test]
fn comments_are_kept() {
    let text = "# one\na: b # two\nc: |\n  # text\nd: 'x # y'\n# three";
    let comments: Vec<String> = read(text.as_bytes()).comments.iter().map(|c| c.as_str().to_owned()).collect();
    assert_eq!(comments, ["# one", "# two", "# three"]);
}

#[test]
fn bombs_and_depth_end_with_a_notice() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let row = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb += &format!("a{i}: &a{i} [{row}]\n");
    }
    let stairs = (0..400).map(|i| format!("{}k:\n", " ".repeat(i))).collect::<String>();
    let dashes = format!("{}x\n", "- ".repeat(600));
    let brackets = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let chain = format!("a0: &a0 [x]\n{}", (1..900).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1)).collect::<String>());
    for text in [bomb, stairs, dashes, brackets, chain] {
        let (docs, notices) = parse(text.as_bytes());
        assert!(!docs.is_empty());
        assert!(!notices.is_empty(), "{}", text.get(..60).unwrap());
    }
}

fn to_serde(node: &Node) -> serde_yaml::Value {
    let Some(tag) = node.tag.as_deref().filter(|t| !t.starts_with("!!") && *t != "!") else { return untagged(node) };
    let tagged = serde_yaml::value::TaggedValue { tag: serde_yaml::value::Tag::new(tag), value: untagged(node) };
    serde_yaml::Value::Tagged(Box::new(tagged))
}

fn untagged(node: &Node) -> serde_yaml::Value {
    match &node.kind {
        NodeKind::Scalar(s) => match s.core {
            Core::Null => serde_yaml::Value::Null,
            Core::Bool(b) => b.into(),
            Core::Num => serde_yaml::from_str(s.text.as_str()).unwrap(),
            Core::Str => s.text.as_str().into(),
        },
        NodeKind::Seq(items) => serde_yaml::Value::Sequence(items.iter().map(to_serde).collect()),
        NodeKind::Map(entries) => serde_yaml::Value::Mapping(entries.iter().map(|e| (to_serde(&e.key), to_serde(&e.value))).collect()),
    }
}

fn scalars() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9$(){}#:'\"|>&*!%@` \\-\\\\é]{0,12}",
        "[a-z \t\n]{0,20}",
        "(  )?[a-z]{1,5}(\n{1,3} {0,3}[a-z]{0,5}){0,4}\n{0,2}",
        Just("null".to_owned()),
        Just("1.5".to_owned()),
    ]
}

fn values() -> impl Strategy<Value = serde_yaml::Value> {
    let leaf = prop_oneof![
        scalars().prop_map(serde_yaml::Value::from),
        any::<bool>().prop_map(serde_yaml::Value::from),
        any::<i32>().prop_map(serde_yaml::Value::from),
        Just(serde_yaml::Value::Null)
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_yaml::Value::Sequence),
            prop::collection::btree_map("[a-z][a-z -]{0,7}", inner, 0..5)
                .prop_map(|m| { serde_yaml::Value::Mapping(m.into_iter().map(|(k, v)| (k.into(), v)).collect()) }),
        ]
    })
}

/// Lines as people and attackers write them: pieces of structure at random indents.
fn lines() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a:",
        "b: x",
        "- y",
        "- k: v",
        "c: |",
        "d: >-",
        "e: \"q",
        "z\"",
        "f: 'it''s",
        "g'",
        "# note",
        "h: [1, 2",
        "], ",
        "{m: n}",
        "&p *p",
        "? k",
        ": v",
        "---",
        "",
        "\t",
        "i: &p w",
        "j: *p",
        "<<: *p",
        "- - -",
        "\"q\": !t {",
        "{a: 1, b: [c]}",
        "k: &p {x: y}",
        "- ? x",
        "'a': b",
        "l: \"a\\",
        "a:b",
        "a : b",
        "n: o # c",
        "- [a: b]",
        "&k m: b",
        "*p : x",
        "- |2",
        "}",
        "a: {b",
        "c: d}",
        "\t- x",
        "- # c",
        "o: # c",
        "!t",
        "- !t",
        "p: -1",
        "-q: r",
        "- -s",
        "...",
        "t: u  v",
        "\"w\" : x",
        "- \"y\": z",
        "? |",
        "- >+",
        "]",
        "aa: [",
        "bb,",
        "cc: [d, # e",
        "- dd: ee",
        "ff: gg: hh",
        "\"",
        "ii: 'jj' kk",
        "%YAML 1.1",
        "kk: l#m # n",
        "'oo'#p",
        "qq: r\u{2028}ss: t",
        "# \u{85}uu: v",
        "ww: |\r   x\r",
        "\"yy\\u0041\": z",
        "- |-\n\n",
    ]);
    prop::collection::vec((0usize..6, piece), 0..14).prop_map(|ls| ls.into_iter().map(|(n, p)| format!("{}{p}\n", " ".repeat(n))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(value in values()) {
        let text = serde_yaml::to_string(&value).unwrap();
        let yaml = read(text.as_bytes());
        prop_assert_eq!(yaml.documents.len(), 1);
        // The writer's own reader is the judge: it resolves what a plain scalar is.
        let want: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        prop_assert_eq!(to_serde(&yaml.documents[0]), want, "{}", text);
        check_positions(text.as_bytes(), &yaml.documents[0]);
        prop_assert!(yaml.notices.is_empty(), "{:?}", yaml.notices);
    }

    #[test]
    fn odd_lines_keep_positions(text in lines()) {
        let (docs, _) = parse(text.as_bytes());
        for doc in &docs {
            check_positions(text.as_bytes(), doc);
        }
    }

    #[test]
    fn what_others_accept_is_read(text in lines()) {
        use serde::Deserialize;
        let want: Result<Vec<_>, _> = serde_yaml::Deserializer::from_str(&text).map(serde_yaml::Value::deserialize).collect();
        if let Ok(mut want) = want {
            let mut got: Vec<_> = parse(text.as_bytes()).0.iter().map(to_serde).collect();
            // Empty documents are told apart differently; a merge of something else is left alone by both.
            prop_assume!(want.iter_mut().all(|w| w.apply_merge().is_ok()));
            want.retain(|w| !w.is_null());
            got.retain(|w| !w.is_null());
            prop_assert_eq!(got, want, "{}", text);
        }
    }

    #[test]
    fn no_bytes_harm(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b" \n\r:-?|>'\"[]{}#&*!\\,a".to_vec())], 0..80)) {
        let (docs, _) = parse(&bytes);
        let len = bytes.len();
        for doc in &docs {
            prop_assert!(doc.range.end as usize <= len);
        }
    }
}

#[test]
fn an_odd_entry_costs_only_itself() {
    let table: &[(&str, &str, &str)] = &[
        // (text, what is read, what the notices cover)
        ("'-':\n- ''\n-a: ''\n", r#"{"-": [""], "-a": ""}"#, ""),
        ("a: 1\nb: {x: [y}\nc: 2\n", r#"{"a": #1, "b": {"x": ["y", {"c": #2}]}}"#, "{x: [y}\nc: 2"),
        (
            "a: {? k, \"b\":[c: d, e], 'f' : {&x g: *x}, !t h: }\ni: 1\n",
            r#"{"a": {"k": ~, "b": [{"c": "d"}, "e"], "f": {"g": *"g"}, !t "h": ~}, "i": #1}"#,
            "",
        ),
        (
            "a: 1\nb: \"x\" y\nc:\n  - d: |\n      run `\n    e: @z\n  - f\n",
            r#"{"a": #1, "b": "\"x\" y", "c": [{"d": "run `\n", "e": "@z"}, "f"]}"#,
            "\"x\" y|@z",
        ),
        (
            "on:\n  push:\n    branches: [\n  main, # c\n]\njobs: &j !t\n  a: b\nx: *j\ny: @\n",
            r#"{"on": {"push": {"branches": ["main"]}}, "jobs": !t {"a": "b"}, "x": *!t {"a": "b"}, "y": "@"}"#,
            "@",
        ),
        ("a: { T: ${{ s }} }\nb: c\n", r#"{"a": {"T": "$", {{"s": ~}: ~}: ~}, "b": "c"}"#, "{ T: ${{ s }} }"),
        // A line of a template among others; what is deeper than an odd line goes with it.
        (
            "a:\n  {{- if b }}\n  - c: d\n  {% else # it's %}\n  - e\n  {# - f #}\n  {{- end }}\ng: {{ h }}\n{{ i\n  j: k\n}} l\n",
            r#"{"a": ["{{- if b }}", {"c": "d"}, "{% else # it's %}", "e", "{# - f #}", "{{- end }}"], "g": {{"h": ~}: ~}, "{{ i\n  j: k\n}} l": ~}"#,
            "{{- if b }}|{% else # it's %}|{# - f #}|{{- end }}|{{ i\n  j: k\n}} l",
        ),
        // What stands deeper than a value that is complete, and shallower than its brothers.
        ("a: 'b'\n  c: d\ne:\n    f: g\n  h: i\n", r#"{"a": "b", "c": "d", "e": {"f": "g", "h": "i"}}"#, "c: d"),
        (
            "<<<<<<< x\na: b\n=======\na: c\n  d\n>>>>>>> y\n",
            r#"{"<<<<<<< x": ~, "a": "b", "=======": ~, "a": "c d", ">>>>>>> y": ~}"#,
            "<<<<<<< x|=======|a|>>>>>>> y",
        ),
        ("a: b\n- c\n- d\ne: f\n", r#"{"a": "b", "e": "f", ~: ["c", "d"]}"#, "a: b\n- c\n- d\ne: f"),
        // A quote that nothing ends.
        ("a: \"b\nc: 'd\ne: \"f\"\ng: 'h'\n", r#"{"a": "\"b\nc: 'd\ne: \"f\"", "g": "h"}"#, "\"b\nc: 'd\ne: \"f\""),
        ("a: \"b\nc: d\n---\ne: \"f\"\n", r#"{"a": "\"b", "c": "d"} --- {"e": "f"}"#, "\"b"),
        ("%YAML 1.2\n---\na: @\n--- |\n  t\n...\n---\n- @b\n- c\n", r#"{"a": "@"} --- "t\n" --- ["@b", "c"]"#, "@|@b"),
    ];
    for (text, want, covered) in table {
        let (docs, notices) = parse(text.as_bytes());
        assert_eq!(docs.iter().map(show).collect::<Vec<_>>().join(" --- "), *want, "{text}");
        assert_eq!(notices.iter().map(|n| text.get(n.range.bounds()).unwrap()).collect::<Vec<_>>().join("|"), *covered, "{text}");
        docs.iter().for_each(|n| check_positions(text.as_bytes(), n));
    }
    // Many rows, and one entry that is too deep.
    let rows = format!("a:\n{}b: c\n", "  - k: v\n".repeat(40_000));
    let (docs, notices) = parse(rows.as_bytes());
    assert_eq!((docs[0].get("a").unwrap().items().len(), docs[0].get("b").and_then(Node::as_str), notices.len()), (40_000, Some("c"), 0));
    let deep = format!("a: |\n  {}\nb: {}x\nc: d\n", "- ".repeat(300), "[".repeat(300));
    let (docs, _) = parse(deep.as_bytes());
    assert_eq!(docs[0].get("a").and_then(Node::as_str).map(str::len), Some(601));
}

#[test]
fn collections_end_with_their_comments() {
    let text = "a:\n  - b: c # one\n  # two\n  - d:\n\ne: f\n";
    let docs = parse(text.as_bytes()).0;
    let at = |n: &Node| text.get(n.range.bounds()).unwrap().to_owned();
    let list = docs[0].get("a").unwrap();
    assert_eq!(at(list), "- b: c # one\n  # two\n  - d:");
    assert_eq!(list.items().iter().map(at).collect::<Vec<_>>(), ["b: c # one\n  # two", "d:"]);
    assert_eq!(at(&docs[0]), text);
}

/// Each shape some thousand times over is read as fast as its length says: were one of them not, this test would not end.
#[test]
fn hostile_shapes_are_linear() {
    let rows = [
        "- ",
        "- \n",
        "? ",
        "? a\n",
        ": ",
        "a: ",
        "a:\n",
        "a, ",
        "[",
        "{",
        "{[",
        "]",
        "[] ",
        "a: [\n",
        "{{ a\n",
        "{{ a }}\n",
        "{% a\n",
        "a: \"x\n",
        "a: \"x\" \"y\n",
        "a: 'x''\n",
        "'",
        "\"",
        "[\"a\n",
        "\\\"",
        "---\na: \"\n",
        "&a ",
        "&a\n",
        "!a\n",
        "- *a\n",
        "- |\n",
        "\n",
        "   \n",
        "x ",
        "x\n",
        "x y\n x: y\n",
        "# c\n",
        "a #",
        "...\n",
        "%a\n",
        "@\n",
        "a: \"b\" c\n  - d\n",
        "\t",
        "''",
        "\u{85}",
        "a\n\n ",
        "- a\nb: c\n",
        "? - a\n: - b\n",
        "[a, b]: c\n",
        "a: b\r",
        "[[[]]],",
        "  <<: *a\n",
    ];
    let starts = ["", "[", "'", "\"", "a: |\n", "a: >+\n", "a: &a {b: c, [d]: e}\nf:\n", "k: x\n  ", "k: \"x\" \""];
    let deep = (0..99).map(|i| format!("{}- &a\n", " ".repeat(i))).collect::<String>();
    let flow = "&a [".repeat(99);
    for row in rows {
        for start in starts.into_iter().chain([deep.as_str(), flow.as_str()]) {
            read(format!("{start}{}", row.repeat(16_000 / row.len())).as_bytes());
        }
    }
    let down = (1..1_000).map(|i| format!("{}b: 'c'\n", " ".repeat(i))).collect::<String>();
    let up = (1..1_000).map(|i| format!("{}b: 'c'\n", " ".repeat(1_000 - i))).collect::<String>();
    for text in [down, up] {
        assert!(!read(text.as_bytes()).documents.is_empty());
    }
}
