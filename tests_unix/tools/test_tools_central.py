"""The central system against a charge point of the ``ocpp`` library, and against bare WebSockets."""

import asyncio
import io
import json
import socket
import sys

import pytest
import websockets
from ocpp.exceptions import GenericError, OCPPError
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.exceptions import ConnectionClosed, InvalidStatus, NegotiationError

from tools.central import Central, Fault, Tag

NOW = "2026-01-02T03:04:05Z"


class Peer(ChargePoint):
    """A charge point that obeys."""

    @on("GetConfiguration")
    def get_configuration(self, key=None, **_):
        return call_result.GetConfiguration(configuration_key=[], unknown_key=key or [])

    @on("Reset")
    def reset(self, type):
        raise GenericError("no")


@pytest.fixture
async def central():
    central = await Central(tags={"LOST": "Blocked", "OLD": Tag("Expired", NOW, "FLEET")}).start()
    yield central
    await central.stop()


async def connect(central, name="CP-1", protocols=("ocpp1.6",), **options):
    return await websockets.connect(f"{central.url}/{name}", subprotocols=protocols, **options)


@pytest.fixture
async def peer(central):
    websocket = await connect(central)
    peer = Peer("CP-1", websocket, response_timeout=5)
    task = asyncio.create_task(peer.start())
    await central.wait_connected("CP-1")
    yield peer
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await websocket.close()


async def raw_call(websocket, action, payload, uid="u1"):
    await websocket.send(json.dumps([2, uid, action, payload]))
    return json.loads(await asyncio.wait_for(websocket.recv(), 5))


async def test_a_whole_session_is_answered_and_kept(central, peer):
    boot = await peer.call(call.BootNotification("model", "vendor"))
    assert (boot.status, boot.interval) == ("Accepted", 300)
    assert (await peer.call(call.Heartbeat())).current_time.endswith("Z")
    assert (await peer.call(call.Authorize("ANY"))).id_tag_info["status"] == "Accepted"
    assert (await peer.call(call.Authorize("LOST"))).id_tag_info["status"] == "Blocked"
    expired = (await peer.call(call.Authorize("OLD"))).id_tag_info
    assert expired == {"status": "Expired", "expiry_date": NOW, "parent_id_tag": "FLEET"}
    await peer.call(call.StatusNotification(1, "NoError", "Preparing"))
    started = await peer.call(call.StartTransaction(1, "ANY", 1234, NOW))
    sample = {"value": "1234.5"}
    kilo = {"value": "1.25", "unit": "kWh", "measurand": "Energy.Active.Import.Register"}
    other = {"value": "80", "measurand": "Voltage"}
    values = [{"timestamp": NOW, "sampledValue": [sample, other]}, {"timestamp": NOW, "sampledValue": [kilo]}]
    await peer.call(call.MeterValues(1, values, started.transaction_id))
    stop = call.StopTransaction(1250, NOW, started.transaction_id, id_tag="LOST", transaction_data=values)
    assert (await peer.call(stop)).id_tag_info["status"] == "Blocked"
    assert (await peer.call(call.DataTransfer("RivotMotors"))).status == "Accepted"
    again = await peer.call(call.StartTransaction(1, "ANY", 1250, NOW))
    assert again.transaction_id != started.transaction_id
    first = central.books.transactions[started.transaction_id]
    assert first.register_wh() == first.stop_register_wh() == [1234.5, 1250.0]
    assert first.start["meter_start"] == 1234 and first.stop["meter_stop"] == 1250
    assert central.books.last.id == again.transaction_id
    assert [m.action for m in central.calls()][:3] == ["BootNotification", "Heartbeat", "Authorize"]


async def test_strict_books_know_only_their_tags():
    central = Central(strict=True, tags={"A": "Accepted"})
    assert central.books.tag_info("A") == {"status": "Accepted"}
    assert central.books.tag_info("B") == {"status": "Invalid"}


