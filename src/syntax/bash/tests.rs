//! Laws of the reader: it is total, its places are the text's, and an independent grammar sees the same commands.

use std::collections::BTreeSet;

use super::*;

/// A script in which every construct stands at least once.
const SAMPLE: &str = r##"#!/usr/bin/env bash
# pipevet: a comment with "quotes' in it
set -euo pipefail
export TOKEN="${HF_TOKEN:-none}" PATH=$HOME/bin:$PATH
declare -a files=(a "b c" $(ls) )
files+=(d)
name='it'\''s'
fetch() {
  local url="$1" out=${2:-$(basename "$1")}
  curl -fsSL "$url" -o "$out" || { echo "no $url" >&2; return 1; }
}
function build { (cd src && make -j"$(nproc)") ; }
if [ -f setup.py ] && ! grep -q "x y" setup.py; then
  python -m pip install -e '.[dev]' 2>&1 | tee log
elif [[ $name =~ ^v[0-9]+(\.[0-9]+)*$ ]]; then
  build
else
  exit 1
fi
for f in "${files[@]}" *.txt; do
  case "$f" in
    a|b*) echo "${f%.txt}" ;;
    *) cat "$f" > /dev/null ;;
  esac
done
while read -r line; do printf '%s\n' "$line"; done < input.txt
until ping -c1 host; do sleep 1; done
cat <<EOF > config.yml
token: ${TOKEN}
rev: $(git rev-parse HEAD)
EOF
python - <<'PY'
print("$(not a command)")
PY
x=$((1 + 2)); y=`date +%s`
diff <(sort a) <(sort b) && echo same || true
curl -sSL https://x.test/i.sh | bash -s -- --yes &
echo "done: $x $y ${#files[@]} ${name^^} ${name//a/b}"
"##;

fn statements(body: &[Statement], program: &Program, see: &mut impl FnMut(&Word, bool)) {
    for statement in body {
        for redirect in &statement.redirects {
            word(&redirect.target, program, see);
            if let Some(body) = redirect.body.and_then(|i| program.bodies.get(i)) {
                word(body, program, see);
            }
        }
        match &statement.what {
            Kind::Simple { assigns, words } => {
                assigns.iter().for_each(|a| word(&a.value, program, see));
                words.iter().for_each(|w| word(w, program, see));
                if let Some(first) = words.first() {
                    see(first, true);
                }
            }
            Kind::Pipeline(list) | Kind::Group(list) | Kind::Subshell(list) => statements(list, program, see),
            Kind::List(first, rest) => {
                statements(std::slice::from_ref(first), program, see);
                rest.iter().for_each(|(_, s)| statements(std::slice::from_ref(s), program, see));
            }
            Kind::Not(inner) | Kind::Function(_, inner) => statements(std::slice::from_ref(inner), program, see),
            Kind::If(arms, otherwise) => {
                for (cond, body) in arms {
                    statements(cond, program, see);
                    statements(body, program, see);
                }
                statements(otherwise, program, see);
            }
            Kind::Loop { cond, body, .. } => {
                statements(cond, program, see);
                statements(body, program, see);
            }
            Kind::For { words, body, .. } => {
                words.iter().flatten().for_each(|w| word(w, program, see));
                statements(body, program, see);
            }
            Kind::Case(subject, items) => {
                word(subject, program, see);
                for (patterns, body) in items {
                    patterns.iter().for_each(|w| word(w, program, see));
                    statements(body, program, see);
                }
            }
            Kind::Test(words) => words.iter().for_each(|w| word(w, program, see)),
            Kind::Arithmetic(parts) => parts.iter().for_each(|p| part(p, program, see)),
        }
    }
}

fn word(w: &Word, program: &Program, see: &mut impl FnMut(&Word, bool)) {
    see(w, false);
    w.parts.iter().for_each(|p| part(p, program, see));
}

