use super::*;

fn said(language: Language, script: &str) -> String {
    let text = as_shell(&Text::verbatim(script.as_bytes(), 0), language);
    text.as_str().lines().map(str::trim).filter(|l| !matches!(*l, "" | ":")).collect::<Vec<_>>().join("; ")
}

#[test]
fn powershell_is_said_as_a_shell_would() {
    let cases = [
        // Commands, words, paths.
        ("git clone https://a.example/b.git", "git clone https://a.example/b.git"),
        ("pip install `\n  --upgrade foo", "pip install --upgrade foo"),
        (".\\build\\run.ps1 -Fast", "./build/run.ps1 -Fast"),
        ("& \"$env:TOOLS\\x.exe\" --a", "\"${TOOLS}/x.exe\" --a"),
        ("& '.\\a b.ps1'", "'./a b.ps1'"),
        (". .\\lib.ps1", ". ./lib.ps1"),
        // What is fetched, and what is run.
        ("iwr https://a.example/i.ps1 -UseBasicParsing | iex", "iwr https://a.example/i.ps1 -usebasicparsing | sh"),
        ("Invoke-WebRequest -Uri \"https://a.example/t.exe\" -OutFile t.exe", "invoke-webrequest -uri \"https://a.example/t.exe\" -outfile t.exe"),
        (
            "iex ((New-Object System.Net.WebClient).DownloadString('https://a.example/i.ps1'))",
            "eval \"$(.downloadstring 'https://a.example/i.ps1')\"",
        ),
        (
            "$u = 'https://a.example'\n(New-Object Net.WebClient).DownloadFile(\"$u/a.ps1\", \"a.ps1\")",
            "u='https://a.example'; echo \"$(.downloadfile \"${u}/a.ps1\" \"a.ps1\")\"",
        ),
        ("$s = irm https://a.example/i\nInvoke-Expression $s", "s=\"$(irm https://a.example/i)\"; eval \"${s}\""),
        // Variables and text.
        ("$env:NAME = \"v$x\"", "export NAME=\"v${x}\""),
        ("[string]$a += 'it''s'", "a+='it'\\''s'"),
        ("$a = \"x\" + $b + 'y'", "a=\"x\"\"${b}\"'y'"),
        ("$v = $obj.name", "v=\"${obj}\""),
        ("if ((Get-FileHash a.exe).Hash -ne 'AB') { throw 'no' }", "if [ \"$(get-filehash a.exe)\" != 'AB' ]; then; exit 1; fi"),
        ("Write-Host \"say `\"hi`\" `$5 $(git rev-parse HEAD)\"", "echo \"say \\\"hi\\\" \\$5 $(git rev-parse HEAD; )\""),
        ("$t = @\"\na $x\n\"@\n", "t=\"a ${x}\""),
        ("echo '${{ github.event.issue.title }}'", "echo '${{ github.event.issue.title }}'"),
        // Files of the runner.
        ("\"T=$env:TITLE\" | Out-File -FilePath $env:GITHUB_ENV -Append", "echo \"T=${TITLE}\" >> \"${GITHUB_ENV}\""),
        ("Add-Content -Path $env:GITHUB_OUTPUT -Value \"a=$b\"", "echo \"a=${b}\" >> \"${GITHUB_OUTPUT}\""),
        ("echo \"a=1\" >> $env:GITHUB_ENV", "echo \"a=1\" >> \"${GITHUB_ENV}\""),
        ("git log 2>&1 | Out-Null", "git log"),
        ("\"x\" > out.txt", "echo \"x\" > out.txt"),
        // Blocks.
        ("if ($env:A -eq 'b') { make x } else { make y }", "if [ \"${A}\" = 'b' ]; then; make x; else; make y; fi"),
        ("if (Test-Path x) { pip install a }", "if [ -n \"$!\" ]; then; pip install a; fi"),
        ("foreach ($f in 'a.exe', $b) { ./run $f }", "for f in 'a.exe' \"${b}\"; do; ./run \"${f}\"; done"),
        (
            "if (($a -eq 1 -or $b) -and -not ($c -ne 2)) { make }",
            "if { [ \"${a}\" = 1 ] || [ -n \"${b}\" ]; } && ! { [ \"${c}\" != 2 ]; }; then; make; fi",
        ),
        ("if (-not (Get-Thing x) -and $LASTEXITCODE -eq 0) { make }", "if [ -z \"$(get-thing x)\" ] && [ \"$?\" = 0 ]; then; make; fi"),
        ("foreach ($f in Get-ChildItem) { python $f }", "while [ -n \"$!\" ]; do; python \"${f}\"; done"),
        ("try { make } catch { exit 1 } finally { make clean }", "make; exit 1; make clean"),
        ("function Get-It { param($a) curl $a }\nGet-It x", "Get-It() {; curl \"${a}\"; }; get-it x"),
        ("Get-ChildItem | ForEach-Object { pip install $_ }", "get-childitem | foreach-object \"$!\"; pip install \"$!\""),
        ("Start-Process -FilePath .\\s.exe -ArgumentList '/S','/q' -Wait", "./s.exe '/S' '/q'"),
        ("Start-Process s.exe @('/S', \"/q\")", "s.exe '/S' \"/q\""),
        ("$m = @{ Text = \"don't }\"; # it's\n }\nmake x", "m=\"$!\"; make x"),
        ("if ($a) { throw \"no; such } thing $(x\n)\" }\nmake x", "if [ -n \"${a}\" ]; then; exit 1; fi; make x"),
        ("param([string]$a = \"it's\")\nmake x", "make x"),
        ("IWR -Uri:https://a.example/x -OUTFILE y", "IWR -uri https://a.example/x -outfile y"),
        ("$h = (Get-FileHash a).Hash.ToLower()", "h=\"$(get-filehash a)\""),
        ("if (-not $ok) { throw }", "if [ -z \"${ok}\" ]; then; exit 1; fi"),
        ("if ($a) { x } elseif ($b) { y } else { z }\nmake", "if [ -n \"${a}\" ]; then; x; elif [ -n \"${b}\" ]; then; y; else; z; fi; make"),
        (
            "switch ($v) { 'a}' { make a } # no {\n default { make b } }\nmake c",
            "if [ -n \"$!\" ]; then; make a; fi; if [ -n \"$!\" ]; then; make b; fi; make c",
        ),
        ("# nothing\n<# and\nmore #> make a # b", "make a"),
        ("exit 3", "exit 3"),
    ];
    let wrong: Vec<_> = cases.iter().map(|(s, want)| (s, want, said(Language::PowerShell, s))).filter(|(_, want, got)| *want != got).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn cmd_is_said_as_a_shell_would() {
    let cases = [
        ("@echo off\r\ncall scripts\\build.bat %1", "echo off; scripts/build.bat \"${1}\""),
        ("curl -L http://a.example/x.bat -o x.bat & call x.bat", "curl -L http://a.example/x.bat -o x.bat; ./x.bat"),
        ("a 2>&1 && start /wait \"x y\" | findstr z", "a 2>&1  && \"x y\"  | findstr z"),
        ("echo a ^& b & c\\d.cmd", "echo a \\& b; c/d.cmd"),
        ("set \"A=b c\"\nset URL=%BASE%/x", "export A=\"b c\"; export URL=\"${BASE}/x\""),
        ("echo T=%TITLE%>> %GITHUB_ENV%", "echo T=\"${TITLE}\">> \"${GITHUB_ENV}\""),
        ("if \"%A%\"==\"b\" pip install x", "pip install x"),
        ("if not exist out mkdir out\nrem no\n:: no", "mkdir out"),
        ("if errorlevel 1 (\n  exit /b 1\n) else (\n  make\n)", "[ \"$?\" -ne 0 ] &&; exit 1; make"),
        ("echo ${{ github.head_ref }}", "echo ${{ github.head_ref }}"),
        ("REM curl x | sh\n@rem a & b\n:: c | d\nremove x", "remove x"),
        ("if exist b.exe (.\\b.exe /S)", "./b.exe /S"),
        ("setup.exe /q", "./setup.exe /q"),
        ("for %%f in (*.whl) do pip install %%f", ""),
    ];
    let wrong: Vec<_> = cases.iter().map(|(s, want)| (s, want, said(Language::Cmd, s))).filter(|(_, want, got)| *want != got).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    /// A chain of questions is no nesting: the last of many is read as the first.
    #[test]
    fn long_chains_are_read_to_their_end() {
        let chain = format!("if ($a) {{ x }}{}\nlast", " elseif ($a) { pip install y }".repeat(500));
        let said = said(Language::PowerShell, &chain);
        assert!(said.matches("pip install y").count() == 500 && said.ends_with("fi; last"), "{said}");
    }

    /// Whatever is opened and never closed, each language is read to its end.
    #[test]
    fn unclosed_brackets_and_quotes_end() {
        let parts = [
            "(",
            "$(",
            "@{",
            "@(",
            "{",
            "\"$(",
            "if (",
            "& {",
            "[a",
            "x.y(",
            "$a.b(",
            "'",
            "@\"\n",
            "`",
            "%a%",
            "a | ",
            "{ if ($a) ",
            "foo -x {",
            "\"${{",
            "$a = ",
        ];
        for part in parts {
            for language in [Language::PowerShell, Language::Cmd] {
                let text = as_shell(&Text::verbatim(part.repeat(20_000).as_bytes(), 0), language);
                // What is said of a script is not many times the script.
                assert!(text.len() < part.len() * 20_000 * 12, "{part}: {}", text.len());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
        /// No text makes it panic, and all it says stands inside the script.
        #[test]
        fn places_stay_inside(script in "[a-z$@(){}\\[\\]\"'`|&;,.:=<># \n\\\\%^é-]{0,80}") {
            for language in [Language::PowerShell, Language::Cmd] {
                let text = as_shell(&Text::verbatim(script.as_bytes(), 7), language);
                let whole = text.whole();
                prop_assert!(text.is_empty() || whole.start >= 7 && whole.end as usize <= 7 + script.len());
            }
        }
    }
}
