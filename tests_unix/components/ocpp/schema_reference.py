"""What is wrong with an OCPP payload, by ``jsonschema`` on the JSON schemas of the ``ocpp`` package.

Adjusted for what the firmware does on purpose: 1.0 is an integer, and a date-time is checked, leniently.
"""

import json
import re
from datetime import datetime
from decimal import Decimal

from jsonschema import Draft4Validator, FormatChecker
from jsonschema.validators import extend

DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)

# A scheme, a colon, and printable ASCII without blanks and what RFC 3986 calls unsafe.
URI = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~]+""", re.ASCII)

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_date_time(value):
    found = isinstance(value, str) and DATE_TIME.fullmatch(value)
    if not found:
        return not isinstance(value, str)
    second = "59" if found[3] == "60" else found[3]
    return bool(datetime.strptime(found[1] + found[2] + second, "%Y-%m-%d%H:%M:%S"))


@formats.checks("uri")
def is_uri(value):
    return not isinstance(value, str) or URI.fullmatch(value) is not None


def is_integer(checker, value):
    integral = isinstance(value, Decimal) and value == value.to_integral_value()
    return integral or (isinstance(value, int) and not isinstance(value, bool))


Reference = extend(Draft4Validator, type_checker=Draft4Validator.TYPE_CHECKER.redefine("integer", is_integer))


def exact(schema):
    """A schema with its fractions as Decimals, in which a multiple of 0.1 is one."""
    return json.loads(json.dumps(schema), parse_float=Decimal)


def errors_of(schema, text):
    """What the reference finds in a payload: a set of (path, rule), paths as SchemaError writes them."""
    payload = json.loads(text, parse_float=Decimal)
    found = set()
    for error in Reference(schema, format_checker=formats).iter_errors(payload):
        names = [()]
        if error.validator == "required":
            names = [(name,) for name in error.validator_value if name not in error.instance]
        elif error.validator == "additionalProperties":
            names = [(name,) for name in error.instance if name not in error.schema.get("properties", {})]
        found |= {(path_text((*error.absolute_path, *name)), error.validator) for name in names}
    return found


def path_text(path):
    text = ""
    for key in reversed(path):
        dot = "." if text and not text.startswith("[") else ""
        text = (key if isinstance(key, str) else f"[{key}]") + dot + text
    return text
