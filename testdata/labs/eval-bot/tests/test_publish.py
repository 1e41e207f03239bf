from evalbot import publish


def test_has_an_entry():
    assert callable(publish.main)
