#!/usr/bin/env bash
# Puts pipevet in place for the other steps of the action, and writes its path to the output `binary`:
#   1. the program that `binary-path` names;
#   2. else the release of this action's own version for this runner, held against the checksum that the action carries, and against its
#      attestation where `gh` can ask for it;
#   3. else, when the action carries no checksum for it (a commit between releases, another platform), a build from the action's own source.
# A download that is not what the checksum says ends the run: nothing else is tried in its place.
set -euo pipefail

action=${GITHUB_ACTION_PATH:?}
temporary=${RUNNER_TEMP:?}

# A message of one line, escaped for a workflow command.
say() {
    local kind=$1 text=$2
    text=${text//'%'/'%25'} text=${text//$'\r'/'%0D'} text=${text//$'\n'/'%0A'}
    printf '::%s title=pipevet::%s\n' "$kind" "$text"
}
fail() { say error "$1"; exit 2; }

use() {
    local found
    found=$("$1" --version 2>/dev/null) || fail "$1 does not run on this machine"
    printf '%s from %s\n' "$found" "$2"
    printf 'binary=%s\n' "${1//[$'\r\n']/}" >>"$GITHUB_OUTPUT"
    exit 0
}

if [ -n "${PIPEVET_BINARY_PATH:-}" ]; then
    [ -f "$PIPEVET_BINARY_PATH" ] || fail "binary-path: there is no file $PIPEVET_BINARY_PATH"
    case "$PIPEVET_BINARY_PATH" in
    /* | [A-Za-z]:*) use "$PIPEVET_BINARY_PATH" "binary-path" ;;
    *) use "$PWD/$PIPEVET_BINARY_PATH" "binary-path" ;;
    esac
fi

# The version of this very tree, which is the one its checksums are for.
own=$(sed -n 's/^version = "\([0-9A-Za-z.+-]*\)"[[:space:]]*$/\1/p' "$action/Cargo.toml" | head -n 1)
version=${PIPEVET_VERSION:-}
version=${version#v}
if [ -z "$version" ]; then
    case "${PIPEVET_ACTION_REF:-}" in
    v[0-9]*.[0-9]*.[0-9]*) version=${PIPEVET_ACTION_REF#v} ;;
    [0-9]*.[0-9]*.[0-9]*) version=$PIPEVET_ACTION_REF ;;
    *) version=$own ;;
    esac
fi
# It becomes part of a path.
case "$version" in
'' | *[!0-9A-Za-z.+-]*) fail "version: '$version' is no version" ;;
esac

case "${RUNNER_OS:-$(uname -s)}" in
Linux) system=unknown-linux-musl ;;
macOS | Darwin) system=apple-darwin ;;
Windows | MINGW* | MSYS* | CYGWIN*) system=pc-windows-msvc ;;
*) system= ;;
esac
case "${RUNNER_ARCH:-$(uname -m)}" in
X64 | x86_64 | amd64) machine=x86_64 ;;
ARM64 | aarch64 | arm64) machine=aarch64 ;;
*) machine= ;;
esac
suffix=.tar.gz program=pipevet
if [ "$system" = pc-windows-msvc ]; then suffix=.zip program=pipevet.exe; fi
asset="pipevet-$version-$machine-$system$suffix"

expected=
if [ -n "$system" ] && [ -n "$machine" ] && [ -f "$action/action/checksums.txt" ]; then
    while read -r sum name; do
        if [ "${name#\*}" = "$asset" ]; then expected=$sum; fi
    done < <(tr -d '\r' <"$action/action/checksums.txt")
fi

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | { read -r sum _; printf '%s' "$sum"; }
}

# Whether GitHub has a signed statement that its own workflow built this file.
attested() {
    local answer
    if [ -z "${PIPEVET_ACTION_REPOSITORY:-}" ]; then
        echo "pipevet: the attestation was not looked at: this action comes from no repository"
        return
    fi
    if ! command -v gh >/dev/null || ! gh auth status >/dev/null 2>&1; then
        echo "pipevet: the attestation was not looked at: gh is not here, or not signed in"
        return
    fi
    if answer=$(gh attestation verify "$1" --repo "$PIPEVET_ACTION_REPOSITORY" 2>&1); then
        echo "pipevet: the attestation of $asset by $PIPEVET_ACTION_REPOSITORY holds"
        return
    fi
    # What cannot be asked is not wrong: the checksum stands. Every other answer is.
    if grep -qiE 'dial tcp|no such host|timed? ?out|connection re(fused|set)|unknown command|HTTP (401|403|429|5[0-9][0-9])' <<<"$answer"; then
        say notice "The attestation of $asset could not be asked for; its checksum is right."
        return
    fi
    fail "The attestation of $asset does not hold: $answer"
}

if [ -n "$expected" ]; then
    [ -n "${PIPEVET_DOWNLOAD_BASE:-}${PIPEVET_ACTION_REPOSITORY:-}" ] || fail "download-base: this action comes from no repository, so there is no place to download from"
    base=${PIPEVET_DOWNLOAD_BASE:-"https://github.com/$PIPEVET_ACTION_REPOSITORY/releases/download"}
    case "$base" in
    *@*) fail "download-base: an address with a user or password in it is not taken" ;;
    https://*) protocols='=https' ;;
    # Without encryption only from this machine itself.
    http://127.0.0.1 | http://127.0.0.1[:/]* | http://localhost | http://localhost[:/]* | 'http://[::1]' | 'http://[::1]'[:/]*) protocols='=http,https' ;;
    *) fail "download-base: '$base' does not begin with https://" ;;
    esac
    place="$temporary/pipevet-$version"
    rm -rf "$place"
    mkdir -p "$place"
    address="${base%/}/v$version/$asset"
    curl --fail --silent --show-error --location --proto "$protocols" --retry 3 --retry-connrefused --retry-delay 1 --connect-timeout 20 --max-time 300 \
        --output "$place/$asset" -- "$address" ||
        fail "$address could not be downloaded. Where there is no way to it, give download-base (a mirror) or binary-path (a pipevet on the runner)."
    actual=$(sha256 "$place/$asset")
    if [ "$actual" != "$expected" ]; then
        rm -f "$place/$asset"
        fail "$address is not what this action was released with: sha256 $actual, and $expected is right. Nothing of it was run."
    fi
    echo "pipevet: sha256 $actual of $asset is right"
    attested "$place/$asset"
    if [ "$suffix" = .zip ]; then
        unzip -q "$place/$asset" -d "$place"
    else
        tar -xzf "$place/$asset" -C "$place"
    fi
    for found in "$place/$program" "$place"/*/"$program"; do
        if [ -f "$found" ]; then
            chmod +x "$found"
            use "$found" "$address"
        fi
    done
    fail "$asset holds no $program"
fi

if [ "$version" != "$own" ]; then
    fail "version: this action carries no checksum for pipevet $version on this runner; use the action of that version"
fi
command -v cargo >/dev/null ||
    fail "This action carries no checksum for pipevet $version on this runner, and there is no cargo to build it: use a released version of the action, or give binary-path."
say notice "This action carries no release of pipevet for this runner: building it from source, which takes some minutes. A released version of the action (a tag, or its commit) downloads instead."
cargo install --locked --quiet --path "$action" --features github --root "$temporary/pipevet" --target-dir "$temporary/pipevet-build"
use "$temporary/pipevet/bin/$program" "source"
