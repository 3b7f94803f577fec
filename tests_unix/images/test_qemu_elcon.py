"""Elcon/TC chargers as power modules on 32 bit, in the heap of an ESP32: a session, and its bill."""

from functools import partial

import pytest
from charging_site import metered_wh
from elcon_site import CONFIGURATION, FILLS, WithElcon, bill_wh
from qemu_site import QemuSite

from tools.build_firmware import build
from tools.qemu import QemuFirmware

BOARD = "tests_unix.boards.qemu_elcon"
TOLERANCE = 0.005
KEPT_FREE = 24 * 1024  # bytes of the heap


class QemuElconSite(WithElcon, QemuSite):
    """Vehicle and modules are on the one bus that the machine has."""

    def __init__(self, home):
        super().__init__(home, board=BOARD, kind=partial(QemuFirmware, board=BOARD), **FILLS)


async def test_a_session(tmp_path):
    build(BOARD)
    async with QemuElconSite(tmp_path) as site:
        await site.boot()
        await site.configure(**CONFIGURATION)
        begun, ended = await site.fill()
        output_wh = site.module.output_wh
        assert output_wh > 100
        assert metered_wh(ended) == pytest.approx(output_wh, rel=TOLERANCE)
        assert bill_wh(begun, ended) == pytest.approx(output_wh, abs=TOLERANCE * output_wh + 1)
        await site.answer("status", r"Module 0xE6: ready")
        await site.read_every_page()
        site.check_calm()
        assert await site.lowest_free() >= KEPT_FREE
