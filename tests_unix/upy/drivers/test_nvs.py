"""The store in NVS, and the identity of a device that is kept there."""

import json
import sys

from construct import construct
from esp32_standins import Device
from virtual_clock import VirtualClock

import boards
import main
from components.health import Health
from core.declare import DeclarationError
from core.log import Log, LogTail
from core.settings import lay_identity_over
from drivers.nvs import Nvs, read_identity
from drivers.wdt import Wdt

KNOWN = {
    "ocpp": {"url": "ocpp.url", "id": "ocpp.id", "auth_key": "ocpp.auth_key"},
    "wifi": {"ssid": "wifi.ssid", "password": "wifi.password"},
}


class Given:
    """Takes whatever the settings set."""

    options = {"url": (str, ""), "id": (str, "none", 1, 48), "auth_key": (str, "", 0, 40)}

    def __init__(self, **options):
        self.given = options


class Network(Given):
    options = {"ssid": (str, ""), "password": (str, "", 0, 64)}


NAME = "nvstest"  # this module is a board, too
COMPONENTS = ({"name": "ocpp", "use": "test_nvs:Given"}, {"name": "wifi", "use": "test_nvs:Network"})
SETTINGS = KNOWN
IDENTITY = "drivers.nvs:read_identity"


class NoKernel:
    parts = ()
    exit_reason = "Reset Soft"


def raises(kind, call, *args):
    try:
        call(*args)
    except kind as e:
        return str(e)
    raise AssertionError("no %s" % kind.__name__)


def test_nothing_is_opened_before_it_is_used():
    Nvs("a name far too long for a namespace")  # a board's option of that length is refused, see `options`
    assert Nvs.options["namespace"][3] == 15


def test_values_come_back_and_outlive_a_power_cut():
    device = Device().install()
    nvs = construct(Nvs)
    values = {"number": -7, "big": 1 << 40, "text": "K\u00f6ln \u20ac", "list": [1, "two", None], "no": False}
    nvs.commit(values)
    device.restart(power_cut=True)
    nvs = construct(Nvs)
    for key, value in values.items():
        assert nvs.get(key) == value and type(nvs.get(key)) is type(value), key
    assert nvs.get("none") is None and nvs.get("none", 5) == 5
    assert Nvs("other").get("number") is None


def test_a_value_takes_the_place_of_one_of_another_type():
    Device().install()
    nvs = construct(Nvs)
    nvs.put("key", 5)
    nvs.put("key", "five")
    assert nvs.get("key") == "five"


def test_a_number_takes_one_entry_and_stands_beside_a_value_of_the_same_key():
    device = Device().install()
    nvs = construct(Nvs)
    assert nvs.get_number("key") is None
    nvs.put("key", "text")
    used = device.nvs.used()
    nvs.put_number("key", 0x7FFFFFFF)
    assert device.nvs.used() == used + 1
    device.restart(power_cut=True)
    assert construct(Nvs).get_number("key") == 0x7FFFFFFF and construct(Nvs).get("key") == "text"
    assert raises(OSError, nvs.put_number, "a key that is far too long", 1)


def test_none_deletes_and_what_is_not_there_may_be_deleted():
    device = Device().install()
    nvs = construct(Nvs)
    nvs.put("key", 5)
    nvs.commit({"key": None, "never": None})
    nvs.delete("key")
    assert nvs.get("key", "gone") == "gone" and not device.nvs.items


def test_what_nvs_refuses_is_an_oserror_and_changes_nothing():
    device = Device().install()
    nvs = construct(Nvs)
    nvs.put("key", 5)
    assert "KEY_TOO_LONG" in raises(OSError, nvs.put, "sixteen_letters_", 1)
    message = raises(OSError, nvs.put, "key", "secret" * 200)
    assert "key" in message and "1024" in message and "secret" not in message
    for i in range(20):
        try:
            nvs.put("fill%d" % i, "x" * 1000)
        except OSError as e:
            assert "NOT_ENOUGH_SPACE" in str(e)
            break
    else:
        raise AssertionError("NVS is never full")
    device.restart(power_cut=True)
    assert construct(Nvs).get("key") == 5


def test_what_is_no_json_is_an_oserror_that_does_not_tell_the_value():
    device = Device().install()
    handle = device.nvs.open("ucharge")
    for wrong in (b"secret", b"", b"\xff\xfe", b'{"a":'):
        handle.set_blob("key", wrong)
        message = raises(OSError, construct(Nvs).get, "key")
        assert "key is not JSON" in message and "secret" not in message
    handle.set_blob("key", b"1" * 1025)  # longer than anything that we write
    raises(OSError, construct(Nvs).get, "key")


async def test_boots_are_counted_without_a_file_system():
    device = Device().install()
    counts = []
    for i in range(3):
        clock = VirtualClock()
        health = construct(Health, NoKernel, clock, Log(LogTail(clock, None), "health"), construct(Nvs), construct(Wdt))
        await health.start()
        counts.append((health.boot_count, health.reset_cause))
        if i == 0:
            await health.stop()
        device.restart(power_cut=i > 0)
    assert counts == [(1, "power on"), (2, "stop: Reset Soft"), (3, "power on")], counts


async def test_a_broken_counter_is_logged_and_nothing_fails():
    device = Device().install()
    device.nvs.open("ucharge").set_blob("health.boots", b"?")
    clock = VirtualClock()
    tail = LogTail(clock, None)
    health = construct(Health, NoKernel, clock, Log(tail, "health"), construct(Nvs), construct(Wdt))
    await health.start()
    assert health.boot_count == 0 and any("boot not counted" in line for line in tail.lines)


