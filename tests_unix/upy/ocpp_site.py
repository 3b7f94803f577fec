"""A charge point for tests: the real Ocpp, Gate and Persistence on a virtual clock, and a central system that it talks
to in texts, as over a WebSocket.

The vehicle and the power module are facts here (signals); their real components are tested on the bus.
"""

import asyncio
import json

from components.evse import Evse
from components.evse.gate import Gate
from components.meter.energy import Energy
from components.ocpp import Ocpp
from components.persistence import Persistence
from core.clock import VirtualClock
from core.declare import load_class
from core.isotime import format_utc
from core.log import Log, LogTail
from core.signals import Signal
from core.urgent import Urgent

NOON = 1800014400000  # 2027-01-15T12:00:00Z
_SIGNALS = {
    "bms": ("permitted", "max_current_ma", "soc_permille", "model", "range_m"),
    "charger": (
        "power_mw", "terminal_current_ma", "terminal_voltage_mv", "temperature_mdeg", "wanted_current_ma",
        "wanted_voltage_mv", "error",
    ),
    "plug": (), "wifi": ("online",), "kernel": ("alive", "emergency_stop", "stop_cleared", "releases"),
}  # fmt: skip


async def no_servers(name):
    """The network tells of no DNS server."""


class Facts:
    """Signals that a test sets."""

    def __init__(self, clock, names):
        for name in names:
            setattr(self, name, Signal(None, clock))


class Site:
    """One life of the charge point, from power on to power off.

    `profiles`: ((class as a board names it, {option: value}), ...), each a component that requires what is here, the
    ones before it by their module's name, or is in `services`, {name: object}. ``lock(site)`` makes the outlet's lock.
    """

    def __init__(self, home, store=Persistence, quiet=True, profiles=(), services=None, lock=None, **options):
        self.clock = clock = VirtualClock()
        self.tail = LogTail(clock, None if quiet else print, 200)
        self.log = Log(self.tail, "test")
        for name, signals in _SIGNALS.items():
            setattr(self, name, Facts(clock, signals))
        self.exits = []
        self.kernel.request_exit = lambda code, reason: self.exits.append((code, reason))
        self.kernel.releases.set(0)
        self.kernel.release = lambda: self.kernel.releases.set(self.kernel.releases.value + 1)
        self.kernel.alive.set(True)
        self.kernel.stop_cleared.set(True)
        self.kernel.emergency_stop.set(False)
        self.kernel.urgent = Urgent()
        self.kernel.parts, self.kernel.stopping = (), False
        self.wifi.stream, self.wifi.resolve = lambda: None, no_servers
        self.store = store(home, clock, self.log, lambda: None, self.kernel)
        self.gate = Gate(clock, self.log, self.kernel, self.kernel)
        self.gate.add_bus(Signal(True, clock))
        self.plug.plugged = self.gate.plugged
        self.charger.flowing = Signal(False, clock)
        self.gate.enabled.watch(self._module_follows)
        self.module_stops = True  # at once, when the gate closes; False: the test says when
        self.charger.max_current_ma, self.charger.max_voltage_mv = 300000, 85500
        self.charger.energy_mwh = Signal(0, clock)
        self.energy = Energy(clock, self.store, self.charger.energy_mwh)
        self.meter = self.charger  # as far as these tests go
        self.meter.read, self.meter.changes, self.meter.saved = self.energy.read, self.energy.changes, self.energy.saved
        options = dict({"url": "ws://127.0.0.1:1", "id": "CP-1", "local_transfers": True}, **options)
        there = {name: getattr(self, name) for name in ("kernel", "gate", "bms", "charger", "plug", "wifi")}
        there.update({"clock": clock, "log": self.log, "home": home, "pulse": lambda: None, "store": self.store})
        self.lock = lock and lock(self)
        evse = Evse(self.gate, self.bms, self.charger, self.meter, self.plug, 1, self.lock)
        self.ocpp = Ocpp(evse=(evse,), **there, **options)
        there.update(services or {}, ocpp=self.ocpp)
        self.profiles = []
        for use, given in profiles:
            self._build(use, given, there)
        self.parts = [part for part in [self.lock, self.ocpp] + self.profiles if part is not None]
        self.central = None
        self._tasks = []

    def _build(self, use, given, there):
        profile = load_class(use)
        arguments = {name: spec[1] for name, spec in getattr(profile, "options", {}).items()}
        arguments.update(given)
        arguments.update({name: there[name] for name in profile.requires})
        self.profiles.append(profile(**arguments))
        there[use.partition(":")[0].rpartition(".")[2]] = self.profiles[-1]

    async def power_on(self):
        await self.store.start()
        self.energy.load()
        for component in self.parts:
            if hasattr(component, "start"):
                await component.start()
        for component in self.parts:
            if hasattr(component, "run"):
                self._tasks.append(asyncio.create_task(component.run()))
        await self.clock.advance(0)

    async def connect(self, central):
        """A WebSocket to `central` is open."""
        self.central = central
        central.site = self
        self.ocpp.rpc.attach(central.take)
        self.ocpp.link.open.set(True)
        self._tasks.append(asyncio.create_task(self._pump(central)))
        await self.run(500)

    async def _pump(self, central):
        """A connection that the charge point ends, for nobody answers, is followed by another one."""
        while True:
            try:
                await self.ocpp.rpc.pump()
            except OSError as e:
                if "in a row" not in str(e):
                    raise
                self.ocpp.link.open.set(False)
                self.ocpp.rpc.detach()
                await self.clock.sleep_ms(1000)
                self.ocpp.rpc.attach(central.take)
                self.ocpp.link.open.set(True)

    async def disconnect(self):
        """It is closed."""
        self._tasks.pop().cancel()
        self.central.site = None
        self.central = None
        self.ocpp.link.open.set(False)
        self.ocpp.rpc.detach()
        await self.run(300)

    def check_keeps(self):
        """What stands in the journal is declared by the components that are here."""
        declared = ["register", "store."]  # the meter's and the store's own
        for part in self.parts:
            declared.extend(getattr(part, "keeps", ()))
        for name in list(self.store.index.offsets) + list(self.store.index.queues):
            found = [mine for mine in declared if name == mine or (mine[-1] in "./" and name.startswith(mine))]
            assert found or name.startswith("test") or self.store.fault.value, name

    async def power_off(self):
        """The power fails: nothing more happens, only the journal is left."""
        self.check_keeps()
        if self.central is not None:
            self.central.site = None
        self.ocpp.ending.last_words = no_last_words
        for task in self._tasks:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
        self.store.index.records.close()

    async def run(self, ms):
        """Let time pass; a charger that is enabled delivers 10 kW."""
        end = self.clock.uptime_ms() + ms
        while self.clock.uptime_ms() < end:
            step = min(500, end - self.clock.uptime_ms())
            self.energy.measured(10000000 if self.gate.enabled.value else 0, self.clock.ticks_ms())
            await self.clock.advance(step)
            self.energy.measured(10000000 if self.gate.enabled.value else 0, self.clock.ticks_ms())
            self.energy.fold()
            self.gate.check()

    def _module_follows(self, enabled):
        if enabled or self.module_stops:
            self.charger.flowing.set(enabled)

    def plug_in(self):
        self.gate.bms_permits.set(True)
        self.gate.charger_online.set(True)
        self.gate.in_limits.set(True)
        self.gate.plugged.set(True)

    def unplug(self):
        self.gate.plugged.set(False)

    def lines(self, word):
        """Lines of the log that hold a word."""
        return [line for line in self.tail.lines if word in line]


