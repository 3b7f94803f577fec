"""Infypower modules on bare metal: integers of 32 bit, functions with machine code, the heap of an ESP32."""

from functools import partial

import pytest
from infy_site import CONFIGURATION, WithInfypower
from qemu_site import QemuSite

from tools.build_firmware import build
from tools.qemu import QemuFirmware

BOARD = "tests_unix.boards.qemu_infy"
KEPT_FREE = 24 * 1024  # bytes of the heap; measured: 29.3 thousand


class QemuInfySite(WithInfypower, QemuSite):
    """Vehicle and modules are on the one bus that the machine has."""

    def __init__(self, home):
        super().__init__(home, board=BOARD, kind=partial(QemuFirmware, board=BOARD))


async def test_a_session(tmp_path):
    build(BOARD)
    async with QemuInfySite(tmp_path) as site:
        await site.boot()
        await site.configure(**CONFIGURATION)
        billed, delivered = await site.charge_and_taper("BILL", 25)
        assert delivered > 150
        assert billed == pytest.approx(delivered, rel=0.005)
        await site.answer("can", r"0 not sent\s+0 unknown, 0 refused, 0 garbage")
        await site.read_every_page()
        site.check_calm()
        assert await site.lowest_free() >= KEPT_FREE
