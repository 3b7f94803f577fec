"""Improv over serial with the client that browsers have, npm's improv-wifi-serial-sdk, against the real firmware.

The line is a pseudo-terminal that passes every byte as it is; the radio is the unix port's simulated one.
"""

import json
import socket

import pytest
from improv_line import Line

AIR = {"depot": ["correct horse", -61], "guests": ["", -70], "K\u00fcche": ["secret word", -80]}
PASSWORD_HASH = "pbkdf2-sha256$1000$c2FsdA==$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ="


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def settings():
    return {
        "ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1", "firmware_version": "2.1"},  # nobody is there
        "can": {"port": "socket://127.0.0.1:1"},
        "wifi": {"radio": "air"},
        "web": {"port": free_port(), "installer": PASSWORD_HASH},
    }


@pytest.fixture
def home(tmp_path):
    (tmp_path / "air").mkdir()
    (tmp_path / "air" / "networks.json").write_text(json.dumps(AIR))
    return tmp_path


@pytest.fixture
def line(home, settings):
    with Line(home, settings) as line:
        line.read_until(r"\[Status\]|next connection|bus is down")
        yield line


def outcomes(found):
    return [one.get("error", one.get("result")) for one in found]


def test_it_tells_what_it_is_and_which_networks_there_are(line):
    first, second, name = line.call(["scan"], ["getDeviceName"])
    assert first["state"] == 2 and first.get("url") is None, first
    assert first["info"]["firmware"] == "ucharge" and first["info"]["version"] == "2.1"
    assert first["info"]["chipFamily"] == "unix/linux" and first["info"]["name"] == name["result"] == "CP-1"
    assert second["result"] == [
        {"name": "depot", "rssi": -61, "secured": True},
        {"name": "guests", "rssi": -70, "secured": False},
        {"name": "K\u00fcche", "rssi": -80, "secured": True},
    ]


def test_the_network_is_tried_and_kept_and_the_page_s_address_answered(line, home, settings):
    url = f"http://127.0.0.1:{settings['web']['port']}/"
    kept = json.loads((home / "settings.json").read_text())
    _, wrong, missing, long, state = line.call(
        ["provision", "depot", "a wrong one"],
        ["provision", "elsewhere", "correct horse"],
        ["provision", "x" * 33, ""],
        ["requestCurrentState"],
    )
    assert wrong["error"] == missing["error"] == "UNABLE_TO_CONNECT" and long["error"] == "INVALID_RPC_PACKET"
    assert state["state"] == 2 and json.loads((home / "settings.json").read_text()) == kept
    _, right = line.call(["provision", "K\u00fcche", "secret word"])
    assert "error" not in right and right["state"] == 4 and right["url"] == url, right
    wifi = json.loads((home / "settings.json").read_text())["wifi"]
    assert wifi == {"radio": "air", "ssid": "K\u00fcche", "password": "secret word"}
    assert line.firmware.process.wait(20) == 3, "start me again"
    assert "secret word" not in line.text and "a wrong one" not in line.text
    with Line(home, json.loads((home / "settings.json").read_text())) as again:
        again.read_until("connected to K")
        (found,) = again.call()
        assert found["state"] == 4 and found["url"] == url


def test_an_open_network_takes_no_password(line, home):
    _, found = line.call(["provision", "guests", ""])
    assert found["state"] == 4 and "error" not in found, found
    assert json.loads((home / "settings.json").read_text())["wifi"] == {"radio": "air", "ssid": "guests"}


def test_what_it_does_not_have_is_an_unknown_command(line):
    found = line.call(["getHostname"], ["setHostname", "x"], ["setDeviceName", "x"], ["requestNetworkState"])
    assert outcomes(found[1:]) == 4 * ["UNKNOWN_RPC_COMMAND"]


def test_a_person_types_meanwhile(line):
    """Each byte goes before one of the client's frames: the console has the whole line, and the client its answers."""
    calls = [["requestCurrentState"], ["requestInfo"]] * 3 + [["scan"]]
    found = line.call(*calls, typed=b"status\r")
    assert not [one for one in found if "error" in one], found
    line.read_until(r"State: +Available|State: Available")
    assert "ignored" not in line.text.replace("ignored 0", "")


def test_the_emergency_stop_is_pressed_between_frames(line):
    assert line.call(typed=b"t")[0]["state"] == 2
    line.read_until("EMERGENCY STOP")
