"""A change of the settings that is tried before it is kept, and the scan for it; loaded for that."""

import asyncio
import select
from micropython import const

from core.kernel import RESTART
from core.parts import error_text
from uwebsockets import ConnectionClosed

_MOST = const(20)  # networks of a scan
_REACH_MS = const(10000)  # so long the host of the central system may take
_LOOK_MS = const(100)
_RESTART_MS = const(5000)  # until then a page has seen that it worked; the access point may change its channel before
_RUNNING = const("a transaction runs")


async def scan(provisioning):
    """See `Provisioning.scan`."""
    if provisioning.state == "trying":
        return []
    try:
        found = await provisioning.wifi.scan()
    except OSError as e:
        provisioning.log.rare("no scan: %s", error_text(e))
        return []
    best = {}
    for ssid, rssi, secured in found:
        if ssid and (ssid not in best or best[ssid][1] < rssi):  # one without a name is hidden
            best[ssid] = [ssid, rssi, secured]
    return sorted(best.values(), key=lambda network: -network[1])[:_MOST]


async def attempt(provisioning, changes, reach):
    """See `Provisioning.apply`."""
    wifi = provisioning.wifi
    if provisioning.running():
        return _RUNNING
    changes = dict(changes)
    if "wifi.ssid" in changes and "wifi.password" not in changes:
        changes["wifi.password"] = None
    why = _change(provisioning, changes, False)
    if why:
        return why
    kept = False
    try:
        why = await _try(provisioning, changes, reach) or provisioning.running() and _RUNNING
        why = why or _change(provisioning, changes, True)
        kept = not why
    finally:
        wifi.resume(kept)
    if why:
        provisioning.log.warning("the settings stay as they were: %s", why)
        return why
    provisioning.log.info("the settings work and are saved: %s", ", ".join(sorted(changes)))
    asyncio.create_task(_restart(provisioning))
    return ""


def _change(provisioning, changes, save):
    """What is wrong with them as settings, as text; "": nothing, and they are saved, if so requested."""
    with provisioning.station.on_demand:
        from core.settings_file import change_settings

        wrong = change_settings(provisioning.kernel, changes, save)
    return "; ".join(["%s: %s" % (name, wrong[name]) if name else wrong[name] for name in sorted(wrong)])


async def _try(provisioning, changes, reach):
    """Connect to the network and to the central system of the changes; returns why that is not possible, or ""."""
    ssid = changes.get("wifi.ssid", provisioning.wifi.ssid)
    if ssid and ("wifi.ssid" in changes or "wifi.password" in changes):
        why = await provisioning.wifi.try_network(ssid, changes.get("wifi.password") or "")
        if why:
            return "%s: %s" % (ssid, why)
    url = changes.get("ocpp.url")
    if reach and url:
        return await _reach(provisioning.wifi, provisioning.kernel, provisioning.station.on_demand, url)
    return ""


async def _reach(wifi, kernel, on_demand, url):
    """Make a TCP connection to the host of a URL, and close it; returns why that is not possible, or ""."""
    if wifi.stream() is not None:
        return ""  # a wire, which leads to the central system whatever the URL says
    with on_demand:
        from uwebsockets.dial import dial, look_up
        from uwebsockets.handshake import parse_url

        _, host, port, _, _ = parse_url(url)
    try:
        stream, _ = dial(await look_up(host, port, (wifi.resolve, kernel.urgent.block)), host, None)
    except ConnectionClosed as e:
        return "the central system: %s" % e.reason
    try:
        why = await _connected(stream.s, kernel.clock)
    finally:
        stream.s.close()
    return why and "the central system at %s does not answer: %s" % (host, why)


async def _connected(sock, clock):
    """Wait until a socket is; returns why it is not, or ""."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT | select.POLLERR | select.POLLHUP)
    began_ms = clock.uptime_ms()
    while clock.uptime_ms() - began_ms < _REACH_MS:
        for _, events in poll.poll(0):
            return "" if not events & (select.POLLERR | select.POLLHUP) else "connection refused: no server there"
        await clock.sleep_ms(_LOOK_MS)
    return "timed out"


async def _restart(provisioning):
    """Restart once it was seen what came of it, and no transaction runs."""
    clock = provisioning.kernel.clock
    await clock.sleep_ms(_RESTART_MS)
    while provisioning.running():
        await clock.sleep_ms(_RESTART_MS)
    provisioning.kernel.request_exit(RESTART, "provisioned")
