"""What there is to see: who is asking, the state as data, why a car is charged or is not, limits."""

import asyncio
import json

from uhttpd.query import query_value
from uhttpd.refusal import Refusal

from .access import is_first_run
from .routes import ROLES
from .wire import begin, send_json


async def me(web, request):
    """Who is asking, and what this is."""
    value = web.operator.identity()
    value["role"] = ROLES[request.user - 1] if request.user else None
    value["setup"] = is_first_run(web, request)
    await send_json(request, value)


async def state(web, request):
    """The snapshot: {path: piece}, or the one of ``?path=``."""
    path = _parameter(request, "path")
    if path is not None:
        try:
            piece = web.operator.snapshot()[path]
        except KeyError:
            raise Refusal(404, "path", "the snapshot has no such piece")
        await send_json(request, piece)
        return
    await begin(request)
    before = "{"
    for path, piece in web.operator.snapshot():
        await request.write(before)
        await request.write(json.dumps(path))
        await request.write(":")
        await request.write(json.dumps(piece))
        before = ","
        await asyncio.sleep_ms(0)
    await request.write("}")
    await request.end()


async def why(web, request):
    """[{"outlet": 0 or id, "lines": [...]}]"""
    await send_json(request, [{"outlet": outlet, "lines": list(lines)} for outlet, lines in web.operator.why()])


async def limits(web, request):
    """What limits the current."""
    await send_json(request, web.operator.limits())


def _parameter(request, name):
    try:
        return query_value(request.query, name)
    except ValueError:
        raise Refusal(400, "query", "an escape that is none")
