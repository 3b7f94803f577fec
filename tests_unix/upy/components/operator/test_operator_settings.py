"""The operator's settings: what settings.json may set is shown and changed while the charger runs."""

import json
import os
import sys

from console_site import SETTINGS, ConsoleSite

from boards import unix
from core.declare import read
from core.loading import OnDemand
from core.parts import DeclarationError
from core.settings_file import problems


def write(home, settings):
    with open(home + "/settings.json", "w") as file:
        file.write(settings if isinstance(settings, str) else json.dumps(settings))


def written(home):
    with open(home + "/settings.json") as file:
        return json.load(file)


def by_name(operator):
    return {row["name"]: row for row in operator.settings()}


async def test_each_setting_of_the_board_is_a_row_and_no_secret_is_in_one(tmp):
    write(tmp, dict(SETTINGS, ocpp=dict(SETTINGS["ocpp"], url="ws://user:hidden@127.0.0.1:1/ocpp?token=hidden")))
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        rows = by_name(operator)
        names = [section + "." + key for section in unix.SETTINGS for key in unix.SETTINGS[section]]
        assert sorted(rows) == sorted(names)
        assert rows["ocpp.id"] == {
            "name": "ocpp.id", "type": "str", "default": "", "required": False, "choices": None, "lowest": 0,
            "highest": 48, "secret": False, "set": True, "fixed": False, "value": "CP-1",
        }  # fmt: skip
        assert rows["ocpp.strict"]["value"] is True and rows["ocpp.strict"]["set"] is False
        assert rows["ocpp.max_message"]["type"] == "int" and rows["ocpp.max_message"]["default"] == 65536
        for name in ("ocpp.auth_key", "wifi.password"):
            assert rows[name]["secret"] and rows[name]["set"] and rows[name]["value"] is None
        assert rows["ocpp.url"]["value"] == "ws://127.0.0.1:1/ocpp"
        text = json.dumps(list(operator.settings()))
        assert "secret" in text and "hidden" not in text and "very-secret" not in text and "also-secret" not in text


async def test_what_is_right_is_written_for_the_next_start_and_nothing_else_is(tmp):
    write(tmp, SETTINGS)
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        assert operator.change_settings({"ocpp.id": "CP-2", "wifi.ssid": None}, False) == {}
        assert written(tmp) == SETTINGS
        assert operator.change_settings({"ocpp.id": "CP-2", "wifi.ssid": None, "ocpp.max_message": 4096}) == {}
        assert written(tmp)["ocpp"] == dict(SETTINGS["ocpp"], id="CP-2", max_message=4096)
        assert written(tmp)["wifi"] == {"password": "also-secret"}
        assert "settings.json.new" not in os.listdir(tmp)
        assert os.stat(tmp + "/settings.json")[0] & 0o077 == 0, "others may not read it"
        assert by_name(operator)["ocpp.id"]["value"] == "CP-2"
        before = written(tmp)
        wrong = operator.change_settings(
            {"ocpp.id": "x" * 49, "ocpp.max_message": "many", "ocpp.ur": "ws://h", "nonsense": 1, "can.port": None}
        )
        assert wrong == {
            "ocpp.id": "length 49 is not within 0..48",
            "ocpp.max_message": "'many' is not of type int",
            "ocpp.ur": "it is unknown; did you mean url?",
            "nonsense": "it is unknown",
            "can.port": "it is required",
        }, wrong
        assert written(tmp) == before


async def test_what_only_goes_together_is_checked_as_a_start_does(tmp):
    write(tmp, SETTINGS)
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        for changes, name, words in (
            ({"ocpp.url": "http://central"}, "ocpp.url", "is not ws://HOST"),
            ({"ocpp.url": "central"}, "ocpp.url", "is not ws://HOST"),
            ({"ocpp.url": "wss://central/ocpp"}, "ocpp.url", "needs the certificate"),
            ({"ocpp.url_tls": "ws://central/ocpp"}, "ocpp.url_tls", "it must begin with wss://"),
            ({"ocpp.profile": 2, "ocpp.auth_key": None}, "ocpp.profile", "needs an auth_key"),
            ({"can.port": "socket://nobody"}, "can.port", "is neither socket://HOST:PORT"),
            ({"sntp.servers": "pool.example.org:x"}, "sntp.servers", "is no name or IPv4 address"),
            ({"station.auto_tag": "T\u00e4g"}, "station.auto_tag", "is no idTag"),
        ):
            wrong = operator.change_settings(changes)
            assert len(wrong) == 1 and words in list(wrong.values())[0], (changes, wrong)
            assert name in wrong or words == "needs the certificate", wrong
        assert written(tmp) == SETTINGS


