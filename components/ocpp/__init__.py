"""OCPP 1.6J charge point with the Core profile: the component that puts the parts of this package together.

Each further profile is a component of its own, which requires this one and registers itself with `Ocpp.add_profile`.

=============================  ===================================================================================
link, rpc, sources             the WebSocket; CALL, CALLRESULT, CALLERROR; whose request is sent next
json_text, surrogates          what is JSON, and odd characters in it
actions                        who answers which request, and the messages' schemas
boot                           registration, Heartbeat, time
outlet                         what each outlet has for itself: the next two rows, and its connector
transactions, closing          who charges, from when to when
metering, register, stop_data  what is measured, and reported of the energy
cards, authorization           for which outlet a card is, and whether it may charge
ending, gone                   what becomes of transactions when the firmware goes down, or their outlet is gone
delivery                       transaction messages, journaled
connector, status,             a connector's state, how it is sent, and whether it is in service
availability
configuration, keys            configuration keys
stamps                         times and message ids
assembly                       who needs whom; loaded for that
core_profile, core_calls,      the central system's commands, those that are loaded when they come, and how much they
wear                           may write
access, urls, failures         what is dialled, and what it means when that fails
trust, dates                   which peers are trusted over TLS
=============================  ===================================================================================
"""

import asyncio
from micropython import const

from core.loading import unbind, unload
from core.signals import Signal

from .cards import present, start
from .services import Services

_STEP_MS = const(250)


