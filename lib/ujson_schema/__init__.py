"""Validate decoded JSON against compact schemas: the subset of JSON schema that OCPP 1.6 uses.

A schema is constant Python data (ints, strings, tuples), so a frozen schema stays in ROM and
costs no heap. ``tools/compile_schema.py`` makes it from a draft-04 or draft-06 JSON schema.

======================================  =====================================================
schema                                  accepts
======================================  =====================================================
``n`` (int, 0 or more)                  string of at most n characters
``-1`` any, ``-2`` string               whatever JSON has; any string
``-3`` integer, ``-4`` number           ``1.0`` is an integer (draft-06); ``True`` is neither
``-5`` boolean
``-6`` date-time, ``-7`` uri            strings of that format (see ``ujson_schema.formats``)
``"|a|b|"`` (str)                       enum: one of the strings between the bars
``(-8, n, name, schema, ...)``          object; the first n names are required; no others
``(-9, n, name, schema, ...)``          the same, and unknown names are allowed
``(-10, schema, min, max)``             array; max -1: without limit
``(-11, min, max, schema)``             string with a minLength; schema -2, -6 or -7; max as above
``(-12, schema, min, max, num, den)``   integer (-3) or number (-4) with limits (None: without)
                                        that is a multiple of num / den (num 0: of nothing)
======================================  =====================================================

Recursion is bounded by the nesting of the schema, never by that of the message.

``SchemaError.code`` is the error code for the CALLERROR, by OCPP-J 1.6 section 4.2.3, table 7.
The two odd spellings are the specification's own (errata sheet 5.1 and 5.2: will not be fixed).

========================================================  ============================
violated                                                  code
========================================================  ============================
the payload itself is no object                           FormationViolation
additionalProperties (unknown field: not the PDU's form)  FormationViolation
required, minItems, maxItems                              OccurenceConstraintViolation
type (null too)                                           TypeConstraintViolation
enum, maxLength, minLength, minimum, maximum,
multipleOf, format                                        PropertyConstraintViolation
========================================================  ============================

Table 7 also has ProtocolError, "Payload for Action is incomplete". It is left to messages that
are cut short: a missing field is an occurrence of 0 where the specification's tables of fields
demand 1..1.
"""

from micropython import const

from .formats import is_date_time, is_uri

_ANY = const(-1)
_STRING = const(-2)
_INTEGER = const(-3)
_NUMBER = const(-4)
_BOOLEAN = const(-5)
_DATE_TIME = const(-6)
_CLOSED = const(-8)
_OPEN = const(-9)
_ARRAY = const(-10)
_TEXT = const(-11)

_LONGEST_KEY = const(50)  # of a key that the sender made up, shown in the path

_OCCURRENCE_RULES = const(("required", "minItems", "maxItems"))


class SchemaError(ValueError):
    """A value breaks a rule.

    ``path``: where, as ``meterValue[0].sampledValue[1].value``; empty for the value itself.
    ``rule``: the JSON schema keyword. ``limit``: what it demands (20, "integer"), or None.
    ``code``: the OCPP-J 1.6 error code. str(): path, rule and limit, never the received value.
    """

    def __init__(self, rule, limit=None, path=""):
        super().__init__(rule)
        self.rule = rule
        self.limit = limit
        self.path = path

    def under(self, key):
        """Put a member's name (str) or an item's index (int) before the path; return self."""
        head = key if isinstance(key, str) else "[%d]" % key
        dot = "." if self.path and not self.path.startswith("[") else ""
        self.path = head + dot + self.path
        return self

    @property
    def code(self):
        if self.rule == "additionalProperties":
            return "FormationViolation"
        if self.rule == "type":
            return "TypeConstraintViolation" if self.path else "FormationViolation"
        if self.rule in _OCCURRENCE_RULES:
            return "OccurenceConstraintViolation"
        return "PropertyConstraintViolation"

    def __str__(self):
        text = "%s: %s" % (self.path or "value", self.rule)
        return text if self.limit is None else "%s %s" % (text, self.limit)


def validate(schema, value, extra=False):
    """Return None if value (as json.loads makes it) fits schema, else raise SchemaError.

    extra=True tolerates unknown fields in objects at any depth: meant for answers, which
    cannot be refused any more. A valid value without fractions in numbers allocates nothing.
    """
    error = _check(schema, value, extra)
    if error is not None:
        raise error


# Every function below returns None or the SchemaError, and has a frame of at most 11 words: a
# larger frame, or one with a try block, would be taken from the heap at every call.


