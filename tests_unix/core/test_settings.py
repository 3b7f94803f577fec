"""Wrong settings and arguments: one message that says what and where, and exit status 2, before anything starts."""

import importlib
import json
import subprocess
from pathlib import Path

import pytest
from charging_site import Site
from upy_collect import interpreter

from tools.selection import Selection

ROOT = Path(__file__).parents[2]
GOOD = {
    "ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1", "vendor": "ucharge", "model": "unix"},
    "can": {"port": "socket://127.0.0.1:1"},
}


def start(*arguments):
    """Run the firmware to its end. It must not come to wait for anything, so 20 s are plenty."""
    return subprocess.run(
        [interpreter(), str(ROOT / "main.py"), *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
    )  # fmt: skip


def refusal(home, settings):
    """Write the settings (an object, or the file's bytes), start, and return the message of the refusal."""
    if settings is not None:
        data = settings if isinstance(settings, bytes) else json.dumps(settings).encode()
        (home / "settings.json").write_bytes(data)
    result = start("unix", "--home", str(home))
    output = (result.stdout + result.stderr).decode()
    assert result.returncode == 2, output
    assert "Traceback" not in output
    assert len(output.splitlines()) == 1, output
    assert not (home / "state").exists(), "the journal was made although the settings are wrong"
    return output


def changed(section, key, value):
    settings = json.loads(json.dumps(GOOD))
    settings.setdefault(section, {})[key] = value
    return settings


def without(section, key):
    settings = json.loads(json.dumps(GOOD))
    del settings[section][key]
    return settings


def test_what_is_missing_is_named_with_where_it_belongs(tmp_path):
    message = refusal(tmp_path, without("can", "port"))
    assert "unix" in message and "required" in message
    assert '"can": {"port"' in message and "settings.json" in message


def test_a_url_needs_an_identity(tmp_path):
    message = refusal(tmp_path, without("ocpp", "id"))
    assert "unix" in message and "ocpp" in message and "'id'" in message


def test_no_settings_at_all(tmp_path):
    assert "settings.json" in refusal(tmp_path, None)


@pytest.mark.parametrize("section, key, value", [
    ("ocpp", "url", 5),
    ("ocpp", "id", None),
    ("ocpp", "auth_key", ["secret"]),
    ("ocpp", "vendor", {"name": "x"}),
    ("can", "port", 5555),
    ("wifi", "ssid", True),
])  # fmt: skip
def test_a_wrong_type_names_section_and_key(tmp_path, section, key, value):
    message = refusal(tmp_path, changed(section, key, value))
    assert section in message and key in message and "str" in message
    assert "secret" not in message


@pytest.mark.parametrize("section, key", [("ocpp", "ulr"), ("can", "bitrate"), ("metering", "scale")])
def test_an_unknown_key_or_section_is_refused(tmp_path, section, key):
    message = refusal(tmp_path, changed(section, key, "x"))
    assert "unknown" in message and (key in message or section in message)


@pytest.mark.parametrize("text, why", [
    (b"{", "JSON"),
    (b"", "JSON"),
    (b'{"ocpp": {}} and more', "JSON"),
    (b"[]", "object"),
    (b'"ocpp"', "object"),
    (b'{"ocpp": 5}', "object"),
    (b'{"ocpp": "\xff\xfe"}', "UTF-8"),
    (b'{"ocpp": "' + b"x" * 100000 + b'"}', "longer"),
    (b"[" * 5000, ""),
])  # fmt: skip
def test_a_broken_file_is_refused(tmp_path, text, why):
    message = refusal(tmp_path, text)
    assert why in message and "settings" in message


@pytest.mark.parametrize("port", [
    "", "socket://", "socket://127.0.0.1", "socket://127.0.0.1:", "socket://127.0.0.1:zero",
    "socket://127.0.0.1:0", "socket://127.0.0.1:65536", "socket://:5555", "http://127.0.0.1:5555",
])  # fmt: skip
def test_a_can_port_that_cannot_be_is_refused(tmp_path, port):
    message = refusal(tmp_path, changed("can", "port", port))
    assert "can_driver" in message and "port" in message


@pytest.mark.parametrize("url", [
    "127.0.0.1:9000", "http://127.0.0.1:9000/ocpp", "ws://", "ws:///ocpp", "ws://127.0.0.1:x/ocpp",
    "ws://127.0.0.1:70000/ocpp", "ws://127.0.0.1:9000/ocpp\r\nX-Evil: 1", "ws://127.0.0.1:9000/o cpp",
])  # fmt: skip
def test_a_url_that_cannot_be_is_refused(tmp_path, url):
    message = refusal(tmp_path, changed("ocpp", "url", url))
    assert "ocpp" in message and "url" in message


@pytest.mark.parametrize("key, value", [("id", ""), ("vendor", "v" * 21), ("model", "m" * 21)])
def test_what_ocpp_has_no_room_for_is_refused(tmp_path, key, value):
    """chargePointVendor and chargePointModel are CiString20Type (OCPP 1.6, 7.x); an empty identity has no URL."""
    message = refusal(tmp_path, changed("ocpp", key, value))
    assert "ocpp" in message and key in message


@pytest.mark.parametrize("arguments", ["", "unix", "unix --home", "unix --house .", "unix --home . x"])
def test_wrong_arguments_show_the_usage(arguments):
    result = start(*arguments.split())
    assert result.returncode == 2
    assert "usage" in (result.stdout + result.stderr).decode()


def test_a_board_that_is_not_there(tmp_path):
    result = start("warpdrive", "--home", str(tmp_path))
    assert result.returncode == 2
    assert "warpdrive" in (result.stdout + result.stderr).decode()


@pytest.mark.parametrize("board", ["unix", "unix_socket", "qemu_arm", "rivot_esp32", "rivot_esp32_dual", "esp32_bench"])
def test_every_board_lets_its_settings_say_who_it_is(board):
    known = importlib.import_module("boards." + board).SETTINGS["ocpp"]
    for key in ("vendor", "model", "serial", "firmware_version", "vendor_id"):
        assert known[key] == "ocpp." + key


async def test_the_settings_say_who_it_is_and_no_vendor_messages_go_to_strangers(tmp_path):
    """The same alert of the vehicle makes a DataTransfer with the vendor_id of the settings, and none without one."""
    who = {"serial": "S-77", "firmware_version": "9.9"}
    async with Site(tmp_path, settings={"ocpp": {"vendor_id": None, **who}}) as site:
        await site.boot()
        boot = site.central.calls("BootNotification")[0].payload
        assert boot["chargePointSerialNumber"] == "S-77" and boot["firmwareVersion"] == "9.9"
        await site.plug_in()
        await site.start_session()
        await site.stop_session()
        assert not site.central.calls("DataTransfer")
        await site.firmware.kill()
        site._settings["ocpp"]["vendor_id"] = "Ours"
        site.write_settings()
        await site.boot()
        since = site.mark()
        await site.plug_in()
        await site.received("DataTransfer", since, vendorId="Ours", messageId="BMSAlert")


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "boards").glob("[a-z]*.py")))
def test_each_setting_of_each_board_is_for_a_component_of_it(name):
    board = Selection(name)
    components = {component for component, _ in board.entries}
    keys = [key for section in board.declaration["SETTINGS"].values() for key in section.values()]
    targets = [target for key in keys for target in (key.values() if isinstance(key, dict) else (key,))]
    assert targets and {target.partition(".")[0] for target in targets} <= components


async def test_files_go_to_this_device_only_where_the_settings_allow_it(tmp_path, peer):
    async with Site(tmp_path, settings={"ocpp": {"local_transfers": None}}) as site:
        for allowed, status in ((None, "UploadFailed"), (False, "UploadFailed"), (True, "Uploaded")):
            site._settings["ocpp"]["local_transfers"] = allowed
            site.write_settings()
            await site.boot()
            since = site.mark()
            await site.order("GetDiagnostics", location=peer.url + "/d/", retries=2, retryInterval=0)
            await site.received("DiagnosticsStatusNotification", since, status=status)
            assert bool(peer.requests) == bool(allowed)
            await site.firmware.kill()
