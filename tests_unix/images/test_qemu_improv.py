"""Improv on a microcontroller's UART: Ctrl-C is a byte of each command, and what is written is not made CR LF."""

import asyncio
import contextlib
from functools import partial

from qemu_site import QemuSite

from tools.build_firmware import build
from tools.qemu import QemuFirmware

BOARD = "tests_unix.boards.qemu_improv"
GET_STATE = b"IMPROV\x01\x03\x02\x02\x00\xe5\n"
GET_NAME = b"IMPROV\x01\x03\x02\x06\x00\xe9\n"
SCAN = b"IMPROV\x01\x03\x02\x04\x00\xe7\n"
NO_ERROR = r"^IMPROV\x01\x02\x01\x00.\n"
NAMED = {"ocpp": {"id": "CP-0001"}}  # so the length of what is answered with it is the byte of a line feed, 10


async def test_frames_on_the_uart_of_the_console(tmp_path):
    build(BOARD)
    kind = partial(QemuFirmware, board=BOARD)
    async with QemuSite(tmp_path, board=BOARD, kind=kind, settings=NAMED) as site:
        await site.boot()
        since = site.firmware.mark
        await site.firmware.write(GET_STATE)
        await site.printed(NO_ERROR + r"IMPROV\x01\x01\x01\x02.\n", since)  # no network is configured: ready
        since = site.firmware.mark
        await site.firmware.write(b"sta" + GET_NAME + b"tus\n" + SCAN)
        await site.printed(r"^IMPROV\x01\x04\n\x06\x08\x07CP-0001.\n", since)
        await site.printed("State: ", since)
        await site.printed(r"^IMPROV\x01\x02\x01\x02.\n", since)  # there is no radio
        assert "ignored: " not in site.firmware.text
        site.check_calm()
        assert await site.firmware.interrupt() == 0, "Ctrl-C is a key, which ends it in order"


async def test_a_client_that_asks_from_power_on_does_not_interrupt_the_start(tmp_path):
    """It has just flashed the device and asks again and again: Ctrl-C, which is in each frame, led to the REPL."""
    build(BOARD)
    async with QemuSite(tmp_path, board=BOARD, kind=partial(QemuFirmware, board=BOARD)) as site:
        del site.firmware.files["boot.py"]  # a developer's, which MicroPython runs as something to be interrupted
        await site.firmware.start()
        asking = asyncio.create_task(ask_again_and_again(site))
        try:
            await site.printed(NO_ERROR + r"IMPROV\x01\x01\x01\x02.\n")
        finally:
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
        await site.answer("status", "State: ")
        site.check_calm()


async def ask_again_and_again(site):
    while True:
        await site.firmware.write(GET_STATE)
        await asyncio.sleep(0.05)
