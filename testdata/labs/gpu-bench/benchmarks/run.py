"""Measures attention at some shapes and writes a table."""

import argparse
import time

import torch

from fastattn import attention

SHAPES = {"small": (1, 8, 512, 64), "long": (1, 8, 8192, 64), "batch": (32, 8, 512, 64)}


def measure(shape, rounds):
    q, k, v = (torch.randn(shape, device="cuda", dtype=torch.float16) for _ in range(3))
    attention(q, k, v)
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(rounds):
        attention(q, k, v)
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / rounds * 1e3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="table.md")
    parser.add_argument("--shapes", nargs="*", choices=sorted(SHAPES), default=sorted(SHAPES))
    parser.add_argument("--rounds", type=int, default=100)
    args = parser.parse_args()
    rows = [f"| {name} | {measure(SHAPES[name], args.rounds):.3f} ms |" for name in args.shapes]
    with open(args.out, "w", encoding="utf-8") as table:
        table.write("\n".join(["| shape | time |", "|---|---|", *rows]) + "\n")


if __name__ == "__main__":
    main()
