"""Central systems as they are: what their WebSockets, URLs and libraries do to messages on the way."""

import asyncio
import itertools

import pytest
from charging_site import Site

from tools.central import CALLRESULT

pytestmark = pytest.mark.asyncio(loop_scope="module")
URLS = {"a slash at its end": "/", "a deep path": "/tenant/7/boxes", "the identity in it": "/CP-1", "both": "/CP-1/"}


async def boot_at(home, path):
    """Boot a charger whose URL has this path; returns the identity under which the central system knows it."""
    async with Site(home) as site:
        site._settings = {"ocpp": {"url": site.central.url + path}}
        site.write_settings()
        await site.boot()
        assert site.wrong_messages() == []
        return site.central.calls()[0].point


async def test_urls_as_they_are_written(tmp_path):
    homes = (tmp_path / str(n) for n in itertools.count())
    names = await asyncio.gather(*(boot_at(next(homes), path) for path in URLS.values()))
    assert dict(zip(URLS, names)) == {
        "a slash at its end": "CP-1",
        "a deep path": "tenant/7/boxes/CP-1",
        "the identity in it": "CP-1",
        "both": "CP-1",
    }


def in_pieces(link, twice):
    """Have a link send each text in three fragments with a ping before each, and the whole once more if `twice`."""

    async def pieces(raw):
        third = len(raw) // 3 + 1
        for start in range(0, len(raw), third):
            await link.websocket.ping()
            yield raw[start : start + third]

    async def send(raw):
        link.note("out", raw)
        for _ in range(2 if twice else 1):
            await link.websocket.send(pieces(raw))

    link.send_raw = send


@pytest.mark.parametrize("twice", [False, True])
async def test_a_session_in_fragments_with_pings_between_and_each_message_twice(site, twice):
    """Every text of the central system: its answers and its CALLs. What is asked twice is done once."""
    link = site.central.point().link
    in_pieces(link, twice)
    try:
        await site.plug_in()
        since = site.mark()
        assert (await site.order("RemoteStartTransaction", idTag="PIECES")).status == "Accepted"
        await site.received("StartTransaction", since, idTag="PIECES")
        await site.status("Charging", since)
        number = site.central.books.last.id
        assert (await site.order("RemoteStopTransaction", transactionId=number)).status == "Accepted"
        await site.received("StopTransaction", since, transactionId=number)
        await site.status("Finishing", since)
    finally:
        del link.send_raw
    assert await site.configured("NumberOfConnectors") == "1"
    for action in ("StartTransaction", "StopTransaction"):
        assert len(site.central.calls(action, since)) == 1
    assert site.central.point().link is link, "the connection stayed"
    if twice:
        answers = [m for m in site.central.messages.after(since) if m.direction == "in" and m.kind == CALLRESULT]
        assert {m.payload.get("status") for m in answers} <= {"Accepted", None}


async def test_pings_of_the_server_are_answered(site):
    """As they come every 20 s; also while it has something to say. The pong goes before the answer to a later CALL."""
    websocket = site.central.point().link.websocket
    for _ in range(3):
        pong = await websocket.ping()
        assert await site.configured("NumberOfConnectors") == "1"
        assert pong.done()
