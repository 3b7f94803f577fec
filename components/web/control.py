"""What a person does: start, stop, cards, emergency stop, limits, restart."""

from uhttpd.refusal import Refusal

from .wire import read_json, send_json


async def emergency_stop(web, request):
    """Press it, whatever the body is: the gates are closed before anything is done that could fail."""
    web.operator.press_stop()
    await send_json(request, {})


async def release(web, request):
    """Release the emergency stop, and what else waits for a person."""
    await read_json(request, ())
    await send_json(request, {"released": web.operator.release()})


async def start(web, request):
    """A transaction at an outlet."""
    tag, outlet = await read_json(request, (("tag", str), ("outlet", int, 1)))
    await _send_card(web, request, web.operator.start_transaction(tag, outlet))


async def stop(web, request):
    """The end of a transaction."""
    (outlet,) = await read_json(request, (("outlet", int, 1),))
    why = web.operator.stop_transaction(outlet)
    if why == "no_outlet":
        raise Refusal(404, why, "there is no outlet %d" % outlet)
    if why:
        raise Refusal(409, why, "no transaction runs there")
    await send_json(request, {})


async def card(web, request):
    """A card is presented."""
    (tag,) = await read_json(request, (("tag", str),))
    await _send_card(web, request, web.operator.present(tag))


async def _send_card(web, request, result):
    _, outcome, reason, detail, tag, outlet = result
    if outcome == "no_tag":
        raise Refusal(400, outcome, "an idTag has 1 to 20 printable characters of ASCII")
    value = {"outcome": outcome, "reason": reason, "detail": detail, "tag": tag, "outlet": outlet}
    value["text"] = web.operator.text_of(result)
    await send_json(request, value, 409 if outcome == "refused" else 200)


async def limit(web, request):
    """A limit of the current, with a life time."""
    rows = (("ma", int, None), ("life_ms", int, None), ("outlet", int, 0))
    ma, life_ms, outlet = await read_json(request, rows)
    try:
        web.operator.limit("api", ma, life_ms, outlet)
    except ValueError as e:
        raise Refusal(400, "limit", str(e))
    await send_json(request, web.operator.limits())


async def restart(web, request):
    """Restart: after the answer is on its way."""
    (kind,) = await read_json(request, (("kind", str, "Soft"),))
    if kind not in ("Soft", "Hard"):
        raise Refusal(400, "body", "'kind' is Soft or Hard")
    await send_json(request, {}, 202)
    web.operator.restart(kind, "web")
