"""The Wi-Fi driver over a station as strict as the ESP32's, alone and under the component that reconnects."""

import asyncio
import sys

from construct import construct
from dns_peer import A, DnsServer, address, record, reply
from esp32_standins import Device
from test_wifi import Kernel
from virtual_clock import VirtualClock

from components.wifi import Wifi
from core.log import Log, LogTail
from drivers.wlan import Wlan

HOME = {"home": ("secret", -61)}
STATIC = {"ip": "192.168.1.17", "netmask": "255.255.255.0", "gateway": "192.168.1.1"}


def device(air=HOME):
    made = Device().install()
    made.radio.air = dict(air)
    return made


def refused(text, **options):
    try:
        construct(Wlan, **options)
    except ValueError as e:
        assert text in str(e), e
        return
    raise AssertionError("taken: %r" % options)


def raises(call, *args):
    try:
        call(*args)
    except OSError as e:
        return e
    raise AssertionError("no OSError")


def test_nothing_is_made_before_it_is_switched_on():
    made = device()
    wlan = construct(Wlan, hostname="cp-17")
    assert wlan.isconnected() is False and wlan.active() is False and made.radio.station is None
    wlan.disconnect()
    raises(wlan.status, "rssi")
    raises(wlan.connect, "home", "secret")
    assert made.radio.station is None


def test_it_connects_without_power_saving_and_by_its_name():
    made = device()
    wlan = construct(Wlan, hostname="cp-17")
    assert wlan.active(True) is True
    station = made.radio.station
    assert station.pm == station.PM_NONE
    raises(wlan.status, "rssi")
    wlan.connect("home", "secret")
    assert wlan.isconnected() is True and wlan.status("rssi") == -61 and wlan.status() == 1010
    assert station.sent_name == "cp-17" and station.address is None


def test_a_connect_on_top_of_another_is_no_error():
    made = device({})
    wlan = construct(Wlan)
    wlan.active(True)
    for _ in range(3):
        wlan.connect("home", "secret")
    made.radio.air = HOME
    assert wlan.isconnected()
    wlan.connect("home", "secret")  # connected already
    raises(made.radio.station.connect, "home", "secret")  # the stand-in does refuse it
    assert wlan.isconnected()


def test_it_takes_over_a_station_that_a_soft_reset_left_connecting():
    made = device({})
    wlan = construct(Wlan)
    wlan.active(True)
    wlan.connect("home", "secret")
    again = construct(Wlan)
    assert again.active(True) is True and made.radio.station.state == 1
    again.connect("home", "secret")


def test_the_system_gives_up_an_attempt_so_that_the_pauses_are_kept():
    made = device({})
    wlan = construct(Wlan)
    wlan.active(True)
    wlan.connect("home", "secret")
    for _ in range(50):
        assert not wlan.isconnected()
    assert made.radio.station.tries == 3


def test_a_static_address():
    made = device()
    wlan = construct(Wlan, **STATIC)
    wlan.active(True)
    assert made.radio.station.address == ("192.168.1.17", "255.255.255.0", "192.168.1.1", "192.168.1.1")
    made = device()
    construct(Wlan, dns="9.9.9.9", **STATIC).active(True)
    assert made.radio.station.address[3] == "9.9.9.9"


def test_wrong_options_are_refused_before_anything_starts():
    device()
    for name in ("ip", "netmask", "gateway"):
        refused("option %r" % name, **dict(STATIC, **{name: ""}))
        for wrong in ("192.168.1", "192.168.1.256", "1.2.3.4.5", "192.168.1.x", "1..2.3", "-1.2.3.4"):
            refused("%r is not an IPv4 address" % wrong, **dict(STATIC, **{name: wrong}))
    refused("option 'ip'", dns="9.9.9.9")
    refused("option 'dns'", dns="none", **STATIC)
    for wrong in ("255.0.255.0", "0.0.0.0"):
        refused("option 'netmask'", **dict(STATIC, netmask=wrong))
    refused("option 'gateway'", **dict(STATIC, gateway="192.168.2.1"))
    for wrong in ("cp 17", "cp_17", "-cp", "cp-", "stra\u00dfe"):
        refused("option 'hostname'", hostname=wrong)
    construct(Wlan, hostname="CP-17", **dict(STATIC, netmask="255.255.255.252", ip="192.168.1.2"))


def test_what_the_system_does_not_know_is_an_oserror_too():
    made = device()
    made.radio.memory = False
    wlan = construct(Wlan)
    assert "0x0101" in str(raises(wlan.active, True)) and wlan.active() is False
    made.radio.memory = True
    assert wlan.active(True) is True
    made.radio.station.unknown_error = 0x300F
    for call, args in ((wlan.connect, ("home", "secret")), (wlan.disconnect, ()), (wlan.status, ("rssi",))):
        assert "0x300f" in str(raises(call, *args))


