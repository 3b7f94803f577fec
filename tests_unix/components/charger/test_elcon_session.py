"""Charging with Elcon/TC chargers as power modules: the real firmware, board unix_elcon, two buses, two modules.

Billed are the output current and voltage that the modules report, in steps of 0.1, once a second. So the bill is held
against the simulated output itself, which is integrated every 20 ms.
"""

import pytest
from charging_site import Site, eventually, metered_wh
from elcon_site import CONFIGURATION, FILLS, WithElcon, bill_wh

from tools.elcon import request_id

TOLERANCE = 0.005
FIRST, SECOND = 0xE5, 0xE6


class ElconSite(WithElcon, Site):
    """A site of the board."""

    def __init__(self, home, **options):
        super().__init__(home, board="unix_elcon", **options)


async def test_a_session_is_billed_right(tmp_path):
    """A "Max" pack is filled by two modules that share its current; it tapers, and its BMS ends the charge."""
    async with ElconSite(tmp_path, **FILLS) as site:
        await site.boot()
        await site.configure(**CONFIGURATION)
        begun, ended = await site.fill()
        for address in (FIRST, SECOND):
            told = site.told(address)
            assert max(message["MaxCurrent"] for message in told) <= 145.0, "half of what the vehicle asks for"
            assert {message["MaxVoltage"] for message in told if message["Control"] == 0} == {84.0}
        delivered_wh, output_wh = site.module.delivered_wh, site.module.output_wh
        assert output_wh > 100, "a bill that is worth something"
        figures = f"register {metered_wh(ended):.3f} Wh, output {output_wh:.3f} Wh, reported {delivered_wh:.3f} Wh"
        assert metered_wh(ended) == pytest.approx(output_wh, rel=TOLERANCE), figures
        assert bill_wh(begun, ended) == pytest.approx(output_wh, abs=TOLERANCE * output_wh + 1)
        assert site.wrong_messages() == []
        site.check_calm()


async def test_the_vehicles_stop_and_a_lost_module(tmp_path):
    async with ElconSite(tmp_path) as site:
        await site.boot()
        await site.begin()
        since = site.hub.frames
        lost = site.module.unit(SECOND)
        lost.hardware_failure = True
        await eventually(lambda: site.last(FIRST, since).get("MaxCurrent") == 150.0, "what one module can deliver")
        assert site.last(SECOND, since)["Control"] == 1
        assert "module 0xE6 has flags 0x01" in site.firmware.text
        lost.clear_faults()
        await eventually(lambda: site.last(SECOND, since)["Control"] == 0, "both modules again")
        mark = site.mark()
        site.vehicle.stop_charging()
        await site.status("SuspendedEV", mark)
        await eventually(lambda: not site.module.enabled, "the modules are off")
        site.vehicle.permit()
        await site.status("Charging", mark)
        site.pull_out()
        await site.received("StopTransaction", mark)
        await eventually(lambda: not site.module.enabled, "the modules are off")


async def test_modules_that_receive_nothing_switch_off(tmp_path):
    """A bus-off of the modules' bus: the firmware closes the gate, the modules end 5 s after the last request."""
    async with ElconSite(tmp_path) as site:
        await site.boot()
        await site.begin()
        site.hub.bus_off()
        await eventually(lambda: not site.module.enabled, "the protocol's time-out", 10)
        assert all(unit.timed_out for unit in site.module.units)
        since = site.hub.frames
        site.hub.bus_ok()
        await eventually(lambda: site.told(FIRST, since), "requests again")
        assert site.told(FIRST, since)[0]["Control"] == 1, "the first word is a stop"
        await eventually(lambda: site.module.current_a > 1, "current flows again", 30)


async def test_a_module_with_another_address_is_never_enabled(tmp_path):
    """The board declares 0xE5 and 0xE6; the rack answers as 0xE5 and 0xE8."""
    async with ElconSite(tmp_path, module={"addresses": (0xE5, 0xE8)}) as site:
        await site.boot()
        since = site.mark()
        site.vehicle.plug()
        told = r"a module answers with identifier 0x18FF50E8, whose address the board does not declare"
        await site.printed(told)
        await site.condition("in_limits", "BLOCKS")
        await site.answer("can", r"0x18FF50E8 0xE8: unknown addresses")
        await site.answer("status", r"Foreign CAN frame 0x18FF50E8")
        await site.status("Faulted", since)
        await site.present("CARD")
        for _ in range(3):
            await site.hub.wait_frame(request_id(FIRST), 5)
        assert all(message["Control"] == 1 for message in site.told(FIRST) + site.told(SECOND))
        assert site.told(0xE8) == []
        assert site.module.output_wh == 0 and not site.module.enabled
