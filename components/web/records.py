"""Records: the log, sessions, black boxes."""

import asyncio

from uhttpd.query import query_value, unquote
from uhttpd.refusal import Refusal

from .wire import begin, send_json, send_list

_TEXT = "text/plain; charset=utf-8"


async def log(web, request):
    """The last lines of the log."""
    await begin(request, _TEXT)
    for line in list(web.operator.log):
        await request.write(line)
        await request.write("\n")
    await request.end()


async def sessions(web, request):
    """The charge log, newest first: ``?from=N&count=M``."""
    first, count = _number(request, "from", 0), _number(request, "count", 50)
    await send_list(request, _part(web.operator.charges(True), first, first + count))


def _part(rows, first, end):
    """Those with the numbers from `first` to before `end`; None in place of one before."""
    for number, row in enumerate(rows):
        if number >= end:
            return
        yield row if number >= first else None


async def sessions_csv(web, request):
    """The charge log as a table."""
    name = 'attachment; filename="sessions.csv"'
    await begin(request, "text/csv; charset=utf-8", (("Content-Disposition", name),))
    for line in web.operator.charges_csv():
        await request.write(line)
        if not line.endswith("\n"):
            await request.write("\r\n")
        await asyncio.sleep_ms(0)
    await request.end()


async def black_boxes(web, request):
    """[{"name", "bytes"}]"""
    await send_json(request, [{"name": name, "bytes": size} for name, size in web.operator.black_boxes()])


async def black_box(web, request):
    """One of them."""
    try:
        name = unquote(request.path.rpartition("/")[2])
    except ValueError:
        name = ""
    if name not in [known for known, _ in web.operator.black_boxes()]:
        raise Refusal(404, "name", "there is no such black box")
    await begin(request, "application/octet-stream", (("Content-Disposition", 'attachment; filename="%s"' % name),))
    for part in web.operator.black_box(name):
        await request.write(part)
        await asyncio.sleep_ms(0)
    await request.end()


def _number(request, name, default):
    try:
        value = query_value(request.query, name)
        number = default if value is None else int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise Refusal(400, "query", "%r is no number" % name)
    return number
