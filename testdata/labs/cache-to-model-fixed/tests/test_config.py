import re

from tuner import config


def test_everything_is_pinned():
    settings = config.read("configs/base.yaml")
    assert re.fullmatch("[0-9a-f]{40}", settings.base_revision)
    assert re.fullmatch("[0-9a-f]{40}", settings.data_revision)
