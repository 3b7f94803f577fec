"""Improv on an ESP32 with external RAM, on models of its hardware: literal frames, and a network that is tried."""

import json

from esp32_site import SETTINGS, Site

from boards import rivot_esp32_spiram
from core.kernel import RESTART

WIFI = b"IMPROV\x01\x03\x20\x01\x1e\x0cMyWirelessAP\x10mysecurepassword\xc1\n"  # the example of improv-wifi.com/serial
SCAN = b"IMPROV\x01\x03\x02\x04\x00\xe7\n"
HOSTNAME = b"IMPROV\x01\x03\x02\x05\x00\xe8\n"
CP_17 = b"IMPROV\x01\x03\x07\x05\x05cp-17\x5a\n"
CP_UNDERSCORE = b"IMPROV\x01\x03\x07\x05\x05cp_17\x8c\n"
NO_ERROR = "IMPROV\x01\x02\x01\x00\xe1\n"
NOT_CONNECTED = "IMPROV\x01\x02\x01\x03\xe4\n"
BAD_HOSTNAME = "IMPROV\x01\x02\x01\x05\xe6\n"
UNKNOWN = "IMPROV\x01\x02\x01\xff\xe0\n"
READY = "IMPROV\x01\x01\x01\x02\xe2\n"
PROVISIONING = "IMPROV\x01\x01\x01\x03\xe3\n"
PROVISIONED = "IMPROV\x01\x01\x01\x04\xe4\n"
NO_PAGE = "IMPROV\x01\x04\x02\x01\x00\xe5\n"


async def started(home):
    site = Site(rivot_esp32_spiram, home, "on_chip", "on_chip", dict(SETTINGS, wifi={}))
    site.air = site.hardware.device.radio.air
    return await site.start()


async def answered(site, frame, ms=300):
    """The frames that are written within so long; other lines are the console's."""
    screen = site.kernel["terminal"]
    before = len(screen.text)
    screen.type(frame)
    await site.run(ms)
    return "".join([line + "\n" for line in screen.text[before:].split("\n") if line.startswith("IMPROV")])


def kept(home):
    with open(home + "/settings.json") as file:
        return json.load(file)


async def test_a_network_is_tried_and_kept(tmp):
    site = await started(tmp)
    site.air["MyWirelessAP"] = ("another password", -61)
    failed = await answered(site, WIFI, 25000)
    assert failed == NO_ERROR + PROVISIONING + NOT_CONNECTED + READY, repr(failed)
    site.air["MyWirelessAP"] = ("mysecurepassword", -61)
    done = await answered(site, WIFI, 4000)
    assert done == NO_ERROR + PROVISIONING + PROVISIONED + NO_PAGE, repr(done)
    assert kept(tmp)["wifi"] == {"ssid": "MyWirelessAP", "password": "mysecurepassword"}
    await site.run(5000)
    assert site.kernel.stopping and await site.stop() == RESTART


async def test_a_scan_and_what_else_is_asked_meanwhile(tmp):
    site = await started(tmp)
    site.air.update({"MyWirelessAP": ("x" * 8, -61), "home": ("secret12", -50), "open": ("", -80)})
    found = await answered(site, SCAN + SCAN, 3000)
    networks = (
        "IMPROV\x01\x04\x0f\x04\r\x04home\x03-50\x03YES8\n"
        "IMPROV\x01\x04\x17\x04\x15\x0cMyWirelessAP\x03-61\x03YESN\n"
        "IMPROV\x01\x04\x0e\x04\x0c\x04open\x03-80\x02NO\xed\n"
        "IMPROV\x01\x04\x02\x04\x00\xe8\n"
    )
    assert found == NO_ERROR + UNKNOWN + networks, repr(found)  # the second one came while the first ran
    await site.stop()


async def test_its_host_name(tmp):
    site = await started(tmp)
    assert await answered(site, HOSTNAME) == NO_ERROR + "IMPROV\x01\x04\x03\x05\x01\x00\xeb\n"
    assert await answered(site, CP_UNDERSCORE) == BAD_HOSTNAME
    assert await answered(site, CP_17) == NO_ERROR + "IMPROV\x01\x04\x08\x05\x06\x05cp-17b\n"
    assert kept(tmp)["wifi"] == {"hostname": "cp-17"}
    with open(tmp + "/settings.json", "w") as file:
        file.write("{")
    assert await answered(site, HOSTNAME) == UNKNOWN
    await site.talk(1500)
    site.permit()
    assert await answered(site, HOSTNAME) == UNKNOWN, "settings take long to look at: not while it may deliver"
    await site.stop()
