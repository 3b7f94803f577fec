"""The bus hub against real SLCAN clients: python-can, and plain sockets for what python-can never sends."""

import asyncio
import os

import can
import pytest

from tools.hub import Hub
from tools.slcan import GARBAGE, decode, encode


@pytest.fixture
async def hub():
    hub = await Hub().start()
    yield hub
    await hub.close()


class Adapter:
    """A plain SLCAN client."""

    @classmethod
    async def open(cls, hub, start=b"C\rS5\rO\r"):
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", hub.port)
        if start:
            await self.ask(start + b"V\r", until=b"V1013\r")  # all before it has been handled
        return self

    async def ask(self, data, until):
        self.writer.write(data)
        return await self.expect(until)

    async def expect(self, until):
        return await asyncio.wait_for(self.reader.readuntil(until), 5)

    def close(self):
        self.writer.close()


async def test_python_can_nodes_receive_each_other_in_order_and_not_themselves(hub):
    def exchange():
        options = {"interface": "slcan", "channel": hub.url, "bitrate": 250000, "sleep_after_open": 0}
        with can.Bus(**options) as one, can.Bus(**options) as two:
            assert one.get_version(5) == (10, 13)
            assert two.get_serial_number(5) == "HUB0"
            for number in range(50):
                one.send(can.Message(arbitration_id=0x1806E5F4, data=bytes((number,)), is_extended_id=True))
                one.send(can.Message(arbitration_id=0x123, data=bytes((number,)), is_extended_id=False))
            one.send(can.Message(arbitration_id=0x7FF, is_remote_frame=True, dlc=3, is_extended_id=False))
            got = [two.recv(10)]
            while got[-1] and not got[-1].is_remote_frame:
                got.append(two.recv(10))
            return got, one.recv(0.2)

    got, echo = await asyncio.to_thread(exchange)
    assert [f.data[0] for f in got if f.is_extended_id] == list(range(50))
    assert [f.data[0] for f in got if not f.is_extended_id and not f.is_remote_frame] == list(range(50))
    assert got[-1].is_remote_frame and got[-1].arbitration_id == 0x7FF and got[-1].dlc == 3
    assert echo is None, "a node heard itself"
    assert hub.frames == 101


@pytest.mark.parametrize(
    "command, answer",
    [
        (b"\r", b"\r"),
        (b"S0\r", b"\r"),
        (b"S8\r", b"\r"),
        (b"S9\r", b"\a"),
        (b"F\r", b"\a"),  # flags of a closed channel
        (b"C\r", b"\a"),
        (b"t1230\r", b"\a"),
        (b"O\r", b"\r"),
        (b"O\rO\r", b"\r\a"),
        (b"O\rS5\r", b"\r\a"),
        (b"O\rF\r", b"\rF00\r"),
        (b"O\rC\r", b"\r\r"),
        (b"O\rt12320102\r", b"\rz\r"),
        (b"O\rr1238\r", b"\rz\r"),
        (b"O\rT1806E5F481122334455667788\r", b"\rZ\r"),
        (b"O\rR1FFFFFFF0\r", b"\rZ\r"),
        (b"O\rT3FFFFFFF0\r", b"\r\a"),  # 30 bits
        (b"O\rt8000\r", b"\r\a"),
        (b"O\rt123\r", b"\r\a"),
        (b"O\rt1239" + b"00" * 9 + b"\r", b"\r\a"),
        (b"O\rt123201\r", b"\r\a"),
        (b"O\rt12310102\r", b"\r\a"),
        (b"O\rt1231+1\r", b"\r\a"),
        (b"O\rt1231 1\r", b"\r\a"),
        (b"O\rT1806E5F4\r", b"\r\a"),
        (b"L\rt1230\r", b"\r\a"),  # listen only
        (b"\xff\xfe\r", b"\a"),
        (b"x" * 500 + b"\r", b"\a"),
        (b"x" * 64 + b"y" * 500 + b"\rV\r", b"\aV1013\r"),
    ],
)
async def test_answers_of_a_lawicel_adapter(hub, command, answer):
    adapter = await Adapter.open(hub, start=b"")
    assert await adapter.ask(command + b"N\r", until=b"NHUB0\r") == answer + b"NHUB0\r"
    adapter.close()


async def test_a_closed_channel_receives_nothing(hub):
    sender, closed = await Adapter.open(hub), await Adapter.open(hub)
    await closed.ask(b"C\rN\r", until=b"NHUB0\r")
    await sender.ask(b"t1231AA\r", until=b"z\r")
    assert await closed.ask(b"N\r", until=b"NHUB0\r") == b"NHUB0\r"
    await closed.ask(b"O\rN\r", until=b"NHUB0\r")
    await sender.ask(b"t1231bb\r", until=b"z\r")
    assert await closed.expect(b"BB\r") == b"t1231BB\r"


