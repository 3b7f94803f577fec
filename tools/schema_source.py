"""The Python source of compiled schemas: what ``compile_schema`` writes, as constants that freeze into ROM."""

import json
import re
from collections import Counter
from itertools import chain, count

# -1, -2, ... as in the docstring of ujson_schema
NAMES = "_ANY _STRING _INTEGER _NUMBER _BOOLEAN _DATE_TIME _URI _CLOSED _OPEN _ARRAY _TEXT _RANGE".split()
KINDS = {name: -number for number, name in enumerate(NAMES, 1)}
WIDTH = 100
SHARED_FROM = 20  # characters of source: a shorter part is repeated rather than named


class Kind(str):
    """The name of a constant in KINDS, as it stands in the generated source."""


class Module:
    """The source of a module that defines compiled schemas; what occurs in several places is stated once."""

    def __init__(self, compiled):
        self.counts: Counter = Counter()
        self.names: dict = {}
        self.lines: list = []
        for schema in compiled.values():
            self.tally(schema)
        self.roots = {name: self.root(schema, name) for name, schema in compiled.items()}

    def tally(self, part):
        """Count how often a part occurs; the parts of a repeated part count once, as it is stated once."""
        self.counts[part] += 1
        if isinstance(part, tuple) and self.counts[part] == 1:
            for inner in part[1:]:
                self.tally(inner)

    def root(self, schema, name):
        """Return the source of a whole schema: itself if it is short, else the name of its constant."""
        source = self.source(schema, name)
        return self.define(schema, name) if "\n" in source else source

    def define(self, part, name):
        """Define a part as a private constant, unless it is already, and return the constant's name."""
        if part not in self.names:
            source = self.source(part, name)
            self.names[part] = self.free_name("_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W", "_", name).upper())
            self.lines.append(f"{self.names[part]} = const({source})")
        return self.names[part]

    def free_name(self, base):
        taken = {*self.names.values(), *KINDS}
        names = chain([base], (f"{base}_{number}" for number in count(2)))
        return next(name for name in names if name not in taken)

    def refer(self, part, name):
        """Return the source that stands for a part inside another one."""
        if not isinstance(part, Kind) and self.counts[part] > 1 and len(repr(part)) >= SHARED_FROM:
            return self.define(part, name)
        return self.source(part, name)

    def source(self, part, name):
        if isinstance(part, Kind):
            return str(part)
        if isinstance(part, str):
            return literal(part)
        if not isinstance(part, tuple):
            return str(part)  # an int, a Decimal or None
        if part[0] not in ("_CLOSED", "_OPEN"):
            return f"({', '.join(self.refer(inner, name) for inner in part)})"
        pairs = zip(part[2::2], part[3::2])
        return bracket([f"{part[0]}, {part[1]}", *(row(key, self.refer(value, key)) for key, value in pairs)])

    def text(self, head, tail):
        body = "\n".join(self.lines) + "\n\n" + tail
        kinds = [f"{name} = const({value})" for name, value in KINDS.items() if re.search(rf"\b{name}\b", body)]
        made = "# Made by tools/compile_schema.py from JSON schemas; do not edit.\n# fmt: off"
        return "\n".join([head, made, "", "from micropython import const", "", *kinds, "", body])


def literal(text):
    """The source of a string; an enum too long for a line becomes several literals, which the parser joins."""
    chunks = [""]
    for piece in re.findall(r"[^|]*\|?", text):
        if len(chunks[-1]) + len(piece) > WIDTH - 24:
            chunks.append("")
        chunks[-1] += piece
    lines = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
    return lines[0] if len(lines) == 1 else "\n    " + "\n    ".join(lines)


def row(key, source):
    """A member's name and schema in the source of a tuple."""
    return literal(key) + "," + ("" if source.startswith("\n") else " ") + source


def bracket(rows):
    """A tuple of the rows, on one line if it is short."""
    line = f"({', '.join(rows)})"
    if len(line) <= WIDTH - 40 and "\n" not in line:
        return line
    return "(\n" + "".join("    " + text.replace("\n", "\n    ") + ",\n" for text in rows) + ")"
