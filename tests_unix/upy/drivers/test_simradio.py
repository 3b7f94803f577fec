"""The simulated Wi-Fi of the unix port: files are the air."""

import asyncio
import json
import os

from construct import construct

from drivers.simradio import SimAccessPoint, SimRadio


def air(home, networks):
    try:
        os.mkdir(home + "/radio")
    except OSError:
        pass
    with open(home + "/radio/networks.json", "w") as file:
        file.write(networks if isinstance(networks, str) else json.dumps(networks))


async def connected(radio):
    await asyncio.sleep_ms(350)
    return radio.isconnected()


async def test_it_is_connected_while_the_network_is_in_range_and_takes_the_password(tmp):
    air(tmp, {"depot": ["secret", -61], "guests": ["", -70]})
    radio = construct(SimRadio, tmp, radio="radio")
    assert not radio.isconnected() and radio.active(True)
    radio.connect("depot", "secret")
    assert not radio.isconnected(), "it takes its time"
    assert await connected(radio) and radio.status("rssi") == -61 and radio.failure() == ""
    air(tmp, {"depot": ["another", -61]})
    assert not radio.isconnected() and radio.failure() == "the access point refuses the password"
    air(tmp, {})
    assert radio.failure() == "no such network is in range"
    air(tmp, {"depot": ["secret", -77], "guests": ["", -70]})
    assert radio.isconnected() and radio.status("rssi") == -77
    radio.connect("guests", None)
    assert await connected(radio)
    radio.disconnect()
    assert not radio.isconnected()
    for wrong in (lambda: radio.status("rssi"), lambda: radio.connect("\u00e4" * 17, "x")):
        try:
            wrong()
            raise AssertionError("no OSError")
        except OSError:
            pass


async def test_what_is_no_list_of_networks_is_an_empty_air(tmp):
    radio = construct(SimRadio, tmp, radio="radio")
    radio.connect("depot", "secret")
    for text in ("", "{", "[]", '{"depot": ["secret"]}', '{"depot": "secret"}', '{"depot": ["secret", "-61"]}', "7"):
        air(tmp, text)
        assert not await connected(radio) and radio.scan() == [], text
    os.remove(tmp + "/radio/networks.json")
    assert not radio.isconnected() and radio.scan() == []


def test_a_scan_has_name_strength_and_whether_it_is_secured(tmp):
    air(tmp, {"depot": ["secret", -61], "guests": ["", -70]})
    assert sorted(construct(SimRadio, tmp, radio="radio").scan()) == [("depot", -61, True), ("guests", -70, False)]


def test_without_a_folder_it_is_the_network_of_the_host(tmp):
    radio = construct(SimRadio, tmp, interface="lo")
    assert radio.isconnected() and radio.scan() == [] and radio.status("rssi") is None and radio.failure() == ""
    access_point = construct(SimAccessPoint, radio)
    try:
        access_point.open("ucharge-0001", "label-password")
        raise AssertionError("no OSError")
    except OSError:
        pass
    access_point.close()


async def test_an_access_point_is_a_file_while_it_is_open(tmp):
    os.mkdir(tmp + "/radio")
    path = tmp + "/radio/access_point.json"
    access_point = construct(SimAccessPoint, construct(SimRadio, tmp, radio="radio"))
    assert access_point.open("ucharge-0001", "label-password") == "127.0.0.1" and len(access_point.mac()) == 6
    with open(path) as file:
        seen = json.load(file)
    assert seen == {"ssid": "ucharge-0001", "password": "label-password", "address": "127.0.0.1"}
    await access_point.start()  # after a power cut
    assert os.listdir(tmp + "/radio") == []
    access_point.close()
