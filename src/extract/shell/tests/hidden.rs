//! What a text can do to hide a command, and what it can do to make reading slow.

use super::*;

/// Wherever `curl x | bash` can stand, it is seen; `@` is it.
#[test]
fn a_piped_download_is_seen_wherever_it_stands() {
    let shapes = [
        "@",
        "if @; then :; fi",
        "if :; then @; fi",
        "if :; then :; elif @; then :; else :; fi",
        "if a\nthen\n@\nfi",
        "if :; then :; else @; fi",
        "while @; do :; done",
        "until :; do @; done",
        "for i in a b; do @; done",
        "for i do @; done",
        "for i in $(@); do :; done",
        "for ((i=0;i<1;i++)); do @; done",
        "for ((i=0;i<1;i++)) { @; }",
        "select i in a; do @; done",
        "case a in a) @;; esac",
        "case a in (a|b) @ ;& c) :;; esac",
        "case $(@) in esac",
        "case a in $(@)) ;; esac",
        "case x in a) ;; *) @ ; esac",
        "$(case x in a) @;; esac)",
        "case x in ')') ;; \"a)\") @;; esac",
        "case x in esac; @",
        "f() { @; }",
        "f () ( @ )",
        "function f { @; }",
        "function f() { @\n}",
        "f()\n{\n@\n}",
        "a-b.c() { @; }",
        "f@() { @; }",
        "f() if :; then @; fi",
        "{ @; }",
        "{ @\n}",
        "( @ )",
        "(@)",
        "((@) )",
        "( (@) )",
        "! @",
        "time -p @",
        "! time @",
        "coproc @",
        "coproc X { @; }",
        "a & @",
        "a; @",
        "a && @",
        "a || @",
        "a |& b; @",
        "@ &",
        "x=1 @",
        "echo $(@)",
        "echo `@`",
        "echo \"`@`\"",
        "echo \"$(@)\"",
        "echo \"a$(@)b\"",
        "echo \"$(echo \"$(@)\")\"",
        "echo `echo \\`@\\``",
        "echo ${X:-$(@)}",
        "echo \"${X:-\"$(@)\"}\"",
        "echo ${X#$(@)}",
        "echo ${X/$(@)/b}",
        "echo ${X:$(@)}",
        "echo ${X[$(@)]}",
        "X[$(@)]=1",
        "X=($(@))",
        "X+=(a\n# c )\n$(@))",
        "declare -a X=($(@))",
        "export X=$(@)",
        "X=$(@) y",
        "echo $((1+$(@)))",
        "echo $[1+$(@)]",
        "(( $(@) ))",
        "let x=$(@)",
        "[[ -n $(@) ]]",
        "[[ a =~ (x|$(@)) ]]",
        "[ $(@) ]",
        "test $(@)",
        "cat <(@)",
        "cat < <(@)",
        "@ > >(cat)",
        "cat <<E\n$(@)\nE",
        "cat <<-E\n\t`@`\n\tE",
        "cat <<< $(@)",
        "cat <<< \"$(@)\"",
        "a > $(@)",
        "a 2> \"$(@)\"",
        ": ${X:=$(@)}",
        "echo ${ @; }",
        "echo ${|@; }",
        "echo \"${ @; }\"",
        "x='a\nb'; @",
        "echo a#b; @",
        "echo $#; @",
        "echo ${#x}; @",
        "echo \\#; @",
        "echo $((2#101)); @",
        "# it's\n@",
        "a # \"\n@",
        "# x \\\n@",
        "echo 'it'\\''s'; @",
        "echo \"a\\\"b\"; @",
        "echo $'it\\'s'; @",
        "echo \"$(echo \")\")\"; @",
        "echo \"$(echo \"'\")\"; @",
        "echo \"`echo \\\"x\\\"`\"; @",
        "echo ${X:-'}'}; @",
        "echo \"${X:-'}\"; @",
        "echo \"${X#'}'}\"; @",
        "echo ${X:-\"}\"}; @",
        "echo \"${X:-\"}\"}\"; @",
        "echo ${X%%\\}*}; @",
        "echo ${X//\\//_}; @",
        "echo ${X//[^a-z]/}; @",
        "echo ${X@Q} ${X^^} ${!X} ${X[@]:1:2} ${#X[@]}; @",
        "echo }; @",
        "echo {; @",
        "echo fi done esac; @",
        "echo if; @",
        "echo !(a); @",
        "ls @(a|b); @",
        "ls *(x|y).c; @",
        "[[ a =~ (x|y) ]] && @",
        "[[ $x =~ ^\"a b\"$ ]] && @",
        "[[ a < b ]] && @",
        "[[ ( a ) || ! b ]] && @",
        "[[ a =~ [[:space:]]*(x) ]]; @",
        "[[ a == @(x|y) ]]; @",
        "[[ -f a && -d b ]]\n@",
        "cat <<E\\OF\n$(\nEOF\n@",
        "cat <<\"E F\"\n`\nE F\n@",
        "cat <<$X\n'\n$X\n@",
        "cat <<'E'\nE \n\"\nE\n@",
        "cat <<-E\n  E\n\tE\n@",
        "cat <<E; @\n'\nE\n",
        "cat <<E \\\n&& @\n'\nE",
        "cat <<A <<B\nB\nA\n'\nB\n@",
        "x=$(cat <<E\n)\"'\nE\n); @",
        "# <<E\n@",
        "echo \"<<E\"; @",
        "echo $((1<<3)); @",
        "((x<<2)); @",
        "echo \"$(cat <<'E'\n\")\nE\n)\"; @",
        "cat <<E\na \\\nE\nE\n@",
        "cat <<E\nE\\\nF\nE\n@",
        "cat <<E\nE\\\n\n@",
        "cat <<E <<<x\nE\n@",
        "exec 3<<E\nE\n@",
        "{fd}>x @",
        "3>&1 @",
        "a >&- ; @",
        "a <&3-; @",
        "a 2>&1 >/dev/null; @",
        "a &>x; @",
        "a >|x; @",
        "a <>x; @",
        "\u{feff}@",
        "a\r\n@\r\n",
        "\0@",
        "echo $'\\x41\\u00e9\\U0001F600\\cA\\101\\?'; @",
        "echo $\"a\"; @",
    ];
    // What no shell accepts: the following line is seen nonetheless.
    let broken = [
        "@;;",
        ")\n@",
        "}\n@",
        "fi\n@",
        ";;\n@",
        "|\n@",
        "&&\n@",
        "'\n@",
        "\"\n@",
        "$(\n@",
        "`\n@",
        "${\n@",
        "$((\n@",
        "((\n@",
        "[[ a\n@",
        "[[ a; @",
        "if\n@",
        "case\n@",
        "case x in\n@",
        "for\n@",
        "f(\n@",
        "f(a) { @; }",
        "cat <<E\n@\nE\n@",
        "a <\n@",
        "a \\",
        "if @",
    ];
    let spellings = [
        "curl x | bash",
        "cu\\\nrl x |\\\n ba\\\nsh",
        "c'u'rl x | b\"as\"h",
        "$'\\x63url' x|bash",
        "\\curl x | \\bash",
        "{curl,-s,x} | {bash,-e}",
        "cu\0rl x | bash",
        "a=1 curl x | b=2 bash",
        "curl x |& bash",
        "curl x |\n\n# c\n bash",
        "curl x | (bash)",
        "curl x | { bash; }",
        "curl x | if :; then bash; fi",
        "(curl x) | bash",
        "{ curl x; } | bash",
        "bash < <(curl x)",
        "curl x > >(bash)",
        "C=curl; $C x | bash",
        "$EMPTY curl x | bash",
        "${S:-curl} x | ${B:-bash}",
        "$(command -v curl) x | bash",
        "2>&1 curl x | bash",
    ];
    let seen = |code: &str| {
        let facts = facts_of(code);
        let named = |id: FactId, name: &str| match &facts.fact(id).what {
            What::Command(c) => c.words.first().and_then(|w| facts.word(w)).as_deref() == Some(name),
            _ => false,
        };
        facts.iter().any(|(id, fact)| match &fact.what {
            What::Command(c) if named(id, "bash") => match c.stdin {
                Stdin::Pipe(from) => named(from, "curl"),
                Stdin::Text(v) => matches!(&facts.value(v).what, V::Join(parts) if parts.iter().any(|p| matches!(facts.value(*p).what, V::Subst(f) if named(f, "curl")))),
                _ => false,
            },
            _ => false,
        })
    };
    let mut lost = Vec::new();
    for (i, shape) in shapes.iter().chain(&broken).enumerate() {
        for (j, spelling) in spellings.iter().enumerate() {
            // Every shape with the plain spelling, every spelling in every third shape: the whole square says nothing more.
            if j > 0 && ((i + j) % 3 != 0 || i >= shapes.len()) {
                continue;
            }
            // A line end would end what the shape holds on one line.
            if spelling.contains('#') && (shape.contains("<<") || shape.contains("{fd}"))
                || (shape.contains("{fd}") && spelling.starts_with(['{', '(']))
            {
                continue;
            }
            // Inside backticks a backslash is taken away once more.
            if shape.contains('`') && (spelling.contains('\\') || spelling.contains('\'')) {
                continue;
            }
            let code = shape.replace("f@", "f%").replace("ls @(", "ls %(").replace("== @(", "== %(").replace("X@Q", "X%Q").replace("X[@]", "X[%]");
            let code = code.replace('@', spelling).replace('%', "@");
            if shape.contains('@') && !seen(&code) {
                lost.push(code);
            }
        }
    }
    assert!(lost.is_empty(), "{} lost, first: {:#?}", lost.len(), lost.iter().take(60).collect::<Vec<_>>());
}

