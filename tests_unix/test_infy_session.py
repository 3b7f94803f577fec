"""Sessions of the board unix_infy: the real firmware, two Infypower modules on a bus of their own, a vehicle of 400 V.

The bill is held against the energy that the simulated output delivers behind the modules' diodes, integrated every
20 ms; the frames against tools/infypower.dbc.
"""

import asyncio

import cantools
import pytest
import pytest_asyncio
from rig import Site, eventually

from tools.battery import Pack
from tools.firmware import ROOT
from tools.infy import GROUP, SET, SWITCH, Identifier, InfyModules

pytestmark = pytest.mark.asyncio(loop_scope="module")
DBC = cantools.database.load_file(ROOT / "tools" / "infypower.dbc")
CONFIGURATION = {"MeterValueSampleInterval": 1, "AuthorizationCacheEnabled": False}
PACK = Pack("HV", 60.0, 60.0, 0.1, cells=100, max_v=420.0)  # 380 to 412 V at rest from a half to a full charge


class InfySite(Site):
    """A site of the board."""

    module: InfyModules

    def __init__(self, home, **options):
        super().__init__(home, board="unix_infy", pack=PACK, **options)

    def orders(self, since=0):
        """What the firmware told the modules: [(frame, its identifier)]."""
        found = [(frame, Identifier.of(frame.can_id)) for frame in self.hub.log if frame.seq > since]
        return [(frame, what) for frame, what in found if what.source == 0xF0 and what.command in (SWITCH, SET)]

    def told_a(self, since=0):
        """The limits in A that each module was told, by its address."""
        told = {}
        for frame, what in self.orders(since):
            if what.command == SET:
                told.setdefault(what.destination, []).append(decoded(frame)["Current"])
        return told

    def allowed_a(self, since):
        """After each order the sum of what those that are on may deliver; both are on, with 30 A, before the first."""
        limits, on = {0: 30.0, 1: 30.0}, {0: True, 1: True}
        for frame, what in self.orders(since):
            for address in limits if what.device == GROUP else (what.destination,):
                if what.command == SET:
                    limits[address] = decoded(frame)["Current"]
                else:
                    on[address] = not decoded(frame)["Off"]
            yield sum(limits[address] for address in limits if on[address])

    async def begin(self, tag):
        """Plug in and present a card; return when current flows."""
        await self.plug_in()
        since = self.mark()
        await self.present(tag)
        await self.heard("StartTransaction", since)
        await self.status("Charging", since)
        await self.current_flows()

    async def end(self, tag):
        """Present the card again; when all that flowed is billed pull the gun out."""
        since = self.mark()
        await self.present(tag)
        await self.heard("StopTransaction", since)
        await self.status("Finishing", since)
        await self.leave(since)

    async def leave(self, since):
        await eventually(lambda: self.module.current_a == pytest.approx(0, abs=1e-3), "no current")
        self.vehicle.unplug()
        self.module.voltage_v = 0.0
        await self.status("Available", since)

    def billed_wh(self):
        """The last transaction, from its data: the register in Wh, with its decimals."""
        register = self.central.books.last.stop_register_wh()
        return register[-1] - register[0]


def decoded(frame):
    """By the DBC file, whose frames are those of module 0 and group 0."""
    what = Identifier.of(frame.can_id)
    asked = what.source == 0xF0
    known = what._replace(**({"destination": 0} if asked else {"source": 0}))
    return DBC.decode_message(known.can_id, frame.data, decode_choices=False)


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
    shared.heal()
    assert shared.wrong_messages(since) == []
    shared.check_calm()


async def test_the_bill_is_what_the_modules_deliver_behind_their_diodes(site):
    """Within 0.5 %: a ramp, half a minute, a taper in steps. In front of the diodes there is 0.16 % more.

    A step of the current between two measurements, 200 ms apart, is billed as if it were in their middle. So the steps
    are at any moment between two, and not always at the same one.
    """
    before, mark = site.module.delivered_wh, site.hub.frames
    await site.begin("BILL")
    await eventually(lambda: site.module.current_a > 59.9, "all the current")
    assert [unit.current_a for unit in site.module.units] == pytest.approx([30, 30], abs=0.1)
    await asyncio.sleep(25)
    for step, amps in enumerate((50.0, 40.0, 30.0, 20.0, 10.0, 3.0)):
        site.vehicle.max_a = amps
        site.vehicle.request()
        await eventually(lambda amps=amps: site.module.current_a < amps + 0.1, "less current")
        await asyncio.sleep(0.4 + 0.033 * step)
    await site.end("BILL")
    site.vehicle.heal()
    delivered = site.module.delivered_wh - before
    assert delivered > 150
    assert site.billed_wh() == pytest.approx(delivered, rel=0.005)
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
    site.vehicle.forbid()
    stops = [await site.hub.wait_frame(can_id, 5, mark) for can_id in (0x02DA01F0, 0x029A00F0, 0x029A01F0)]
    assert {frame.data for frame in stops} == {bytes((1, 0, 0, 0, 0, 0, 0, 0))}
    assert max(frame.time for frame in stops) - cause < 0.1  # a task that comes every 300 ms would wait for half of it
    await eventually(lambda: not site.module.enabled, "both are off")
    site.vehicle.permit()
    await site.current_flows()
    await site.end("ORDER")


async def test_a_module_that_hears_nothing_any_more(site):
    """It delivers until its own 10 s are over. Nobody takes its part before; then the other one goes on alone."""
    await site.begin("DEAF")
    await eventually(lambda: site.module.current_a > 59.9, "all the current")
    deaf, other = site.module.unit(1), site.module.unit(0)
    loop = asyncio.get_running_loop()
    mark, began = site.hub.frames, loop.time()
    deaf.deaf = True
    await eventually(lambda: not other.on, "the gate closes")
    assert 2.5 < loop.time() - began < 5
    await eventually(lambda: not deaf.on, "it switches off")
    assert 9.5 < loop.time() - began < 12
    assert not other.on, "as long as it may deliver nobody takes its part"
    await eventually(lambda: other.on, "the other one goes on")
    assert not deaf.on and loop.time() - began > 11.5
    await eventually(lambda: other.current_a > 59.9, "the other one delivers all")
    await site.printed(r"module 1 is silent: it counts as off, the others go on")
    await site.answer("status", r"Module 1: silent, counts as off")
    deaf.deaf = False
    await eventually(lambda: deaf.current_a > 29.9 and other.current_a < 30.1, "it takes its part again")
    assert max(site.allowed_a(mark)) <= 60.0, "never more for all together, also not for a moment"
    await site.end("DEAF")


async def test_faults_are_told_by_their_names(site):
    since = site.mark()
    site.module.overheat()
    await site.heard("StatusNotification", since, connectorId=1, status="Faulted", errorCode="HighTemperature")
    site.heal()
    site.module.over_temperature = False
    await site.status("Available", since)
    since = site.mark()
    site.module.unit(1).conditions = {"address_repeated"}
    await site.heard("StatusNotification", since, connectorId=1, status="Faulted", errorCode="OtherError")
    site.heal()
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
        await site.answer("why", r"FORBIDS +the power module is silent")
        await site.answer("status", r"Undeclared module [45] answers")
        await site.answer("can", r"0x0283F004 4: not known as addresses")
        assert not any(what.command == SET for _, what in site.orders()) and not site.module.enabled
        site.check_calm()
