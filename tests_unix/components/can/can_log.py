"""What a log of the bus proves: when the firmware must not have enabled the power module while the log was played.

Beside ``NAME.log`` (or .asc, .trc: what python-can reads) in can_logs/ stands ``NAME.json``::

    {
      "about": "the terminal voltage rises above the board's limit",
      "charges": true,
      "never_while": [
        {"message": "TerminalPower", "signal": "TerminalVoltage", "above": 85.5},
        {"message": "ChargeRequest", "signal": "Switch", "not": 0},
        {"silent": "ChargeRequest", "for_s": 5}
      ],
      "told": ["0x00433F01 90.1 V: above max_voltage_mv 85500"]
    }

charges: the module has to be started at some time, else the log proves nothing (false: it must never be). never_while:
from 0.2 s after the frame that makes it true until the next one that ends it, no frame may start the module or tell it
limits (`above`, `below`, `not`: of a signal of tools/ucharge.dbc; `silent`: no such message for so long, then within a
further 0.5 s). told: regular expressions for what the console's word ``can`` shows at the end.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import cantools

FOLDER = Path(__file__).parent / "can_logs"
DBC = cantools.database.load_file(Path(__file__).parents[3] / "tools" / "ucharge.dbc")
CONTROL = 0x068181FE
REACTION_S = 0.2  # a busy machine included; on a quiet one it is below 10 ms
SILENCE_S = 0.5
_TESTS = {
    "above": lambda value, limit: value > limit,
    "below": lambda value, limit: value < limit,
    "not": lambda value, limit: value != limit,
}


def logs() -> list[Path]:
    """The logs of the folder, by name. A log without expectations, or the other way round, is an error."""
    found = [path for path in FOLDER.iterdir() if path.suffix != ".json"]
    assert {path.stem for path in found} == {path.stem for path in FOLDER.glob("*.json")}, "one of a pair is missing"
    return sorted(found)


@dataclass
class Expectation:
    """What NAME.json says. A misspelled key is an error: it would be a condition that nobody looks at."""

    about: str
    charges: bool
    never_while: list[dict]
    told: list[str] = field(default_factory=list)


def expectation(path: Path) -> Expectation:
    return Expectation(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


def enables(frame) -> bool:
    """Whether it starts the power module, or tells it limits, which it is told only while charging is enabled."""
    return frame.can_id == CONTROL and (frame.data[1] in (0x00, 0x03) or (frame.data[1] == 0x32 and not frame.data[3]))


class Condition:
    """One of `never_while`: since when it holds, as the frames of the log go by."""

    def __init__(self, spec: dict, began: float):
        self.spec = spec
        self._since = math.inf
        if "silent" in spec:
            self._message = DBC.get_message_by_name(spec["silent"])
            self._since = began + spec["for_s"] + SILENCE_S
            assert set(spec) == {"silent", "for_s"}, spec
        else:
            self._message = DBC.get_message_by_name(spec["message"])
            ((test, self._limit),) = [(key, spec[key]) for key in spec if key not in ("message", "signal")]
            self._test = _TESTS[test]
            assert spec["signal"] in self._message.signal_tree, spec

    def heard(self, frame) -> None:
        """A frame of the log."""
        if frame.can_id != self._message.frame_id or not frame.extended:
            return
        if "silent" in self.spec:
            self._since = frame.time + self.spec["for_s"] + SILENCE_S
        elif len(frame.data) >= self._message.length:
            values = self._message.decode(frame.data, decode_choices=False)
            if not self._test(values[self.spec["signal"]], self._limit):
                self._since = math.inf
            elif self._since == math.inf:
                self._since = frame.time + REACTION_S

    def broken_by(self, frame) -> bool:
        """Whether this frame of the firmware must not have been sent."""
        return enables(frame) and frame.time > self._since


def judge(frames, expected: Expectation) -> list[str]:
    """What is wrong with these frames of the hub's log: those of source 0 are of the log, others the firmware's."""
    conditions = [Condition(spec, frames[0].time) for spec in expected.never_while]
    wrong = []
    enabled = False
    for frame in frames:
        if frame.source == 0:
            for condition in conditions:
                condition.heard(frame)
            continue
        enabled = enabled or enables(frame)
        wrong += [f"{frame} while {condition.spec}" for condition in conditions if condition.broken_by(frame)]
    if enabled != expected.charges:
        wrong.append(f"the power module was {'' if enabled else 'never '}started")
    return wrong
