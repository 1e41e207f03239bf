# The image: there is no container engine here. Its file is linted, its build stage is followed in a directory that holds what it copies and nothing else, and where
# the musl target is installed its own command builds the program, which then runs in an empty root. Sourced by `.ci/run`.

step "image"
"$(dirname "$python")/hadolint" Dockerfile
expect 0 "$pipevet" check --all --min-severity info --fail-on low Dockerfile
context="$work/context"
mkdir "$context"
# Only the build stage's lines of this form: `COPY from… to`, relative to the context.
while read -ra words; do
    n=$((${#words[@]} - 1))
    for ((i = 1; i < n; i++)); do cp -R "${words[i]}" "$context/${words[n]}"; done
done < <(grep -E '^COPY [^-]' Dockerfile | sed '/LICENSE/d')
command_line="$(sed -n 's/^RUN //p' Dockerfile)"
target="$(rustc -vV | sed -n 's/^host: //p' | sed 's/-gnu$/-musl/')"
if [ -d "$(rustc --print target-libdir --target "$target")" ] && command -v musl-gcc >/dev/null; then
    (cd "$context" && CC=musl-gcc CARGO_BUILD_TARGET="$target" CARGO_TARGET_DIR=musl sh -euc "${command_line//target\/release/musl/$target/release}")
    empty="$work/empty"
    mkdir -p "$empty/src"
    cp "$context/musl/$target/release/pipevet" "$empty/"
    unshare --map-root-user --net chroot "$empty" /pipevet --version
else
    # What would be missing from the image is missing here too.
    (cd "$context" && CARGO_TARGET_DIR="$(dirname "$(dirname "$pipevet")")" cargo check --locked --quiet)
    echo "NOT BUILT: the target $target or musl-gcc is not installed; its sources are complete"
fi
