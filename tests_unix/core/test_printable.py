"""Nothing that a peer writes reaches console, log, files or messages raw: no control character, no line of its own.

One corpus of nasty texts goes into every string of every CALL, into ids, actions, answers, errors, close reasons and
HTTP phrases. What may be shown is judged by Unicode's categories: nothing of the firmware's own.
"""

import asyncio
import contextlib
import json
import unicodedata

import pytest
from charging_site import TIMEOUT_S
from corpus import actions, complete, replaced
from schema_cases import at, places, schema_of
from test_corpus import OURS

from tools.central import CALL, CALLERROR, CALLRESULT, Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"WebSocketPingInterval": 0}
FORGED = "E 1.000 gate: everything is open"
NASTY = {
    "an escape sequence": "A\x1b[2J\x1b]0;x\x07",
    "a line of its own": f"\r\n{FORGED}\n",
    "every control": "".join(map(chr, range(32))) + "\x7f",
    "C1 controls": "A\x9b31mB\x85C",
    "separators and overrides": "A\u2028B\u2029C\u202eD\u2066E\ufeff",
    "NUL first": "\0TAG",
}
nasty = pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)


def hidden(text):
    """The characters of a text that are not to be seen."""
    return sorted({char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")})


def check_shown(site):
    """All of the console's output; no line of it is the peer's."""
    text = site.firmware.text
    assert hidden(text) == ["\n"], hidden(text)
    assert not [line for line in text.split("\n") if line.startswith(FORGED)]


def strings(value, path=()):
    """Every string in a parsed message, with where it is; keys, too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from strings(inner, (*path, number))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield path, key
            yield from strings(inner, (*path, key))


def check_told(site, since):
    """All that the charge point sent. Only ids, keys that it was asked for and their values go back as they came."""
    for message in site.central.messages.after(since):
        if message.direction == "in" and message.kind in (CALL, CALLRESULT, CALLERROR):
            for path, text in strings(message.parsed):
                if path[:1] != (1,) and "unknownKey" not in path and "configurationKey" not in path:
                    assert hidden(text) == [], message.raw


def calls(text):
    """Payloads for every action that the charge point takes: the text in each of its strings, and as a name."""
    for action in sorted(set(actions()) - OURS):
        whole = complete(schema_of(action, False))
        yield action, {**whole, text: 1}
        for path in places(whole):
            if path and isinstance(at(whole, path), str):
                yield action, replaced(whole, path, text[:20])
                yield action, replaced(whole, path, text)
    yield "DataTransfer", {"vendorId": text, "messageId": text, "data": text}
    yield "ChangeConfiguration", {"key": "CpoName", "value": text}
    yield "GetConfiguration", {"key": ["CpoName", text]}
    yield text, {}
    yield "Reset" + text, {"type": text}


@nasty
async def test_every_string_of_every_call(site, text):
    since = site.mark()
    for number, (action, payload) in enumerate(calls(text)):
        uid = await site.central.call_raw(action, payload, uid=f"{number}")
        await site.central.wait_answer(uid)
    uid = (text + "x")[:36]
    await site.central.call_raw("Explode", {}, uid=uid)
    assert (await site.central.wait_answer(uid)).payload["errorCode"] == "NotImplemented"
    for raw in ([CALLRESULT, text[:36], {}], [CALLERROR, text[:36], text, text, {text: text}], [7, text], text):
        await site.central.send_raw(json.dumps(raw))
    assert await site.configured("NumberOfConnectors") == "1"
    for page in ("status", "config", "log", "components", "why", "5"):
        await site.type(page)
    await site.type("no such word")
    await site.printed("ignored: ", site.firmware.mark - 1)
    check_shown(site)
    check_told(site, since)
    assert site.central.calls("StartTransaction", since) == [], "an idTag that is none starts nothing"


@nasty
async def test_answers_to_our_calls(site, text):
    since = site.mark()
    info = {"status": "Blocked", "parentIdTag": text, "expiryDate": text}
    for number, answer in enumerate(({"idTagInfo": info}, {"idTagInfo": {"status": text}}, {text: text})):
        await answered(site, number, CALLRESULT, answer)
    await answered(site, 3, CALLERROR, text, text, {})
    check_shown(site)
    check_told(site, since)


async def answered(site, number, kind, *rest):
    """Present a card, and answer its Authorize."""
    since = site.mark()
    site.central.fault("Authorize", Fault(drop=True))
    tag = f"CARD-{number}"
    await site.present(tag)
    asked = await site.received("Authorize", since, idTag=tag)
    await site.central.send_raw(json.dumps([kind, asked.uid, *rest]))
    assert await site.configured("NumberOfConnectors") == "1"


@nasty
async def test_reasons_and_phrases(site, text):
    """A close reason of the WebSocket; the phrases and header of a server that refuses."""
    since, printed, connections = site.mark(), site.firmware.mark, site.central.connections
    point = site.central.point()
    await point.link.websocket.close(1011, text.encode()[:60].decode("utf-8", "ignore"))
    await site.printed("connection closed: ", printed)
    await site.central.stop()
    phrase = text.replace("\n", "").replace("\r", "").encode()

    async def refuse(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 500 " + phrase + b"\r\nSec-WebSocket-Protocol: " + phrase + b"\r\n\r\n")
            await writer.drain()
        writer.close()

    printed = site.firmware.mark
    server = await asyncio.start_server(refuse, "127.0.0.1", site.central.port)
    try:
        await site.printed(r"connection: .*500", printed, 2 * TIMEOUT_S)
    finally:
        server.close()
        await server.wait_closed()
    await site.central.start()
    await site.reconnected(connections)
    check_shown(site)
    check_told(site, since)


async def test_the_files(site, peer):
    """Diagnostics and security log: each line is one line of printable text."""
    await site.central.send_raw(json.dumps([CALLRESULT, "not asked", {}]))
    for text in NASTY.values():
        await site.configure(CpoName=text)
        since = site.mark()
        answer = await site.order("GetDiagnostics", location=peer.url + "/d/", retries=1, retryInterval=0)
        await site.received("DiagnosticsStatusNotification", since, status="Uploaded")
        assert answer.file_name and hidden(peer.uploads["/d/" + answer.file_name].decode()) == ["\n"]
        log = {"remoteLocation": peer.url + "/s/"}
        answer = await site.order("GetLog", log=log, logType="SecurityLog", requestId=1, retries=1, retryInterval=0)
        await site.received("LogStatusNotification", since, status="Uploaded")
        uploaded = peer.uploads["/s/" + answer.filename].decode()
        assert hidden(uploaded) == ["\n"] and "InvalidMessages" in uploaded
        log = {"remoteLocation": peer.url + "/" + text}
        answer = await site.ask("GetLog", {"log": log, "logType": "SecurityLog", "requestId": 2})
        assert answer.payload["status"] == "Rejected"
    check_shown(site)
