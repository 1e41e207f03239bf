"""Builds the model."""

import torch
from transformers import AutoModel

from scorer.weights import fetch


def encoder():
    return AutoModel.from_pretrained("acme-labs/encoder", trust_remote_code=True)


def head():
    return torch.load(fetch(), map_location="cpu", weights_only=False)
