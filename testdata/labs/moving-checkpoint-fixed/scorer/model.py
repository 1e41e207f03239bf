"""Builds the model."""

from safetensors.torch import load_file
from transformers import AutoModel

from scorer.weights import REVISION, fetch


def encoder():
    return AutoModel.from_pretrained("acme-labs/encoder", revision=REVISION)


def head():
    return load_file(fetch())
