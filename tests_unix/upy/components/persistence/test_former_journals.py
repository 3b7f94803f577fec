"""A journal that a board with one outlet wrote, before there were scopes: all of it is outlet 1's.

The journals are those of tests_unix/upy/components/persistence/former_journals, which say how they came to be.
"""

import asyncio
import os

from virtual_clock import VirtualClock

from core.kernel import STOPPED, Kernel
from core.log import Log, LogTail

_HERE = __file__.rpartition("/")[0] or "."
_OUTLET = (
    {"name": "gate", "use": "components.evse.gate:Gate"},
    {"name": "can_driver", "use": "drivers.can.slcan:Slcan", "options": {"port": "socket://127.0.0.1:1"}},
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
    {"name": "bms", "use": "components.bms:Bms", "critical": True},
    {"name": "charger", "use": "components.charger:Charger", "critical": True},
    {"name": "meter", "use": "components.meter.terminal:TerminalMeter"},
    {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
    {"name": "lock_driver", "use": "lock_site:Stuck"},
    {"name": "lock", "use": "components.evse.lock:Lock", "bind": {"driver": "lock_driver"}},
)


class Board:
    NAME = "two"
    COMPONENTS = (
        {"name": "store", "use": "components.persistence:Persistence"},
        {"scope": "1", "components": _OUTLET},
        {"scope": "2", "components": _OUTLET},
    )


class OneOutlet:
    NAME = "one"
    COMPONENTS = (Board.COMPONENTS[0],) + _OUTLET


class Life:
    """From power on to power off of the CAN side of two outlets."""

    def __init__(self, home, a_board=Board):
        self.clock = VirtualClock(1000)
        self.tail = LogTail(self.clock, None)
        self.kernel = Kernel(a_board, {}, self.clock, Log(self.tail, "main"), home)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.kernel.run())
        await self.clock.advance(500)
        return self

    async def __aexit__(self, kind, value, traceback):
        self.kernel.request_exit(STOPPED, "end of test")
        await self.task

    def of_each(self, name, value):
        return [value(self.kernel[scope + name]) for scope in ("1/", "2/")]

    def registers(self):
        return self.of_each("meter", lambda meter: meter.energy_mwh.value)

    def errors(self):
        return self.of_each("charger", lambda charger: charger.error.value)

    def keys(self, name):
        """Where the journal has `name`, besides in scopes."""
        return [key for key in self.kernel["store"].keys("") if key == name or key.endswith("/" + name)]


def home_of(tmp, name):
    """A copy of a former home."""
    home = "%s/%s" % (tmp, name)
    for path in (home, home + "/state"):
        os.mkdir(path)
    with open("%s/former_journals/%s/state/journal" % (_HERE, name), "rb") as file:
        journal = file.read()
    with open(home + "/state/journal", "wb") as file:
        file.write(journal)
    return home


async def test_the_register_is_that_of_outlet_1_and_stays_it(tmp):
    home = home_of(tmp, "running")
    async with Life(home) as life:
        assert life.registers() == [8688, 0], life.registers()
        assert life.keys("register") == ["register"]
        life.kernel["1/meter"].add(1000)
        life.kernel["2/meter"].add(5)
        assert [life.kernel[name].read() for name in ("1/meter", "2/meter")] == [9688, 5]
        assert sorted(life.keys("register")) == ["1/register", "2/register"]
    async with Life(home) as life:
        assert life.registers() == [9688, 5]


async def test_the_register_goes_back_to_a_board_with_one_outlet(tmp):
    """Fails where that begins with an empty register, below what was told of it: then nothing would be billed."""
    home = home_of(tmp, "running")
    async with Life(home) as life:
        life.kernel["1/meter"].add(1000)
        life.kernel["2/meter"].add(5)
        assert [life.kernel[name].read() for name in ("1/meter", "2/meter")] == [9688, 5]
    async with Life(home, OneOutlet) as life:
        meter = life.kernel["meter"]
        assert meter.energy_mwh.value == 9688
        meter.add(7)
        assert meter.read() == 9695 and sorted(life.keys("register")) == ["2/register", "register"]
    async with Life(home) as life:
        assert life.registers() == [9695, 5]


async def test_a_module_that_did_not_stop_is_that_of_outlet_1(tmp):
    """Until it is released: over restarts, and outlet 2 never has it."""
    home = home_of(tmp, "unstopped")
    for _ in range(2):
        async with Life(home) as life:
            assert life.registers() == [3649, 0]
            assert life.errors() == ["PowerSwitchFailure", ""], life.errors()
    async with Life(home) as life:
        for name in ("1/charger", "2/charger"):
            life.kernel[name].terminal_current_ma.set(0)
        life.clock._now += 6000
        life.kernel.release()
        assert life.keys("unstopped") == []
    async with Life(home) as life:
        assert life.errors() == ["", ""]


async def test_a_cable_that_is_kept_for_an_id_tag_is_that_of_outlet_1(tmp):
    home = home_of(tmp, "held")
    life = Life(home)
    life.kernel["1/lock_driver"].position = True  # the cable is in it
    async with life:
        assert life.registers() == [4951, 0]
        kept = life.of_each("lock", lambda lock: [data["kept_for"] for _, _, data in lock.page()])
        assert kept == [["CARD-1"], [""]], kept
        assert not life.kernel["2/lock"].release("CARD-1") and life.kernel["1/lock"].release("CARD-1")
        assert life.keys("held") == []
    async with Life(home) as life:
        assert not life.kernel["1/lock"].release("CARD-1")
