#!/usr/bin/env python3
"""Times pipevet beside other tools over source archives of nine machine-learning packages, and prints one table.

Archives come from the index pip is configured with, are taken by hash, are unpacked outside this repository, and are never built, installed or
imported. Runs are interleaved, so that a slow minute of the machine hits all tools alike; quote the ratios, not the times.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from archives import default_cache, provide

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent


def main():
    options = arguments()
    manifest = tomllib.loads((HERE / "manifest.toml").read_text("utf-8"))
    cache = options.cache.resolve()
    if cache.is_relative_to(REPOSITORY):
        sys.exit("bench: the corpus must not lie inside this repository; give another --cache")
    corpus = cache / "corpus"
    for archive in manifest["archive"]:
        provide(archive, cache / "archives", corpus / f"{archive['name']}-{archive['version']}")
    if options.fetch_only:
        return
    pipevet = options.pipevet or build()
    tools = cache / "tools"
    wanted = manifest["peers"] if options.peers == "all" else {k: v for k, v in manifest["peers"].items() if k in options.peers.split(",")}
    programs = install(wanted, tools)
    names = tools / "names.txt"
    names.write_text("\n".join(row_names()) + "\n", "utf-8")
    runs = commands(pipevet, programs, corpus, names, tools)
    table(measure(runs, wanted, options.rounds, corpus), corpus)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where archives, trees and peers are kept (default: %(default)s)")
    parser.add_argument("--pipevet", type=Path, help="binary to measure (default: a release build of this tree)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each tool that is not slow (default: %(default)s)")
    parser.add_argument("--peers", default="all", help="comma-separated names, or nothing for none")
    parser.add_argument("--fetch-only", action="store_true", help="only download and unpack")
    return parser.parse_args()


# Tools.


def build():
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=REPOSITORY, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
    return REPOSITORY / target / "release" / "pipevet"


def install(peers, tools):
    """Programs of the peers, in a virtual environment of their own; one that cannot be installed is left out and said so."""
    environment = tools / "venv"
    if not (environment / "bin" / "python").exists():
        venv.create(environment, with_pip=True, clear=True)
    programs = {}
    for name, peer in peers.items():
        at = environment / "bin" / peer.get("program", name)
        if not at.exists():
            pinned = f"{name}=={peer['version']}"
            if peer.get("cargo"):
                command = ["cargo", "install", name, "--version", peer["version"], "--locked", "--quiet", "--root", str(environment)]
            else:
                command = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", pinned]
            subprocess.run(command, check=False)
        if at.exists():
            programs[name] = str(at)
        else:
            print(f"bench: {name} could not be installed and is left out", file=sys.stderr)
    return programs


def row_names():
    """The last segments of all calls that rows name: what a search by words would look for."""
    names = set()
    for file in sorted((REPOSITORY / "rules" / "models").rglob("*.yml")):
        for call in re.findall(r"^- call: *\[?([^\]\n#]+)", file.read_text("utf-8"), re.M):
            names.update(n for n in re.findall(r"([A-Za-z_][A-Za-z0-9_]{3,})(?=[,\"' ]|$)", call))
    return sorted(names)


def commands(pipevet, programs, corpus, names, tools):
    """What is run: (label, argument list, where the output goes, how findings are counted)."""
    tree = str(corpus)
    own = [str(pipevet), "check", "--format", "json", "--fail-on", "never"]
    runs = [
        ("pipevet", [*own, "--preview", tree], lambda t: len(json.loads(t)["alerts"])),
        ("pipevet --all", [*own, "--all", tree], lambda t: len(json.loads(t)["alerts"])),
    ]
    peer = {
        "ruff": (["check", "--select", "S", "--isolated", "--no-cache", "--exit-zero", "--output-format", "json", tree], lambda t: len(json.loads(t))),
        "bandit": (["-r", "-q", "-f", "json", "--exit-zero", tree], lambda t: len(json.loads(t)["results"])),
        "zizmor": (["--offline", "--no-exit-codes", "--no-progress", "--format", "json", tree], lambda t: len(json.loads(t))),
        "ripgrep": (["-j2", "-n", "-F", "-f", str(names), "--glob", "*.py", tree], lambda t: t.count("\n")),
        "detect-secrets": (["scan", "--all-files", "."], lambda t: sum(len(v) for v in json.loads(t)["results"].values())),
    }
    labels = {"ruff": "ruff --select S", "ripgrep": "rg -j2 -n (names of rows)"}
    return runs + [(labels.get(name, name), [program, *peer[name][0]], peer[name][1]) for name, program in programs.items()]


# Measuring.


def measure(runs, peers, rounds, corpus):
    results = {label: [] for label, _, _ in runs}
    slow = {name for name, peer in peers.items() if peer.get("slow")}
    for turn in range(rounds):
        for label, command, count in runs:
            if turn == 0 or label not in slow:
                results[label].append(once(label, command, count, corpus))
    return results


# Runs a command and prints its end, wall and processor seconds and peak memory. Linux does not forget at `exec` how large the process was that forked:
# only a small parent gives the peak of its child.
WATCH = """
import os, subprocess, sys, time
started = time.monotonic()
child = subprocess.Popen(sys.argv[2:], stdout=open(sys.argv[1], "wb"), stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


def once(label, command, count, corpus):
    """Wall and processor seconds, peak memory in MiB, findings. Tools run in the corpus: one of them takes paths outside its directory for nothing."""
    output = Path(os.environ.get("TMPDIR", "/tmp")) / f"pipevet-bench-{os.getpid()}.out"
    watched = subprocess.run([sys.executable, "-c", WATCH, str(output), *command], cwd=corpus, capture_output=True, text=True, check=True)
    code, wall, cpu, peak = watched.stdout.split()
    try:
        findings = count(output.read_text("utf-8", "replace"))
    except (ValueError, KeyError):
        findings = None
        print(f"bench: {label} ended with {code} and no report", file=sys.stderr)
    output.unlink()
    # Linux counts the peak in KiB, macOS in bytes.
    return float(wall), float(cpu), int(peak) / (1024 if sys.platform != "darwin" else 1024 * 1024), findings


def table(results, corpus):
    files = [f for f in corpus.rglob("*.py") if f.is_file()]
    size = sum(f.stat().st_size for f in files)
    print(f"{len(files)} Python files, {size / 1e6:.0f} MB; medians of paired runs; ratios to pipevet (median of the ratios of each round)\n")
    print("| tool | runs | wall s | CPU s | peak MiB | findings | wall ratio | CPU ratio |")
    print("|---|---|---|---|---|---|---|---|")
    base = results["pipevet"]
    for label, runs in results.items():
        middle = [statistics.median(r[i] for r in runs) for i in range(3)]
        ratio = [statistics.median(r[i] / b[i] for r, b in zip(runs, base)) for i in range(2)]
        findings = "-" if runs[0][3] is None else runs[0][3]
        print(f"| {label} | {len(runs)} | {middle[0]:.2f} | {middle[1]:.2f} | {middle[2]:.0f} | {findings} | {ratio[0]:.2f} | {ratio[1]:.2f} |")
    if len({r[3] for r in base}) > 1:
        sys.exit("bench: pipevet's findings differ between runs")


if __name__ == "__main__":
    main()
