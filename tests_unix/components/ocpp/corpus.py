"""Malformed OCPP messages by the thousand, and what each of them must be answered by OCPP-J 1.6, section 4.

The judge is Python's json for the text, and ``schema_reference`` for the payload: nothing of the firmware's own.
"""

import copy
import json
import random
import re
from importlib.resources import files

from schema_cases import OTHER_TYPES, Cases, at, places, schema_of
from schema_reference import errors_of, exact

DROPPED = "dropped"  # no answer, and counted as malformed
UNASKED = "unasked"  # an answer to nothing: no answer, and counted as an unknown id
CODES = {
    "additionalProperties": "FormationViolation",
    "required": "OccurenceConstraintViolation",
    "minItems": "OccurenceConstraintViolation",
    "maxItems": "OccurenceConstraintViolation",
    "type": "TypeConstraintViolation",
    "enum": "PropertyConstraintViolation",
    "maxLength": "PropertyConstraintViolation",
    "multipleOf": "PropertyConstraintViolation",
    "format": "PropertyConstraintViolation",
}
HUGE = 6000  # characters of an array that is huge
READABLE_ID = re.compile(r'\s*\[\s*2\s*,\s*"([^"\\\x00-\x1f]{1,36})"')
LARGE = ["9" * 30, "-1", "1.5", "1e999", "-1e999", "1e30", "0.1", "2147483648", "true", "null", '""', "[]", "{}"]
BROKEN_JSON = {  # what becomes of a text that is JSON
    "cut": lambda text, dice: text[: dice.randrange(1, len(text))],
    "a comma more": lambda text, dice: insert(text, dice, ","),
    "a colon more": lambda text, dice: insert(text, dice, ":"),
    "a bracket more": lambda text, dice: insert(text, dice, dice.choice("[]{}")),
    "a quote more": lambda text, dice: insert(text, dice, '"'),
    "a backslash more": lambda text, dice: insert(text, dice, "\\"),
    "a control character": lambda text, dice: insert(text, dice, dice.choice("\x00\x01\x1f\n\t")),
    "a word": lambda text, dice: insert(text, dice, dice.choice(("NaN", "nul", "True", "undefined", "//", "01", "1."))),
    "a character less": lambda text, dice: without(text, dice.randrange(len(text))),
    "another bracket": lambda text, dice: text.translate(str.maketrans(dice.choice(("}]", "]}", "{[", "[{")), "]}")),
    "twice": lambda text, dice: text + text,
    "single quotes": lambda text, dice: text.replace('"', "'"),
}


def insert(text, dice, piece):
    where = dice.randrange(len(text))
    return text[:where] + piece + text[where:]


def without(text, where):
    return text[:where] + text[where + 1 :]


def actions():
    """Every action that has a schema."""
    names = [path.name.removesuffix(".json") for path in (files("ocpp.v16") / "schemas").iterdir()]
    return sorted(name for name in names if not name.endswith("Response"))


class Judge:
    """What a charge point that carries out these actions must answer: a set of codes, DROPPED or UNASKED with the id.

    A set holds more than one code where more than one rule is broken. None: the payload is valid, after all.
    """

    def __init__(self, handled):
        self._handled = handled
        self._all = set(actions())
        self._schemas = {action: exact(schema_of(action, False)) for action in self._all}

    def is_json(self, text):
        try:
            json.loads(text, parse_constant=_refuse)
        except ValueError:
            return False
        return True

    def verdict(self, text):
        """(message id, what is due)"""
        try:
            frame = json.loads(text, parse_constant=_refuse)
        except ValueError:
            found = READABLE_ID.match(text)
            return (found[1], {"FormationViolation"}) if found else (None, DROPPED)
        if not isinstance(frame, list) or len(frame) < 2 or isinstance(frame[0], bool) or frame[0] not in (2, 3, 4):
            return None, DROPPED
        kind, uid = frame[:2]
        if not isinstance(uid, str) or not 0 < len(uid) <= 36:
            return None, DROPPED
        return (uid, self._call(frame)) if kind == 2 else (uid, UNASKED)

    def _call(self, frame):
        if len(frame) < 4:
            return {"ProtocolError"}
        action, payload = frame[2:4]
        if not isinstance(action, str) or len(frame) > 4:
            return {"FormationViolation"}
        if action not in self._handled:
            return {"NotSupported" if action in self._all else "NotImplemented"}
        if not isinstance(payload, dict):
            return {"FormationViolation"}
        found = errors_of(self._schemas[action], json.dumps(payload))
        return {CODES[rule] for _, rule in found} or None


def _refuse(word):
    raise ValueError(word)


