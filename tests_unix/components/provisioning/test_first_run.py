"""A charger that nobody has set up, on the unix port with a simulated Wi-Fi: from its first start to the central
system, as a phone goes about it.
"""

import asyncio
import json
import socket
import time
import urllib.error
import urllib.request

from charging_site import Site, eventually

NETWORK, PASSWORD = "depot", "correct horse"
LABEL = "label-password"
INSTALLER = "a long enough one"


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NewDevice(Site):
    """Its settings are what its maker knows. ``air`` is what its radio sees."""

    def __init__(self, home):
        self.web, self.dns = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
        self.radio = home / "radio"
        super().__init__(home, prepare=self._maker)
        self.air({NETWORK: [PASSWORD, -61], "guests": ["", -80]})

    def _maker(self, preset):
        return {
            "can": preset["can"],
            "wifi": {"radio": "radio"},
            "setup": {"password": LABEL, "dns_port": self.dns},
            "web": {"address": "127.0.0.1", "port": self.web},
        }

    def air(self, networks):
        self.radio.mkdir(parents=True, exist_ok=True)
        (self.radio / "networks.new").write_text(json.dumps(networks))
        (self.radio / "networks.new").replace(self.radio / "networks.json")

    def access_point(self):
        """What a phone sees of it; None while it is closed."""
        path = self.radio / "access_point.json"
        return json.loads(path.read_text()) if path.exists() else None

    async def opened(self):
        return await eventually(self.access_point, "the access point", 60)

    def saved(self):
        return json.loads((self.home / "settings.json").read_text())

    def set_up_before(self, **setup):
        """Write the settings of a charger that somebody has set up."""
        whole = self.saved()
        whole["ocpp"] = {"url": self.central.url, "id": "CP-9"}
        whole["wifi"].update(ssid=NETWORK, password=PASSWORD)
        whole["setup"].update(setup)
        (self.home / "settings.json").write_text(json.dumps(whole))

    async def http(self, path, body=None, host="192.168.4.1", **more):
        """(status, answer) of the charger's API; a redirect is not followed. more: of the head."""
        return await asyncio.to_thread(self._http, path, body, host, more)

    def _http(self, path, body, host, more):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Host": host, "Content-Type": "application/json"} if data else {"Host": host}
        headers.update(more)
        request = urllib.request.Request(f"http://127.0.0.1:{self.web}{path}", data, headers)
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location", "").encode() or error.read()

    async def set_up(self, **fields):
        """Send the form, and wait for what becomes of it."""
        form = {"installer": INSTALLER, "ssid": NETWORK, "url": self.central.url, "id": "CP-9", **fields}
        status, answer = await self.http("/api/setup", form)
        assert status == 202, answer
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            status, answer = await self.http("/api/setup")
            if status == 200 and json.loads(answer)["state"] != "trying":
                return json.loads(answer)
            await asyncio.sleep(0.2)
        raise AssertionError("it tries for ever")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


async def ask(port, name, kind=1):
    """The answer of the access point's DNS to a question as a phone sends it."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" + labels + b"\0" + bytes((0, kind, 0, 1))
    query += b"\0\0\x29\x04\xd0\0\0\0\0\0\0"  # EDNS
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        await loop.sock_sendto(sock, query, ("127.0.0.1", port))
        return await asyncio.wait_for(loop.sock_recv(sock, 512), 5)


async def test_from_the_first_start_to_the_central_system(tmp_path):
    async with NewDevice(tmp_path) as site:
        await site.firmware.start()
        seen = await site.opened()
        assert seen == {"ssid": "ucharge-0001", "password": LABEL, "address": "127.0.0.1"}
        await site.answer("why", "no central system is configured")
        for probe in ("connectivitycheck.gstatic.com", "captive.apple.com", "www.msftconnecttest.com"):
            answer = await ask(site.dns, probe)
            assert answer[:2] == b"\x12\x34" and answer[3] & 15 == 0 and answer[-4:] == bytes((127, 0, 0, 1))
            assert await site.http("/generate_204", host=probe) == (302, b"http://127.0.0.1/")
        assert (await ask(site.dns, "captive.apple.com", 28))[6:8] == b"\0\0"  # no IPv6
        status, networks = await site.http("/api/networks")
        assert (status, json.loads(networks)) == (200, [[NETWORK, -61, True], ["guests", -80, False]])

        elsewhere = {"host": "page.example", "Origin": "http://page.example"}  # which its DNS leads here, too
        form = {"installer": "of somebody else", "ssid": NETWORK, "password": PASSWORD}
        status, answer = await site.http("/api/setup", form, **elsewhere)
        assert (status, json.loads(answer)["error"]) == (403, "origin")
        reader, writer = await asyncio.open_connection("127.0.0.1", site.web, local_addr=("127.0.7.7", 0))
        writer.write(b"GET /api/networks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 401 "), "from another network than the access point's"
        writer.close()
        before = site.saved()
        failed = await site.set_up(password="wrong horse")
        assert failed == {"state": "failed", "error": "depot: the access point refuses the password"}
        assert site.saved() == before and site.firmware.starts == 1 and site.access_point() == seen
        nobody = await site.set_up(password=PASSWORD, url=f"ws://127.0.0.1:{free_port(socket.SOCK_STREAM)}/ocpp")
        assert nobody["state"] == "failed" and "does not answer: connection refused" in nobody["error"]
        assert site.saved() == before and not site.central.calls()

        restarted = site.mark()
        assert await site.set_up(password=PASSWORD) == {"state": "done", "error": ""}
        saved = site.saved()
        assert saved["wifi"] == {"radio": "radio", "ssid": NETWORK, "password": PASSWORD}
        assert saved["ocpp"] == {"url": site.central.url, "id": "CP-9"} and saved["setup"] == before["setup"]
        await site.booted(restarted)
        assert site.firmware.starts == 2 and "exit 3: provisioned" in site.firmware.text
        assert site.access_point() is None
        await site.answer("status", "WiFi: -61 dBm")
        for secret in (PASSWORD, LABEL, INSTALLER):
            assert secret not in site.firmware.text
        site.check_calm()


async def test_a_network_that_went_leads_back_to_the_access_point_at_the_next_start(tmp_path):
    """And not before: a site that loses its network for a while is no site to be set up anew."""
    async with NewDevice(tmp_path) as site:
        site.set_up_before(after_s=2, idle_s=1)
        await site.boot()
        site.air({})
        await site.printed("connection lost", timeout=60)
        await asyncio.sleep(4)
        assert site.access_point() is None
        await site.firmware.kill()
        since = site.firmware.mark
        await site.firmware.start()
        assert (await site.opened())["ssid"] == "ucharge-0001"
        mark = site.mark()
        site.air({NETWORK: [PASSWORD, -70]})
        await site.wait_booted(timeout=90, since=mark)
        await eventually(lambda: site.access_point() is None, "it closes by itself", 60)
        assert await site.printed("access point ucharge-0001 is closed", since)
        site.check_calm()


async def test_a_charger_that_ends_closes_its_access_point_and_one_without_power_has_none(tmp_path):
    async with NewDevice(tmp_path) as site:
        await site.firmware.start()
        await site.opened()
        assert await site.firmware.interrupt() == 0 and site.access_point() is None
        await site.firmware.start()
        await site.opened()
        await site.firmware.kill()
        assert site.access_point() is not None  # the simulated air has no way to know
        site.air({NETWORK: [PASSWORD, -70]})
        site.set_up_before()
        await site.boot()
        assert site.access_point() is None
