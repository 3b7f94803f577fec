"""What the text of a configuration key means, by its row (see keys.py): loaded when one is set."""

from micropython import const

from core.nearest import did_you_mean

from .metering import NAMES

_TYPE = const(1)
_LOW = const(3)
_HIGH = const(4)
_TEXT_MAX = const(500)  # a value in GetConfiguration.conf
_INT_MAX = const(999999999)

_ROTATIONS = const("|NotApplicable|Unknown|RST|RTS|SRT|STR|TRS|TSR|")


def unknown(name, names):
    """Why there is no key of this name, in words."""
    return "there is no such key" + did_you_mean(name, names)


def parse(row, text, values):
    """The value that `text` means under the rule of a row; `values`: those of the other keys.

    Raises ValueError with the reason.
    """
    if not isinstance(text, str) or len(text) > _TEXT_MAX:
        raise ValueError("longer than %d characters" % _TEXT_MAX)
    kind = row[_TYPE]
    if kind == "bool":
        return _parse_bool(text.strip().lower())
    if kind == "int":
        return _parse_int(row, text.strip())
    if kind == "csl":
        return _parse_list(row, text)
    if kind == "rotation":
        return _parse_rotation(text, values)
    if row[_HIGH] is not None and len(text) > row[_HIGH]:
        raise ValueError("longer than %d characters" % row[_HIGH])
    return text


def _parse_bool(text):
    if text not in ("true", "false"):
        raise ValueError("it is true or false")
    return text == "true"


def _parse_int(row, text):
    digits = text[1:] if text[:1] == "-" else text
    if not digits.isdigit():
        raise ValueError("it is a whole number")
    low = -_INT_MAX if row[_LOW] is None else row[_LOW]
    high = _INT_MAX if row[_HIGH] is None else row[_HIGH]
    if len(digits) > 9 or not low <= int(text) <= high:
        raise ValueError("it is %d to %d" % (low, high))
    return int(text)


def _items(text, most):
    items = [item.strip() for item in text.split(",")] if text.strip() else []
    if len(items) > most:
        raise ValueError("it has %d items at most" % most)
    return items


def _parse_list(row, text):
    items = _items(text, row[_HIGH])
    for item in items:
        if item not in NAMES:
            raise ValueError("there is no measurand %r%s" % (item[:40], did_you_mean(item, NAMES)))
    if len(set(items)) != len(items):
        raise ValueError("a measurand is there twice")
    return ",".join(items)


def _parse_rotation(text, values):
    """``0.RST,1.RTS``: connector, dot, phase rotation."""
    items = _items(text, values["ConnectorPhaseRotationMaxLength"])
    connectors = [str(number) for number in range(values["NumberOfConnectors"] + 1)]
    for item in items:
        connector, _, rotation = item.partition(".")
        if connector not in connectors or not rotation or "|" in rotation or "|" + rotation + "|" not in _ROTATIONS:
            items = ()
    if not items:
        raise ValueError("it is connector.rotation, such as 0.RST,1.RST, of %s" % _ROTATIONS[1:-1].replace("|", ", "))
    return ",".join(items)
