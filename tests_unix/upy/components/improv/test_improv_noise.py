"""Noise on the line: frames that are nearly right, cut off, or none. Afterwards the console and the next frame work."""

import random

from console_site import ConsoleSite

GET_STATE = b"IMPROV\x01\x03\x02\x02\x00\xe5"
PROVISIONED = "IMPROV\x01\x01\x01\x04\xe4\n"


def noise(draw):
    """Some bytes: a frame with a right checksum, one without, one that is cut off, or anything but the key ``t``."""
    size = draw.randrange(20)
    data = bytes([draw.randrange(256) for _ in range(size)])
    kind = draw.randrange(4)
    if kind == 3:
        return data.replace(b"t", b"").replace(b"\x03", b"").replace(b"\x04", b"")
    command = bytes([draw.choice((0, 2, 3, 6, 7, 200)), draw.randrange(256) if draw.randrange(2) else size]) + data
    frame = b"IMPROV\x01" + bytes([draw.choice((1, 3, 3, 3, 9)), len(command)]) + command
    frame += bytes([(sum(frame) + (kind == 1)) & 0xFF])
    return frame[: draw.randrange(len(frame))] if kind == 2 else frame


async def test_noise_on_the_line(tmp):
    random.seed(11)
    async with ConsoleSite(tmp) as site:
        for _ in range(300):
            await site.type(noise(random))
            await site.wait(random.choice((70, 200)))  # else the rest of the next frame are keys, Ctrl-C perhaps
        await site.wait(200)
        await site.type("\x15\r")
        text = await site.type(GET_STATE + b"\n")
        assert PROVISIONED in text, (text, site.screen.text[-600:])
        assert "State:" in await site.type("status\r")
        assert site.kernel["improv"].frames == [] and not site.kernel["gate"].emergency_stop.value
