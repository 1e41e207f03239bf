# The wheel: built from the tree as `pip install .` does it, installed where there is no cargo, and run. Sourced by `.ci/run`; leaves $wheels and $bare.

step "wheel"
wheels="$work/wheels"
# The build backend is the pinned one of $python instead of whatever is newest.
PATH="$(dirname "$python"):$PATH" "$python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$wheels" .
ls "$wheels"
python3 -m venv "$work/installed"
"$work/installed/bin/python" -m pip install --quiet --no-index --no-deps "$wheels"/pipevet-*.whl
cmp "$work/installed/bin/pipevet" "$pipevet" || fail "the wheel holds another program than the release build"

bare="$(path_without_cargo "$work/bare")"
(
    # Only what a machine without Rust has.
    run() { env -i PATH="$work/installed/bin:$bare" HOME="$work" LC_ALL=C.UTF-8 "$@"; }
    run sh -c 'command -v cargo || command -v rustc' && fail "a compiler is on PATH"
    run pipevet --version | tee "$work/version"
    grep -qxF "pipevet $version" "$work/version" || fail "not version $version"
    expect 1 run pipevet check --preview --color never --output /dev/null "${vulnerable[0]}"
    expect 0 run pipevet check --preview --color never --output /dev/null "${vulnerable[0]}-fixed"
)