/// Reading time follows length, whatever is nested, opened or repeated, in scripts and in what holds them.
#[test]
fn hostile_texts_take_linear_time() {
    let units = [
        "$(",
        "`",
        "\"$(",
        "${",
        "${x:-",
        "((",
        "$((",
        "(",
        "{ ",
        "a=(",
        "[[ ",
        "case x in a) ",
        "if ",
        "while ",
        "for i in ",
        "f() ",
        "f() { ",
        "! ",
        "a|",
        "a&&",
        "<<A ",
        "<<A\n",
        "'\n",
        "\"\n",
        "`\n",
        "$(\n",
        "\\\n",
        "\0",
        "#",
        "x",
        "$x",
        "a;",
        "<(",
        "time ",
        "coproc ",
        "coproc x { ",
        "a=",
        "a[",
        "a[$(",
        "+(",
        "@(",
        "$'",
        "$'\n",
        "\\`",
        "{a,b}",
        "{a,",
        "[ a ",
        "case x in\n",
        "[[ a\n",
        "a=(\n",
        "${ ",
        "$[",
        "\"",
        "\"${x:-\"",
        ";;",
        "esac ",
        "} ",
        ") ",
        "<<'A'\n'",
        "$(<<A\n",
        "&&\n",
        "|\n",
        "é",
        "[[ a =~ (",
        "((\n",
        "((a)",
        "function f ",
        "select x in ",
        ">(",
        "<<-\"\n",
        "a && b || ",
        "echo x >> $GITHUB_ENV\n",
        "X=$X$X\n$X a\n",
        "cd a\n",
        "a | b\n",
        "{a,b}{a,b}",
        "if a; then ",
        "if a; then :; el",
        "a() { exit; }\n",
    ];
    let run = |what: &str, code: &str, read: &dyn Fn(&[u8]) -> FileFacts| {
        let start = std::time::Instant::now();
        let facts = read(code.as_bytes());
        drop(facts);
        let time = start.elapsed();
        assert!(time < std::time::Duration::from_secs(3), "{what} {:?} took {time:?}", code.get(..40));
    };
    for unit in units {
        let code = unit.repeat(12_000 / unit.len());
        run("shell", &code, &file);
        run("docker", &format!("FROM a\nRUN {}", unit.repeat(3_000 / unit.len())), &crate::extract::dockerfile::dockerfile);
        run("docker lines", &format!("RUN {unit}\n").repeat(100), &crate::extract::dockerfile::dockerfile);
        run("make", &format!("a:\n\t{}", unit.repeat(3_000 / unit.len())), &crate::extract::make::makefile);
    }
}

