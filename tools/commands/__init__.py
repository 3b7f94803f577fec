"""The commands of a running simulation: one table for ``make sim``, the prompt of ``tools.simulate`` and the page.

A command is a method marked by `command` in one of the classes here. Its name has dashes, its docstring is its help,
and its parameters are its arguments, which are texts; one named ``outlet`` is the number of an outlet.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tools.station import SimulatedOutlet, Station


class CommandError(Exception):
    """A command that failed; the text is the reason."""


def command(
    label: str,
    active: Callable[[SimulatedOutlet], bool] | None = None,
    where: Callable[[Station], bool] | None = None,
):
    """Mark a method as a command. label: what a button says; active: whether what it causes at an outlet lasts.

    where: which sites have what it is about; the others have no button for it.
    """

    def mark(method):
        method.command = {"label": label, "active": active, "where": where}
        return method

    return mark


@dataclass(frozen=True)
class Command:
    """A row of the table. ``group``: the heading under which it is shown, "" where it is for a prompt alone."""

    name: str
    group: str
    label: str
    run: Callable[..., Any]
    active: Callable[[SimulatedOutlet], bool] | None
    where: Callable[[Station], bool] | None

    @property
    def parameters(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.run).parameters.values())

    @property
    def help(self) -> str:
        return inspect.getdoc(self.run) or ""

    @property
    def usage(self) -> str:
        """How it is written."""
        words = [self.name]
        for parameter in self.parameters:
            optional = parameter.default is not parameter.empty or parameter.kind is parameter.VAR_POSITIONAL
            words.append(f"[{parameter.name.upper()}]" if optional else parameter.name.upper())
        return " ".join(words)

    def described(self) -> dict[str, Any]:
        """As data, for a page: its fields have a name, a default (None: it has to be given) and perhaps choices."""
        kinds = typing.get_type_hints(self.run)
        fields = []
        for parameter in self.parameters:
            rest = parameter.kind is parameter.VAR_POSITIONAL
            default = "" if rest else None if parameter.default is parameter.empty else parameter.default
            choices = typing.get_args(kinds.get(parameter.name))
            fields.append({"name": parameter.name, "default": default, "choices": choices})
        return {"name": self.name, "group": self.group, "label": self.label, "help": self.help, "fields": fields}


class Commands:
    """The base of what has commands at a simulated site."""

    group = ""

    def __init__(self, station: Station):
        self._station = station

    def rows(self) -> Iterator[Command]:
        """Its commands, as they are written in the class."""
        for name, method in vars(type(self)).items():
            if hasattr(method, "command"):
                yield Command(name.replace("_", "-"), self.group, run=getattr(self, name), **method.command)

    async def close(self) -> None:
        """End what a command has left running."""

    def _outlet(self, number: str) -> SimulatedOutlet:
        """The simulated devices of one outlet. Raises CommandError."""
        outlets = self._station.outlets
        if number not in map(str, range(1, len(outlets) + 1)):
            raise CommandError(f"there is no outlet {number!r}: this board has {len(outlets)}")
        return outlets[int(number) - 1]


def number_of(text: str, what: str, low: float, high: float) -> float:
    """A number from `low` to `high`; what: "a current in A". Raises CommandError."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:  # not a number is within no bounds
        raise CommandError(f"{text!r} is not {what}: {low:g} to {high:g}")
    return value
