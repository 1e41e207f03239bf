#!/usr/bin/env python3
"""Replays merged changes of a repository through `pipevet check --base`, one after the other, and counts what each brings.

A change is a commit of the first-parent history, held against its parent. Churn is a finding called new while one of the same rule is called fixed in
the same change: each such pair is listed, to be read by hand, because some are real (one file deleted, another written).

    python3 bench/replay.py REPOSITORY --last 30 [--pipevet PATH] [--relevant] [--json FILE]

`--relevant` takes the last changes that touch a file of a kind pipevet reads (by name: workflows, Python, notebooks, shell, Dockerfiles, manifests).
"""
import argparse
import collections
import json
import re
import subprocess
import sys
import time

KINDS = re.compile(r"(\.(py|ipynb|sh|ya?ml|toml|json|mk)$|Dockerfile|Makefile|requirements[^/]*\.txt$)")


def git(repository, *arguments):
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True, text=True).stdout


def changes(repository, last, relevant):
    out = []
    for line in git(repository, "log", "--first-parent", "--format=%H %P", "HEAD").splitlines():
        commit, *parents = line.split()
        if not parents:
            continue
        if relevant and not any(KINDS.search(p) for p in git(repository, "diff", "--name-only", parents[0], commit).splitlines()):
            continue
        out.append((commit, parents[0]))
        if len(out) == last:
            break
    return out


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("repository")
    options.add_argument("--last", type=int, default=30)
    options.add_argument("--pipevet", default="pipevet")
    options.add_argument("--relevant", action="store_true")
    options.add_argument("--json")
    options = options.parse_args()
    rows, total = [], collections.Counter()
    for commit, parent in changes(options.repository, options.last, options.relevant):
        started = time.monotonic()
        run = subprocess.run(
            [options.pipevet, "check", "--all", "--base", parent, "--head", commit, "--format", "json", "--fail-on", "never", options.repository],
            capture_output=True, text=True)
        seconds = time.monotonic() - started
        if run.returncode != 0:
            sys.exit(f"{commit}: exit code {run.returncode}: {run.stderr}")
        report = json.loads(run.stdout)
        compared = report["comparison"]
        fresh = [a for a in report["alerts"] if a["change"] == "new"]
        worse = [a for a in report["alerts"] if a["change"] == "worse"]
        gone = collections.Counter(f["rule"] for f in compared["fixed"])
        pairs = [a for a in fresh if gone[a["rule"]] > 0]
        row = {"commit": commit, "seconds": round(seconds, 2), "new": len(fresh), "worse": len(worse), "fixed": len(compared["fixed"]), "pairs": len(pairs)}
        row["details"] = {
            "new": [[a["rule"], a["location"]["uri"], a["location"]["start_line"], a["cause"]] for a in fresh],
            "worse": [[a["rule"], a["location"]["uri"], a["location"]["start_line"], a["change_reason"]] for a in worse],
            "fixed": [[f["rule"], f["file"], f["line"]] for f in compared["fixed"]],
        }
        rows.append(row)
        total.update({k: row[k] for k in ("new", "worse", "fixed", "pairs")})
        subject = git(options.repository, "log", "-1", "--format=%s", commit).strip()[:70]
        print(f"{commit[:10]}  {seconds:6.2f} s  new {row['new']:3}  worse {row['worse']:3}  fixed {row['fixed']:3}  pairs {row['pairs']:3}  {subject}", flush=True)
    times = sorted(r["seconds"] for r in rows)
    print(f"{len(rows)} changes, {dict(total)}; seconds min {times[0]}, median {times[len(times) // 2]}, max {times[-1]}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)


if __name__ == "__main__":
    main()
