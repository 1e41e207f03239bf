"""Compiles the kernels for the card of this machine and writes them to a directory."""

import argparse
import pathlib

import torch

from fastattn.ops import attention

SHAPE = (1, 8, 512, 64)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="build")
    args = parser.parse_args()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    example = tuple(torch.randn(SHAPE, device="cuda", dtype=torch.float16) for _ in range(3))
    attention(*example)
    artifacts, _ = torch.compiler.save_cache_artifacts()
    (out / f"{torch.cuda.get_device_name().replace(' ', '-')}.bin").write_bytes(artifacts)


if __name__ == "__main__":
    main()
