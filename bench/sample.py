#!/usr/bin/env python3
"""Draws findings of several trees for reading by hand: the same ones for the same seed, spread over rules, each with the lines it stands on.

    python3 bench/sample.py --pipevet target/release/pipevet --count 60 TREE... > sheet.md
    python3 bench/sample.py --pipevet target/release/pipevet --rule unsafe-pickle-load --count 30 TREE...

Without `--rule` every rule that speaks gets its turn before one gets a second, so that a loud rule does not hide the others. What is drawn depends on the
findings alone, not on the order of trees. `--level` is the least level (default: medium, what a plain run shows); rules in preview are in unless `--stable`
is said.
"""
import argparse
import collections
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

LEVELS = ["info", "low", "medium", "high", "critical"]
AROUND = 4


def findings(pipevet, tree, level, rules, stable):
    command = [pipevet, "check", ".", *([] if stable else ["--preview"]), "--quiet", "--fail-on", "never", "--min-severity", level, "--format", "json"]
    for rule in rules:
        command += ["--select", rule]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(f"{tree}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    return [(tree, alert) for alert in report["alerts"] if not alert["part_of"]]


def draw(found, seed, count):
    """Up to `count` of them, one rule after the other, within a rule in the order of a keyed hash."""
    queues = collections.defaultdict(list)
    for tree, alert in found:
        place = alert["location"]
        name = f"{tree.name}\0{alert['rule']}\0{place['file']}\0{place['start_line']}\0{place['start_column']}"
        queues[alert["rule"]].append((hashlib.blake2b(name.encode(), key=str(seed).encode()).digest(), str(tree), tree, alert))
    for queue in queues.values():
        queue.sort(key=lambda entry: entry[:2], reverse=True)
    out = []
    while queues and len(out) < count:
        for rule in sorted(queues):
            if len(out) < count:
                out.append(queues[rule].pop()[2:])
            if not queues[rule]:
                del queues[rule]
    return out


def show(number, tree, alert):
    place = alert["location"]
    print(f"## {number}. {alert['rule']} ({alert['severity']}, {alert['confidence']}) {tree.name}/{place['file']}:{place['start_line']}\n")
    print(f"{alert['message']}\n")
    for doubt in alert["doubts"]:
        print(f"- doubt: {doubt}")
    for related in alert["related"]:
        at = related.get("location", related)
        print(f"- {at.get('file', '')}:{at.get('start_line', '')} {related.get('text', related.get('message', ''))}")
    lines = (tree / place["file"]).read_text("utf-8", "replace").splitlines()
    first = max(place["start_line"] - AROUND, 1)
    # A secret is never printed: of whatever could be one four signs stay.
    secret = alert["rule"].startswith("secret")
    print("\n```")
    for line in range(first, min(place["end_line"] + AROUND, len(lines)) + 1):
        text = re.sub(r"[\w+/=.-]{12,}", lambda run: run[0][:4] + "…", lines[line - 1]) if secret else lines[line - 1]
        print(f"{line:6} {text[:200]}")
    print("```\nverdict:\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--pipevet", default="target/release/pipevet")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--level", choices=LEVELS, default="medium")
    parser.add_argument("--rule", action="append", default=[])
    parser.add_argument("--stable", action="store_true", help="only what a plain run tells: no rule that is in preview")
    options = parser.parse_args()
    pipevet = str(Path(options.pipevet).resolve())
    found = [finding for tree in options.trees for finding in findings(pipevet, tree.resolve(), options.level, options.rule, options.stable)]
    counts = collections.Counter(alert["rule"] for _, alert in found)
    print(f"# {len(found)} findings, {min(options.count, len(found))} drawn with seed {options.seed}\n")
    for rule, count in sorted(counts.items(), key=lambda c: (-c[1], c[0])):
        print(f"- {rule}: {count}")
    print()
    for number, (tree, alert) in enumerate(draw(found, options.seed, options.count), 1):
        show(number, tree, alert)


if __name__ == "__main__":
    main()
