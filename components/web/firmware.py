"""An update of the firmware: the image is the body of a request."""

import asyncio
from binascii import a2b_base64
from micropython import const

from uhttpd.refusal import Refusal

from .wire import send_json

_CHUNK = const(1024)
_CHUNK_MS = const(20000)


async def status(web, request):
    """How far an update is, also one of the central system."""
    await send_json(request, _told(_update_of(web)))


async def upload(web, request):
    """Take an image, verify it, and install it: which is a restart, once no transaction runs."""
    update = _update_of(web)
    if request.fields.get("content-type") != "application/octet-stream":
        raise Refusal(415, "type", "the body has to be application/octet-stream")
    if not request.length:
        raise Refusal(411, "body", "there is no image with a Content-Length")
    try:
        certificate = str(a2b_base64(request.fields.get("x-certificate", "")), "utf-8")
    except ValueError:
        raise Refusal(400, "body", "X-Certificate is no base64 of a certificate in PEM")
    try:
        update.begin(request.length, request.fields.get("x-signature", ""), certificate)
    except OSError as e:
        raise Refusal(409, "update", _words(e))
    why = "the upload broke off"
    try:
        await _take(request, update)
        request.connection.allow(None)
        why = await update.finish()
    except OSError as e:
        why = _words(e)
    finally:
        if why:
            update.abort()
    if why:
        raise Refusal(400, "update", why)
    await send_json(request, {"restart": True}, 202)


async def _take(request, update):
    view = memoryview(bytearray(_CHUNK))
    while request.left:
        request.connection.allow(_CHUNK_MS)
        size = await request.readinto(view)
        update.write(view[:size])
        await asyncio.sleep_ms(0)


def _update_of(web):
    if web.operator.update is None:
        raise Refusal(404, "update", "this board takes no updates")
    return web.operator.update


def _told(update):
    return {"status": update.status, "size": update.size, "written": update.written, "signed": update.signed}


def _words(error):
    return str(error.args[-1]) if error.args else "it failed"
