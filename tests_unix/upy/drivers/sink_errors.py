"""What tests of both kinds of update sink ask."""

from drivers.sink import UpdateError


def raises(text, call, *args):
    try:
        call(*args)
    except UpdateError as e:
        assert text in str(e), e
        return
    raise AssertionError("taken")
