"""The simulator's page: a button for each command, the state live, and nothing for other hosts and origins."""

import asyncio
import contextlib
import http.client
import json
import socket

import pytest
from make_run import Browser

from tools.control import Control
from tools.simpage import SimulatorPage
from tools.station import Station

PROMPT_ONLY = {"help", "status"}  # the page shows both otherwise


@pytest.fixture
async def station(tmp_path):
    async with Station(tmp_path, firmware=False) as station:
        yield station


@pytest.fixture
async def page(station):
    """The page of a site without firmware; its requests go by `asyncio.to_thread`, for the site is of this loop."""
    control = Control(station)
    page = SimulatorPage(control, lambda: {"board": "unix", "outlets": len(station.outlets)}).start()
    yield page
    await asyncio.to_thread(page.stop)
    await control.close()


async def ask(page, *arguments, **fields):
    return await asyncio.to_thread(Browser(page.url).ask, *arguments, **fields)


async def raw(page, *lines):
    """(status, JSON) of the answer to a request as it is written."""

    def talk():
        with socket.create_connection(("127.0.0.1", page.server_port), 10) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, json.loads(answer.read())

    return await asyncio.to_thread(talk)


async def test_the_page_has_the_commands_of_make_sim_and_no_list_of_its_own(station, page):
    _, site = await ask(page, "api/site")
    shown = {command["name"] for command in site["commands"]}
    commands = Control(station).commands
    assert shown == {name for name, row in commands.items() if row.where is None or row.where(station)} - PROMPT_ONLY
    assert {"cut-module", "jam-lock", "wifi-off"} & shown == set()  # there is none of these here
    assert {command["group"] for command in site["commands"]} == {"vehicle", "card", "faults", "site", "central"}
    over_current = next(command for command in site["commands"] if command["name"] == "over-current")
    assert [field["default"] for field in over_current["fields"]] == ["50", "1"] and over_current["help"]
    reset = next(command for command in site["commands"] if command["name"] == "reset")
    assert reset["fields"] == [{"name": "kind", "default": "soft", "choices": ["soft", "hard"]}]


async def test_what_only_some_boards_have_is_on_their_page_only(tmp_path):
    for board, more in (("unix_infy", "cut-module"), ("unix_elcon", "cut-module"), ("unix_socket", "jam-lock")):
        async with Station(tmp_path / board, firmware=False, board=board) as station:
            assert more in [command["name"] for command in Control(station).described()]


async def test_a_button_acts_and_the_state_shows_it(station, page):
    assert await ask(page, "api/command", {"name": "plug"}) == (200, {"ok": True, "text": "plugged in"})
    assert station.vehicle.plugged
    for name, arguments in (("soc", ["62.5"]), ("request", ["7.5"]), ("silent-bms", []), ("wrong-voltage", ["91"])):
        status, answer = await ask(page, "api/command", {"name": name, "arguments": arguments})
        assert (status, answer["ok"]) == (200, True), answer
    _, state = await ask(page, "api/state")
    outlet = state["outlets"][0]
    assert outlet["vehicle"]["plugged"] and outlet["vehicle"]["soc"] == 62.5 and outlet["vehicle"]["request_a"] == 7.5
    assert outlet["active"] == ["plug", "request", "silent-bms", "wrong-voltage"]
    await ask(page, "api/command", {"name": "clear-faults"})
    assert (await ask(page, "api/state"))[1]["outlets"][0]["active"] == ["plug"]


async def test_a_charge_that_the_charger_takes_for_an_unplugged_vehicle_is_told(station, page):
    async def charge(percent):
        _, answer = await ask(page, "api/command", {"name": "soc", "arguments": [percent]})
        return answer["text"]

    await charge("90")
    assert await charge("40") == "the battery is at 40 %"
    await ask(page, "api/command", {"name": "plug"})
    assert await charge("39") == "the battery is at 39 %"
    assert await charge("90") == "the battery is at 90 %"
    assert (await charge("40")).startswith("the battery is at 40 %; its voltage falls so far that the charger may")


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("explode", [], "no command 'explode'"),
        ("plug", ["3"], "there is no outlet '3'"),
        ("plug", ["1", "2"], "usage: plug [OUTLET]"),
        ("soc", ["101"], "'101' is not a state of charge in per cent: 0 to 100"),
        ("soc", ["nan"], "'nan' is not a state of charge"),
        ("request", ["-1"], "'-1' is not a current in A"),
        ("profile", ["much"], "'much' is not a current in A"),
        ("tag", ["CARD", "Lost"], "'Lost' is none of Accepted, Blocked"),
        ("other-tags", ["maybe"], "'maybe' is none of accepted, refused"),
        ("reset", ["warm"], "a reset is soft or hard"),
        ("card", ["two words"], "'two words' is not an idTag"),
        ("card", ["x\n"], "is not an idTag"),
        ("card", ["C" * 21], "is not an idTag"),
        ("card", ["CARD"], "the firmware does not run"),
        ("remote-start", ["CARD"], "is not connected"),
        ("wifi-off", [], "the Wi-Fi of this site is the host's network"),
        ("serve", [], "no command 'serve'"),
        ("run", [], "no command 'run'"),
    ],
)
async def test_a_wrong_command_is_told_and_changes_nothing(page, name, arguments, words):
    _, before = await ask(page, "api/state")
    status, answer = await ask(page, "api/command", {"name": name, "arguments": arguments})
    assert (status, answer["ok"]) == (200, False) and words in answer["text"], answer
    _, after = await ask(page, "api/state")
    assert after["central"] == before["central"] and after["outlets"][0]["vehicle"] == before["outlets"][0]["vehicle"]


