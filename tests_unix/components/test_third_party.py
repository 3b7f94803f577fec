"""A third party's component, board and power module work from outside the repository (docs/writing-components.md).

The files are written word for word into a temporary folder; the real firmware charges with them.
"""

import asyncio
import struct

import pytest
import pytest_asyncio
from charging_site import Site, eventually, metered_wh
from third_party import ThirdParty, files, free_port, with_path, write

from tools.demo import TOLERANCE
from tools.selection import Selection

pytestmark = pytest.mark.asyncio(loop_scope="module")
ORDER = 0x0CAC0002
LIFE_MS = 2500


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    write(folder)
    with pytest.MonkeyPatch.context() as patch:
        with_path(patch, folder)
        async with ThirdParty(folder, settings={"building": {"life_ms": LIFE_MS}}) as site:
            await site.boot()
            await site.configure(MeterValueSampleInterval=1, StopTxnSampledData="Energy.Active.Import.Register")
            yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    since = shared.mark()
    yield shared
    shared.module.failed = False
    await shared.say("none")
    await shared.free()
    assert shared.wrong_messages(since) == []
    shared.check_calm()


def orders(site, since=0):
    """(V, A, on) of each order to the module."""
    frames = [frame for frame in site.hub.log.after(since) if frame.can_id == ORDER]
    found = [struct.unpack("<HHB", frame.data) for frame in frames]
    return [(centivolts / 100, centiamps / 100, on == 1) for centivolts, centiamps, on in found]


async def test_the_files_are_those_of_the_documents():
    assert set(files()) == {
        "acme_module.py",
        "acme_simulator.py",
        "building.py",
        "card_reader.py",
        "lamp.py",
        "modbus_meter.py",
        "myboards/acme.py",
        "myboards/acme_modbus.py",
    }


async def test_an_image_of_its_board_has_its_modules_and_not_its_simulator(tmp_path, monkeypatch):
    """What make firmware and make romfs take of a board from elsewhere."""
    write(tmp_path)
    with_path(monkeypatch, tmp_path)
    taken = {path for path, _ in Selection("myboards.acme_modbus", build=tmp_path / "build").files}
    assert {"acme_module.py", "building.py", "card_reader.py", "modbus_meter.py", "myboards/acme.py"} <= taken
    assert "components/meter/counting.py" in taken and "components/charger/power_module.py" in taken
    assert not {"acme_simulator.py", "components/charger/elcon.py", "components/charger/infy.py"} & taken


async def test_make_run_needs_no_more_than_the_boards_name(tmp_path, monkeypatch):
    """As the guide has it: every option has a value in the board, and the simulator is the board's."""
    write(tmp_path)
    with_path(monkeypatch, tmp_path)
    async with Site(tmp_path / "home", board="myboards.acme") as site:
        assert type(site.module).__name__ == "AcmeSimulator"
        await site.boot()
        await site.condition("charger_online", "ok")


async def test_a_session_with_its_card_reader_its_module_and_a_limit_of_its_building(site):
    """What its module delivered is what is billed. A step between two reports is billed as if it were in their middle,
    so the current rises slowly, falls in steps that are at any moment between two, and flows for long beside them.
    """
    site.module.ramp_a_s = 40
    delivered_wh = site.module.delivered_wh
    await site.say("40")
    begun = await site.charge("04A2B3C4D5E6F7")
    await eventually(lambda: abs(site.module.current_a - 40) < 0.1, "40 A")
    for _ in range(25):
        await site.say("40")  # as often as the building says it
        await asyncio.sleep(1)
    for amps in (30, 20, 10, 5, 2):
        await site.say(str(amps))
        await asyncio.sleep(0.4 + amps / 300)
    assert max(amps for _, amps, on in orders(site) if on) == 40.0
    site.module.ramp_a_s = 200
    assert {volts for volts, _, on in orders(site) if on} == {84.0}
    ended = await site.end("04A2B3C4D5E6F7")
    await eventually(lambda: site.module.current_a < 0.01, "no current")
    delivered_wh = site.module.delivered_wh - delivered_wh
    assert delivered_wh > 20, delivered_wh
    assert metered_wh(ended) == pytest.approx(delivered_wh, rel=TOLERANCE)
    assert ended.payload["meterStop"] - begun.payload["meterStart"] == pytest.approx(delivered_wh, abs=1)


