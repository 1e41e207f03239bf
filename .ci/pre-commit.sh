# The hooks, with the real pre-commit: a bad commit is caught, its fix passes, what was there before stands in nobody's way. The wheel hook is the mirror's template,
# made into a repository, with the wheel just built as its only source. Sourced by `.ci/run` after the wheel.

step "pre-commit"
hooks="$work/hooks"
mkdir -p "$hooks/links"
cp "$wheels"/pipevet-*.whl "$hooks/links/"
"$python" -m pip download --quiet --no-deps --require-hashes --dest "$hooks/links" --requirement .ci/backend.txt

# A configuration of git or pip on this machine decides nothing here.
commit_env=(
    env -i HOME="$hooks" LC_ALL=C.UTF-8 GIT_CONFIG_NOSYSTEM=1
    GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@example.invalid GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@example.invalid
    PRE_COMMIT_HOME="$hooks/cache" PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS="$hooks/links" PIP_DISABLE_PIP_VERSION_CHECK=1
    PATH="$bare"
)
in_repo() { (cd "$repo" && "${commit_env[@]}" "$@"); }
new_repo() {
    repo="$1"
    mkdir -p "$repo"
    in_repo git init --quiet --initial-branch main
}
pre_commit="$(dirname "$python")/pre-commit"

# The mirror, at this version; and one that holds nothing but the hooks of this repository.
new_repo "$hooks/mirror"
cp -R mirror/. "$repo/"
in_repo git add --all
in_repo git commit --quiet --message "the template"
in_repo ./bump "$version"
new_repo "$hooks/root"
cp .pre-commit-hooks.yaml "$repo/"
in_repo git add --all
in_repo git commit --quiet --message "the hooks"
in_repo git tag v0
"${commit_env[@]}" "$pre_commit" validate-manifest "$hooks/mirror/.pre-commit-hooks.yaml" "$hooks/root/.pre-commit-hooks.yaml"

new_repo "$hooks/user"
cp -R "$labs/eval-bot/." "$repo/"
cat >"$repo/.pre-commit-config.yaml" <<YAML
repos:
  - repo: $hooks/mirror
    rev: v$version
    hooks: [{ id: pipevet, args: [--preview] }]
YAML
in_repo "$pre_commit" install >/dev/null
# The lab's own evaluation workflow is what the fix repairs.
workflow=.github/workflows
echo "-- a repository without a commit: everything is new"
in_repo git add --all
in_repo git commit --quiet --message "bad from the start" >"$work/commit.log" 2>&1 && fail "a first commit with a way in was let through"
grep -F poisoned-pipeline-execution "$work/commit.log" || { cat "$work/commit.log"; fail "the hook failed for another reason"; }
echo "-- what was there before stands in nobody's way"
in_repo git commit --quiet --no-verify --message "bad from the start"
printf '\n' >>"$repo/README.md"
printf '{}\n' >"$repo/settings.json"
in_repo git add --all
in_repo git commit --message "add settings" 2>&1 | tee "$work/commit.log"
grep -q '^pipevet\.\.*Passed' "$work/commit.log" || fail "an old finding stopped a commit"
echo "-- the fix passes"
put() { rm -rf "${repo:?}/$workflow"; cp -R "$1/$workflow" "$repo/$workflow"; in_repo git add --all; }
put "$labs/eval-bot-fixed"
in_repo git commit --message "fix" 2>&1 | tee "$work/commit.log"
grep -q '^pipevet\.\.*Passed' "$work/commit.log" || fail "the fix was stopped"
echo "-- the same way in, put back, is caught"
put "$labs/eval-bot"
in_repo git commit --quiet --message "break it again" >"$work/commit.log" 2>&1 && fail "a commit that opens a way in was let through"
cat "$work/commit.log"
grep -qF poisoned-pipeline-execution "$work/commit.log" || fail "the hook failed for another reason"
[ "$(in_repo git log -1 --format=%s)" = fix ] || fail "the bad commit was made"
echo "-- and passes once it is repaired; how long it takes"
put "$labs/eval-bot-fixed"
printf '{ "batch": 8 }\n' >"$repo/settings.json"
in_repo git add --all
in_repo python3 - "$pre_commit" <<'PY'
import re, subprocess, sys, time
began = time.monotonic()
run = subprocess.run([sys.argv[1], "run", "--verbose"], capture_output=True, text=True)
whole = time.monotonic() - began
print(run.stdout, end="")
hook = float(re.search(r"duration: ([0-9.]+)s", run.stdout).group(1))
print(f"pipevet {hook:.2f} s, pre-commit and pipevet {whole:.2f} s")
sys.exit(run.returncode or hook >= 0.5 and "the hook takes half a second or more")
PY

echo "-- pipevet-system"
printf 'repos: [{ repo: %s, rev: v0, hooks: [{ id: pipevet-system, args: [--preview] }] }]\n' "$hooks/root" >"$repo/.pre-commit-config.yaml"
in_repo git add --all
expect 0 in_repo env PATH="$work/installed/bin:$bare" "$pre_commit" run
put "$labs/eval-bot"
expect 1 in_repo env PATH="$work/installed/bin:$bare" "$pre_commit" run >"$work/commit.log"
grep -qF poisoned-pipeline-execution "$work/commit.log" || fail "pipevet-system failed for another reason"
