"""Modules of an ESP32 that the unix port lacks, good enough to import code that uses them and read its declarations.

Runs inside MicroPython.
"""

import sys

_NAMES = ("machine", "esp", "esp32", "network", "bluetooth", "neopixel", "onewire")


class _Anything:
    """Every attribute of it and every call of it is another one."""

    def __getattr__(self, name):
        return _Anything()

    def __call__(self, *args, **kwargs):
        return _Anything()


def install():
    """Put them where ``import`` finds them."""
    for name in _NAMES:
        sys.modules[name] = _Anything()
