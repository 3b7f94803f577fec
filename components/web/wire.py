"""JSON bodies and answers of the API."""

import asyncio
import json
from micropython import const

from core.loading import unload
from uhttpd.refusal import Refusal

BODY_MAX = const(4096)
_NO_STORE = const((("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")))


async def send_json(request, value, status=200, fields=()):
    """Answer with a value as JSON."""
    await request.answer(status, json.dumps(value), "application/json", _NO_STORE + fields)


async def refuse(request, refusal):
    """Answer with what a Refusal says."""
    value = {"error": refusal.word, "text": str(refusal)}
    value.update(refusal.details)
    await send_json(request, value, refusal.status, refusal.fields)


async def begin(request, type="application/json", fields=(), **options):
    """Begin an answer in pieces."""
    await request.begin(200, type, _NO_STORE + fields, **options)


async def send_list(request, rows):
    """Answer with a JSON list of what `rows` yields, in pieces; None is left out: it gives others their turn."""
    await begin(request)
    before = "["
    for row in rows:
        if row is not None:
            await request.write(before)
            await request.write(json.dumps(row))
            before = ","
        await asyncio.sleep_ms(0)
    await request.write("]" if before == "," else "[]")
    await request.end()


async def read_json(request, rows):
    """The body, a JSON object, as a list of values in the order of the rows.

    Each row: (name, type, default), without the default it has to be there. A value may be null where that is the
    default. No rows: there need not be a body. Raises Refusal.
    """
    if not rows and not request.length:
        return []
    values = await read_object(request)
    found = [_value_of(values, *row) for row in rows]
    known = [row[0] for row in rows]
    for name in values:
        if name not in known:
            raise Refusal(400, "body", "%r is unknown; known: %s" % (name, ", ".join(known) or "nothing"))
    return found


async def read_object(request):
    """The body, a JSON object of plain values, as a dict. Raises Refusal."""
    kind = request.fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "type", "the body has to be application/json")
    try:
        text = str(await request.body(BODY_MAX), "utf-8")
        if "\\u" in text:
            from core.surrogates import combined

            unload("core.surrogates")
            text = combined(text)
        whole = json.loads("[%s,0]" % text)  # MicroPython 1.25 alone would take an object that breaks off
    except ValueError:  # a UnicodeError is one
        whole = ()
    if len(whole) != 2 or not isinstance(whole[0], dict):
        raise Refusal(400, "body", "the body is no JSON object")
    for value in whole[0].values():
        if isinstance(value, (dict, list)):  # which may be so deep that nothing can be done with it
            raise Refusal(400, "body", "a value is neither a text, a number, true, false nor null")
    return whole[0]


def _value_of(values, name, kind, *default):
    if name not in values:
        if not default:
            raise Refusal(400, "body", "%r is missing" % name)
        return default[0]
    value = values[name]
    if value is None and default and default[0] is None:
        return None
    if type(value) is not kind:
        raise Refusal(400, "body", "%r is no %s" % (name, kind.__name__))
    return value
