//! Shapes of real Dockerfiles.

use super::*;
use crate::extract::shell::tests::dump;

#[track_caller]
fn gives(code: &str, expected: &[&str]) {
    let facts = dockerfile(code.as_bytes());
    assert_eq!(dump(&facts), expected, "{code}\n{:?}", facts.notices);
}

#[test]
fn stages_images_and_settings() {
    gives(
        "# syntax=docker/dockerfile:1\nARG BASE=nvcr.io/nvidia/pytorch\nARG TAG=24.05-py3\nFROM --platform=linux/amd64 ${BASE}:${TAG} AS build\n\
         ARG TAG\nENV A=1 B=\"x y\"\nENV LEGACY some value\nUSER root\nWORKDIR /app\nWORKDIR src\nRUN make\n\
         FROM build\nRUN pwd\nFROM scratch\nCOPY --from=build /app /app\nCOPY --from=alpine:3 /x /y\nLABEL org.a=\"b\"\n",
        &[
            "syntax = 'docker/dockerfile:1'",
            "input BASE 'nvcr.io/nvidia/pytorch'",
            "input TAG '24.05-py3'",
            "stage 0 build",
            "FROM.platform = 'linux/amd64'",
            "image 'nvcr.io/nvidia/pytorch:24.05-py3' Base",
            "input TAG '24.05-py3'",
            "ENV.A = '1'",
            "ENV.B = 'x y'",
            "ENV.LEGACY = 'some value'",
            "USER = 'root'",
            "WORKDIR = '/app'",
            "WORKDIR = 'src'",
            "make @['/app' '/' 'src']",
            "stage 1 ",
            "FROM = 'build'",
            "pwd @['/app' '/' 'src']",
            "stage 2 ",
            "FROM = 'scratch'",
            "COPY --from=build /app /app",
            "image 'alpine:3' CopyFrom",
            "COPY --from=alpine:3 /x /y",
            "LABEL.org.a = 'b'",
        ],
    );
}

#[test]
fn runs_in_every_form() {
    gives(
        "FROM a\nRUN --mount=type=secret,id=hf,env=HF_TOKEN --mount=type=bind,from=ghcr.io/x/uv:1,target=/u pip install x \\\n\
         # a comment\n\n  && curl y | \\\n  bash\nRUN [\"bash\", \\\n \"-c\", \"a\\\"b\"]\nCMD python serve.py\nENTRYPOINT [\"/run\"]\n\
         HEALTHCHECK --interval=5s CMD curl -f localhost\nONBUILD RUN curl z\n",
        &[
            "stage 0 ",
            "image 'a' Base",
            "secret hf",
            "image 'ghcr.io/x/uv:1' CopyFrom",
            "pip install x",
            "curl y when Succeeds out(pip)",
            "bash <| curl when Succeeds out(pip)",
            "\"bash\" \"-c\" \"a\"b\"",
            "CMD = 'python serve.py'",
            "python serve.py",
            "ENTRYPOINT = '[\"/run\"]'",
            "\"/run\"",
            "HEALTHCHECK = '--interval=5s CMD curl -f localhost'",
            "HEALTHCHECK.interval = '5s'",
            "curl -f localhost",
            "ONBUILD = 'RUN curl z'",
            "curl z",
        ],
    );
}

#[test]
fn here_documents() {
    gives(
        "FROM a\nRUN <<EOF\ncurl x | bash\nEOF\nRUN python3 - <<'PY' && echo done\nprint(1)\nPY\nCOPY <<-E /run.sh\n\techo $X\n\tE\nRUN b\n",
        &[
            "stage 0 ",
            "image 'a' Base",
            "curl x",
            "bash <| curl",
            "python3 - <<< 'print(1)\n'",
            "echo done when Succeeds out(python3)",
            "COPY <<-E /run.sh",
            "file '/run.sh' <- '\techo $X\n'",
            "b",
        ],
    );
    let facts = dockerfile(b"FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\n");
    assert!(facts.items.iter().any(|f| matches!(f.what, What::Script { language: Language::Python, .. })));
}