def build(home):
    """What main.py does, with this module as the board."""
    boards.nvstest = sys.modules["boards.nvstest"] = sys.modules[__name__]
    return main.build("nvstest", home)


def commission():
    device = Device().install()
    identity = Nvs("identity")
    identity.put("ocpp.id", "CP-17")
    identity.put("ocpp.auth_key", "very-secret")
    identity.put("wifi.password", "also-secret")
    return device


def test_the_identity_is_what_the_settings_may_set_and_nvs_has():
    commission()
    Nvs("identity").put("ocpp.other", "unknown to the settings")
    assert read_identity(KNOWN) == {
        "ocpp": {"id": "CP-17", "auth_key": "very-secret"},
        "wifi": {"password": "also-secret"},
    }
    assert read_identity({}) == {}
    assert read_identity({"averylongsection": {"andkey": ""}}) == {}


def test_the_identity_lies_over_the_settings_of_the_file(tmp):
    commission().restart(power_cut=True)
    with open(tmp + "/settings.json", "w") as file:
        json.dump({"ocpp": {"url": "ws://x", "id": "from the file"}}, file)
    kernel = build(tmp)
    assert kernel["ocpp"].given == {"url": "ws://x", "id": "CP-17", "auth_key": "very-secret"}
    assert kernel["wifi"].given == {"ssid": "", "password": "also-secret"}


def test_a_device_without_a_file_has_its_identity(tmp):
    commission()
    assert build(tmp)["ocpp"].given["id"] == "CP-17"
    Device().install()  # and one without either has its defaults
    assert build(tmp)["ocpp"].given["id"] == "none"


def test_a_setting_whose_name_nvs_cannot_hold_is_left_to_the_file():
    commission()
    assert len("ocpp.max_message") == 16
    assert read_identity({"ocpp": {"max_message": "ocpp.max_message", "id": "ocpp.id"}}) == {"ocpp": {"id": "CP-17"}}


def test_a_wrong_identity_is_refused_with_a_message(tmp):
    device = commission()
    Nvs("identity").put("ocpp.id", "x" * 49)
    assert "'id' in section 'ocpp'" in raises(DeclarationError, build, tmp)
    device.nvs.open("identity").set_blob("ocpp.id", b"very-secret")
    message = raises(DeclarationError, build, tmp)
    assert "identity" in message and "ocpp.id is not JSON" in message and "secret" not in message
    with open(tmp + "/settings.json", "w") as file:
        json.dump({"ocpp": 5}, file)
    Nvs("identity").put("ocpp.id", "CP-17")
    assert "section 'ocpp' is not an object" in raises(DeclarationError, build, tmp)


def test_the_identity_of_a_board_with_scopes_is_nested_as_its_settings_are(tmp):
    Device().install()
    Nvs("identity").commit({"ocpp.1.url": "wss://one", "ocpp.url": "ws://all", "ocpp.2.id": "CP-2"})
    inside = {"url": "1/x.url", "id": "1/x.id"}
    known = {"ocpp": {"url": "x.url", "1": inside, "2": {"id": "2/x.id"}, "3": {"id": "3/x.id"}}}
    laid = {"ocpp": {"url": "ws://all", "1": {"url": "wss://one"}, "2": {"id": "CP-2"}}}
    assert read_identity(known) == laid

    class Board:
        NAME = "scoped"
        SETTINGS = known
        IDENTITY = "drivers.nvs:read_identity"

    settings = {"ocpp": {"url": "ws://file", "1": {"id": "CP-1", "url": "ws://file"}, "2": 5}}
    laid["ocpp"]["1"]["id"], laid["ocpp"]["2"] = "CP-1", 5  # what is no section gets its message from the check
    assert lay_identity_over(settings, Board) == laid


def test_two_scopes_keep_their_values_apart_and_the_first_takes_over_what_had_no_scope():
    """Fails where the register of one outlet is that of the other, or a board made of two begins at 0 Wh."""
    device = Device().install()
    nvs = construct(Nvs)
    nvs.put_number("register", 5000)
    nvs.put("words", "old")
    one, two = nvs.scoped("1", True), nvs.scoped("2", False)
    assert one.get_number("register") == 5000 and two.get_number("register") is None
    assert one.get("words") == "old" and two.get("words", 5) == 5 and one.key("words") == "1/words"
    two.put_number("register", 7)
    one.put_number("register", 5001)
    one.put("words", "new")
    device.restart(power_cut=True)
    nvs = construct(Nvs)
    assert nvs.get_number("register") is None and nvs.get("words") is None
    one, two = nvs.scoped("1", True), nvs.scoped("2", False)
    assert (one.get_number("register"), two.get_number("register")) == (5001, 7) and one.get("words") == "new"
    one.delete("words")
    two.commit({"words": "two", "register": None})
    assert nvs.scoped("1", True).get("words") is None and two.get("words") == "two"


def test_a_cut_while_the_first_scope_takes_over_a_number_leaves_the_newer_one():
    Device().install()
    nvs = construct(Nvs)
    nvs.put_number("register", 5000)
    nvs.put_number("1/register", 5001)  # cut before the old one is deleted
    one = construct(Nvs).scoped("1", True)
    assert one.get_number("register") == 5001
    one.put_number("register", 5002)
    assert nvs.get_number("register") is None and nvs.scoped("1", True).get_number("register") == 5002
