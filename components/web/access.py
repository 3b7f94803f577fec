"""Who sends a request: passwords, sessions, roles.

A session is a cookie of 128 random bits; at most 8 live at once, the one used longest ago goes first. A role and its
password can also come with each request, by HTTP Basic: what was verified once is known by a quick hash with a random
key, until the firmware ends.
"""

import asyncio
import os
from binascii import a2b_base64, hexlify
from hashlib import sha256
from micropython import const

from core.loading import unload
from uhttpd.refusal import Refusal

from .routes import ROLES
from .wire import read_json, send_json

_SESSIONS_MAX = const(8)
_SESSION_MS = const(3600000)  # without a request
_VERIFIED_MAX = const(4)
_FAILURES_MAX = const(8)
_DELAY_MS = const(1000)  # after the first wrong password; it doubles
_DELAY_MAX_MS = const(60000)
_FORGET_MS = const(900000)
_HASH_MS = const(60000)
_COOKIE = const("session=")


def is_first_run(web, request):
    """Whether anybody at the access point may set this charger up, and the request comes from there."""
    if web.hashes[2] or web.provisioning is None or not web.provisioning.active.value:
        return False
    network = web.provisioning.address.rpartition(".")[0]  # who is in another one does not know its password
    return _as_text(request.connection.address).rpartition(".")[0] == network


def _as_text(address):
    return address if isinstance(address, str) else ".".join([str(byte) for byte in address])


async def role_of(web, request):
    """0: nobody; 1, 2, 3: see `routes`. Raises Refusal: a wrong password."""
    session = session_of(web, request)
    if session is not None:
        session[2] = web.clock.uptime_ms()
        return session[1]
    scheme, _, given = request.fields.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return 0
    return await _role_of_basic(web, request, given.strip())


def session_of(web, request):
    """Its session, [token, role, uptime of the last request], or None."""
    token = ""
    for part in request.fields.get("cookie", "").split(";"):
        part = part.strip()
        if part.startswith(_COOKIE):
            token = part[len(_COOKIE) :]
    found = None
    for session in web.sessions:
        if is_same(session[0], token) and web.clock.uptime_ms() - session[2] < _SESSION_MS:
            found = session
    return found


def is_same(one, other):
    """Whether two texts or bytes are equal, in a time that does not depend on where they differ."""
    if len(one) != len(other):
        return False
    one, other = memoryview(one), memoryview(other)
    differ = 0
    for i in range(len(one)):
        differ |= one[i] ^ other[i]
    return not differ


# --- passwords --------------------------------------------------------------------------------------------------------


async def _role_of_basic(web, request, given):
    if not web.verified:
        web.verified = [os.urandom(16)]
    quick = sha256(web.verified[0] + given.encode()).digest()
    for digest, role in web.verified[1:]:
        if is_same(digest, quick):
            return role
    try:
        name, _, password = str(a2b_base64(given), "utf-8").partition(":")
    except ValueError:
        raise Refusal(401, "login", "no credentials of HTTP Basic")
    role = await check_password(web, request, name, password)
    if len(web.verified) > _VERIFIED_MAX:
        web.verified.pop(1)
    if web.verified:  # else a password was changed meanwhile
        web.verified.append((quick, role))
    return role


async def check_password(web, request, name, password):
    """The role, 1 to 3, if the password is that one's. Raises Refusal."""
    role = ROLES.index(name) + 1 if name in ROLES else 0
    failure = _failure_of(web, request, role)
    _check_delay(web, failure)
    if web.hashing is None:
        web.hashing = asyncio.Lock()
    async with web.hashing:  # one at a time
        _check_delay(web, failure)
        request.connection.allow(_HASH_MS)
        kept = web.hashes[role - 1]
        right = role > 0 and await _is_right(kept, password) and web.hashes[role - 1] == kept
    if right:
        if failure in web.failures:
            web.failures.remove(failure)
        return role
    _count(web, request, failure, name)
    raise Refusal(401, "login", "wrong role or password")


async def _is_right(kept, password):
    parts = kept.split("$")
    if len(parts) != 4 or parts[0] != "pbkdf2-sha256":
        return False
    from .pbkdf2 import pbkdf2

    unload("components.web.pbkdf2")
    try:
        rounds, salt, digest = int(parts[1]), a2b_base64(parts[2]), a2b_base64(parts[3])
    except ValueError:
        return False
    return is_same(await pbkdf2(password.encode(), salt, rounds), digest)


def _failure_of(web, request, role):
    """[address, role, how often, uptime of the last, uptime until which nothing is tried]; a new one is not kept."""
    for failure in web.failures:
        if failure[0] == request.connection.address and failure[1] == role:
            if web.clock.uptime_ms() - failure[3] > _FORGET_MS:
                failure[2] = 0
            return failure
    return [request.connection.address, role, 0, 0, 0]


def _check_delay(web, failure):
    left_ms = failure[4] - web.clock.uptime_ms()
    if left_ms > 0:
        seconds = str(left_ms // 1000 + 1)
        raise Refusal(429, "delay", "after wrong passwords: again in %s s" % seconds, (("Retry-After", seconds),))


def _count(web, request, failure, name):
    now = web.clock.uptime_ms()
    failure[2] += 1
    failure[3] = now
    failure[4] = now + min(_DELAY_MAX_MS, _DELAY_MS << min(failure[2] - 1, 6))
    web.failures = web.failures or []
    if failure not in web.failures:
        if len(web.failures) == _FAILURES_MAX:
            web.failures.remove(min(web.failures, key=lambda one: one[4]))
        web.failures.append(failure)
    web.log.rare("wrong password")
    if failure[2] & failure[2] - 1 == 0:  # the first, second, fourth ...: the log has room for other events
        words = "%d wrong passwords of %s from %s" % (failure[2], name[:16], _as_text(failure[0]))
        web.operator.security_event("WebLoginFailed", words)


# --- routes -----------------------------------------------------------------------------------------------------------


async def login(web, request):
    """A session for a role and its password."""
    name, password = await read_json(request, (("role", str), ("password", str)))
    role = await check_password(web, request, name, password)
    token = hexlify(os.urandom(16)).decode()
    web.sessions = web.sessions or []
    if len(web.sessions) == _SESSIONS_MAX:
        web.sessions.remove(min(web.sessions, key=lambda session: session[2]))
    web.sessions.append([token, role, web.clock.uptime_ms()])
    await send_json(request, {"role": name}, 200, (("Set-Cookie", _cookie(web, token, "")),))


async def logout(web, request):
    """The session ends."""
    await read_json(request, ())
    session = session_of(web, request)
    if session is not None:
        web.sessions.remove(session)
    await send_json(request, {}, 200, (("Set-Cookie", _cookie(web, "", "; Max-Age=0")),))


def _cookie(web, token, more):
    return _COOKIE + token + "; HttpOnly; SameSite=Strict; Path=/" + ("; Secure" if web.secure else "") + more
