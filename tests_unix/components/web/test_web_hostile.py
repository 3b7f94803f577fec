"""What a hostile or careless client may not get by: passwords that are no longer, bodies that are bombs, odd text."""

import asyncio
import base64
import json

import pytest
from web_client import DRIVER, INSTALLER, PASSWORDS, Client, Stream, free_port, hashed, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PORT = free_port()
SLOW = 100_000  # iterations: long enough for something else to happen meanwhile
SETTINGS = settings(PORT, driver=hashed(PASSWORDS[DRIVER], SLOW))
JSON = {"Content_Type": "application/json"}


def saved(site):
    return json.loads((site.home / "settings.json").read_text())


async def test_a_password_that_is_changed_while_it_is_verified_is_none(site):
    """Neither as a session nor as one that is known by its quick hash."""
    basic, client, installer = Client(PORT, DRIVER), Client(PORT), Client(PORT, INSTALLER)
    assert (await installer("GET", "/api/me")).json["role"] == INSTALLER
    with_basic = asyncio.create_task(basic("GET", "/api/limits"))
    await asyncio.sleep(0.05)
    logging_in = asyncio.create_task(
        client("POST", "/api/login", {"role": DRIVER, "password": PASSWORDS[DRIVER]})
    )
    await asyncio.sleep(0.05)
    answer = await installer("PUT", "/api/password", {"role": DRIVER, "password": "another one"})
    assert answer.status == 200 and not with_basic.done() and not logging_in.done()
    assert {(await with_basic).status, (await logging_in).status} <= {401, 429}
    await asyncio.sleep(2.5)
    assert (await basic("GET", "/api/limits")).status in (401, 429)
    site.check_calm()


async def test_events_end_with_the_password_that_asked_for_them(site):
    """Also where there is no session that could end."""
    installer = Client(PORT, INSTALLER)
    async with Stream(installer) as stream:
        assert (await stream.next())[0] == "state"
        value = {"role": INSTALLER, "password": "installer's second"}
        assert (await installer("PUT", "/api/password", value)).status == 200
        for _ in range(10):
            if await stream.next() is None:
                break
        else:
            raise AssertionError("it goes on")
    pair = f"{INSTALLER}:{value['password']}".encode()
    again = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    value["password"] = PASSWORDS[INSTALLER]
    assert (await Client(PORT)("PUT", "/api/password", value, **again)).status == 200


async def test_passwords_are_not_removed_with_their_section(site):
    installer = Client(PORT, INSTALLER)
    for method, path in (("POST", "/api/settings/check"), ("PUT", "/api/settings")):
        answer = await installer(method, path, {"web": None})
        assert (answer.status, answer.json["error"]) == (400, "settings")
    assert "installer" in saved(site)["web"]


async def test_a_deep_body_is_refused(site):
    """At any depth, before anything is done with it."""
    installer = Client(PORT, INSTALLER)
    for depth in (1, 100, 2000):
        for begin, end in ((b"[", b"]"), (b'{"":', b"}")):
            body = b'{"ocpp.model":' + begin * (depth // len(begin) + 1) + b"1" + end * (depth // len(begin) + 1) + b"}"
            answer = await installer("POST", "/api/settings/check", body=body, **JSON)
            assert (answer.status, answer.json["error"]) == (400, "body"), (depth, answer.raw)
    assert "a request failed" not in site.firmware.text


async def test_escaped_characters_are_what_they_stand_for(site):
    """A program escapes what a browser sends as it is: it is the same password, and the same name of a network."""
    installer = Client(PORT, INSTALLER)
    key = "\N{KEY}" * 8
    value = {"role": DRIVER, "password": key}
    assert "\\ud83d" in json.dumps(value)
    assert (await installer("PUT", "/api/password", value)).status == 200
    body = json.dumps(value, ensure_ascii=False).encode()
    await asyncio.sleep(2.1)
    assert (await Client(PORT)("POST", "/api/login", body=body, **JSON)).status == 200
    changes = {"wifi.ssid": "\N{ELECTRIC PLUG}", "ocpp.model": "half \ud800"}
    assert (await installer("PUT", "/api/settings", changes)).status == 200
    kept = saved(site)
    assert kept["wifi"]["ssid"] == "\N{ELECTRIC PLUG}" and kept["ocpp"]["model"] == "half \ufffd"
    assert (await installer("PUT", "/api/settings", dict.fromkeys(changes))).status == 200


async def test_settings_that_leave_no_server_are_refused(site):
    """Who changes them by the page could not change them back: an address that is none, a certificate that is none."""
    installer = Client(PORT, INSTALLER)
    (site.home / "no.pem").write_text("none")
    for changes in (
        {"web.address": "nowhere"},
        {"web.address": "127.0.0.256"},
        {"web.address": 7},
        {"web.certificate": "missing.pem", "web.key": "missing.pem"},
        {"web.certificate": "no.pem"},
        {"web.certificate": "no.pem", "web.key": "no.pem"},
        {"web.certificate": 7, "web.key": None},
    ):
        for method, path in (("POST", "/api/settings/check"), ("PUT", "/api/settings")):
            answer = await installer(method, path, changes)
            assert (answer.status, answer.json["error"]) == (400, "settings"), (changes, answer.raw)
    assert "address" not in saved(site)["web"] and "certificate" not in saved(site)["web"]
    answer = await installer("POST", "/api/settings/check", {"web.address": "127.0.0.1", "web.certificate": None})
    assert answer.status == 200, answer.raw
