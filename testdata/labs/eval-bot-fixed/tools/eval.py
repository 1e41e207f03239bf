"""Runs the benchmark and writes a table."""

import argparse
import json

from transformers import AutoModelForSequenceClassification, AutoTokenizer

BASE = "acme/scorer"
REVISION = "3d9f1b0c4a5e6f708192a3b4c5d6e7f801234567"


def score(texts):
    tokenizer = AutoTokenizer.from_pretrained(BASE, revision=REVISION)
    model = AutoModelForSequenceClassification.from_pretrained(BASE, revision=REVISION)
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    return model(**batch).logits.softmax(-1).tolist()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="results.json")
    args = parser.parse_args()
    rows = score(["a good day", "a bad day"])
    with open(args.out, "w") as f:
        json.dump(rows, f)


if __name__ == "__main__":
    main()
