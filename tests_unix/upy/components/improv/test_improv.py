"""Improv's frames between what is typed at the console, byte by byte; the frames are literal."""

import micropython
import sys

from console_site import ConsoleSite

GET_STATE = b"IMPROV\x01\x03\x02\x02\x00\xe5"
GET_INFO = b"IMPROV\x01\x03\x02\x03\x00\xe6"
NO_ERROR = "IMPROV\x01\x02\x01\x00\xe1\n"
INVALID = "IMPROV\x01\x02\x01\x01\xe2\n"
UNKNOWN = "IMPROV\x01\x02\x01\x02\xe3\n"
PROVISIONED = "IMPROV\x01\x01\x01\x04\xe4\n"
NO_PAGE = "IMPROV\x01\x04\x02\x02\x00\xe6\n"
STATE = NO_ERROR + PROVISIONED + NO_PAGE


async def test_the_state_is_answered_in_lines_of_their_own(tmp):
    async with ConsoleSite(tmp) as site:
        before = len(site.screen.text)
        assert await site.type(GET_STATE + b"\n") == STATE
        assert site.screen.text[:before].endswith("\n")
        assert "prompt" not in site.screen.text and site.kernel["console"].keyboard is None


async def test_a_frame_in_what_is_typed_and_in_what_is_written(tmp):
    """Neither the line nor its echo loses a character; a frame begins a line."""
    async with ConsoleSite(tmp) as site:
        site.kernel["console"].echo = site.kernel["improv"].write
        assert await site.type("sta") == "sta"
        assert await site.type(GET_STATE + b"\n") == "\n" + STATE
        assert await site.type(b"tu" + GET_STATE) == "tu\n" + STATE
        text = await site.type("s\r\n")
        assert "State:" in text and "IMPROV" not in text and site.kernel["console"].unknown == 0
        text = await site.type(b"status\r" + GET_STATE + b"\nwhy\r")
        assert STATE in text and "State:" in text and "BLOCKS" in text, text
        for line in text.split("\n"):
            assert "IMPROV" not in line[1:], line


async def test_words_that_begin_as_the_header_are_typed_as_any(tmp):
    """A single I waits for 60 ms, or for the next key."""
    async with ConsoleSite(tmp) as site:
        site.kernel["console"].echo = site.kernel["improv"].write
        assert await site.type("I") == ""
        assert await site.wait(59) == "" and await site.wait(3) == "I"
        assert await site.type("\x7fIM") == "\b \b" and await site.wait(62) == "IM"
        assert await site.type("\x7f\x7fII") == "\b \b\b \bI" and await site.wait(62) == "I"
        assert await site.type("\x15") == "\r\x1b[K"
        assert await site.type("IMPROVE") == "IMPROVE"
        assert await site.type("\x15IMPROV\x02") == "\r\x1b[KIMPROV"
        assert await site.type("\x15IIIMPRIMPROV") == "\r\x1b[KIIIMPR" and await site.wait(62) == "IMPROV"
        assert "ignored" in await site.type("\r")


async def test_the_stop_key_never_waits(tmp):
    """Behind the beginning of a header, behind a whole frame, and behind one that has broken off."""
    async with ConsoleSite(tmp) as site:
        stop = site.kernel["gate"].emergency_stop
        await site.type(GET_STATE + b"t")
        assert "stop_cleared" in site.kernel["gate"].blocking()
        await site.wait(550)
        assert stop.value is True
        await site.type("\ns\n")
        await site.type(b"IMPROV\x01\x03\xfft t t")
        assert stop.value is False and "stop_cleared" not in site.kernel["gate"].blocking(), "bytes of the frame"
        assert INVALID in await site.wait(62)
        await site.type("t")
        assert "stop_cleared" in site.kernel["gate"].blocking()
        await site.wait(550)
        assert stop.value is True


async def test_what_is_no_command_is_answered_as_that(tmp):
    async with ConsoleSite(tmp) as site:
        for frame, answer in (
            (b"IMPROV\x01\x03\x02\x02\x00\xe6", INVALID),  # its checksum
            (b"IMPROV\x01\x03\x02\x02\x01\xe6", INVALID),  # more data than it has
            (b"IMPROV\x01\x03\x03\x02\x00\x00\xe6", INVALID),  # fewer
            (b"IMPROV\x01\x03\x01\x02\xe4", INVALID),  # no length of the data
            (b"IMPROV\x01\x03\x00\xe1", INVALID),
            (b"IMPROV\x01\x03\x02\x07\x00\xea", UNKNOWN),
            (b"IMPROV\x01\x03\x02\xff\x00\xe2", UNKNOWN),
            (b"IMPROV\x01\x01\x01\x02\xe2\n", ""),  # ours, echoed
            (b"IMPROV\x01\x09\x00\xe7", ""),
        ):
            assert await site.type(frame + b"\n") == answer, frame
        for frame in (b"IMPROV\x01", b"IMPROV\x01\x03", b"IMPROV\x01\x03\x02", GET_STATE[:-1]):
            assert await site.type(frame) == ""
            assert await site.wait(62) == INVALID, frame
            assert await site.type(GET_STATE) == STATE
        assert site.kernel["console"].unknown == 0 and all(part.failures == 0 for part in site.kernel.parts)


async def test_many_frames_at_once_are_answered_up_to_a_bound(tmp):
    async with ConsoleSite(tmp) as site:
        text = await site.type(100 * GET_STATE)
        assert text.count(STATE) >= 4 and text.replace(STATE, "") == ""
        assert await site.type(GET_STATE) == STATE


async def test_the_end_of_the_input_is_that_of_the_console(tmp):
    async with ConsoleSite(tmp) as site:
        site.kernel["console"].echo = site.kernel["improv"].write
        site.screen.type("IM")
        site.screen.close()
        assert "IM" in await site.wait(0) and "the input has ended" in site.screen.text
        assert "State:" in await site.wait(10000)


async def test_without_memory_keys_are_keys_and_a_frame_is_none(tmp):
    async with ConsoleSite(tmp) as site:
        improv, buf = site.kernel["improv"], bytearray(32)
        frame = GET_STATE + b"t"
        micropython.heap_lock()
        count = 0
        for byte in b"status IMPRO\r":
            count = improv._take(byte, buf, count)
        for byte in frame:
            improv._take(byte, buf, 20)
        micropython.heap_unlock()
        assert bytes(buf[:count]) == b"status IMPRO\r"
        assert await site.type(b"t") == "" and await site.wait(62) == INVALID  # so far it is the same frame
        assert site.kernel.emergency_stop.value is False
        assert await site.type(GET_STATE) == STATE


class NoMemory:
    """A module for which there is no memory."""

    @staticmethod
    def Rpc(improv):
        raise MemoryError


async def test_what_is_loaded_for_a_frame_is_let_go_and_may_have_no_memory(tmp):
    async with ConsoleSite(tmp) as site:
        await site.type(GET_STATE + GET_INFO)
        assert "components.improv.rpc" not in sys.modules and site.kernel["improv"].rpc is None
        sys.modules["components.improv.rpc"] = NoMemory
        text = await site.type(GET_STATE)
        assert "IMPROV" not in text and "no memory to answer" in text
        assert await site.type(GET_STATE) == STATE
        assert "State:" in await site.type("status\n")
