"""Settings of settings.json, variables of OCPP."""

from core.loading import unload
from uhttpd.refusal import Refusal

from .routes import ROLES
from .wire import read_json, read_object, send_json, send_list


async def settings(web, request):
    """A list of all of them; no secret has a value."""
    await send_list(request, web.operator.settings())


async def check(web, request):
    """Would these changes be right? Nothing is saved."""
    await _change(web, request, False)
    await send_json(request, {"restart": True})


async def change(web, request):
    """Change them, for the next start."""
    changes = await _change(web, request, True)
    web.operator.security_event("ReconfigurationOfSecurityParameters", "web: " + ", ".join(sorted(changes)))
    await send_json(request, {"restart": True})


async def _change(web, request, save):
    changes = await read_object(request)
    for name in changes:
        if name == "web" or name.startswith("web.") and name[4:] in ROLES:
            raise Refusal(400, "settings", "passwords are set elsewhere", (), {"fields": {name: "see /api/password"}})
    wrong = _unreachable(web, changes) or web.operator.change_settings(changes, save)
    if wrong:
        raise Refusal(400, "settings", "; ".join(wrong.values()), (), {"fields": wrong})
    return changes


def _unreachable(web, changes):
    """{name: text} of what is right as a setting, and would leave nobody a server to set it right again."""
    address = changes.get("web.address")
    if address and not _is_ipv4(address):
        return {"web.address": "it is no IPv4 address"}
    certificate = changes.get("web.certificate", web.files[0])
    if certificate and ("web.certificate" in changes or "web.key" in changes):
        try:
            from .tls import context_of

            unload("components.web.tls")
            key = changes.get("web.key", web.files[1]) or ""
            web.kernel.urgent.block("TLS key", context_of, web.home, certificate, key)
        except (ValueError, OSError, TypeError, AttributeError) as e:  # the last two: of no text at all
            return {"web.certificate": str(e)}
    return None


def _is_ipv4(text):
    parts = text.split(".") if isinstance(text, str) else ()
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


async def variables(web, request):
    """A list of OCPP's configuration, each with its rules."""
    await send_list(request, _rows(web.operator))


def _rows(operator):
    for name in operator.keys():
        row = operator.describe(name)
        row["value"], row["readonly"] = operator.get(name)[1:]
        yield row


async def set_variable(web, request):
    """Set one: the status of ChangeConfiguration."""
    name, value = await read_json(request, (("name", str), ("value", str)))
    try:
        status, reason = web.operator.set(name, value)
    except OSError as e:
        raise Refusal(500, "journal", "it cannot be kept: %s" % e)
    await send_json(request, {"status": status, "reason": reason})
