"""The figures: how a row looks, when it meets its target, the table and the JSON."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

HIGHER, LOWER = "higher", "lower"
_FIGURES = (2, 3, 4)  # columns


@dataclasses.dataclass
class Row:
    """One figure of ours beside the peer's.

    ours, peer: medians of the runs, in `unit`; None where there is none. better: which direction is. target: what ours
    (or, with `of_ratio`, ours / peer) has to reach; None: no target. note: one line. runs: every single figure.
    """

    group: str
    name: str
    unit: str
    ours: float | None
    peer: float | None = None
    better: str = HIGHER
    target: float | None = None
    of_ratio: bool = False
    note: str = ""
    runs: Mapping[str, Sequence[float]] = dataclasses.field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours / peer; None where one of them is missing or the peer's is 0."""
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target or without a figure."""
        value = self.ratio if self.of_ratio else self.ours
        if self.target is None or value is None:
            return None
        return value >= self.target if self.better == HIGHER else value <= self.target

    @property
    def verdict(self) -> str:
        """The target, and where it is missed by how much."""
        value = self.ratio if self.of_ratio else self.ours
        if self.target is None:
            return ""
        sign = ">=" if self.better == HIGHER else "<="
        text = f"{sign} {number(self.target)}" + (" x peer" if self.of_ratio else "")
        if value is None:
            return text + ": not measured"
        if self.met:
            return text + ": met"
        missed = f" ({abs(value / self.target - 1):.0%})" if self.target else ""
        return text + f": MISSED by {number(abs(value - self.target))}{missed}"

    def as_json(self) -> dict:
        """All that is known of the row."""
        return {**dataclasses.asdict(self), "ratio": self.ratio, "met": self.met, "verdict": self.verdict}


def median(values: Sequence[float]) -> float:
    """The median; of a few noisy runs it is worth more than the mean."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not exceeded by `percent` of the values (nearest rank)."""
    ordered = sorted(values)
    rank = -int(-len(ordered) * percent // 100)
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def number(value: float | None) -> str:
    """A figure as people read it: three significant digits or all before the point."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def render(rows: Iterable[Row]) -> str:
    """The table, as Markdown that a terminal shows well."""
    lines = [("", "unit", "ours", "peer", "ours/peer", "target")]
    notes = []
    for row in rows:
        mark = ""
        if row.note:
            notes.append(row.note)
            mark = f" [{len(notes)}]"
        lines.append((row.name + mark, row.unit, number(row.ours), number(row.peer), number(row.ratio), row.verdict))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    out = ["| " + " | ".join(map(pad, line, widths, range(len(line)))) + " |" for line in lines]
    rules = ["-" * (width + 1) + (":" if i in _FIGURES else "-") for i, width in enumerate(widths)]
    out.insert(1, "|" + "|".join(rules) + "|")
    out += [""] + [f"[{i}] {note}  " for i, note in enumerate(notes, 1)]
    return "\n".join(out).rstrip()


def pad(cell: str, width: int, column: int) -> str:
    """Figures to the right, words to the left."""
    return cell.rjust(width) if column in _FIGURES else cell.ljust(width)


def write_json(path: Path, rows: Iterable[Row], machine: dict) -> None:
    """Write the rows and what they were measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "rows": [row.as_json() for row in rows]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
