"""Settings of settings.json, variables of OCPP, passwords."""

import asyncio
import json
import os
from binascii import b2a_base64
from micropython import const

from core.loading import unload
from uhttpd import Refusal

from .routes import ROLES
from .wire import begin, read_json, read_object, send_json

_ITERATIONS = const(4096)
_PASSWORD_MIN = const(8)
_PASSWORD_MAX = const(128)


async def settings(web, request):
    """A list of all of them; no secret has a value."""
    await begin(request)
    before = "["
    for row in web.operator.settings():
        await request.write(before)
        await request.write(json.dumps(row))
        before = ","
        await asyncio.sleep_ms(0)
    await request.write(before.replace(",", "") + "]")
    await request.end()


async def check(web, request):
    """Would these changes be right? Nothing is saved."""
    await _change(web, request, False)
    await send_json(request, {"restart": True})


async def change(web, request):
    """Change them, for the next start."""
    changes = await _change(web, request, True)
    web.operator.security_event("SettingsChanged", "web: " + ", ".join(sorted(changes)))
    await send_json(request, {"restart": True})


async def _change(web, request, save):
    changes = await read_object(request)
    for name in changes:
        if name.startswith("web.") and name[4:] in ROLES:
            raise Refusal(400, "settings", "passwords are set elsewhere", (), {"fields": {name: "see /api/password"}})
    wrong = web.operator.change_settings(changes, save)
    if wrong:
        raise Refusal(400, "settings", "; ".join(wrong.values()), (), {"fields": wrong})
    return changes


async def variables(web, request):
    """A list of OCPP's configuration, each with its rules."""
    await begin(request)
    before = "["
    for name in web.operator.keys():
        row = web.operator.describe(name)
        row["value"], row["readonly"] = web.operator.get(name)[1:]
        await request.write(before)
        await request.write(json.dumps(row))
        before = ","
        await asyncio.sleep_ms(0)
    await request.write(before.replace(",", "") + "]")
    await request.end()


async def set_variable(web, request):
    """Set one: the status of ChangeConfiguration."""
    name, value = await read_json(request, (("name", str), ("value", str)))
    try:
        status, reason = web.operator.set(name, value)
    except OSError as e:
        raise Refusal(500, "journal", "it cannot be kept: %s" % e)
    await send_json(request, {"status": status, "reason": reason})


async def set_password(web, request):
    """Set a role's password, "": nobody has that role. It is in force at once, and ends the role's sessions."""
    name, password = await read_json(request, (("role", str), ("password", str)))
    if name not in ROLES:
        raise Refusal(400, "body", "'role' is one of " + ", ".join(ROLES))
    kept = "" if not password and name != ROLES[2] else await hashed(password)
    wrong = web.operator.change_settings({"web." + name: kept or None})
    if wrong:
        raise Refusal(400, "settings", "; ".join(wrong.values()), (), {"fields": wrong})
    web.take_password(ROLES.index(name), kept)
    web.operator.security_event("SettingsChanged", "web: password of " + name)
    await send_json(request, {})


async def hashed(password):
    """What is kept of a password. Raises Refusal."""
    size = len(password)
    if not _PASSWORD_MIN <= size <= _PASSWORD_MAX:
        raise Refusal(400, "password", "a password has %d to %d characters" % (_PASSWORD_MIN, _PASSWORD_MAX))
    from .pbkdf2 import pbkdf2

    unload("components.web.pbkdf2")
    salt = os.urandom(16)
    digest = await pbkdf2(password.encode(), salt, _ITERATIONS)
    parts = [b2a_base64(part).decode().strip() for part in (salt, digest)]
    return "pbkdf2-sha256$%d$%s$%s" % (_ITERATIONS, parts[0], parts[1])
