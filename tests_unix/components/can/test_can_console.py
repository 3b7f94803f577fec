"""The console's word ``can``: what is wrong on the bus is seen without another tool, in the real firmware."""

import re
import struct

import pytest
from charging_site import Site
from test_missing_things import free_port


async def test_what_the_bus_says_wrong_is_shown_with_the_option_that_refuses_it(tmp_path):
    async with Site(tmp_path) as site:
        await site.boot()
        await site.answer("can", r"CAN: active")
        site.hub.send(0x00433F01, struct.pack(">ff", 90.1, 0.0))  # docs/can.md: f32be V, f32be A x 10
        site.hub.send(0x1806E5F4, bytes.fromhex("0348 03e8 00 07 0000"))  # 84.0 V, 100.0 A, no such mode
        site.hub.send(0x0ABCDEF0, b"\x01\x02\x03")
        site.hub.garbage(b"T00433F01842A0\r")
        for pattern in (
            r"0x00433F01 90\.1 V: above max_voltage_mv 85500; 42 b4 33 33 00 00 00 00; 1 times, last \d\.\d s ago",
            r"0x1806E5F4 7: above mode 1; 03 48 03 e8 00 07 00 00; 1 times",
            r"0x0ABCDEF0 unknown; 01 02 03; 1 times",
            r"garbage: b'T00433F01842A0', the last of 1",
        ):
            await site.answer("can", pattern)
        site.check_calm()


PORTS = {
    "a socket where nobody listens": (lambda: f"socket://127.0.0.1:{free_port()}", "ECONNREFUSED"),
    "a name that is nobody's": (lambda: "socket://nobody.invalid:5555", "not found"),
    "a device that is not there": (lambda: "/dev/ttyNONE9", "ENOENT"),
    "a file that is no terminal": (lambda: "/etc/hostname", "EINVAL"),
    "a directory": (lambda: "/tmp", "EISDIR"),
}


@pytest.mark.parametrize("what", PORTS)
async def test_a_port_that_cannot_be_opened_is_named_with_the_reason(tmp_path, what):
    """In the log, in ``why``, ``status`` and ``can``; and never as the bare number of an error."""
    make, reason = PORTS[what]
    port = make()
    async with Site(tmp_path, settings={"can": {"port": port}}) as site:
        since = site.firmware.mark
        await site.boot()
        text = rf"port {re.escape(port)}: [^\n]*{reason}"
        await site.printed(rf"W .* can: bus is down: {text}", since)
        for word in ("why", "status", "can"):
            await site.answer(word, text)
        assert "OSError" not in site.firmware.text
        site.check_calm()
