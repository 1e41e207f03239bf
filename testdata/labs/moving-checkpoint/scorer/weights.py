"""Where checkpoints come from."""

from huggingface_hub import hf_hub_download

BASE = "acme-labs/base-scorer"


def fetch(name="base.pt"):
    return hf_hub_download(BASE, name)
