#!/usr/bin/env python3
"""Times pipevet beside other tools over source archives of nine machine-learning packages, and prints one table.

Archives come from the index pip is configured with, are taken by hash, are unpacked outside this repository, and are never built, installed or
imported. Runs are interleaved, so that a slow minute of the machine hits all tools alike; quote the ratios, not the times.
"""

import argparse
import base64
import hashlib
import html.parser
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tomllib
import urllib.parse
import urllib.request
import venv
from pathlib import Path

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
        provide(archive, cache / "archives", corpus)
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
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--cache", type=Path, default=home / "pipevet-bench", help="where archives, trees and peers are kept (default: %(default)s)")
    parser.add_argument("--pipevet", type=Path, help="binary to measure (default: a release build of this tree)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each tool that is not slow (default: %(default)s)")
    parser.add_argument("--peers", default="all", help="comma-separated names, or nothing for none")
    parser.add_argument("--fetch-only", action="store_true", help="only download and unpack")
    return parser.parse_args()


# Archives.


def provide(archive, archives, corpus):
    """Unpacks an archive unless that was done before."""
    target = corpus / f"{archive['name']}-{archive['version']}"
    if target.is_dir():
        return
    archives.mkdir(parents=True, exist_ok=True)
    packed = archives / f"{archive['sha256']}.tar.gz"
    if not packed.is_file() or digest(packed) != archive["sha256"]:
        download(archive, packed)
    aside = target.with_name(target.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    # The `data` filter refuses absolute paths, parents, links out of the tree and devices.
    with tarfile.open(packed, "r:gz") as tar:
        tar.extractall(aside, filter="data")
    aside.rename(target)
    print(f"bench: unpacked {target.name}", file=sys.stderr)


def download(archive, to):
    for href, sha256 in listing(archive["name"]):
        if sha256 == archive["sha256"]:
            aside = to.with_name(to.name + ".part")
            with fetch(href) as source, aside.open("wb") as out:
                shutil.copyfileobj(source, out)
            if digest(aside) != archive["sha256"]:
                aside.unlink()
                sys.exit(f"bench: {archive['name']}: what came is not what the manifest names")
            aside.rename(to)
            return
    sys.exit(f"bench: {archive['name']} {archive['version']}: no index pip is configured with has a file of that hash")


def digest(path):
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def listing(name):
    """(URL, sha256) of every file of a project, over all configured indexes; JSON where the index speaks it, HTML otherwise."""
    for index in indexes():
        page = f"{index.rstrip('/')}/{name}/"
        accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
        try:
            with fetch(page, {"Accept": accept}) as answer:
                body, kind, page = answer.read(), answer.headers.get_content_type(), answer.geturl()
        except OSError as error:
            print(f"bench: {name}: an index does not answer ({type(error).__name__})", file=sys.stderr)
            continue
        if kind.endswith("json"):
            files = [(f["url"], f.get("hashes", {}).get("sha256")) for f in json.loads(body)["files"]]
        else:
            links = Links()
            links.feed(body.decode("utf-8", "replace"))
            files = [(href, urllib.parse.parse_qs(urllib.parse.urlsplit(href).fragment).get("sha256", [None])[0]) for href in links.found]
        for href, sha256 in files:
            yield urllib.parse.urljoin(page, href), sha256


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


def indexes():
    """The indexes pip would ask: its environment, its files, else its own default."""
    found = [pip_setting("index-url", "PIP_INDEX_URL") or ask_pip("from pip._internal.models.index import PyPI; print(PyPI.simple_url)")]
    found += (pip_setting("extra-index-url", "PIP_EXTRA_INDEX_URL") or "").split()
    return [i for i in found if i]


def pip_setting(key, variable):
    if os.environ.get(variable):
        return os.environ[variable]
    for section in ("install", "download", "global"):
        run = subprocess.run([sys.executable, "-m", "pip", "config", "get", f"{section}.{key}"], capture_output=True, text=True)
        if run.returncode == 0 and run.stdout.strip():
            return run.stdout.strip()
    return None


def ask_pip(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def fetch(url, headers=None):
    parts = urllib.parse.urlsplit(url)
    request_headers = dict(headers or {})
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request_headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        parts = parts._replace(netloc=host)
    clean = urllib.parse.urlunsplit(parts._replace(fragment=""))
    return urllib.request.urlopen(urllib.request.Request(clean, headers=request_headers), timeout=120)


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
    program = {"ripgrep": "rg"}
    programs = {}
    for name, peer in peers.items():
        at = environment / "bin" / program.get(name, name)
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
