"""Sessions of the board unix_infy: the real firmware, two Infypower modules on a bus of their own, a vehicle of 400 V.

The bill is held against the energy that the simulated output delivers behind the modules' diodes, integrated every
20 ms; the frames against tools/infypower.dbc.
"""

import asyncio

import pytest
import pytest_asyncio
from charging_site import Site, eventually
from infy_site import CONFIGURATION, WithInfypower

from tools.infy import SET, SWITCH

pytestmark = pytest.mark.asyncio(loop_scope="module")


class InfySite(WithInfypower, Site):
    """A site of the board."""

    def __init__(self, home, **options):
        super().__init__(home, board="unix_infy", **options)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    async with InfySite(tmp_path_factory.mktemp("home")) as site:
        await site.boot()
        await site.configure(**CONFIGURATION)
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger, free; each test leaves it so and has spoken correct OCPP."""
    since = shared.mark()
    yield shared
    shared.clear_faults()
    assert shared.wrong_messages(since) == []
    shared.check_calm()


async def test_the_bill_is_what_the_modules_deliver_behind_their_diodes(site):
    """Within 0.5 %. In front of the diodes there is 0.16 % more."""
    mark = site.hub.frames
    billed, delivered = await site.charge_and_taper("BILL", 25)
    assert delivered > 150
    assert billed == pytest.approx(delivered, rel=0.005)
    told = site.told_a(mark)
    assert set(told) == {0, 1} and told[0][0] == 30.0 and 15.0 in told[1] and min(told[0] + told[1]) == 1.5


async def test_a_start_follows_its_limits_and_a_stop_follows_the_vehicles(site):
    mark = site.hub.frames
    await site.begin("ORDER")
    first = {}
    for frame, what in site.orders(mark):
        first.setdefault((what.destination, what.command, frame.data[0] if what.command == SWITCH else 0), frame.seq)
    for address in (0, 1):
        assert first[address, SET, 0] < first[address, SWITCH, 0]
    mark = site.hub.frames
    cause = asyncio.get_running_loop().time()
    site.vehicle.stop_charging()
    stops = [await site.hub.wait_frame(can_id, 5, mark) for can_id in (0x02DA01F0, 0x029A00F0, 0x029A01F0)]
    assert {frame.data for frame in stops} == {bytes((1, 0, 0, 0, 0, 0, 0, 0))}
    assert max(frame.time for frame in stops) - cause < 0.1  # a task that comes every 300 ms would wait for half of it
    await eventually(lambda: not site.module.enabled, "both are off")
    site.vehicle.permit()
    await site.current_flows()
    await site.end("ORDER")


async def test_a_module_that_receives_nothing_any_more(site):
    """It delivers until its own 10 s are over. Nobody takes its part before; then the other one goes on alone."""
    await site.begin("DEAF")
    await eventually(lambda: site.module.current_a > 59.9, "all the current")
    deaf, other = site.module.unit(1), site.module.unit(0)
    loop = asyncio.get_running_loop()
    mark, began = site.hub.frames, loop.time()
    deaf.rx_off = True
    await eventually(lambda: not other.on, "the gate closes")
    assert 2.5 < loop.time() - began < 5
    await eventually(lambda: not deaf.on, "it switches off")
    assert 9.5 < loop.time() - began < 12
    assert not other.on, "as long as it may deliver nobody takes its part"
    await eventually(lambda: other.on, "the other one goes on")
    assert not deaf.on and loop.time() - began > 11.5
    await eventually(lambda: other.current_a > 59.9, "the other one delivers all")
    await site.printed(r"module 1 is silent: it counts as off, the others run")
    await site.answer("status", r"Module 1: silent, counts as off")
    deaf.rx_off = False
    await eventually(lambda: deaf.current_a > 29.9 and other.current_a < 30.1, "it takes its part again")
    assert max(site.allowed_a(mark)) <= 60.0, "never more for all together, also not for a moment"
    await site.end("DEAF")


async def test_faults_are_reported_by_their_names(site):
    since = site.mark()
    site.module.overheat()
    await site.received("StatusNotification", since, connectorId=1, status="Faulted", errorCode="HighTemperature")
    site.clear_faults()
    site.module.over_temperature = False
    await site.status("Available", since)
    since = site.mark()
    site.module.unit(1).conditions = {"address_repeated"}
    told = await site.received("StatusNotification", since, connectorId=1, status="Faulted", errorCode="OtherError")
    assert told.payload["info"] == "a fault of the power module, or on its bus"
    await site.answer("why", r"error: a fault of the power module, or on its bus")
    site.clear_faults()
    await site.status("Available", since)


async def test_modules_that_answer_for_others_are_never_switched_on(tmp_path):
    """Their dials say 4 and 5; the board says 0 and 1."""
    async with InfySite(tmp_path) as site:
        for unit, address in zip(site.module.units, (4, 5)):
            unit.answers_as = address
        since = site.mark()
        await site.boot()
        await site.printed(r"a module answers under address 4, which the board does not declare")
        await site.status("Faulted", since)
        site.vehicle.plug()
        await site.present("CARD")
        await site.printed("plugged in")
        await site.answer("why", r"BLOCKS  +the power module is silent")
        await site.answer("status", r"Undeclared module [45] answers")
        await site.answer("can", r"0x02(83|8A|9A)F004 4: unknown addresses")  # of six identifiers four are kept
        assert not any(what.command == SET for _, what in site.orders()) and not site.module.enabled
        site.check_calm()
