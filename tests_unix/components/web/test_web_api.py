"""What the API does: a session watched and driven through it, passwords, metrics."""

import asyncio
import re

import pytest
from charging_site import eventually
from web_client import DRIVER, INSTALLER, OPERATOR, PASSWORDS, Client, Stream, free_port, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PORT = free_port()
SETTINGS = settings(PORT)


async def test_who_am_i(site):
    client = Client(PORT)
    about = {"id": "CP-1", "version": "0.1.0", "board": "unix", "outlets": 1, "setup": False}
    answer = await client("GET", "/api/me")
    assert answer.json.items() >= {**about, "role": None}.items()
    for role in (DRIVER, OPERATOR, INSTALLER):
        answer = await client.login(role)
        assert answer.json == {"role": role}
        flags = answer.fields["set-cookie"].split("; ")
        assert re.fullmatch("session=[0-9a-f]{32}", flags[0])
        assert set(flags[1:]) == {"HttpOnly", "SameSite=Strict", "Path=/"}
        assert (await client("GET", "/api/me")).json["role"] == role
    assert (await client("POST", "/api/logout", {})).status == 200
    answer = await client("GET", "/api/me")
    assert answer.json["role"] is None and answer.fields["cache-control"] == "no-store"


async def test_the_page_is_sent_compressed_once(site):
    client = Client(PORT)
    page = await client("GET", "/")
    assert page.status == 200 and page.body[:2] == b"\x1f\x8b" and len(page.body) < 25_000
    assert page.fields["content-encoding"] == "gzip" and page.fields["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.fields["content-security-policy"]
    again = await client("GET", "/", If_None_Match=page.fields["etag"])
    assert again.status == 304 and again.body == b""


async def test_the_state_is_the_snapshot(site):
    client = Client(PORT, DRIVER)
    state = (await client("GET", "/api/state")).json
    assert {"station", "outlet/1", "outlet/1/gate", "journal", "component/web"} <= state.keys()
    assert state["outlet/1"]["state"] == "Available" and state["component/web"]["state"] == "running"
    one = await client("GET", "/api/state?path=outlet/1/meter")
    assert one.json == state["outlet/1/meter"] and (await client("GET", "/api/state?path=outlet%2F1")).status == 200
    assert (await client("GET", "/api/state?path=outlet/2")).status == 404
    assert (await client("GET", "/api/state?path=%zz")).status == 400


async def test_a_session_is_started_watched_and_stopped_in_an_emergency(site):
    """The events of it come by themselves; a page that signs out hears no more."""
    driver, operator = Client(PORT), Client(PORT, OPERATOR)
    await driver.login(DRIVER)
    await site.plug_in()
    async with Stream(driver) as stream:
        first = await stream.until("the vehicle", lambda data: data["outlets"][0]["plugged"])
        assert first["outlets"][0]["id"] == 1 and first["outlets"][0]["transaction"] is None
        assert first["outlets"][0]["why"][-1].startswith("charging is ")
        started = await operator("POST", "/api/start", {"tag": "API-1", "outlet": 1})
        assert started.status == 200 and started.json["outcome"] in ("checking", "accepted"), started.raw
        running = await stream.until("power", lambda data: (data["outlets"][0]["power_mw"] or 0) > 0)
        assert running["outlets"][0]["transaction"]["id_tag"] == "API-1" and running["station"]["central"] is True
        text = (await driver("GET", "/metrics")).body.decode()
        assert float(re.search(r'^ucharge_outlet_power_watts\{outlet="1"\} ([\d.]+)$', text, re.MULTILINE)[1]) > 100
        assert 'ucharge_outlet_state{outlet="1",state="Charging"} 1\n' in text
        assert (await driver("POST", "/api/emergency_stop")).status == 200
        stopped = await stream.until("the stop", lambda data: not data["outlets"][0]["enabled"])
        assert stopped["station"]["emergency_stop"] is True
        await eventually(lambda: site.module.current_a < 1, "no current")
        assert (await driver("POST", "/api/release", {})).status == 403
        assert (await operator("POST", "/api/release", {})).json == {"released": True}
        await stream.until("the end", lambda data: data["outlets"][0]["transaction"] is None)
        await driver("POST", "/api/logout", {})
        while await stream.next() is not None:
            pass


async def test_a_quiet_charger_sends_comments(site):
    """At least one every 2 s: a page sees within 5 s that the connection is dead."""
    async with Stream(Client(PORT, DRIVER)) as stream:
        assert (await stream.next())[0] == "state"
        for _ in range(3):
            await asyncio.wait_for(stream.next(), 3)


async def test_listeners_leave_room_for_others(site):
    """Two may listen; a third one is refused, and requests are still answered."""
    client = Client(PORT, DRIVER)
    async with Stream(client), Stream(client):
        third = await client("GET", "/api/events")
        assert third.status == 503 and third.json["error"] == "busy"
    async with Stream(client), Stream(client):  # those that have gone leave their places
        assert (await client("GET", "/api/state?path=station")).status == 200


async def test_cards_that_are_refused(site):
    client = Client(PORT, OPERATOR)
    site.central.books.tags["STOLEN"] = "Blocked"
    answer = await client("POST", "/api/card", {"tag": "x" * 40})
    assert answer.status == 400 and answer.json["error"] == "no_tag"
    answer = await client("POST", "/api/start", {"tag": "A", "outlet": 7})
    assert answer.status == 409 and answer.json["reason"] == "no_outlet" and answer.json["text"]


async def test_variables(site):
    client = Client(PORT, INSTALLER)
    rows = {row["name"]: row for row in (await client("GET", "/api/variables")).json}
    assert rows["HeartbeatInterval"]["value"] == "300" and rows["HeartbeatInterval"]["lowest"] == 1
    assert rows["NumberOfConnectors"]["readonly"] is True
    secret = rows["AuthorizationKey"]
    assert secret["value"] is None
    answer = await client("PUT", "/api/variables", {"name": "HeartbeatInterval", "value": "301"})
    assert answer.json == {"status": "Accepted", "reason": ""}
    assert await site.configured("HeartbeatInterval") == "301"
    answer = await client("PUT", "/api/variables", {"name": "HeartbeatInterval", "value": "0"})
    assert answer.json["status"] == "Rejected" and answer.json["reason"]
    await site.configure(HeartbeatInterval=300)


async def test_the_log_has_no_secret(site):
    answer = await Client(PORT, OPERATOR)("GET", "/api/log")
    text = answer.body.decode()
    assert answer.fields["content-type"].startswith("text/plain") and "\n" in text
    state = (await Client(PORT, INSTALLER)("GET", "/api/state")).body.decode()
    for secret in [*PASSWORDS.values(), "pbkdf2"]:
        assert secret not in text + state