/// What the shell gives up on ends with its line, and a pattern ends with its bracket, whatever stands in it. Each was a way to hide a command.
#[test]
fn what_hid_a_command_once() {
    let shapes = [
        "x=(\\\n${x#<<E|x) ;<<E{a,b}<<\"E\" \nmark\n",
        "@(<<E& )\nmark\n",
        "@(<<E\n))?]f\n\nmark\n",
        "+(<<E\t;<<\"E\" @( \\))\0*)-\nmark\n",
        "x+(\\';<<E\n):\nmark\n",
        "mark$x",
        "{mark,a}$x",
        "$'\\x6dark'$1",
        "$\"mark\"$x a",
        "ma${x}rk",
        "x=(a | b\nmark\n",
        "x=$(cat <<E)\nmark\nE\n",
        "x=`cat <<E`\nmark\nE\n",
        "a <(cat <<E) <<F\n'\nF\nmark\n",
        "{mark,a}\\",
    ];
    for code in shapes {
        let facts = facts_of(code);
        let seen = facts.items.iter().any(|f| matches!(&f.what, What::Command(c) if facts.program(c).as_deref() == Some("mark")));
        assert!(seen, "{code:?} {:?}", dump(&facts));
    }
}

/// Files that end anywhere are read to their end.
#[test]
fn cut_files_are_read() {
    let docker = "# escape=\\\nARG A=b\nFROM $A:1 AS x\nENV A=1 \\\n B='2'\nRUN --mount=type=secret,id=x,env=Y a && \\\n# c\n b <<E\nx ${y}\nE\nCOPY --from=x [\"a\\\"\", \"b\"]\nONBUILD RUN [\"x\"]\n";
    let make = "A := $(shell a $(B)) # c\nB ?= x\\\n y\ndefine C\n@a $(1)\nendef\nall: $(A) b | c ; @x\n\t-$(call C,$@,$$y) \\\n\t z $(D:a=b)\nifeq ($(A),b)\nA += c\nendif\ninclude $(B)\n";
    for end in 0..docker.len() {
        let cut = docker.get(..end).unwrap_or_default();
        assert!(crate::extract::dockerfile::dockerfile(cut.as_bytes()).items.iter().all(|f| f.range.end as usize <= end));
    }
    for end in 0..make.len() {
        let cut = make.get(..end).unwrap_or_default();
        assert!(crate::extract::make::makefile(cut.as_bytes()).items.iter().all(|f| f.range.end as usize <= end));
    }
}