async def test_a_file_that_is_none_or_cannot_be_written_is_told_and_left_alone(tmp):
    write(tmp, SETTINGS)
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        write(tmp, '{"ocpp": {')
        wrong = operator.change_settings({"ocpp.id": "CP-2"})
        assert list(wrong) == [""] and "is not JSON" in wrong[""], wrong
        try:
            operator.settings()
            raise AssertionError("there are none")
        except DeclarationError:
            pass
        write(tmp, dict(SETTINGS, other={"x": 1}, wifi="none", ocpp=dict(SETTINGS["ocpp"], strict=None)))
        wrong = operator.change_settings({"ocpp.id": "CP-2"})
        assert sorted(wrong) == ["ocpp.strict", "other", "wifi"], wrong
        write(tmp, SETTINGS)
        os.mkdir(tmp + "/settings.json.new")
        wrong = operator.change_settings({"ocpp.id": "CP-2"})
        assert list(wrong) == [""] and wrong[""].startswith("the settings cannot be written: "), wrong
        os.rmdir(tmp + "/settings.json.new")
        assert written(tmp) == SETTINGS
        wrong = operator.change_settings({"ocpp.url_tls": "wss://" + "x" * 9000})
        assert wrong == {"": "the settings are longer than 8192 bytes"}, wrong


IDENTITY = {"ocpp": {"id": "CP-77"}, "wifi": {"password": "of-the-label"}}


def identity(known):
    return IDENTITY


async def test_what_the_identity_sets_is_shown_and_cannot_be_changed(tmp):
    class Labelled(ConsoleSite.board):
        IDENTITY = "test_operator_settings:identity"

    class Site(ConsoleSite):
        board = Labelled

    sys.modules["test_operator_settings"] = sys.modules.get("test_operator_settings") or sys.modules[__name__]
    write(tmp, SETTINGS)
    async with Site(tmp) as site:
        operator = site.kernel["operator"]
        rows = by_name(operator)
        assert rows["ocpp.id"]["value"] == "CP-77" and rows["ocpp.id"]["fixed"] and rows["ocpp.id"]["set"]
        assert rows["wifi.password"]["fixed"] and rows["wifi.password"]["value"] is None
        wrong = operator.change_settings({"ocpp.id": "CP-2", "wifi.ssid": "other"})
        assert list(wrong) == ["ocpp.id"] and "identity" in wrong["ocpp.id"]
        assert operator.change_settings({"ocpp.id": None}) == {}
        assert "id" not in written(tmp)["ocpp"] and "CP-77" not in json.dumps(written(tmp))


VALUES = (None, True, 0, 1, -1, 2000, 10**7, "", "x", "ws://h/ocpp", "socket://127.0.0.1:1", "y" * 60, [], {})


def test_the_check_finds_what_a_start_finds():
    import random

    random.seed(7)
    names = [(section, key) for section in unix.SETTINGS for key in unix.SETTINGS[section]]
    names += [("ocpp", "none"), ("can", "1"), ("other", "x")]
    right = 0
    for _ in range(400):
        settings = json.loads(json.dumps(SETTINGS))
        for _ in range(random.randrange(1, 4)):
            section, key = names[random.randrange(len(names))]
            settings.setdefault(section, {})[key] = VALUES[random.randrange(len(VALUES))]
        if random.randrange(5) == 0:
            del settings[("ocpp", "can")[random.randrange(2)]]
        try:
            read(unix, json.loads(json.dumps(settings)))
            passes = True
        except DeclarationError:
            passes = False
        with OnDemand():
            wrong = problems(unix, json.loads(json.dumps(settings)), lambda: None)
        together = [text for text in wrong.values() if text.startswith("option ")]  # a constructor would find it
        assert passes == (not wrong or bool(together)), (settings, wrong, passes)
        right += passes
    assert 30 < right < 350, right


async def test_what_must_not_wait_is_called_between_the_steps(tmp):
    """So a vehicle's stop frame is answered while classes are loaded."""
    write(tmp, SETTINGS)
    async with ConsoleSite(tmp) as site:
        operator, called = site.kernel["operator"], []
        site.kernel.urgent.add(lambda: called.append(1))
        assert operator.change_settings({"ocpp.id": "CP-2"}) == {}
        assert len(called) > 8, called
        called.clear()
        list(operator.settings())
        assert len(called) > 5, called
