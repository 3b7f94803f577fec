"""OCPP 1.6J charge point with the Core profile: the component that puts the parts of this package together.

Each further profile is a component of its own, which requires this one and registers itself with `Ocpp.add_profile`.

=============================  ===================================================================================
link, rpc, sources, json_text  the WebSocket; CALL, CALLRESULT, CALLERROR; whose request is sent next; what is JSON
actions                        who answers which request, and the messages' schemas
boot, stamps                   registration, Heartbeat, time; times and message ids
transactions, authorization    who charges, from when to when
ending                         what becomes of it when the firmware goes down
delivery, metering, register   transaction messages, journaled; what is measured, and told of the energy
connector, status, ...         the connector's state, how it is told, and whether it is in service (availability)
configuration, keys            configuration keys
core_profile, core_calls, ...  the central system's commands, and how much they may write (wear)
access, urls, failures         what is dialled, and what it means when that fails
trust, dates                   whom we believe over TLS
=============================  ===================================================================================
"""

import asyncio
from micropython import const

from core.loading import unbind, unload
from core.signals import Signal

from .services import Services, no_event

_STEP_MS = const(250)


class Ocpp:
    """The charge point to its central system.

    Signals: ``connected`` (bool: the socket is open and BootNotification was accepted), ``state`` (ChargePointStatus of
    connector 1). ``counters``: see `Counters`.

    Options: ``url`` is dialled as ``url/id``, with HTTP Basic authentication if there is an ``auth_key``; ``wss://``
    needs ``ca_file``, the certificate (DER or PEM) that the server's is verified against, a path below the home unless
    it begins with a slash. ``strict``: unknown fields in the central system's requests are refused. ``max_message`` in
    bytes. ``vendor_id``: "" for no DataTransfers of ours. ``local_transfers``: files are fetched from and sent to this
    device itself and what is on its link only (loopback and link-local addresses), too. ``writes_burst``,
    ``writes_per_hour``: erases that the central system's commands may cause: see `WriteBudget`. ``stop_ms``: so long
    the end of a transaction waits for the power module to stop. ``stop_data_bytes``: of a transactionData, at most.
    """

    requires = ("clock", "log", "kernel", "home", "pulse", "store", "gate", "bms", "charger", "plug", "wifi")
    collects = ("evse",)
    keeps = ("ocpp", "ocpp/data", "ocpp/tx", "ocpp/id/", "ocpp/run", "ocpp/utc/", "ocpp/c/", "ocpp/a/",
             "ocpp/available", "ocpp/told", "ocpp/tls/utc", "ocpp/writes", "ocpp/bounded", "ocpp/last")  # fmt: skip
    options = {
        "url": (str, ...),
        "id": (str, ..., 1, 48),
        "vendor": (str, "ucharge", 1, 20),
        "model": (str, "reference", 1, 20),
        "serial": (str, "", 0, 25),
        "firmware_version": (str, "0.1.0", 0, 50),
        "auth_key": (str, "", 0, 40),
        "ca_file": (str, ""),
        "vendor_id": (str, "", 0, 255),
        "local_transfers": (bool, False),
        "call_timeout_ms": (int, 30000, 100, 600000),
        "strict": (bool, True),
        "max_message": (int, 65536, 1024, 1048576),
        "cache_size": (int, 50, 1, 500),
        "queue_max": (int, 300, 10, 10000),
        "writes_burst": (int, 1500, 20, 100000),
        "writes_per_hour": (int, 240, 1, 100000),
        "stop_ms": (int, 2000, 0, 10000),
        "stop_data_bytes": (int, 8192, 2048, 65536),
    }

    def __init__(self, clock, log, kernel, home, pulse, store, gate, bms, charger, plug, wifi, evse, **given):
        options = {name: given.get(name, spec[1]) for name, spec in self.options.items()}
        ca_file = options["ca_file"]
        self.ca_file = home + "/" + ca_file if ca_file and not ca_file.startswith("/") else ca_file
        self.connected = Signal(False, clock)
        self._clock, self._log, self._pulse = clock, log, pulse
        self._failure, self._vendor, self._profiles = None, None, ""
        self._steps = self._pages = self._stamp_sources = ()
        self.security_event = no_event  # function(type, info): see the security extension
        self.services = Services(clock, log, store, gate, bms, charger, evse[0].meter, plug, wifi, kernel.urgent)
        self._build_link(self.services, options)
        self._build_charge_point(self.services, kernel, options)
        self._build_sources(self.services, options["vendor_id"], evse)
        unbind("components.ocpp")

    def _build_link(self, services, o):
        # The classes are imported where they are needed once: their names would stay in the heap.
        from .access import Access
        from .actions import Actions
        from .boot import Boot
        from .configuration import Configuration
        from .counters import Counters
        from .link import Link
        from .rpc import Rpc
        from .stamps import Stamps
        from .trust import Trust
        from .wear import WriteBudget

        self.counters = Counters()
        services.stamps = self.stamps = Stamps(services.clock, services.store, services.log)
        services.configuration = self.configuration = Configuration(services.store, services.log, services.on_demand)
        self.serial = o["serial"] or o["id"]  # by which certificates name this charge point
        self.max_message, self.local_transfers = o["max_message"], o["local_transfers"]
        self.firmware_version = o["firmware_version"]
        services.writes = self.writes = WriteBudget(services, o["writes_burst"], o["writes_per_hour"])
        self.actions = Actions(self._log, o["strict"], self.writes.run, services.on_demand)
        ids = self.stamps.message_id
        self.rpc = Rpc(self._clock, self._log, self.counters, self.actions, ids, o["call_timeout_ms"])
        self.trust = Trust(self._clock, services.store, self._log, self.ca_file, services.on_demand)
        access = Access(o["url"], o["id"], o["auth_key"], self.ca_file)
        self.link = Link(services, self.rpc, access, self.trust, o["max_message"])
        self.boot = Boot(services, self.rpc, o, self.link.believes)

    def _build_charge_point(self, services, kernel, o):
        from .authorization import Authorization
        from .availability import Availability
        from .connector import Connector
        from .delivery import Delivery
        from .ending import Ending
        from .metering import Metering
        from .status import StatusReporter
        from .transactions import Transactions

        services.online = online = self.online  # one object for all
        self.authorization = Authorization(services, online, o["cache_size"])
        self.availability = Availability(services.store)
        bounds = o["queue_max"], o["stop_data_bytes"]
        self.delivery = Delivery(services, self.rpc, online, self.authorization.learn, *bounds)
        self.metering = Metering(services, self.delivery, online)
        parts = self.delivery, self.metering, self.authorization
        self.transactions = Transactions(services, *parts, self._unavailable, self._moment, o["stop_ms"])
        self.connector = Connector(services, self.availability, self.transactions)  # type: Connector
        self.state = self.connector.state
        self.status = StatusReporter(services, self.connector, online, self.boot, self.link)
        self.ending = Ending(services, kernel, self.transactions, self.delivery, self.status, online)

    def _build_sources(self, services, vendor_id, evse):
        """Who asks, and who answers."""
        from .core_profile import CoreProfile
        from .keys import CORE
        from .optional import serve_by_locks
        from .sources import Outbox, Turns
        parts = self.configuration, self.authorization, self.availability, self.transactions, self.boot
        self.core = CoreProfile(*parts, vendor_id, self.reset, self._log)
        self.add_profile("core", self.core, "Core", CORE)
        serve_by_locks(self, evse)
        self.outbox = Outbox(self._log, services.online, self.rpc.wake, self.boot.pending)
        if vendor_id:
            from .vendor import VendorMessages  # few sites have it
            self._vendor = VendorMessages(services, self.outbox, services.online, self.transactions, vendor_id)
        others = (self.status.next_call, self.outbox.next_call, self.metering.next_call)
        turns = Turns(self.delivery.next_call, self.delivery.pressing, self.status.next_before, *others)
        boot = self.boot
        self.rpc.sources = [boot.next_call, self.authorization.next_call, turns.next_call, boot.next_heartbeat]

    # --- for the profiles ---------------------------------------------------------------------------------------
    def add_profile(self, name, profile, feature="", keys=()):
        """A profile registers itself in its constructor: its name in the table of `Actions`, which tells what it has to
        have, its name in SupportedFeatureProfiles ("": not in there), and its keys (rows as in keys.py).
        """
        self.actions.add(name, profile)
        self.configuration.add(keys)
        if feature:
            self._profiles += "," + feature if self._profiles else feature
            self.configuration.fix("SupportedFeatureProfiles", self._profiles)

    def add_step(self, function):
        """Have ``function()`` called every 250 ms."""
        self._steps += (function,)

    def add_stamps(self, function):
        """Before `start`: ``function()`` yields the stamps that a profile has in the journal (see `Stamps`)."""
        self._stamp_sources += (function,)

    def report_to(self, function):
        """Have ``function(type, info)`` called with every security event."""
        self.security_event = self.rpc.security_event = self.link.security_event = function
        self.writes.security_event = function

    def add_page(self, function):
        """Have the lines that ``function()`` yields shown on the console, with the counters."""
        self._pages += (function,)

    # --- life -------------------------------------------------------------------------------------------------
    async def start(self):
        """Read the journal."""
        self.configuration.start()
        self.writes.start()
        self.availability.start()
        self.services.register.start()
        self.authorization.start()
        stamps = self.transactions.stamps_in_journal()
        stamps.extend(self.delivery.stamps_in_journal())
        for source in self._stamp_sources:
            stamps.extend(source())
        self.stamps.start(stamps)
        self.transactions.start()

    async def stop(self):
        self.writes.stop()

    async def run(self):
        """Keep the connection, and look after everything that time changes."""
        self._failure = None
        self.transactions.begin_run()
        link = asyncio.create_task(self._run_link())
        try:
            while True:
                self._pulse()
                self._step()
                if self._failure is not None:
                    raise self._failure
                await self._clock.sleep_ms(_STEP_MS)
        except asyncio.CancelledError:
            await self.ending.last_words(self._step)
            raise
        finally:
            link.cancel()
            try:
                await link
            except asyncio.CancelledError:
                pass
            self.connected.set(False)

    async def _run_link(self):
        try:
            await self.link.run()
        except Exception as e:
            self._failure = e

    def _step(self):
        self.authorization.step()
        self.transactions.step()
        self.metering.step(self.transactions.current)
        self.link.step()
        for step in self._steps:
            step()
        self.connector.step()
        self.status.step()
        if self._vendor is not None:
            self._vendor.step()
        self.connected.set(self.online())
        self.ending.step()
        self.rpc.wake()

    def online(self):
        """Is the central system there, and has it accepted us?"""
        return bool(self.link.open.value and self.boot.accepted.value)

    def _unavailable(self):
        return ("restarting", "") if self.ending.asked() else self.connector.unavailable()

    def _moment(self):
        self.connector.event()

    # --- for the console and card readers ----------------------------------------------------------------------
    @property
    def transaction(self):
        """None or the `Transaction` that runs."""
        return self.transactions.current

    def present(self, tag):
        """An idTag was presented. Returns at once what becomes of it: see `Authorization.tell`."""
        result = self.transactions.present_tag(tag)
        self._log.info("idTag presented: %s", self.words(result))
        return result

    def words(self, result):
        """A result of `present`, or of `Authorization.card`, in words; None, for want of memory, has none."""
        from .authorization import result_words
        return result_words(result) if result else ""

    def present_tag(self, tag):
        """`present`, in words."""
        return self.words(self.present(tag))

    def get(self, key=None):
        """Configuration: a list of (key, value, readonly) of one key, an iterator of all."""
        if key is None:
            return map(self.configuration.read, self.configuration.names())  # not all at once: they fill 3 KB
        entry = self.configuration.read(key)
        return [] if entry is None else [entry]

    def set(self, key, value):
        """Configuration: set a key; returns ChangeConfiguration's status. A refusal: see ``configuration.refusal``."""
        status = self.configuration.set(key, value)
        self.configuration.settle()
        return status

    def describe(self):
        """Generator of lines: the counters, and what the profiles have to tell."""
        from .page import lines

        unload("components.ocpp.page")
        return lines(self, self._pages)

    def reset(self, kind="Soft", reason=""):
        """Restart; "Soft": end the transaction and deliver what is queued (at most 10 s) before; "Hard": at once."""
        self.ending.reset(kind, reason or kind + "Reset")
