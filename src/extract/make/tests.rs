//! Shapes of real Makefiles.

use super::*;
use crate::extract::shell::tests::dump;

#[track_caller]
fn gives(code: &str, expected: &[&str]) {
    let facts = makefile(code.as_bytes());
    assert_eq!(dump(&facts), expected, "{code}\n{:?}", facts.notices);
}

#[test]
fn targets_recipes_and_variables() {
    gives(
        "PIP ?= python -m pip\nURL = https://x/$(V).sh\nV := 1 # one\n.PHONY: all test\nall: test build | dir\n\n\
         test: ; @echo hi\n\t@$(PIP) install -r req.txt \\\n\t  --no-deps\n\t-curl $(URL) | bash\n\tcd a\n\tls $$HOME $(UNKNOWN) $@\n\
         build dist: X=1\nbuild dist:\n\tmake -C sub\n",
        &[
            "var PIP <- 'python -m pip'",
            "var URL <- 'https://x/1.sh'",
            "var V <- '1'",
            "needs.all = 'test'",
            "needs.all = 'build'",
            "needs.all = 'dir'",
            "function all",
            "function test",
            "echo hi",
            "python -m pip install -r req.txt --no-deps",
            "curl https://x/1.sh (lenient)",
            "bash <| curl (lenient)",
            "cd a",
            "ls $HOME $UNKNOWN test",
            "function build",
            "make -C sub",
            "needs.dist = 'build'",
            "function dist",
            "default = 'all'",
        ],
    );
}

#[test]
fn what_runs_while_make_reads() {
    gives(
        "X := $(shell curl a | bash)\nY != id\nifeq ($(shell uname),Linux)\nZ = 1\nendif\ninclude other.mk\n",
        &["curl a", "bash <| curl", "var X <- out(bash)", "id", "var Y <- out(id)", "uname", "var Z <- '1'", "include = 'other.mk'"],
    );
}

#[test]
fn canned_recipes_and_one_shell() {
    gives(
        "define fetch\n@curl $(1)\nbash $(2)\nendef\nall:\n\t$(call fetch,https://x,i.sh)\n",
        &["var fetch <- '@curl $(1)\nbash $(2)\n'", "function all", "curl https://x", "bash i.sh", "default = 'all'"],
    );
    gives(".ONESHELL:\nall:\n\tcd a\n\tls\n", &["function all", "cd a", "ls @'a'", "default = 'all'"]);
}

#[test]
fn hostile_files_end() {
    let mut code = String::from("A0 = x\n");
    for i in 1..40 {
        code += &format!("A{i} = $(A{}) $(A{})\n", i - 1, i - 1);
    }
    code += "all:\n\techo $(A39)\n";
    assert!(!makefile(code.as_bytes()).items.is_empty());
    for code in
        ["a:\n\t$(", "define x", "define\nendef", "$", "a: $\n\t$", "\t\t\n\tx", "a:;$(shell $(shell $(shell", "endef\n", ":\n", "=\n", "a::&:=\n\\"]
    {
        makefile(code.as_bytes());
    }
    let deep = format!("a:\n\t{}x{}", "$(shell ".repeat(5000), ")".repeat(5000));
    makefile(deep.as_bytes());
}
