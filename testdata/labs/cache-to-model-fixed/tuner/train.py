"""Trains and saves."""

import argparse

import torch
from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tuner import config


def train(settings, steps):
    tokenizer = AutoTokenizer.from_pretrained(settings.base, revision=settings.base_revision)
    model = AutoModelForSequenceClassification.from_pretrained(settings.base, revision=settings.base_revision, use_safetensors=True)
    data = load_dataset(settings.data, split="train", revision=settings.data_revision)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.rate)
    for _, row in zip(range(steps), data):
        batch = tokenizer(row["text"], return_tensors="pt", truncation=True)
        loss = model(**batch, labels=torch.tensor([row["label"]])).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model, tokenizer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", default="model")
    args = parser.parse_args()
    settings = config.read(args.config)
    model, tokenizer = train(settings, args.steps or settings.steps)
    model.save_pretrained(args.out, safe_serialization=True)
    tokenizer.save_pretrained(args.out)


if __name__ == "__main__":
    main()