def test_a_name_of_more_than_32_bytes_is_refused_and_not_cut_off():
    made = device({"\u00e4" * 16: ("", -50)})
    wlan = construct(Wlan)
    wlan.active(True)
    raises(wlan.connect, "\u00e4" * 17, "")
    assert made.radio.station.tries == 0
    wlan.connect("\u00e4" * 16, "")
    assert wlan.isconnected() and made.radio.station.used[1] is None  # an open network


async def test_it_is_off_after_an_orderly_stop_and_can_be_switched_on_again():
    made = device()
    wlan = construct(Wlan)
    await wlan.stop()
    wlan.active(True)
    wlan.connect("home", "secret")
    await wlan.stop()
    assert made.radio.station.active() is False and not wlan.isconnected()
    wlan.active(True)
    wlan.connect("home", "secret")
    assert wlan.isconnected() and wlan.active(False) is False and not made.radio.station.active()


def test_the_dns_server_is_that_of_the_connection():
    made = device()
    wlan = construct(Wlan, **STATIC)
    assert wlan.dns() == ()
    wlan.active(True)
    assert wlan.dns() == ()
    wlan.connect("home", "secret")
    assert wlan.isconnected() and wlan.dns() == ("192.168.1.1",)
    made.radio.station.address = None  # a DHCP that tells of none
    assert wlan.dns() == ()


def test_the_second_dns_server_is_known_where_the_image_can_tell():
    """lwIP asks it when the first is silent; with the first alone such a network has no names."""
    made = device()
    wlan = construct(Wlan)
    wlan.active(True)
    sys.modules["nameservers"] = made.radio
    try:
        assert wlan.dns() == ()
        wlan.connect("home", "secret")
        made.radio.station.address = ("10.0.0.9", "255.0.0.0", "10.0.0.1", "10.0.0.2")
        made.radio.second_dns = "10.0.0.3"
        assert wlan.isconnected() and wlan.dns() == ("10.0.0.2", "10.0.0.3")
        made.radio.station.address = made.radio.second_dns = None  # a DHCP that tells of none
        assert wlan.dns() == ()
    finally:
        del sys.modules["nameservers"]


def test_its_address_and_the_gateway_s_are_those_of_dhcp():
    made = device()
    wlan = construct(Wlan)
    wlan.active(True)
    wlan.connect("home", "secret")
    made.radio.station.address = ("10.0.0.9", "255.0.0.0", "10.0.0.1", "10.0.0.2")
    assert wlan.isconnected() and wlan.address() == "10.0.0.9" and wlan.address(True) == "10.0.0.1"


async def test_the_component_looks_names_up_there_and_lets_go_of_what_that_needs():
    made = device()
    server = DnsServer(lambda query: [reply(query, (record(b"\xc0\x0c", A, 60, address("192.0.2.7")),))])
    serving = asyncio.create_task(server.run())
    clock = VirtualClock()
    log = Log(LogTail(clock, None), "wifi")
    wifi = construct(Wifi, construct(Wlan), clock, log, lambda: None, Kernel(), ssid="home", password="secret")
    assert await wifi.resolve("central.example") is None  # nobody to ask yet: the system is asked
    task = asyncio.create_task(wifi.run())
    await clock.advance(2000)
    made.radio.station.address = ("127.0.0.2", "255.0.0.0", "127.0.0.1", server.place)
    wifi._driver.dns = lambda: made.radio.station.address[3:]  # with a port, which no DHCP tells
    for _ in range(2):
        assert await wifi.resolve("central.example") == "192.0.2.7"
    assert await wifi.resolve("Central.LOCAL") is None  # mDNS: the system's
    assert len(server.queries) == 1 and "udns" not in sys.modules
    task.cancel()
    serving.cancel()
    server.socket.close()


async def test_the_component_connects_over_it_survives_a_loss_and_keeps_the_password():
    made = device({})
    clock = VirtualClock()
    tail = LogTail(clock, None)
    given = {"ssid": "home", "password": "secret"}
    wifi = construct(Wifi, construct(Wlan), clock, Log(tail, "wifi"), lambda: None, Kernel(), **given)
    task = asyncio.create_task(wifi.run())
    await clock.advance(120000)
    assert wifi.online.value is False and wifi.attempts > 3 and wifi.driver_errors == 0
    made.radio.air.update(HOME)
    await clock.advance(90000)
    assert wifi.online.value is True and wifi.rssi.value == -61
    made.radio.air.clear()
    await clock.advance(5000)
    assert wifi.online.value is False and wifi.losses == 1
    made.radio.air.update(HOME)
    await clock.advance(90000)
    assert wifi.online.value is True and wifi.driver_errors == 0
    assert not any("secret" in line for line in tail.lines)
    task.cancel()