async def no_last_words(step):
    """Cancelling the tasks looks like an orderly stop to them; a power cut is none."""


class Central:
    """A central system: answers every CALL; keeps what it got. Its time goes with the charge point's clock.

    ``answers``: {action: answer, or function(payload) -> answer, None for no answer, or a CALLERROR's code as str}.
    ``calls``: [(message id, action, payload)]; a repeated message id is counted in ``repeated`` and answered as before.
    """

    def __init__(self, start_ms=NOON):
        self.site = None
        self.start_ms = start_ms
        self.calls = []
        self.repeated = 0
        self.outstanding = 0
        self.results = []
        self.answers = {}
        self._answered = {}
        self._ids = 0
        self._transactions = 0

    def utc_ms(self):
        return self.start_ms + self.site.clock.uptime_ms()

    async def take(self, text):
        frame = json.loads(text)
        if frame[0] != 2:
            self.results.append(frame)
            return
        _, message_id, action, payload = frame
        if message_id in self._answered:
            self.repeated += 1
            await self.give([3, message_id, self._answered[message_id]])
            return
        self.calls.append((message_id, action, payload))
        answer = self.answers.get(action, getattr(self, "_" + action, {}))
        answer = answer(payload) if callable(answer) else answer
        if isinstance(answer, str):
            self.calls.pop()
            await self.give([4, message_id, answer, "", {}])
        elif answer is not None:
            self._answered[message_id] = answer
            await self.give([3, message_id, answer])

    async def give(self, frame):
        """Send a frame (or a text that is none) to the charge point."""
        text = frame if isinstance(frame, str) else json.dumps(frame)
        asyncio.create_task(self.site.ocpp.rpc.receive(text))

    async def call(self, action, payload):
        """Send a CALL; returns the answer's payload, or the code of the CALLERROR."""
        self._ids += 1
        message_id = "c%d" % self._ids
        await self.give([2, message_id, action, payload])
        await self.site.run(50)
        for frame in self.results:
            if frame[1] == message_id:
                return frame[2]
        return None

    def _BootNotification(self, payload):
        return {"status": "Accepted", "currentTime": format_utc(self.utc_ms()), "interval": 300}

    def _Heartbeat(self, payload):
        return {"currentTime": format_utc(self.utc_ms())}

    def _Authorize(self, payload):
        return {"idTagInfo": {"status": "Accepted"}}

    def _StartTransaction(self, payload):
        self._transactions += 1
        return {"transactionId": self._transactions, "idTagInfo": {"status": "Accepted"}}

    def of(self, *actions):
        """The payloads of these actions, in order."""
        return [payload for _, action, payload in self.calls if action in actions]

    def actions(self):
        return [action for _, action, _ in self.calls]

    def states(self, connector=1):
        return [p["status"] for p in self.of("StatusNotification") if p["connectorId"] == connector]


async def booted(home, central=None, **options):
    """A site that runs and is accepted."""
    site = Site(home, **options)
    await site.power_on()
    await site.connect(central or Central())
    return site


async def session(site, tag="TAG", ms=3000):
    """A whole session: plug in, idTag, charge, idTag, unplug."""
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag(tag)
    await site.run(ms)
    site.ocpp.present_tag(tag)
    await site.run(500)
    site.unplug()
    await site.run(500)
