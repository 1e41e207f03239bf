#!/usr/bin/env bash
# Builds what a release holds for one target, from the tree as it stands: an archive with the program, and a wheel with the same program. Ends with both in $2.
#
#   .ci/package.sh x86_64-unknown-linux-musl dist
#
# Needs the target installed, and for musl a `musl-gcc`; Python 3.11 or newer. Keeps no state: a release build takes nothing from a cache.
set -euo pipefail
cd "$(dirname "$0")/.."

target="$1"
mkdir -p "$2"
out="$(cd "$2" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
python="$(command -v python3 || command -v python)"
"$python" -m venv "$work/tools"
python="$work/tools/bin/python"
[ -e "$python" ] || python="$work/tools/Scripts/python.exe"
"$python" -m pip install --quiet --require-hashes --requirement .ci/release.txt

case "$target" in *-musl) export "CC_${target//-/_}=musl-gcc" ;; esac
# The oldest macOS that Rust itself supports; stated, so that cargo and maturin build for the same.
case "$target" in
x86_64-apple-*) export MACOSX_DEPLOYMENT_TARGET=10.12 ;;
aarch64-apple-*) export MACOSX_DEPLOYMENT_TARGET=11.0 ;;
esac
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}"
cargo build --release --locked --features github --target "$target"
program="$CARGO_TARGET_DIR/$target/release/pipevet"
[ -e "$program" ] || program="$program.exe"

# The wheel first: it has cargo look again, and must find nothing to do.
cp "$program" "$work/before"
"$python" -m maturin build --release --target "$target" --compatibility linux --out "$work/wheel"
cmp "$work/before" "$program" || { echo "the wheel was built from another program" >&2; exit 1; }
case "$target" in
*-linux-musl)
    # A static program runs with either C library, which is what these tags say.
    if readelf --dynamic "$program" | grep NEEDED; then echo "not static" >&2; exit 1; fi
    machine="${target%%-*}"
    "$python" -m wheel tags --remove --platform-tag "manylinux_2_17_$machine.manylinux2014_$machine.musllinux_1_1_$machine" "$work"/wheel/*.whl
    ;;
esac
cp "$work"/wheel/*.whl "$out/"

name="pipevet-$version-$target"
mkdir "$work/archive"
cp "$program" LICENSE-MIT LICENSE-APACHE README.md "$work/archive/"
case "$target" in
*-windows-*) (cd "$work/archive" && "$python" -m zipfile --create "$out/$name.zip" ./*) ;;
*) tar -czf "$out/$name.tar.gz" -C "$work/archive" pipevet LICENSE-MIT LICENSE-APACHE README.md ;;
esac

# Both of them, as a user would get them.
"$program" --version | grep -xF "pipevet $version"
code=0
"$program" check --preview --color never --output "$work/report" testdata/labs/eval-bot || code=$?
[ "$code" = 1 ] || { echo "the lab ended with $code" >&2; exit 1; }
"$python" -m pip install --quiet --no-index --no-deps "$out"/pipevet-"$version"-*.whl
"$(dirname "$python")/pipevet" --version
ls -l "$out"