async def test_commands_reach_the_charge_point_and_its_errors_come_back(central, peer):
    assert (await central.call(call.GetConfiguration(key=["X"]))).unknown_key == ["X"]
    with pytest.raises(OCPPError, match="no"):
        await central.call(call.Reset("Soft"))
    uid = await central.call_raw("GetConfiguration", {"key": ["Y"]})
    answer = await central.wait_answer(uid)
    assert (answer.action, answer.kind, answer.payload["unknownKey"]) == ("GetConfiguration", 3, ["Y"])
    uid = await central.call_raw("Nonsense", {})
    assert (await central.wait_answer(uid)).payload["errorCode"] == "NotSupported"
    with pytest.raises(ConnectionError, match="CP-9 is not connected"):
        await central.call(call.ClearCache(), "CP-9")


async def test_the_answer_is_that_to_the_last_call_with_this_unique_id(central, peer):
    """Else a test that uses an id again goes on with the answer of before, and waits for nothing."""
    for key in ("A", "B"):
        await central.call_raw("GetConfiguration", {"key": [key]}, uid="0")
        assert (await central.wait_answer("0")).payload["unknownKey"] == [key]
        assert (await central.wait_answer("0")).payload["unknownKey"] == [key], "also if it came before"


async def test_invalid_messages_get_the_librarys_error_codes(central):
    async with await connect(central) as websocket:
        kind, _, code, *_ = await raw_call(websocket, "Heartbeat", {"unwanted": 1})
        assert (kind, code) == (4, "FormatViolation")
        kind, _, code, *_ = await raw_call(websocket, "Unheard", {})
        assert (kind, code) == (4, "NotSupported")
        await websocket.send("no json")
        await websocket.send(b"\x00\xff")
        assert (await raw_call(websocket, "Heartbeat", {}))[0] == 3, "the connection has survived"
        assert [m.kind for m in central.messages if m.direction == "in"] == [2, 2, None, None, 2]


async def test_answers_can_be_scripted(central, peer):
    central.on("BootNotification", {"status": "Pending", "interval": 7})
    boot = await peer.call(call.BootNotification("model", "vendor"))
    assert (boot.status, boot.interval) == ("Pending", 7)
    central.on("BootNotification", None)
    assert (await peer.call(call.BootNotification("model", "vendor"))).status == "Accepted"

    async def by_vendor(request):
        return {"status": "Rejected" if request["vendorId"] == "bad" else "Accepted", "data": "text"}

    central.on("DataTransfer", by_vendor)
    assert (await peer.call(call.DataTransfer("bad"))).status == "Rejected"
    answer = await peer.call(call.DataTransfer("good"))
    assert (answer.status, answer.data) == ("Accepted", "text")

    def refuse(request):
        raise GenericError("not today")

    central.on("Heartbeat", refuse)
    with pytest.raises(OCPPError, match="not today"):
        await peer.call(call.Heartbeat(), suppress=False)


async def test_answers_can_be_spoilt(central):
    async with await connect(central) as websocket:
        central.fault("Heartbeat", Fault(raw="{nonsense"))
        await websocket.send('[2,"a","Heartbeat",{}]')
        assert await websocket.recv() == "{nonsense"
        central.fault("Heartbeat", Fault(twice=True))
        first = await raw_call(websocket, "Heartbeat", {}, "b")
        assert first == json.loads(await websocket.recv()) and first[1] == "b"
        central.fault("*", Fault(error="InternalError"))
        assert (await raw_call(websocket, "Heartbeat", {}, "c"))[:3] == [4, "c", "InternalError"]
        central.fault("Heartbeat", Fault(drop=True, times=2))
        await websocket.send('[2,"d","Heartbeat",{}]')
        await websocket.send('[2,"e","Heartbeat",{}]')
        assert (await raw_call(websocket, "Heartbeat", {}, "f"))[1] == "f"
        central.fault("Heartbeat", Fault(delay_s=1))
        await websocket.send('[2,"late","Heartbeat",{}]')
        assert (await raw_call(websocket, "Heartbeat", {}, "soon"))[1] == "soon"
        assert json.loads(await websocket.recv())[1] == "late"
        central.fault("Heartbeat", Fault(close=True))
        with pytest.raises(ConnectionClosed):
            await raw_call(websocket, "Heartbeat", {})


