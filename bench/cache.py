#!/usr/bin/env python3
"""What `--cache` gives: whole runs without it, with an empty one, and with one that an earlier run filled. Paired round by round; quote the ratios.

    python3 bench/cache.py PIPEVET TREE...
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5


def run(program: str, tree: str, *more: str) -> tuple[float, bytes]:
    started = time.perf_counter()
    done = subprocess.run([program, "check", "--all", "--format", "json", *more, tree], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode > 1:
        sys.exit(f"{tree}: exit code {done.returncode}")
    return time.perf_counter() - started, done.stdout


def measure(program: str, tree: str) -> None:
    cold_ratios, warm_ratios, walls = [], [], []
    with tempfile.TemporaryDirectory() as kept:
        option = f"--cache={kept}/facts"
        run(program, tree)
        for _ in range(ROUNDS):
            shutil.rmtree(f"{kept}/facts", ignore_errors=True)
            off, without = run(program, tree)
            cold, empty = run(program, tree, option)
            warm, filled = run(program, tree, option)
            if not without == empty == filled:
                sys.exit(f"{tree}: reports differ")
            walls.append(off)
            cold_ratios.append(cold / off)
            warm_ratios.append(warm / off)
        size = sum(f.stat().st_size for f in Path(kept, "facts").iterdir())
    cold, warm = statistics.median(cold_ratios), statistics.median(warm_ratios)
    print(f"| {Path(tree).name} | {statistics.median(walls):.2f} s | {cold:.2f} | {warm:.2f} | {size / 1e6:.1f} MB |", flush=True)


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    print("| tree | off | cold / off | warm / off | kept |\n|---|---|---|---|---|", flush=True)
    for tree in sys.argv[2:]:
        measure(sys.argv[1], tree)


if __name__ == "__main__":
    main()
