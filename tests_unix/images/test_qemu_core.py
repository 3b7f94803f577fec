"""The image of qemu_arm_core: a charger with the Core profile alone needs 96 KB of heap, and has no other profile."""

from functools import partial

from charging_site import eventually
from qemu_site import QemuSite

from tools.payload import GC_HEAP
from tools.qemu import QemuFirmware

SMALL = 96 * 1024
KEPT_FREE = 8 * 1024  # bytes of it that a session leaves free; measured: 9.7 thousand


async def test_a_session_with_the_core_profile_alone_in_96_kb(core_image, tmp_path):
    async with QemuSite(tmp_path, ballast=GC_HEAP - SMALL, kind=partial(QemuFirmware, board="qemu_arm_core")) as site:
        await site.boot()
        assert site.firmware.command[-1] == str(core_image)
        assert await site.configured("SupportedFeatureProfiles") == "Core"
        assert (await site.ask("GetLocalListVersion", {})).payload == {"listVersion": -1}
        answer = await site.ask("ClearChargingProfile", {})
        assert answer.payload["errorCode"] == "NotSupported"
        await site.configure(MeterValueSampleInterval=1)
        await site.start_session("CARD-1")
        await eventually(lambda: len(site.central.calls("MeterValues")) >= 4, "four MeterValues")
        await site.read_every_page()
        await site.stop_session("CARD-1")
        site.check_calm()
        assert await site.lowest_free() - (GC_HEAP - SMALL) >= KEPT_FREE
