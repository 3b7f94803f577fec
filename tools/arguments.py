"""Types of command line arguments: what is wrong is one message of argparse, and exit status 2."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def number(low: float, high: float, kind: type[float] = float) -> Callable[[str], float]:
    """A number from `low` to `high`; `kind`: int or float."""

    def parsed(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:  # not a number is within no bounds
            raise argparse.ArgumentTypeError(f"{text!r} is no {'whole ' if kind is int else ''}number {low} to {high}")
        return value

    return parsed


tcp_port = number(0, 65535, int)
