"""Which addresses a central system may have us dial: the ways to write an address of our own, names, and redirects."""

import socket

from firmware_site import started
from http_server import HttpServer

from components.ocpp.orders import is_remote
from uhttp import HttpError, request
from uhttp.dial import ip_of

# As getaddrinfo() takes them: whole, shortened, as one number, hexadecimal, octal, and within IPv6.
OURS = (
    "127.0.0.1", "127.8.9.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "localhost", "0.0.0.0", "0",
    "0.1.2.3", "169.254.0.1", "169.254.169.254", "::", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1",
    "::127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "fe80::1", "fe80::dead:beef", "febf::1",
)  # fmt: skip
OTHERS = (
    "1.2.3.4", "10.0.0.1", "192.168.0.1", "128.0.0.1", "126.255.255.255", "169.253.255.255", "169.255.0.1",
    "2001:db8::1", "fec0::1", "fd00::1", "::ffff:1.2.3.4", "64:ff9b::102:304",
)  # fmt: skip


def ip(host):
    return ip_of(socket.getaddrinfo(host, 80, 0, socket.SOCK_STREAM)[0])


async def test_every_way_to_write_an_address_of_this_device_or_its_link():
    for host in OURS:
        assert not is_remote(ip(host)), (host, ip(host))
    for host in OTHERS:
        assert is_remote(ip(host)), (host, ip(host))
    assert not is_remote(b""), "what cannot be told is not dialled"


async def test_the_address_in_text_as_other_ports_have_it():
    assert ip_of((2, 1, 0, "", ("127.0.0.1", 80))) == b"\x7f\0\0\1"
    assert ip_of((10, 1, 0, "", ("fe80::1", 80))) == b""


async def test_each_redirect_is_checked_by_the_address_that_is_dialled():
    server = await HttpServer().start()
    port = server.url.rpartition(":")[2]
    server.moved = {"/a": "http://127.1:%s/b" % port, "/b": "http://2130706433:%s/c" % port}
    server.files["/c"] = b"secret"
    judged = []

    def allowed(ip):
        judged.append(bytes(ip))
        return len(judged) < 3

    try:
        await request("GET", server.url + "/a", allowed=allowed)
        raise AssertionError("dialled")
    except ValueError as e:
        assert "2130706433 is not to be dialled" in str(e)
    assert judged == [b"\x7f\0\0\1"] * 3
    assert [path for _, path, _ in server.asked] == ["/a", "/b"], "nothing was sent to the third"
    await server.stop()


async def test_nothing_is_fetched_from_this_device_or_sent_to_it(tmp):
    """It ends at once, with the status of each order, however often it was to be tried."""
    life = await started(tmp, site={"local_transfers": False})
    port = life.server.url.rpartition(":")[2]
    for host in ("127.0.0.1", "2130706433", "localhost", "[::1]"):
        life.central.calls.clear()
        await life.update(location="http://%s:%s/image" % (host, port), retries=5, retryInterval=1000)
        await life.until_told("Downloading", "DownloadFailed")
        await life.central.call("GetDiagnostics", {"location": "http://%s:%s/" % (host, port), "retries": 5})
        await life.until(lambda: len(life.central.of("DiagnosticsStatusNotification")) == 2)
        assert life.central.of("DiagnosticsStatusNotification")[1] == {"status": "UploadFailed"}
    assert life.server.asked == []
    await life.end()
    await life.server.stop()


async def test_an_option_allows_it(tmp):
    life = await started(tmp, site={"local_transfers": True})
    await life.update()
    await life.until(lambda: life.site.exits)
    await life.end()
    await life.server.stop()


async def test_a_name_that_is_not_found_is_reported_as_before():
    try:
        await request("GET", "http://no.such.name.invalid/", allowed=is_remote)
        raise AssertionError("found")
    except HttpError as e:
        assert "not found" in str(e)