async def test_a_frame_split_over_packets_arrives_whole(hub):
    sender, other = await Adapter.open(hub), await Adapter.open(hub)
    for byte in b"T00433F0182AA\r".replace(b"82", b"1"):
        sender.writer.write(bytes((byte,)))
        await sender.writer.drain()
    assert await other.expect(b"\r") == b"T00433F011AA\r"


async def test_bus_off_is_reported_drops_traffic_and_needs_a_reopen(hub):
    one, two = await Adapter.open(hub), await Adapter.open(hub)
    hub.bus_off()
    for adapter in (one, two):
        assert await adapter.expect(b"\r") == b"sb000256\r"
    assert await one.ask(b"t1231AA\r", until=b"\a") == b"\a"
    assert await one.ask(b"F\r", until=b"\r") == b"F80\r"
    assert hub.send(0x123, b"") is None and hub.frames == 0 and hub.dropped == 2
    assert await one.ask(b"C\rO\r", until=b"sb000256\r") == b"\r\rsb000256\r", "the wire is still broken"
    hub.bus_ok()
    assert await one.ask(b"t1231AA\r", until=b"\a") == b"\a", "mending the wire does not restart a controller"
    for adapter in (one, two):
        assert await adapter.ask(b"C\rO\r", until=b"sa000000\r") == b"\r\rsa000000\r"
    one.writer.write(b"t1231AA\r")
    assert await two.expect(b"\r") == b"t1231AA\r"
    assert await one.ask(b"F\r", until=b"F00\r")


async def test_a_channel_with_another_bit_rate_is_bus_off(hub):
    one = await Adapter.open(hub)
    two = await Adapter.open(hub, start=b"")
    assert await two.ask(b"C\rS4\rO\r", until=b"sb000256\r") == b"\a\r\rsb000256\r"
    assert await two.ask(b"T000000010\r", until=b"\a") == b"\a" and hub.dropped == 1
    hub.send(0x123, b"", extended=False)
    assert await one.expect(b"t1230\r") == b"t1230\r"
    assert await two.ask(b"C\rS5\rO\r", until=b"sa000000\r") == b"\r\r\rsa000000\r"  # nothing of the frame
    one.close()
    two.close()


async def test_a_client_that_does_not_read_loses_frames_and_delays_no_other(hub):
    slow, reader = await Adapter.open(hub), await Adapter.open(hub)
    slow.writer.transport.pause_reading()
    data = bytes(8)
    for number in range(200_000):
        hub.send(0x1806E5F4, data)
        if number % 500 == 0:
            await reader.reader.read(1 << 20)
        if hub.lost:
            break
    assert hub.lost > 0
    last, tail = encode(0x00433F01, b"\x01"), b""
    hub.send(0x00433F01, b"\x01")
    while not tail.endswith(last):  # after what was queued for the reader before
        more = await asyncio.wait_for(reader.reader.read(1 << 20), 5)
        assert more, "the reader was disconnected"
        tail = (tail + more)[-len(last) :]
    assert all(c.lost == 0 for c in hub.clients if c.transport.get_write_buffer_size() == 0)
    lost = hub.lost
    slow.close()
    await asyncio.sleep(0)
    assert hub.lost >= lost, "the count outlives the client"


async def test_garbage_reaches_closed_and_open_channels_as_it_is(hub):
    adapter, closed = await Adapter.open(hub), await Adapter.open(hub, start=b"C\r")
    noise = os.urandom(100).replace(b"\r", b"\n") + b"\r"
    hub.garbage(noise)
    assert await adapter.expect(b"\r") == noise
    assert await closed.expect(b"\r") == noise
    hub.garbage()
    await adapter.expect(encode(0x12345678, bytes(range(8))))
    await adapter.expect(GARBAGE[-1])
    assert hub.frames == 0, "garbage is no frame"


async def test_waiting_for_frames(hub):
    mark = hub.frames
    waiting = asyncio.create_task(hub.wait_frame(lambda frame: frame.data == b"\x02", since=mark))
    await asyncio.sleep(0)
    hub.send(0x10, b"\x01")
    hub.send(0x11, b"\x02", extended=False)
    frame = await waiting
    assert (frame.can_id, frame.seq, frame.source, frame.extended) == (0x11, 2, 0, False)
    assert (await hub.wait_frame(0x10, since=mark)).seq == 1
    with pytest.raises(TimeoutError, match="no frame 00000010 on the bus"):
        await hub.wait_frame(0x10, timeout=0.05)


@pytest.mark.parametrize("extended, can_id", [(True, 0), (True, 0x1FFFFFFF), (False, 0x7FF)])
@pytest.mark.parametrize("data", [b"", b"\x00", bytes(range(0xF8, 0x100))])
def test_encoding_is_the_inverse_of_decoding(extended, can_id, data):
    line = encode(can_id, data, extended).decode().rstrip("\r")
    assert decode(line) == (can_id, data, extended, False)