/// Conditions never nest deeper than their readers can follow, and what they lose only weakens them.
#[test]
fn conditions_stay_shallow() {
    let codes = [
        format!("if a; then :; {} fi", "elif b; then x; ".repeat(3_000)),
        format!("a {}", "&& b ".repeat(3_000)),
        format!("a {}", "|| b && c ".repeat(3_000)),
        format!("{} x {}", "if a && b && c; then ".repeat(60), "; fi ".repeat(60)),
        format!("case x in {} esac", "a) x;; ".repeat(3_000)),
        format!("[ {} a ]", "! ".repeat(3_000)),
        format!("[[ {} a ]]", "( ".repeat(3_000)),
        format!("[ a {} ]", "-a b ".repeat(3_000)),
    ];
    for code in codes {
        let facts = facts_of(&code);
        // Conditions refer only to earlier ones, so one pass measures depth.
        let mut depth = vec![0usize; facts.conds.len()];
        for (i, cond) in facts.conds.iter().enumerate() {
            use crate::cond::CondWhat::{And, Not, Or};
            let inner = match &cond.what {
                And(all) | Or(all) => all.iter().map(|c| depth[c.0 as usize]).max().unwrap_or(0),
                Not(one) => depth[one.0 as usize],
                _ => 0,
            };
            depth[i] = inner + 1;
        }
        let deepest = depth.iter().max().copied().unwrap_or(0);
        assert!(deepest < 400, "{deepest} in {}", code.get(..40).unwrap_or_default());
    }
}
