"""A station with a budget on a virtual clock: real gates and the real Budget; vehicles and power modules are models.

What flows is what a module made of the last setpoint that it heard, up to 900 ms late, and what its vehicle takes.
"""

import asyncio

import ticking
from construct import construct
from gate_rig import Kernel
from virtual_clock import VirtualClock

from components.budget import Budget
from components.evse import Evse
from components.evse.gate import Gate
from core.log import Log, LogTail
from core.signals import Signal

OPTIONS = {name: spec[1] for name, spec in Budget.options.items()}
STEP_MS = 50


class Vehicle:
    def __init__(self, clock):
        self.max_current_ma = Signal(None, clock)


class Module:
    """PowerModule and Meter, as far as the budget looks at them.

    ``flows_ma`` is what flows in truth. ``lag_ms``: so late it hears a setpoint, ``silent``: it tells nothing, and goes
    on as it is; ``offset_ma``: it delivers so much more than it is told.
    """

    max_current_ma = 200000
    available_ma = 1 << 29
    max_voltage_mv = 85500

    def __init__(self, clock, gate, vehicle):
        self._clock = clock
        self._gate = gate
        self._vehicle = vehicle
        self.terminal_current_ma = Signal(0, clock)
        self.flowing = Signal(False, clock)
        self.flows_ma = 0
        self.lag_ms = 0
        self.takes = 1000  # of 1000: so much of what is offered the vehicle takes
        self.offset_ma = 0
        self.silent = False
        self._heard = [(0, 0)]  # uptime, setpoint: what it is to hear yet
        gate.enabled.watch(self._changed)
        gate.limit_ma.watch(self._changed)
        vehicle.max_current_ma.watch(self._changed)

    def wanted_ma(self):
        """The setpoint."""
        if not self._gate.enabled.value:
            return 0
        return min(self._gate.limit_ma.value or 0, self._vehicle.max_current_ma.value or 0, self.max_current_ma)

    def _changed(self, _):
        self._heard.append((self._clock.uptime_ms() + self.lag_ms, self.wanted_ma()))

    def step(self):
        now = self._clock.uptime_ms()
        if self.silent:
            self.terminal_current_ma.expire(3000)
            if self.terminal_current_ma.value is None:
                self._gate.charger_online.set(False)
            return
        self._gate.charger_online.set(True)
        while len(self._heard) > 1 and self._heard[1][0] <= now:
            self._heard.pop(0)
        sent_ma = self._heard[0][1]
        self.flows_ma = sent_ma * self.takes // 1000 + (self.offset_ma if sent_ma else 0)

    def tell(self):
        """A measurement, and with it what the meter makes of it."""
        if not self.silent:
            self.terminal_current_ma.set(self.flows_ma)
            self.flowing.set(self._gate.enabled.value or self.flows_ma >= 500)


class Station:
    """``outlets``: each an Evse; its ``module`` is a `Module`."""

    def __init__(self, count=2, limit_ma=0, limit_w=0, **options):
        self.clock = clock = VirtualClock(1000)
        self.tail = LogTail(clock, None)
        self.kernel = Kernel(clock)
        self.kernel.alive.set(True)
        self.kernel.stop_cleared.set(True)
        self.evses = []
        for i in range(count):
            gate = construct(Gate, clock, Log(self.tail, "gate%d" % (i + 1)), self.kernel, self.kernel)
            gate.add_bus(Signal(True, clock))
            for signal in (gate.charger_online, gate.in_limits, gate.plugged):
                signal.set(True)
            vehicle = Vehicle(clock)
            module = Module(clock, gate, vehicle)
            plug = Vehicle(clock)
            self.evses.append(Evse(gate=gate, bms=vehicle, charger=module, meter=module, plug=plug, id=i + 1))
        given = dict(OPTIONS, limit_ma=limit_ma, limit_w=limit_w)
        given.update(options)
        log = Log(self.tail, "budget")
        self.budget = Budget(clock=clock, log=log, evse=tuple(self.evses), **given)
        self.most_ma = limit_ma or 1 << 29
        self.most_w = limit_w or 1 << 29
        self._ticks = 0
        self.look = lambda: None  # called in each step

    async def start(self):
        self.task = asyncio.create_task(ticking.tick(self.budget, self.clock))
        await self.run(1200)  # until the gates have settled
        return self

    async def share(self, *asks_ma):
        """A transaction begins at each outlet; returns when all have their part."""
        for i, ask_ma in enumerate(asks_ma):
            self.arrive(i + 1, ask_ma)
        await self.run(3000)

    async def stop(self):
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass

    def arrive(self, number, ask_ma, permitted_ma=300000):
        """A transaction begins there."""
        evse = self.evses[number - 1]
        evse.vehicle.max_current_ma.set(ask_ma)
        evse.gate.bms_permits.set(True)
        evse.gate.limit("transaction", permitted_ma)
        evse.gate.transaction.set(True)

    def leave(self, number):
        gate = self.evses[number - 1].gate
        gate.transaction.set(False)
        gate.limit("transaction", 0)

    def setpoints(self):
        return [evse.module.wanted_ma() for evse in self.evses]

    def flows(self):
        return [evse.module.flows_ma for evse in self.evses]

    def limits(self):
        return [evse.gate.limit_ma.value for evse in self.evses]

    async def run(self, ms):
        """Let time pass; the sum of setpoints and of what flows is never above the limit."""
        for _ in range(ms // STEP_MS):
            await self.clock.advance(STEP_MS)
            self._ticks += 1
            for evse in self.evses:
                evse.module.step()
                if self._ticks % 4 == 0:
                    evse.module.tell()
                evse.gate.check()
            self.check()
            self.look()

    def check(self):
        for each in (self.setpoints(), self.flows()):
            assert sum(each) <= self.most_ma, (self.clock.uptime_ms(), each, self.most_ma)
            watts = sum([ma * 855 // 10000 for ma in each])
            assert watts <= self.most_w, (self.clock.uptime_ms(), each, self.most_w)
