"""Passwords are set, and made what is kept of them."""

import os
from binascii import b2a_base64
from micropython import const

from core.loading import unload
from uhttpd.refusal import Refusal

from .routes import ROLES
from .wire import read_json, send_json

_ITERATIONS = const(4096)
_PASSWORD_MIN = const(8)
_PASSWORD_MAX = const(128)
_HASH_MS = const(60000)


async def set_password(web, request):
    """Set a role's password, "": nobody has that role. It is in force at once, and ends the role's sessions."""
    name, password = await read_json(request, (("role", str), ("password", str)))
    if name not in ROLES:
        raise Refusal(400, "body", "'role' is one of " + ", ".join(ROLES))
    kept = "" if not password and name != ROLES[2] else await hashed(request, password)
    wrong = web.operator.change_settings({"web." + name: kept or None})
    if wrong:
        raise Refusal(400, "settings", "; ".join(wrong.values()), (), {"fields": wrong})
    _take(web, ROLES.index(name), kept)
    web.operator.security_event("ReconfigurationOfSecurityParameters", "web: password of " + name)
    await send_json(request, {})


async def hashed(request, password):
    """What is kept of a password. Raises Refusal."""
    size = len(password)
    if not _PASSWORD_MIN <= size <= _PASSWORD_MAX:
        raise Refusal(400, "password", "a password has %d to %d characters" % (_PASSWORD_MIN, _PASSWORD_MAX))
    from .pbkdf2 import pbkdf2

    unload("components.web.pbkdf2")
    request.connection.allow(_HASH_MS)
    salt = os.urandom(16)
    digest = await pbkdf2(password.encode(), salt, _ITERATIONS)
    parts = [b2a_base64(part).decode().strip() for part in (salt, digest)]
    return "pbkdf2-sha256$%d$%s$%s" % (_ITERATIONS, parts[0], parts[1])


def _take(web, at, kept):
    """The hash of a role's password is another one: its sessions end."""
    web.hashes = web.hashes[:at] + (kept,) + web.hashes[at + 1 :]
    web.sessions = [session for session in web.sessions if session[1] != at + 1]
    web.verified = ()
