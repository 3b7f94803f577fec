"""A file, a device or a port that the settings name and that is not there: one line of the log names it, in words."""

import socket

import pytest
from charging_site import Site


def free_port():
    """A TCP port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def told(home, pattern, **settings):
    """Start a firmware with these settings; wait for a line of its log."""
    async with Site(home, settings=settings) as site:
        await site.firmware.start()
        return (await site.printed(pattern, timeout=30)).group()


async def test_a_certificate_file_that_is_not_there(tmp_path):
    ocpp = {"url": f"wss://127.0.0.1:{free_port()}/ocpp", "ca_file": "roots.pem"}
    line = await told(tmp_path, r"W .* ocpp: connection: .*", ocpp=ocpp)
    assert f"connection: {tmp_path}/roots.pem, the setting ca_file: no such file or device (ENOENT)" in line


async def test_a_certificate_file_that_holds_none(tmp_path):
    (tmp_path / "roots.pem").write_text("no certificate")
    ocpp = {"url": f"wss://127.0.0.1:{free_port()}/ocpp", "ca_file": "roots.pem"}
    line = await told(tmp_path, r"W .* ocpp: connection: .*", ocpp=ocpp)
    assert "root certificate 1: invalid cert" in line and f"ca_file, {tmp_path}/roots.pem" in line


async def test_a_central_system_that_does_not_listen(tmp_path):
    url = f"ws://127.0.0.1:{free_port()}/ocpp"
    line = await told(tmp_path, r"W .* ocpp: connection: .*", ocpp={"url": url})
    assert "ECONNREFUSED" in line and f", at {url}/CP-1" in line


@pytest.mark.parametrize("kind", ["device", "file", "socket"])
async def test_a_bus_that_is_not_there(tmp_path, kind):
    (tmp_path / "notes.txt").write_text("no serial device")
    port, meaning = {
        "device": ("/dev/ttyNONE9", "no such file or device (ENOENT)"),
        "file": (f"{tmp_path}/notes.txt", "no serial device, or no such bit rate (EINVAL)"),
        "socket": (f"socket://127.0.0.1:{free_port()}", "connection refused: no server there (ECONNREFUSED)"),
    }[kind]
    line = await told(tmp_path, r"W .* can: bus is down.*", can={"port": port})
    assert f"can: bus is down: port {port}: {meaning}" in line