async def test_its_lamp_and_buzzer_show_what_becomes_of_a_card(site):
    """Written from the page of the operator alone: also what the central system decides later, and the stop."""
    before = len(site.shown())
    await site.say("40")
    await site.charge("CARD-1")
    await eventually(lambda: site.shown()[before:] == "YGG", "checked, accepted, started")
    await site.end("CARD-1")
    await eventually(lambda: site.shown()[before:] == "YGGOB", "ended")
    site.central.books.tags["STOLEN"] = "Blocked"
    site.hold_card("STOLEN")
    await eventually(lambda: site.shown()[before:] == "YGGOBYRB", "checked, and refused by the central system")
    await site.type("t")
    await eventually(lambda: site.shown()[before:] == "YGGOBYRBR", "the emergency stop")
    await site.answer("s", "is released")
    await eventually(lambda: site.shown()[before:] == "YGGOBYRBRO", "its release")


async def test_a_building_that_is_silent_leaves_the_fail_safe_limit(site):
    """6 A, the board's fail_safe_ma, when nobody has renewed the limit for its life time."""
    await site.say("60")
    await site.charge("CARD-2")
    await eventually(lambda: orders(site)[-1][1] == 60.0, "60 A")
    since = site.firmware.mark
    await eventually(lambda: orders(site)[-1] == (84.0, 6.0, True), "the fail-safe limit")
    await site.printed(r"the limit of building has expired: 6000 mA holds instead", since)
    await eventually(lambda: site.module.current_a < 6.1, "6 A")
    await site.say("not a limit")
    await site.printed(r"no limit: ", since)
    await site.say("25")
    await eventually(lambda: orders(site)[-1][1] == 25.0, "25 A")
    await site.say("none")
    await eventually(lambda: orders(site)[-1][1] == 100.0, "the station's own limit")
    await site.end("CARD-2")


async def test_a_limit_of_0_stops_the_module_at_once(site):
    await site.say("60")
    await site.charge("CARD-3")
    since = site.hub.frames
    await site.say("0")
    await eventually(lambda: orders(site, since) and not orders(site, since)[-1][2], "a stop", 2)
    await eventually(lambda: not site.module.enabled, "the module is off")
    await site.say("60")
    await eventually(lambda: site.module.current_a > 50, "current flows again")
    await site.end("CARD-3")


async def test_a_module_that_fails_and_a_module_that_is_silent(site):
    await site.charge("CARD-4")
    mark = site.mark()
    site.module.failed = True
    await site.status("Faulted", mark)
    await eventually(lambda: not orders(site)[-1][2], "a stop")
    site.module.failed = False
    await site.status("Charging", mark)
    site.module.silent = True
    await eventually(lambda: not orders(site)[-1][2], "a stop")
    site.module.silent = False
    await eventually(lambda: site.module.current_a > 1, "current flows again")
    await site.end("CARD-4")


async def test_the_console_shows_what_is_not_ours(site):
    await site.answer("components", r"(?m)^.*\bbuilding\b.*\brunning\b")


async def test_a_meter_that_is_not_there_lets_nothing_be_charged(tmp_path, monkeypatch):
    """The board with the Modbus meter, and nobody at the other end."""
    write(tmp_path)
    with_path(monkeypatch, tmp_path)
    settings = {"meter": {"host": "127.0.0.1", "port": free_port()}}
    async with ThirdParty(tmp_path, board="myboards.acme_modbus", settings=settings) as site:
        await site.boot()
        await site.printed(r"the meter is silent: nothing is charged")
        site.vehicle.plug()
        assert (await site.status("Faulted")).payload["errorCode"] == "PowerMeterFailure"
        await site.condition("in_limits", "BLOCKS")
        site.hold_card("CARD-5")
        await asyncio.sleep(1)
        assert not site.module.enabled and not [order for order in orders(site) if order[2]]
