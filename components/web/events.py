"""Server-sent events: the state, when it has changed, at most once a second."""

import asyncio
import json
from binascii import crc32
from micropython import const

from core.loading import drop_unmade
from uhttpd.refusal import Refusal

from .access import session_of
from .wire import begin

_PERIOD_MS = const(1000)
_LOOKS = const(4)  # in each, whether the client is still there: a page that is loaded anew needs the place
_QUIET = const(2)  # periods without a change: then a comment shows that the connection lives
_SEND_MS = const(10000)  # a reader that does not take an event in that time is too slow
_COUNTED = const(("uptime_ms", "utc_ms", "heap_free", "system_free"))  # no changes of these are told


async def events(web, request):
    """``event: state`` until the client goes, its session ends or its password, or the firmware does."""
    if web.streams * 2 >= web.most:
        raise Refusal(503, "busy", "there are listeners enough", (("Retry-After", "10"),))
    web.streams += 1
    try:
        await begin(request, "text/event-stream", within_ms=_SEND_MS)
        await _send_all(web, request, web.operator.snapshot())
    finally:
        web.streams -= 1


async def _send_all(web, request, snapshot):
    session, kept = session_of(web, request), web.hashes[request.user - 1]
    told, quiet = None, _QUIET
    while not web.kernel.stopping and web.hashes[request.user - 1] == kept:
        if session is not None and session not in web.sessions:
            return
        request.connection.allow(_SEND_MS)
        parts, mark = [], told
        try:
            parts, mark = await _parts(web, snapshot)
        except MemoryError:
            drop_unmade()  # in a second there is more
        if mark != told:
            told, quiet = mark, 0
            await request.write("event: state\ndata: ")
            for part in parts:
                await request.write(part)
            await request.write("\n\n")
        else:
            quiet += 1
            if quiet >= _QUIET:
                quiet = 0
                await request.write(":\n\n")
        parts = []
        await request.flush()
        if session is not None:
            session[2] = web.clock.uptime_ms()
        for _ in range(_LOOKS):
            await asyncio.sleep_ms(_PERIOD_MS // _LOOKS)
            if request.is_gone():
                return


async def _parts(web, snapshot):
    """(the pieces of an event's text, a number that changes with them)."""
    station = snapshot["station"]
    counted = {key: station.pop(key) for key in _COUNTED}
    texts = ['{"station":', "", ',"outlets":[']
    mark = crc32(json.dumps(station).encode())
    station.update(counted)
    texts[1] = json.dumps(station)
    why = {}
    for outlet, lines in web.operator.why():
        why["outlet/%d" % outlet] = list(lines)
        await asyncio.sleep_ms(0)
    for path in snapshot.outlets():
        piece = snapshot[path]
        piece["id"] = int(path.partition("/")[2])
        piece["transaction"] = snapshot[path + "/transaction"]
        piece["why"] = why.get(path, [])
        text = json.dumps(piece)
        mark = crc32(text.encode(), mark)
        texts.append(text if texts[-1] == ',"outlets":[' else "," + text)
        await asyncio.sleep_ms(0)
    limits, card = json.dumps(web.operator.limits()), json.dumps(_card(web.operator))
    texts.append('],"limits":%s,"card":%s,"why":%s}' % (limits, card, json.dumps(why.get("outlet/0", []))))
    return texts, crc32(texts[-1].encode(), mark)


def _card(operator):
    """What became of the card that was presented last; None before the first."""
    result = operator.card.value
    if result is None:
        return None
    number, outcome, _, _, tag, outlet = result
    return {"number": number, "outcome": outcome, "tag": tag, "outlet": outlet, "text": operator.text_of(result)}
