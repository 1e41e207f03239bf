#!/usr/bin/env python3
"""Counts which published advisories of machine-learning packages pipevet finds in the vulnerable version and no longer reports in the fixed one.

The advisories, their archives (by hash) and the place of each flaw stand in `advisories.toml`; the places were found by reading. Archives are unpacked
outside this repository and are never built, installed or imported. One half is to work on; of the other only the totals are for anyone's eyes.
"""

import argparse
import difflib
import fnmatch
import functools
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections import Counter
from pathlib import Path

from archives import default_cache, digest, provide

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
HALVES = ("work", "held")


def main():
    options = arguments()
    book = tomllib.loads((HERE / "advisories.toml").read_text("utf-8"))
    cache = options.cache.resolve()
    if cache.is_relative_to(REPOSITORY):
        sys.exit("bench: archives must not lie inside this repository; give another --cache")
    chosen = [a for a in book["advisory"] if options.half in (None, half(a, book["seed"])) and matches(a, options.only)]
    if options.list:
        return listed(chosen, book["seed"], options.show)
    pipevet = (options.pipevet or REPOSITORY / "target" / "release" / "pipevet").resolve()
    if not pipevet.is_file():
        sys.exit("bench: no binary to measure; build one (cargo build --release) or give --pipevet")
    counted = []
    absent = []
    for advisory in chosen:
        try:
            outcome = judge(advisory, book, cache, pipevet)
        except (subprocess.CalledProcessError, OSError) as error:
            # Named at the end, and in no total.
            print(f"bench: {advisory['ids'][0]}: not fetched: {error}", file=sys.stderr)
            absent.append(advisory["ids"][0])
            continue
        counted.append((half(advisory, book["seed"]), outcome))
        if options.show or counted[-1][0] == "work":
            print(line(advisory, outcome), flush=True)
    totals(counted)
    if absent:
        print(f"not counted, their sources could not be fetched: {', '.join(absent)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=default_cache() / "advisories", help="where archives, trees and results are kept (default: %(default)s)")
    parser.add_argument("--pipevet", type=Path, help="binary to measure (default: the release build of this tree)")
    parser.add_argument("--half", choices=HALVES, help="only this half (default: both)")
    parser.add_argument("--only", help="only advisories one of whose ids or whose package holds this text")
    parser.add_argument("--list", action="store_true", help="only list the advisories, and scan nothing")
    parser.add_argument("--show", action="store_true", help="a line for each advisory of the held half too")
    return parser.parse_args()


def half(advisory, seed):
    """Which half an advisory is in: a keyed hash of its first id, so that adding others moves none."""
    key = hashlib.sha256(f"{seed}:{advisory['ids'][0]}".encode()).digest()
    return HALVES[key[0] % 2]


def matches(advisory, text):
    return text is None or any(text in name for name in [*advisory["ids"], advisory["package"]])


# Trees.


def tree(advisory, version, cache):
    """The unpacked source of one version: an archive of the package index, or a commit of a public repository."""
    archive = advisory[version]
    if "commit" in archive:
        target = cache / "trees" / archive["commit"]
        check_out(advisory["repository"], archive["commit"], cache / "repositories", target)
    else:
        target = cache / "trees" / archive["sha256"]
        provide({"name": advisory["package"], **archive}, cache / "archives", target)
    inside = list(target.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target


def check_out(address, commit, repositories, target):
    """Writes the files of a commit to `target`: through an archive, so that no hook, filter or submodule of it takes part."""
    if target.is_dir():
        return
    store = repositories / address.split("://")[-1].replace("/", "+")
    git = ["git", "-C", str(store), "-c", "core.hooksPath=/dev/null"]
    if not store.is_dir():
        store.mkdir(parents=True)
        subprocess.run([*git, "init", "--quiet", "--bare"], check=True)
    if subprocess.run([*git, "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True).returncode != 0:
        subprocess.run([*git, "fetch", "--quiet", "--depth", "1", address, commit], check=True)
    aside = target.with_name(target.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    with subprocess.Popen([*git, "archive", "--format=tar", commit], stdout=subprocess.PIPE) as packed:
        with tarfile.open(fileobj=packed.stdout, mode="r|") as tar:
            tar.extractall(aside, filter="data")
    if packed.returncode != 0:
        sys.exit(f"bench: {address}: the commit could not be read")
    aside.rename(target)


# Alerts.


def alerts(root, archive, cache, pipevet):
    """What pipevet reports on a tree, as (rule, tier, places), a place being (file, first line, last line); kept per archive and binary."""
    kept = cache / "results" / f"{archive.get('sha256') or archive['commit']}-{fingerprint(pipevet)}.json"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_name(kept.name + ".part")
        aside.write_text(json.dumps(scan(root, pipevet)), "utf-8")
        aside.rename(kept)
    return json.loads(kept.read_text("utf-8"))


@functools.cache
def fingerprint(pipevet):
    return digest(pipevet)[:16]


def scan(root, pipevet):
    command = [str(pipevet), "check", ".", "--all", "--min-severity", "info", "--min-confidence", "low", "--preview", "--format", "json"]
    run = subprocess.run([*command, "--no-ignore", "--fail-on", "never"], cwd=root, capture_output=True, text=True, encoding="utf-8")
    if run.returncode != 0:
        sys.exit(f"bench: {root.name}: pipevet ended with {run.returncode}\n{run.stderr.strip()[-500:]}")
    return [[a["rule"], a["tier"], list(places(a))] for a in json.loads(run.stdout)["alerts"]]


def places(alert):
    hops = [hop for path in alert["paths"] for hop in path["hops"]]
    for holder in [alert, *alert["related"], *hops]:
        if at := holder["location"]:
            yield at["uri"], at["start_line"], at["end_line"]


# Judging.


def judge(advisory, book, cache, pipevet):
    """(rules that found the flaw, rules that still report it)."""
    roots = {version: tree(advisory, version, cache) for version in ("vulnerable", "fixed")}
    verify(advisory, roots)
    globs = book["kinds"][advisory["kind"]]
    spans = {"vulnerable": [(p["file"], p["line"], p["line"]) for p in sinks(advisory)], "fixed": successors(advisory, roots)}
    found, still = (reported(alerts(roots[v], advisory[v], cache, pipevet), globs, spans[v], book["near"]) for v in ("vulnerable", "fixed"))
    return found, still


def sinks(advisory):
    """The place of the flaw, and other places of the same flow where an alert says the same."""
    return [advisory, *advisory.get("also", [])]


def verify(advisory, roots):
    """The places that `advisories.toml` names hold the text that it says."""
    wanted = [("vulnerable", place) for place in sinks(advisory)] + [("fixed", place) for place in advisory.get("still", [])]
    for version, place in wanted:
        lines = text(roots[version] / place["file"])
        if place["line"] > len(lines) or place["sink"] not in lines[place["line"] - 1]:
            sys.exit(f"bench: {advisory['ids'][0]}: {place['file']}:{place['line']} of the {version} version does not hold what advisories.toml says")


def text(path):
    return path.read_text("utf-8", "replace").split("\n") if path.is_file() else []


def successors(advisory, roots):
    """Spans of the fixed version that stand for the place of the flaw: those it names, else what replaced the line."""
    if named := advisory.get("still"):
        return [(place["file"], place["line"], place["line"]) for place in named]
    span = replaced(advisory, roots)
    return [span] if span else []


def replaced(place, roots):
    """The lines of the fixed file that stand between what survived before the sink and what survived after it."""
    old, new = (text(roots[version] / place["file"]) for version in ("vulnerable", "fixed"))
    if not new:
        return None
    at = place["line"] - 1
    for _, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if old_from <= at < old_to:
            same = old_to - old_from == new_to - new_from
            first, last = (new_from + at - old_from,) * 2 if same else (new_from, max(new_from, new_to - 1))
            return place["file"], first + 1, last + 1
    return None


def reported(found, globs, spans, near):
    """Names of the rules of a matching kind with an alert that stands at one of the spans, or goes through it."""
    names = set()
    for rule, tier, alert_places in found:
        if tier != "hygiene" and any(fnmatch.fnmatch(rule, glob) for glob in globs):
            if any(file == at and first - near <= end and start <= last + near for file, first, last in spans for at, start, end in alert_places):
                names.add(rule)
    return sorted(names)


# Printing.


def line(advisory, outcome):
    found, still = outcome
    versions = " -> ".join(advisory[v].get("version") or advisory[v]["commit"][:12] for v in ("vulnerable", "fixed"))
    words = ["found" if found else "missed", "still reported" if still else "silent"]
    rules = ", ".join(sorted({*found, *still}))
    return f"{advisory['ids'][0]:<18} {advisory['package']} {versions}  [{advisory['kind']}]  {words[0]}, {words[1]}" + (f"  ({rules})" if rules else "")


def listed(chosen, seed, show):
    for advisory in chosen:
        if show or half(advisory, seed) == "work":
            print(f"{advisory['ids'][0]:<18} {advisory['package']}  [{advisory['kind']}]  {advisory['file']}:{advisory['line']}")
    print(", ".join(f"{sum(half(a, seed) == h for a in chosen)} {h}" for h in HALVES))


def totals(counted):
    for name in HALVES:
        outcomes = [outcome for at, outcome in counted if at == name]
        if outcomes:
            n = len(outcomes)
            tally = Counter(("found" if found else "missed", "still" if still else "silent") for found, still in outcomes)
            found = tally["found", "silent"] + tally["found", "still"]
            silent = n - tally["found", "still"] - tally["missed", "still"]
            both = tally["found", "silent"]
            share = f"{both} of the {found} found are silent once fixed" if found else "none found"
            print(f"{name}: found {found} of {n} ({found / n:.0%}); silent on the fixed version {silent} of {n} ({silent / n:.0%}); {share}")


if __name__ == "__main__":
    main()
