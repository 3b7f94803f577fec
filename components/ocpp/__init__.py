"""OCPP-J for the station: the component that puts the parts of this package together.

Who charges, and for how much energy, is the business of the service ``station``: what happens there is sent, and what a
central system asks becomes calls of it. What messages there are for that is the business of a dialect, `v16`.

Each further profile is a component of its own, which requires this one and registers itself with `Ocpp.add_profile`, or
a feature of the station, for which the dialect answers.

=============================  ===================================================================================
v16                            OCPP 1.6 and its Core profile; and what a dialect is
link, access, urls, failures   the WebSocket: what is dialled, and what it means when that fails
trust, dates                   which peers are trusted over TLS
rpc, sources                   CALL, CALLRESULT, CALLERROR; whose request is sent next
json_text                      what is JSON
dispatcher, wear               who answers which request, by which schema, and how much it may write
notices, orders, report,       notifications that outlive a restart; updates, uploads, diagnostics
upload
page                           what there is to see
assembly                       who needs whom, and which dialect; loaded for that
=============================  ===================================================================================
"""

from core.loading import unbind, unload
from core.signals import Signal


class Ocpp:
    """The charge point to its central system.

    ``id``: its identity; ``station``, and of it ``outlets``, ``configuration``, ``stamps``. Signal: ``connected``
    (bool: the socket is open and BootNotification was accepted).

    Options: ``url`` is dialled as ``url/id`` ("": nothing is), with HTTP Basic authentication if there is an
    ``auth_key``; ``wss://`` needs ``ca_file``, the certificate (DER or PEM) that the server's is verified against, a
    path below the home unless it begins with a slash. ``strict``: unknown fields in the central system's requests are
    refused. ``max_message`` in bytes. ``vendor_id``: "" for no DataTransfers of ours. ``local_transfers``: files are
    fetched from and sent to this device itself and what is on its link only (loopback and link-local addresses), too.
    ``writes_burst``, ``writes_per_hour``: erases that the central system's commands may cause: see `WriteBudget`.
    """

    requires = ("station", "log", "kernel", "home", "pulse", "wifi")
    provides = ("page",)
    keeps = ("ocpp/id/", "ocpp/tls/utc", "ocpp/writes", "ocpp/bounded")
    options = {
        "url": (str, ...),
        "id": (str, ..., 0, 48),
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
        "writes_burst": (int, 1500, 20, 100000),
        "writes_per_hour": (int, 240, 1, 100000),
    }

    _steps = _pages = ()

    def __init__(self, station, log, kernel, home, pulse, wifi, **options):
        ca_file = options["ca_file"]
        self.ca_file = home + "/" + ca_file if ca_file and not ca_file.startswith("/") else ca_file
        self.station, self.stamps, self.configuration = station, station.stamps, station.configuration
        self.outlets = station.outlets
        self.clock, self.store, self.on_demand = station.clock, station.store, station.on_demand
        self.log = log
        self.wifi = wifi
        self.urgent = kernel.urgent
        self.connected = Signal(False, self.clock)
        self._pulse = pulse
        self.id = options["id"]
        self.serial = options["serial"] or self.id  # by which certificates name this charge point
        self.max_message, self.local_transfers = options["max_message"], options["local_transfers"]
        self.firmware_version = options["firmware_version"]
        from .assembly import connection, messages

        parts = connection(self, self.ca_file, options)
        self.writes, self.dispatcher, self.rpc, self.trust, self.link = parts
        self.boot, self.delivery, self.status, self.core, self.outbox = messages(self, options)
        unload("components.ocpp.assembly")
        unbind("components.ocpp")

    @staticmethod
    def check_settings(options, of):
        """See `core.declare`."""
        from .access import Access

        Access(options["url"], options["id"], options["auth_key"], options["ca_file"])

    # --- for the profiles ---------------------------------------------------------------------------------------

    def add_profile(self, name, profile, keys=()):
        """A profile registers itself in its constructor: its name in the table of the dialect, which tells what it has
        to have (see `CallDispatcher`), and its rows of the configuration.
        """
        self.dispatcher.add(name, profile)
        self.configuration.add(keys)

    def add_step(self, function):
        """Have ``function()`` called every 250 ms."""
        self._steps += (function,)

    def tap(self, tap):
        """Have each message go through `tap`, either way: see `Link.tap`. In the constructor of a component."""
        self.link.tap(tap)

    def report_to(self, function):
        """Have ``function(type, info)`` called with every security event."""
        self.security_event = function

    def security_event(self, type, info=""):
        """A security event of the white paper's list: no log of them is kept, unless `report_to` has named one."""

    def notices(self, queue, clock, log):
        """The `Notices` of a queue in the store, which are loaded: to be kept and stepped while there are any.

        Raises MemoryError.
        """
        with self.on_demand:
            from .notices import Notices

            return Notices(self, clock, log, self.store, queue)

    def add_page(self, function):
        """Have what ``function()`` yields, as `page` does, in the diagnostics."""
        self._pages += (function,)

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        """Read the journal."""
        self.writes.start()
        self.core.start()
        self.delivery.start()

    async def stop(self):
        self.writes.stop()

    async def run(self):
        """Keep the connection. What time changes besides is looked after by the station's steps."""
        try:
            await self.link.run()
        finally:
            self.connected.set(False)

    def step(self):
        """Every 250 ms: see `Station.connect`."""
        self._pulse()
        self.link.step()
        for step in self._steps:
            step()
        self.status.step()
        self.connected.set(self.online())
        self.rpc.wake()

    def online(self):
        """Is the central system there, and has it accepted us?"""
        return bool(self.link.open.value and self.boot.accepted.value)

    # --- what there is to see -----------------------------------------------------------------------------------

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