class Ocpp:
    """The charge point to its central system.

    ``outlets``: a tuple of `Outlet`, one for each evse, in the order of their ids 1..n; ``outlet(n)``: that one, or
    None. Signal: ``connected`` (bool: the socket is open and BootNotification was accepted). ``counters``: see
    `Counters`.

    Options: ``url`` is dialled as ``url/id``, with HTTP Basic authentication if there is an ``auth_key``; ``wss://``
    needs ``ca_file``, the certificate (DER or PEM) that the server's is verified against, a path below the home unless
    it begins with a slash. ``strict``: unknown fields in the central system's requests are refused. ``max_message`` in
    bytes. ``vendor_id``: "" for no DataTransfers of ours. ``local_transfers``: files are fetched from and sent to this
    device itself and what is on its link only (loopback and link-local addresses), too. ``writes_burst``,
    ``writes_per_hour``: erases that the central system's commands may cause: see `WriteBudget`. ``stop_ms``: so long
    the end of a transaction waits for the power module to stop. ``stop_data_bytes``: of a transactionData, at most.
    """

    requires = ("clock", "log", "kernel", "home", "pulse", "store", "wifi")
    collects = ("evse", "gate")
    provides = ("page",)
    keeps = ("ocpp", "ocpp/data", "ocpp/data/", "ocpp/tx", "ocpp/tx/", "ocpp/id/", "ocpp/run", "ocpp/utc/", "ocpp/c/",
             "ocpp/a/", "ocpp/available", "ocpp/told", "ocpp/told/", "ocpp/tls/utc", "ocpp/writes", "ocpp/bounded",
             "ocpp/last", "ocpp/last/")  # fmt: skip
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

    def __init__(self, clock, log, kernel, home, pulse, store, wifi, evse, gate, **options):
        ca_file = options["ca_file"]
        self.ca_file = home + "/" + ca_file if ca_file and not ca_file.startswith("/") else ca_file
        self.connected = Signal(False, clock)
        self._clock = clock
        self._log = log
        self._pulse = pulse
        self._failure = None
        self._profiles = ""
        self._steps = self._pages = self._stamp_sources = ()
        self.serial = options["serial"] or options["id"]  # by which certificates name this charge point
        self.max_message, self.local_transfers = options["max_message"], options["local_transfers"]
        self.firmware_version = options["firmware_version"]
        self.services = services = Services(clock, log, store, wifi, kernel)
        from .assembly import charge_point, check_gates, connection, sources

        check_gates(evse, gate)
        parts = connection(services, self.ca_file, options)
        self.counters, self.stamps, self.configuration, self.writes, self.actions = parts[:5]
        self.rpc, self.trust, self.link, self.boot = parts[5:]
        parts = charge_point(self, services, kernel, evse, options)
        self.authorization, self.availability, self.delivery, self.status, self.ending = parts
        self.outlets, self.outlet = services.outlets, services.outlet
        self.core, self.outbox, self._vendor = sources(self, services, options["vendor_id"])
        unload("components.ocpp.assembly")
        unbind("components.ocpp")

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

    def reserve_by(self, profile):
        """Have the Reservation profile asked who may start where: see `Absent`."""
        self.services.reservation = profile

    def limit_by(self, profile):
        """Have the Smart Charging profile asked what is permitted: see `Absent`."""
        self.services.charging = profile

    def watch_transactions(self, starting=None, begun=None, ended=None):
        """Have ``starting(transaction, changes)`` called before one is journaled: what it puts into `changes`, {key:
        value}, is journaled with it; ``begun(transaction)`` once it is and before the gate opens;
        ``ended(transaction, meter_stop_wh)`` once its StopTransaction is journaled. ``transaction.outlet`` is where.
        """
        services = self.services
        services.starting += (starting,) if starting is not None else ()
        services.begun += (begun,) if begun is not None else ()
        services.ended += (ended,) if ended is not None else ()

    def add_step(self, function):
        """Have ``function()`` called every 250 ms."""
        self._steps += (function,)

    def add_stamps(self, function):
        """Before `start`: ``function()`` yields the stamps that a profile has in the journal (see `Stamps`)."""
        self._stamp_sources += (function,)

    def report_to(self, function):
        """Have ``function(type, info)`` called with every security event."""
        self.services.report_to(function)

    def security_event(self, type, info=""):
        """A security event of the white paper's list, for whoever keeps a log of them."""
        self.services.report(type, info)

    def add_page(self, function):
        """Have what ``function()`` yields, as `page` does, in the diagnostics."""
        self._pages += (function,)

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        """Read the journal."""
        self.configuration.start()
        self.writes.start()
        self.availability.start()
        self.authorization.start()
        stamps = list(self.delivery.stamps_in_journal())
        for outlet in self.outlets:
            outlet.register.start()
            stamps.extend(outlet.transactions.stamps_in_journal())
        for source in self._stamp_sources:
            stamps.extend(source())
        self.stamps.start(stamps)
        for outlet in self.outlets:
            outlet.transactions.start()
        self.ending.start()

    async def stop(self):
        self.writes.stop()

    async def run(self):
        """Keep the connection, and look after everything that time changes."""
        self._failure = None
        for outlet in self.outlets:
            outlet.transactions.begin_run()
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
        if self.services.card:
            self._step_card()
        for outlet in self.outlets:
            outlet.transactions.step()
            outlet.metering.step()
        self.link.step()
        for step in self._steps:
            step()
        for outlet in self.outlets:
            outlet.connector.step()
        self.status.step()
        for vendor in self._vendor:
            vendor.step()
        self.connected.set(self.online())
        self.ending.step()
        self.rpc.wake()

    def _step_card(self):
        try:
            from .waiting import step

            step(self.services)
        except MemoryError:
            pass  # the next step tries again
        unload("components.ocpp.waiting")

    def online(self):
        """Is the central system there, and has it accepted us?"""
        return bool(self.link.open.value and self.boot.accepted.value)

    # --- for the console and card readers ----------------------------------------------------------------------

    def present(self, tag):
        """An idTag was presented. Returns at once what becomes of it, as a value: see `Authorization.tell`."""
        result = present(self.services, tag)
        self._log.info("idTag presented: %s", self.words(result))
        return result

    def start_transaction(self, tag, number):
        """A transaction is asked for at outlet `number`; see `present`."""
        result = start(self.services, tag, number)
        self._log.info("start at outlet %d: %s", number, self.words(result))
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

    def page(self):
        """Counters, and what the profiles show: a generator of (name, text, data), see `components.operator`."""
        from .page import pieces

        unload("components.ocpp.page")
        return pieces(self)

    def describe(self):
        """Generator of lines: `page`, and what others added."""
        from .page import lines

        for page in (self.page,) + self._pages:
            for line in lines(page()):
                yield line
        unload("components.ocpp.page")

    def reset(self, kind="Soft", reason=""):
        """Restart; "Soft": end the transaction and deliver what is queued (at most 10 s) before; "Hard": at once."""
        self.ending.reset(kind, reason or kind + "Reset")
