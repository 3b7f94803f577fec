"""The image of qemu_arm passes the black-box session test of the sources, with 25 of its 133 KB of heap taken away."""

import pytest
import pytest_asyncio
from charging_site import eventually
from qemu_site import BALLAST, KEPT_FREE, QemuSite
from test_certification_core import test_tc_013_hard_and_tc_014_soft_reset_without_a_transaction  # noqa: F401
from test_certification_sessions import *  # noqa: F403
from test_session import *  # noqa: F403  (all its tests, collected here a second time)
from test_session import CONFIGURATION

pytestmark = [pytest.mark.usefixtures("qemu_image"), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(qemu_image, tmp_path_factory):
    """One charger, whose firmware runs from the first test to the last."""
    async with QemuSite(tmp_path_factory.mktemp("home"), ballast=BALLAST) as site:
        await site.boot()
        await site.configure(**CONFIGURATION)
        yield site


async def test_it_was_the_image_all_the_time(site, qemu_image):
    assert site.firmware.command[0] == "qemu-system-arm" and site.firmware.command[-1] == str(qemu_image)


async def test_the_heap_that_a_session_leaves_free(qemu_image, tmp_path):
    async with QemuSite(tmp_path) as site:
        await site.boot()
        await site.configure(**CONFIGURATION)
        await site.start_session("CARD-1")
        await eventually(lambda: len(site.central.calls("MeterValues")) >= 4, "four MeterValues")
        await site.read_every_page()
        await site.stop_session("CARD-1")
        site.check_calm()
        assert await site.lowest_free() >= KEPT_FREE


async def test_more_than_the_ring_of_the_line_takes_waits_in_the_line(qemu_image, tmp_path):
    """A receiver that stays full does not interrupt for ever: all calls are answered, in their order."""
    async with QemuSite(tmp_path) as site:
        await site.boot()
        sent = [await site.central.call_raw("ClearChargingProfile", {"id": number}) for number in range(300)]
        await site.central.wait_answer(sent[-1], 60)
        answers = [m.uid for m in site.central.messages if m.direction == "in" and m.kind in (3, 4)]
        assert [uid for uid in answers if uid in sent] == sent


async def test_a_line_that_is_cut_without_a_word_is_noticed_and_dialled_again(site):
    """A UART has no carrier: pings that nobody answers tell that the connection is gone."""
    await site.configure(WebSocketPingInterval=2)
    begun = await site.start_session("CARD-11")
    connections = site.central.connections
    since = site.mark()
    await site.central.close_socket(abort=True)
    await eventually(lambda: site.central.connections > connections, "a new connection", 60)
    ended = await site.stop_session("CARD-11")
    assert begun.payload["idTag"] == ended.payload["idTag"] == "CARD-11"
    assert len(site.central.calls("StopTransaction", since)) == 1
    await site.configure(WebSocketPingInterval=30)