class Corpus:
    """Texts of messages, each with a message id of its own, the same for the same seed."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.seed = seed
        self._ids = 0

    def texts(self, random_ones):
        """Yield the texts; `random_ones`: how many of each kind that is made by chance there are for every action."""
        for number, action in enumerate(actions()):
            schema = schema_of(action, False)
            cases = Cases(schema, self.seed + number)
            for payload in [*systematic(schema, cases), *(cases.broken() for _ in range(random_ones))]:
                yield self.call(action, json.dumps(payload, ensure_ascii=self.dice.random() < 0.5))
            for payload in raw_payloads(schema, cases):
                yield self.call(action, payload)
            for how in BROKEN_JSON.values():
                text = self.call(action, json.dumps({**cases.valid(), "beyond": "the schema"}))
                yield how(text, self.dice)
            yield from self.shapes(action)

    def call(self, action, payload):
        return f'[2,"{self.uid()}",{json.dumps(action)},{payload}]'

    def uid(self):
        self._ids += 1
        return f"c{self.seed} {self._ids}"

    def shapes(self, action):
        """CALLs and answers of the wrong shape."""
        name, inner = json.dumps(action), '{"beyond":1}'
        for shape in (
            '[2,"{0}"]', '[2,"{0}",{1}]', '[2,"{0}",{1},{2},{2}]', '[2,"{0}",[{1}],{2}]', '[2,"{0}",{2},{1}]',
            '[2,"{0}",{1},[{2}]]', '[2,"{0}",{1},{1}]', '[2,"{0}",{1},null]', '[2,"{0}",null,{2}]', '[2,{0},{1},{2}]',
            '[2,["{0}"],{1},{2}]', '[2,null,{1},{2}]', '[2,"",{1},{2}]', '[1,"{0}",{1},{2}]', '["2","{0}",{1},{2}]',
            '[true,"{0}",{1},{2}]', '{{"2":["{0}",{1},{2}]}}', '[[2,"{0}",{1},{2}]]', '[3,"{0}",{2}]', '[3,"{0}"]',
            '[4,"{0}","GenericError","",{2}]', '[4,"{0}"]', '[2,"{0}","x{0}",{2}]', '[2.0,"{0}",{1},{2}]',
        ):  # fmt: skip
            yield shape.format(self.uid(), name, inner)
        yield f'[2,"{"i" * 37}",{name},{inner}]'


def systematic(schema, cases):
    """Each place of a payload broken in every way; of the other types a few are chosen by chance."""
    whole = complete(schema)
    for path in places(whole):
        for other in cases.random.sample(OTHER_TYPES, 6):
            yield replaced(whole, path, other)
        if path and isinstance(path[-1], str):
            yield removed(whole, path)
        value = at(whole, path)
        if isinstance(value, dict):
            yield replaced(whole, path, {**value, "beyond": 1})
        elif isinstance(value, str):
            for text in (value.swapcase() + "é", "x" * 21, "x" * 51, "🚗" * 256, "x" * 501, "|", "nothing"):
                yield replaced(whole, path, text)
        elif isinstance(value, list):
            for items in ([], value * (HUGE // len(json.dumps(value))), [value[0], None], [value]):
                yield replaced(whole, path, items)
    yield from (cases.valid() | {"beyond": inner} for inner in (None, {}, list(range(HUGE // 5)), "x" * 2000))


def raw_payloads(schema, cases):
    """Payloads as no dict has them: members that come twice, deep nests, numbers out of range."""
    whole = complete(schema)
    for name, value in whole.items():
        rest = ",".join(f"{json.dumps(key)}:{json.dumps(inner)}" for key, inner in whole.items() if key != name)
        comma = "," if rest else ""
        first, key = json.dumps(value), json.dumps(name)
        yield f"{{{key}:{first},{rest}{comma}{key}:[0]}}"  # the last one counts
        yield f'{{{key}:{first},{rest}{comma}"Beyond":1}}'
        for other in [*LARGE, "[" * 300 + "]" * 300, '{"x":' * 100 + "1" + "}" * 100]:
            yield f"{{{rest}{comma}{key}:{other}}}"


def complete(schema):
    """A valid payload with every field."""
    if schema["type"] == "object":
        return {name: complete(part) for name, part in schema.get("properties", {}).items()}
    if schema["type"] == "array":
        return [complete(schema["items"])]
    if schema["type"] == "string":
        formats = {"date-time": "2024-02-29T12:34:56Z", "uri": "http://example.org/"}
        return schema.get("enum", [formats.get(schema.get("format"), "x")])[0]
    return {"integer": 1, "number": 0.5, "boolean": True}[schema["type"]]


def replaced(whole, path, value):
    if not path:
        return value
    changed = copy.deepcopy(whole)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def removed(whole, path):
    changed = copy.deepcopy(whole)
    del at(changed, path[:-1])[path[-1]]
    return changed