async def test_a_new_connection_replaces_the_old_one(central):
    first = await connect(central)
    await central.wait_connected("CP-1")
    async with await connect(central) as second:
        await central.wait_connected("CP-1", after=1)
        with pytest.raises(ConnectionClosed):
            await first.recv()
        assert (await raw_call(second, "Heartbeat", {}))[0] == 3
        async with await connect(central, "CP%202%2F3") as other:
            await central.wait_connected("CP 2/3")
            await central.send_raw("to the other", "CP 2/3")
            assert await other.recv() == "to the other"
        assert set(central.points) >= {"CP-1"}


async def test_sockets_are_closed_in_order_or_cut(central):
    async with await connect(central) as websocket:
        await central.wait_connected()
        await central.close_socket(code=1001)
        with pytest.raises(ConnectionClosed) as closed:
            await websocket.recv()
        assert closed.value.rcvd.code == 1001
    async with await connect(central) as websocket:
        await central.wait_connected(after=1)
        await central.close_socket(abort=True)
        with pytest.raises(ConnectionClosed) as closed:
            await websocket.recv()
        assert closed.value.rcvd is None


async def test_who_may_not_connect():
    central = await Central(keys={"CP-1": "secret"}).start()
    try:
        for url, options in ((f"ws://127.0.0.1:{central.port}/elsewhere", {}), (f"{central.url}/", {})):
            with pytest.raises(InvalidStatus, match="404"):
                await websockets.connect(url, subprotocols=["ocpp1.6"], **options)
        with pytest.raises(InvalidStatus, match="401"):
            await connect(central)
        for credentials in ("CP-1:wrong", "CP-2:secret"):
            with pytest.raises(InvalidStatus, match="401"):
                url = central.url.replace("ws://", f"ws://{credentials}@")
                await websockets.connect(f"{url}/CP-1", subprotocols=["ocpp1.6"])
        allowed = central.url.replace("ws://", "ws://CP-1:secret@")
        async with websockets.connect(f"{allowed}/CP-1", subprotocols=["ocpp1.6"]) as websocket:
            assert (await raw_call(websocket, "Heartbeat", {}))[0] == 3
        central.refuse = 503
        with pytest.raises(InvalidStatus, match="503"):
            await connect(central)
    finally:
        await central.stop()


async def test_subprotocols(central):
    async with await connect(central, protocols=("ocpp2.0.1",)) as websocket:
        assert websocket.subprotocol is None
        with pytest.raises(ConnectionClosed) as closed:
            await websocket.recv()
        assert closed.value.rcvd.code == 1002
    central.subprotocol = "ocpp9"
    with pytest.raises(NegotiationError):
        await connect(central)


async def test_it_vanishes_and_comes_back_on_the_same_port(central):
    port = central.port
    async with await connect(central) as websocket:
        await central.wait_connected()
        await central.stop()
        with pytest.raises(ConnectionClosed):
            await websocket.recv()
    with pytest.raises(OSError):
        await connect(central)
    with socket.socket() as other:
        if sys.platform == "linux":
            with pytest.raises(OSError):
                other.bind(("127.0.0.1", port))
    await central.start()
    assert central.port == port
    async with await connect(central) as websocket:
        assert (await raw_call(websocket, "Heartbeat", {}))[0] == 3


async def test_waiting_for_messages_past_and_future(central, peer):
    await peer.call(call.StatusNotification(0, "NoError", "Available"))
    mark = central.messages.total
    past = await central.wait_for("StatusNotification")
    assert past.payload["connectorId"] == 0
    with pytest.raises(TimeoutError, match="no StatusNotification"):
        await central.wait_for("StatusNotification", timeout=0.05, since=mark)
    waiting = asyncio.create_task(central.wait_for("StatusNotification", lambda p: p["connectorId"] == 1, since=mark))
    await peer.call(call.StatusNotification(1, "NoError", "Available"))
    assert (await waiting).payload["status"] == "Available"


async def test_every_message_is_a_line_of_the_log():
    log = io.StringIO()
    central = await Central(log=log).start()
    try:
        async with await connect(central) as websocket:
            await raw_call(websocket, "Heartbeat", {}, "line")
    finally:
        await central.stop()
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert 'CP-1 <- [2, "line", "Heartbeat", {}]' in lines[0] and "CP-1 -> [3" in lines[1]
