"""A charge point for tests: the real Ocpp, Gate and Persistence on a virtual clock, and a central system that it talks
to in texts, as over a WebSocket. Vehicle and power module are facts here (signals), tested on the bus themselves.
"""

import asyncio

from construct import construct
from ocpp_bay import Bay, Facts
from ocpp_central import NOON, Central  # noqa: F401  # for the tests
from virtual_clock import VirtualClock

from components.ocpp import Ocpp
from components.persistence import Persistence
from components.station import Station
from core.declare import load_class
from core.log import Log, LogTail
from core.urgent import Urgent

_SIGNALS = {"wifi": ("online",), "kernel": ("alive", "emergency_stop", "stop_cleared", "releases")}


async def no_servers(name):
    """The network tells of no DNS server."""


class OneOutlet(Ocpp):
    """With shorthands for the tests of a charge point with one outlet."""

    authorization = property(lambda self: self.station.authorization)
    availability = property(lambda self: self.station.availability)
    journal = property(lambda self: self.station.journal)
    shutdown = property(lambda self: self.station.shutdown)
    present = property(lambda self: self.station.present)
    start_transaction = property(lambda self: self.station.start_transaction)
    words = property(lambda self: self.station.words)
    set = property(lambda self: self.station.set)
    reset = property(lambda self: self.station.reset)
    watch_transactions = property(lambda self: self.station.watch_transactions)
    add_stamps = property(lambda self: self.station.add_stamps)
    transactions = property(lambda self: self.outlets[0].transactions)
    transaction = property(lambda self: self.outlets[0].transactions.current)
    connector = property(lambda self: self.outlets[0].connector)
    state = property(lambda self: self.outlets[0].connector.state)
    metering = property(lambda self: self.outlets[0].metering)
    counters = property(lambda self: self.rpc.counters)

    def present_tag(self, tag):
        """`present`, in words."""
        return self.words(self.present(tag))

    def get(self, key=None):
        """A list of (key, value, readonly) of one key, an iterator of all."""
        if key is None:
            return map(self.configuration.read, self.configuration.names())
        entry = self.configuration.read(key)
        return [] if entry is None else [entry]


class Site:
    """One life of the charge point, from power on to power off.

    `profiles`: ((class as a board names it, {option: value}), ...), each a component that requires what is here, the
    ones before it by their module's name, or is in `services`, {name: object}. ``lock(site)`` makes the outlet's lock.
    `dialect`: what speaks with the central system, None: nobody does.
    `outlets`: so many, each a `Bay` of ``bays``; what belongs to one is the first one's here, too.
    """

    def __init__(
        self, home, store=Persistence, quiet=True, profiles=(), services=None, lock=None, outlets=1, dialect=OneOutlet,
        **options
    ):
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
        self.store = construct(store, home, clock, self.log, lambda: None, self.kernel)
        self.bays = [Bay(number + 1, self) for number in range(outlets)]
        for name in ("gate", "bms", "charger", "plug", "meter", "energy", "plug_in", "unplug"):
            setattr(self, name, getattr(self.bays[0], name))
        options = dict({"url": "ws://127.0.0.1:1", "id": "CP-1", "local_transfers": True}, **options)
        there = {name: getattr(self, name) for name in ("kernel", "gate", "bms", "charger", "meter", "plug", "wifi")}
        there.update({"clock": clock, "log": self.log, "home": home, "pulse": lambda: None, "store": self.store})
        self.lock = lock and lock(self)
        own = {name: options.pop(name) for name in Station.options if name in options}
        given = {name: there[name] for name in Station.requires}
        given["evse"] = tuple([bay.evse(self.lock) for bay in self.bays])
        given["gate"] = tuple([bay.gate for bay in self.bays])
        there["station"] = self.station = construct(Station, **given, **own)
        self.ocpp = dialect and construct(dialect, **{name: there[name] for name in Ocpp.requires}, **options)
        there.update(services or {}, ocpp=self.ocpp)
        self.profiles = []
        for use, given in profiles:
            self._build(use, given, there)
        self.parts = [part for part in [self.lock, self.station, self.ocpp] + self.profiles if part is not None]
        self.central = None
        self._tasks = []

    def _build(self, use, given, there):
        profile = load_class(use)
        arguments = {name: there[name] for name in profile.requires}
        arguments.update({name: there.get(name) for name in getattr(profile, "uses", ())})
        self.profiles.append(construct(profile, **dict(arguments, **given)))
        there[use.partition(":")[0].rpartition(".")[2]] = self.profiles[-1]

    async def start_charge_point(self):
        """The station reads the journal, and then who tells of it."""
        await self.station.start()
        await self.ocpp.start()

    async def power_on(self):
        await self.store.start()
        for bay in self.bays:
            bay.energy.load()
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
        declared = ["register", "store.", "2/register"]  # of the meters and of the store
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
            for bay in self.bays:
                bay.measure()
            await self.clock.advance(min(500, end - self.clock.uptime_ms()))
            for bay in self.bays:
                bay.measure()
                bay.energy.fold()
                bay.gate.check()

    @property
    def module_stops(self):
        return self.bays[0].module_stops

    @module_stops.setter
    def module_stops(self, value):
        self.bays[0].module_stops = value

    def lines(self, word):
        """Lines of the log that hold a word."""
        return [line for line in self.tail.lines if word in line]


async def booted(home, central=None, **options):
    """A site that runs and is accepted."""
    site = Site(home, **options)
    await site.power_on()
    await site.connect(central or Central())
    return site


async def start(site, tag="TAG", ms=1000):
    """Plug in, idTag, charge."""
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag(tag)
    await site.run(ms)


async def charge(site, tag="TAG"):
    """`start`, and current may flow."""
    await start(site, tag)
    assert site.gate.enabled.value and site.gate.limit_ma.value == 300000


def reasons(central):
    """Of the StopTransactions that it got, in their order."""
    return [payload["reason"] for payload in central.of("StopTransaction")]


async def session(site, tag="TAG", ms=3000):
    """A whole session: plug in, idTag, charge, idTag, unplug."""
    await start(site, tag, ms)
    site.ocpp.present_tag(tag)
    await site.run(500)
    site.unplug()
    await site.run(500)