fn part(p: &Part, program: &Program, see: &mut impl FnMut(&Word, bool)) {
    match &p.what {
        Piece::Expansion(_, _, parts) | Piece::Arithmetic(parts) => parts.iter().for_each(|p| part(p, program, see)),
        Piece::Substitution(body) | Piece::Process(body, _) => statements(body, program, see),
        Piece::Array(words) => words.iter().for_each(|w| word(w, program, see)),
        Piece::Text(_) | Piece::Gap(_) | Piece::Variable(_) => {}
    }
}

/// First words of simple commands, as byte ranges.
fn programs(code: &str) -> BTreeSet<(u32, u32)> {
    let program = parse(&Text::verbatim(code.as_bytes(), 0), &[]);
    let mut out = BTreeSet::new();
    statements(&program.body, &program, &mut |w, first| {
        // The grammar has nodes of their own for declarations and tests.
        let own = |l: String| ["export", "declare", "local", "["].contains(&l.as_str());
        if first && !w.literal().is_some_and(own) {
            out.insert((w.range.start, w.range.end));
        }
    });
    out
}

#[test]
fn an_independent_grammar_sees_the_same_commands() {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).unwrap();
    let tree = parser.parse(SAMPLE, None).unwrap();
    assert!(!tree.root_node().has_error());
    let mut theirs = BTreeSet::new();
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        if let Some(name) = node.child_by_field_name("name").filter(|_| node.kind() == "command") {
            theirs.insert((u32::try_from(name.start_byte()).unwrap(), u32::try_from(name.end_byte()).unwrap()));
        }
        todo.extend((0..node.child_count()).filter_map(|i| node.child(u32::try_from(i).unwrap())));
    }
    let text = |set: &BTreeSet<(u32, u32)>| set.iter().map(|(s, e)| SAMPLE.get(*s as usize..*e as usize).unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(text(&programs(SAMPLE)), text(&theirs));
    assert!(theirs.len() > 30);
    let program = parse(&Text::verbatim(SAMPLE.as_bytes(), 0), &[]);
    assert!(program.problems.is_empty(), "{:?}", program.problems);
}

/// Text of a part, as far as quoting does not change it, is the text at its place.
fn places_hold(code: &str) {
    let program = parse(&Text::verbatim(code.as_bytes(), 0), &[]);
    let bare = |s: &str| s.chars().filter(|c| !matches!(c, '\\' | '\'' | '"' | '\n' | '\t' | '$' | '\0' | '\r')).collect::<String>();
    statements(&program.body, &program, &mut |w, _| {
        assert!(w.range.end as usize <= code.len(), "{code:?}");
        for p in &w.parts {
            let Piece::Text(text) = &p.what else { continue };
            let at = code.get(p.range.bounds()).unwrap_or_default();
            // `$'…'` is decoded: its text is another.
            if !code.replace("\\\n", "").replace('\0', "").contains("$'") {
                assert_eq!(bare(at), bare(text.as_str()), "{code:?}");
            }
        }
    });
}

#[test]
fn places_of_the_sample_hold_however_it_is_cut() {
    places_hold(SAMPLE);
    for end in (0..SAMPLE.len()).step_by(7) {
        places_hold(SAMPLE.get(..end).unwrap());
        places_hold(SAMPLE.get(end..).unwrap());
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_and_its_places_hold(parts in proptest::collection::vec(proptest::sample::select(vec![
        "a", "curl x", " ", "\n", ";", "&", "|", "(", ")", "{ ", "}", "<", ">", "<<E\n", "E\n", "'", "\"", "`", "$", "$(", "${", "((", "))", "[[ ", " ]]", "if ", "then ", "fi ", "do ",
        "done ", "case x in ", "esac", ";;", "f() ", "#", "\\", "\\\n", "\0", "\r", "=", "a=(", "$'", "é", "for i in ", "while ", "!", ":-", "\t", "0", "<<-'E'\n", "=~", "coproc ", "\u{1}",
    ]), 0..40)) {
        places_hold(&parts.concat());
    }
}