def _check(schema, value, extra):
    if isinstance(schema, tuple):
        if schema[0] == _CLOSED or schema[0] == _OPEN:
            return _object(schema, value, extra)
        if schema[0] == _ARRAY:
            return _array(schema, value, extra)
        if schema[0] == _TEXT:
            return _text(schema, value)
        return _range(schema, value)
    if isinstance(schema, str):
        return _enum(schema, value)
    if schema >= 0:
        return _string(schema, value)
    return _leaf(schema, value)


def _object(schema, value, extra):
    if not isinstance(value, dict):
        return SchemaError("type", "object")
    error = _members(schema, value, extra)
    if error is None and schema[0] == _CLOSED and not extra:
        return _closed(schema, value)
    return error


def _members(schema, value, extra):
    for i in range(2, len(schema), 2):
        if schema[i] in value:
            error = _check(schema[i + 1], value[schema[i]], extra)
            if error is not None:
                return error.under(schema[i])
        elif i <= 2 * schema[1]:
            return SchemaError("required", None, schema[i])


def _closed(schema, value):
    known = 0
    for i in range(2, len(schema), 2):
        if schema[i] in value:
            known += 1
    return None if known == len(value) else _unknown(schema, value)


def _unknown(schema, value):
    names = [schema[i] for i in range(2, len(schema), 2)]
    for key in value:
        if key not in names:
            return SchemaError("additionalProperties", None, key[:_LONGEST_KEY])


def _array(schema, value, extra):
    if not isinstance(value, list):
        return SchemaError("type", "array")
    if len(value) < schema[2]:
        return SchemaError("minItems", schema[2])
    if 0 <= schema[3] < len(value):
        return SchemaError("maxItems", schema[3])
    return _items(schema[1], value, extra)


def _items(schema, value, extra):
    for i in range(len(value)):
        error = _check(schema, value[i], extra)
        if error is not None:
            return error.under(i)


def _enum(schema, value):
    if not isinstance(value, str):
        return SchemaError("type", "string")
    if value and "|" not in value:
        at = schema.find(value, 1)
        while at > 0:
            if schema[at - 1] == "|" and schema[at + len(value)] == "|":
                return None
            at = schema.find(value, at + 1)
    return SchemaError("enum")


def _string(longest, value):
    if not isinstance(value, str):
        return SchemaError("type", "string")
    if len(value) > longest and _characters(value) > longest:
        return SchemaError("maxLength", longest)


def _characters(value):
    # A character beyond U+FFFF, escaped as two surrogates, is left as two by MicroPython's json.
    count = 0
    high = False
    for c in value:
        c = ord(c)
        if not (high and 0xDC00 <= c <= 0xDFFF):
            count += 1
        high = 0xD800 <= c <= 0xDBFF
    return count


def _text(schema, value):
    error = _leaf(schema[3], value)
    if error is None and _characters(value) < schema[1]:
        return SchemaError("minLength", schema[1])
    if error is None and schema[2] >= 0:
        return _string(schema[2], value)
    return error


def _leaf(kind, value):
    if kind == _ANY:
        return None
    if kind == _INTEGER:
        return None if _is_integer(value) else SchemaError("type", "integer")
    if kind == _NUMBER:
        return None if _is_number(value) else SchemaError("type", "number")
    if kind == _BOOLEAN:
        return None if isinstance(value, bool) else SchemaError("type", "boolean")
    if not isinstance(value, str):
        return SchemaError("type", "string")
    if kind == _STRING:
        return None
    if kind == _DATE_TIME:
        return None if is_date_time(value) else SchemaError("format", "date-time")
    return None if is_uri(value) else SchemaError("format", "uri")


def _is_integer(value):
    # type(), not isinstance(): True is no integer. The remainder of an infinity is NaN.
    return type(value) is int or (isinstance(value, float) and value % 1 == 0)


def _is_number(value):
    # 1e999 is read as an infinity, which no number of JSON can be.
    return type(value) is int or (isinstance(value, float) and value - value == 0)


def _range(schema, value):
    error = _leaf(schema[1], value)
    if error is not None:
        return error
    if schema[2] is not None and value < schema[2]:
        return SchemaError("minimum", schema[2])
    if schema[3] is not None and value > schema[3]:
        return SchemaError("maximum", schema[3])
    if schema[4] and not _is_multiple(value, schema[4], schema[5]):
        return SchemaError("multipleOf", schema[4] / schema[5])


def _is_multiple(value, num, den):
    if type(value) is int:
        return value * den % num == 0
    quotient = value * den / num
    if quotient - quotient != 0:
        return True  # out of a float's range: steps between such floats are wider than num / den
    # No float is 21.4 itself, and the ESP32's have 24 bits. The nearest multiple has to be the
    # value but for two steps of whatever float this machine has: a quarter of what lies
    # between them is then lost when it is added to the value.
    return (round(quotient) * num / den - value) / 4 + value == value
