"""What is trained on what."""

from dataclasses import dataclass

import yaml


@dataclass(frozen=True)
class Config:
    base: str
    base_revision: str
    data: str
    data_revision: str
    steps: int
    rate: float


def read(path):
    with open(path, encoding="utf-8") as file:
        return Config(**yaml.safe_load(file))
