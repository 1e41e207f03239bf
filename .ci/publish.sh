#!/usr/bin/env bash
# Publishes what a release built: writes the sums that the action carries as a commit on top of the one that was built, gives that commit the tag of the version, and
# only then shows the release. Run by the release workflow; a second run after a failure takes up where the first stopped.
#
#   .ci/publish.sh 0.2.0 dist
#
# Nothing is pushed with git: the commit is made through the API, so no credential ever lies in the checkout.
set -euo pipefail

version="$1"
dist="$2"
repository="repos/$GITHUB_REPOSITORY"
built="$GITHUB_SHA"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# What was built is what is listed, byte for byte.
(cd "$dist" && sha256sum --check --strict SHA256SUMS)
# Older versions keep their lines, for actions that are asked for one of them.
[ ! -e action/checksums.txt ] || grep -vF "pipevet-$version-" action/checksums.txt >"$work/older" || true
touch "$work/older"
{ grep -E '\.(tar\.gz|zip)$' "$dist/SHA256SUMS" | tr -d '*'; cat "$work/older"; } >"$work/checksums.txt"

if tagged="$(gh api "$repository/git/ref/tags/v$version" --jq .object.sha 2>/dev/null)"; then
    # Set by an earlier run. That run has to have been about the same build.
    from="$(gh api "$repository/git/commits/$tagged" --jq '.parents[0].sha')"
    [ "$from" = "$built" ] || { echo "v$version was built from $from, not from $built: a version is published once" >&2; exit 1; }
else
    base="$(gh api "$repository/git/commits/$built" --jq .tree.sha)"
    tree="$(jq --null-input --arg base "$base" --rawfile text "$work/checksums.txt" \
        '{ base_tree: $base, tree: [{ path: "action/checksums.txt", mode: "100644", type: "blob", content: $text }] }' |
        gh api "$repository/git/trees" --input - --jq .sha)"
    tagged="$(jq --null-input --arg tree "$tree" --arg parent "$built" --arg message "Carry the sums of pipevet $version

The binaries were built from $built." '{ $message, $tree, parents: [$parent] }' |
        gh api "$repository/git/commits" --input - --jq .sha)"
    # The files first, unseen, then the tag: whoever finds the tag finds the files.
    gh release view "v$version" >/dev/null 2>&1 || gh release create "v$version" --draft --target "$built" --title "pipevet $version" --notes-file "$(dirname "$0")/release-notes.md"
    gh release upload "v$version" --clobber "$dist"/*
    gh api "$repository/git/refs" -f "ref=refs/tags/v$version" -f "sha=$tagged" --silent
fi
gh release edit "v$version" --draft=false --verify-tag
printf 'v%s is %s, built from %s\n' "$version" "$tagged" "$built"
