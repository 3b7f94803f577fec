"""The first run: network, central system and the installer's password are chosen, tried, and only then kept."""

import asyncio
from micropython import const

from core.files import make_private
from uhttpd.refusal import Refusal

from .access import is_first_run
from .passwords import hashed
from .wire import read_json, send_json

_ROWS = tuple([(name, str, "") for name in ("ssid", "password", "url", "id", "auth_key", "ca", "installer")])
_NAMES = const(("wifi.ssid", "wifi.password", "ocpp.url", "ocpp.id", "ocpp.auth_key"))
_CA = const(("ca-1.pem", "ca-2.pem"))  # of which one is in force, perhaps, and the other one is free


async def networks(web, request):
    """The networks in range: a list of [ssid, dBm, whether it takes a password]."""
    request.connection.allow(None)
    await send_json(request, await _provisioning(web).scan())


async def progress(web, request):
    """How the trial is getting on."""
    provisioning = _provisioning(web)
    await send_json(request, {"state": provisioning.state, "error": provisioning.error})


async def begin(web, request):
    """Begin the trial; what is not given, or empty, stays as it is."""
    values = await read_json(request, _ROWS)
    provisioning = _provisioning(web)
    if provisioning.state == "trying":
        raise Refusal(409, "setup", "a change is being tried")
    changes = {name: value for name, value in zip(_NAMES, values) if value}
    if values[0]:
        changes["wifi.password"] = values[1]  # also an open network's, which is ""
    installer = values[-1]
    if not installer and is_first_run(web, request):
        raise Refusal(400, "password", "the installer's password is missing")
    if installer:
        changes["web.installer"] = await hashed(request, installer)
    if values[-2]:
        changes["ocpp.ca_file"] = _keep_ca(web, values[-2])
    wrong = web.operator.change_settings(changes, False)
    if wrong:
        raise Refusal(400, "settings", "; ".join(wrong.values()), (), {"fields": wrong})
    asyncio.create_task(provisioning.apply(changes))
    await send_json(request, {"state": "trying"}, 202)


def _keep_ca(web, text):
    """Write the certificates where none is in force; the name of that file."""
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise Refusal(400, "body", "'ca' is no certificate in PEM")
    kept = [row["value"] for row in web.operator.settings() if row["name"] == "ocpp.ca_file"]
    name = _CA[1] if kept == [_CA[0]] else _CA[0]
    path = web.home + "/" + name
    try:
        with open(path, "w") as file:
            file.write(text)
        make_private(path)
    except OSError as e:
        raise Refusal(500, "setup", "the certificate cannot be kept: %s" % e)
    return name


def _provisioning(web):
    if web.provisioning is None:
        raise Refusal(404, "setup", "this board has no provisioning")
    return web.provisioning
