"""The access point while it is open; loaded for that."""

import asyncio

from core.loading import unload


async def serve(provisioning):
    """Open it, and answer DNS, until it is cancelled. Raises OSError, MemoryError."""
    access_point, block = provisioning.access_point, provisioning.kernel.urgent.block
    mac = access_point.mac()
    ssid = "%s-%02X%02X" % (provisioning.name, mac[-2], mac[-1])
    try:
        provisioning.address = block("Wi-Fi on", access_point.open, ssid, provisioning.password)
        provisioning.ssid = ssid
        provisioning.log.info("access point %s is open, at %s", ssid, provisioning.address)
        provisioning.active.set(True)
        if provisioning.dns_port:
            await _answer(provisioning)
        await asyncio.Event().wait()
    finally:
        provisioning.ssid = provisioning.address = ""
        try:
            provisioning.active.set(False)
        finally:
            block("Wi-Fi off", access_point.close)
        provisioning.log.info("access point %s is closed", ssid)


async def _answer(provisioning):
    """Without a DNS the page still has its address."""
    try:
        from components.provisioning.dns import serve

        unload("components.provisioning.dns")
        await serve(provisioning.address, provisioning.dns_port)
    except (OSError, MemoryError) as e:
        provisioning.log.warning("no DNS at the access point: %r", e)