@pytest.mark.parametrize(
    "fields",
    [
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "example.com"},
        {"Host": "127.0.0.1"},
        {"Host": "example.com:{port}"},
    ],
)
async def test_what_comes_from_elsewhere_is_refused(station, page, fields):
    fields = {name: value.format(port=page.server_port) for name, value in fields.items()}
    status, answer = await ask(page, "api/command", {"name": "plug"}, **fields)
    assert status == 403 and answer["error"] and not station.vehicle.plugged
    if "Host" in fields:  # nor is anything shown to it
        for path in ("", "api/state", "api/site", "api/events"):
            assert (await ask(page, path, **fields))[0] == 403


async def test_what_its_own_page_sends_is_taken(station, page):
    own = {"Origin": page.url.rstrip("/"), "Sec_Fetch_Site": "same-origin"}
    assert (await ask(page, "api/command", {"name": "plug"}, **own))[0] == 200 and station.vehicle.plugged


@pytest.mark.parametrize(
    ("path", "body", "fields", "expected"),
    [
        ("api/command", b"plug", {}, 400),
        ("api/command", b"[]", {}, 400),
        ("api/command", b"[" * 8000, {}, 400),
        ("api/command", b"\xff", {}, 400),
        ("api/command", {"arguments": []}, {}, 400),
        ("api/command", {"name": 1}, {}, 400),
        ("api/command", {"name": "plug", "arguments": [1]}, {}, 400),
        ("api/command", {"name": "plug", "arguments": "1"}, {}, 400),
        ("api/command", {"name": "plug"}, {"Content_Type": "text/plain"}, 415),
        ("api/command", b"x" * 8193, {}, 413),
        ("api/state", {}, {}, 404),
        ("", {}, {}, 404),
        ("../tools/run.py", None, {}, 404),
        ("page.css/", None, {}, 404),
        ("api/commands", None, {}, 404),
    ],
)
async def test_a_wrong_request_is_refused(station, page, path, body, fields, expected):
    status, answer = await ask(page, path, body, **fields)
    assert status == expected and set(answer) == {"error"} and not station.vehicle.plugged


async def test_a_body_without_a_length_and_other_methods_are_refused(page):
    host = f"Host: 127.0.0.1:{page.server_port}"
    post = ("POST /api/command HTTP/1.1", host, "Content-Type: application/json")
    for length in ((), ("Content-Length: -1",), ("Content-Length: x",), ("Transfer-Encoding: chunked",)):
        assert (await raw(page, *post, *length))[0] == 411
    assert (await ask(page, "api/command", method="PUT", body={}))[0] == 501
    assert (await ask(page, "", method="DELETE"))[0] == 501


async def test_the_page_needs_nothing_from_elsewhere(page):
    for path, kind in (("", "text/html"), ("page.css", "text/css"), ("page.js", "text/javascript")):
        answer = await asyncio.to_thread(_get, page, path)
        assert answer.getheader("Content-Type") == f"{kind}; charset=utf-8"
        assert "default-src 'none'" in answer.getheader("Content-Security-Policy")
        assert "frame-ancestors 'none'" in answer.getheader("Content-Security-Policy")
        assert b"http" not in answer.read()


def _whole_answer(connection):
    answer = connection.getresponse()
    answer.read()
    return answer


def _get(page, path):
    connection = Browser(page.url).connection()
    connection.request("GET", "/" + path)
    return connection.getresponse()


async def test_the_stream_tells_each_change_and_is_heard_at_least_each_two_seconds(station, page):
    def states(count):
        with contextlib.closing(Browser(page.url).connection()) as connection:
            connection.request("GET", "/api/events")
            answer = connection.getresponse()
            assert answer.getheader("Content-Type") == "text/event-stream"
            while count:
                line = answer.readline()
                if line.startswith(b"data: "):
                    count -= 1
                    yield json.loads(line[6:])

    async def next_of(stream):
        return await asyncio.wait_for(asyncio.to_thread(next, stream), 4)

    stream = states(3)
    assert not (await next_of(stream))["outlets"][0]["vehicle"]["plugged"]
    station.vehicle.plug()
    while not (await next_of(stream))["outlets"][0]["vehicle"]["plugged"]:
        pass
    await asyncio.to_thread(stream.close)


async def test_streams_are_bounded_and_end_with_the_page(page):
    streams = []
    for _ in range(8):
        streams.append(Browser(page.url).connection())
        streams[-1].request("GET", "/api/events")
    answers = [await asyncio.to_thread(stream.getresponse) for stream in streams]
    assert [answer.status for answer in answers] == [200] * 8
    assert (await ask(page, "api/events"))[0] == 503
    await asyncio.to_thread(page.stop)
    for answer in answers:
        assert await asyncio.to_thread(answer.read)  # to its end
    for stream in streams:
        stream.close()
    with pytest.raises(OSError):
        await ask(page, "api/state")


async def test_a_connection_of_before_the_end_gets_nothing_after_it(page):
    early = Browser(page.url).connection()
    early.request("GET", "/api/state")
    assert (await asyncio.to_thread(_whole_answer, early)).status == 200
    await asyncio.to_thread(page.stop)
    early.request("GET", "/api/events")
    answer = await asyncio.to_thread(early.getresponse)
    assert answer.status == 503 and json.loads(answer.read()) == {"error": "the simulation has ended"}
    early.close()


async def test_a_client_that_says_nothing_holds_up_nobody(page):
    with socket.create_connection(("127.0.0.1", page.server_port)):
        assert (await ask(page, "api/state"))[0] == 200