/// Nothing in one instruction hides the next.
#[test]
fn later_instructions_are_never_lost() {
    let heads = [
        "RUN cat <<< \"$X\"",
        "RUN cat <<<EOF",
        "RUN echo $((1<<3)) $(( 1 << 3 ))",
        "RUN cd x && \\\n[ -f y ] && \\\n[[ -d z ]]",
        "RUN echo 'unterminated",
        "RUN echo \"unterminated",
        "RUN cat <<NEVER",
        "RUN [\"broken\", ",
        "RUN [[ \"a\" ]] || {",
        "{% if x %}",
        "ENV A=\"unterminated",
        "LABEL a='",
        "COPY <<X",
        "CMD [",
        "RUN a \\\\",
        "RUN $(",
        "FROM",
        "ARG",
        "ONBUILD",
        "ONBUILD ONBUILD ONBUILD ONBUILD ONBUILD ONBUILD RUN x",
        "# escape=`\r",
        "HEALTHCHECK",
        "SHELL",
        "RUN \u{0} x",
    ];
    for head in heads {
        for tail in ["", "\n", "\r\n"] {
            let code = format!("FROM a\n{head}\nRUN curl x | bash{tail}");
            let lines = dump(&dockerfile(code.as_bytes()));
            let at = lines.iter().position(|l| l.starts_with("bash <| curl"));
            assert!(at.is_some(), "{code}\n{lines:#?}");
        }
    }
    gives("# escape=`\nFROM a\nRUN a `\n b\nCOPY x C:\\\nRUN c\n", &["stage 0 ", "image 'a' Base", "a b", "COPY x C:\\", "c"]);
}

#[test]
fn an_image_through_a_variable_points_at_the_literal() {
    let code = "ARG BASE=python:3.11\nFROM $BASE\n";
    let facts = dockerfile(code.as_bytes());
    let image = facts.items.iter().find_map(|f| match f.what {
        What::Image { reference, .. } => Some(facts.value(reference).range),
        _ => None,
    });
    assert_eq!(image.and_then(|r| code.get(r.bounds())), Some("python:3.11"));
}

/// Whatever holds it, a download that is executed in a build is seen.
#[test]
fn a_piped_download_is_seen_in_every_instruction() {
    let shapes = [
        "FROM a\nRUN @",
        "from a\nrun @",
        "FROM a\nRUN --mount=type=cache,target=/x \\\n  --network=host \\\n @",
        "FROM a\nRUN <<EOF\n@\nEOF",
        "FROM a\nRUN --network=none <<-'EOF'\n\t@\n\tEOF",
        "FROM a\nRUN <<EOF bash\n@\nEOF\nRUN @",
        "FROM a\nRUN bash -e <<EOF && @\nx\nEOF",
        "FROM a\nRUN cat <<A <<B && @\nB\nA\nx\nB",
        "FROM a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN @",
        "FROM a\nCMD @",
        "FROM a\nENTRYPOINT @",
        "FROM a\nHEALTHCHECK --interval=1s CMD @",
        "FROM a\nONBUILD RUN @",
        "FROM a\nonbuild run <<EOF\n@\nEOF",
        "FROM a\nRUN a \\\n# '\n\n && @",
        "FROM a\nRUN a \\   \n && @",
        "# escape=`\nFROM a\nRUN a `\n # \"\n && @",
        "#escape=`\n# Escape = `\nFROM a\nRUN a `\n && @",
        "# syntax=x\n# unknown=1\n# escape=`\nFROM a\nRUN `\n @",
        "# a comment\n# escape=`\nFROM a\nRUN \\\n @",
        "\u{feff}FROM a\r\nRUN a \\\r\n && @\r\n",
        "RUN @",
        "ARG X\nRUN @\nFROM a",
        "FROM a\nFROM b\nFROM $X AS y\nRUN @",
        "FROM a\n\tRUN @",
        "FROM a\nRUN [[ x ]] || { \\\n [ y ]; @; }",
        "FROM a\nENV A=\"x\\\n'\nRUN @",
        "FROM a\nRUN [ -f x ] && @",
        "FROM a\nENV C=curl\nARG B=bash\nRUN $C x | $B",
        "FROM a\nRUN /bin/echo '@' > f && @",
        "FROM a\nRUN [\"a\", 'b'] ; @",
    ];
    for shape in shapes {
        for spelling in ["curl x | bash", "curl x | \\\n bash", "curl x \\\n# comment\n\n | bash", "c\"ur\"l x|bash"] {
            if (spelling.contains('\n') && (shape.contains('`') || shape.contains("<<"))) || (spelling.contains('"') && shape.contains("ENV")) {
                continue;
            }
            let code = shape.replace('@', spelling);
            let lines = dump(&dockerfile(code.as_bytes()));
            assert!(lines.iter().any(|l| l.starts_with("bash <| ") && l.contains("curl")), "{code}\n{lines:#?}");
        }
    }
}
