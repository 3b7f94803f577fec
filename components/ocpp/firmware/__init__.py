"""Firmware Management (OCPP 1.6, sections 4.4, 4.5, 5.9 and 5.19): updates and diagnostics over HTTP and HTTPS.

===========  ======================================================================================
calls        the answers to the messages; loaded for them
update       the update, from the order to the restart, and what became of it; loaded while there is one
local        ... by a person at this device
download     ... one image from a URL into the sink
diagnostics  GetDiagnostics
schemas      of the messages, generated
===========  ======================================================================================
"""



class Firmware:
    """Updates of the firmware, and diagnostics.

    An update goes to the board's ``sink`` while it is being fetched. It is installed, which is a restart, once no
    transaction runs; with a sink that blocks it is also fetched only then. A new order replaces one that is not being
    installed yet; while one is, an UpdateFirmware is ignored with a word in the log, for its answer has no status. One
    from a URL that is neither http nor https has failed at once, and changes nothing.

    ``update`` is the `Update` while there is one, ``upload`` the `Upload` of diagnostics while it is under way; else
    None. ``unsigned``: is UpdateFirmware taken?

    Options: ``tries`` and ``interval_s`` where the central system does not say how often and how long after each other;
    ``timeout_ms`` for each step of a transfer.
    """

    requires = ("ocpp", "sink", "clock", "log", "kernel", "store")
    keeps = ("ocpp/fw", "ocpp/fw/s", "ocpp/fw/n", "ocpp/diag")
    options = {
        "tries": (int, 3, 1, 100),
        "interval_s": (int, 60, 0, 86400),
        "timeout_ms": (int, 20000, 100, 600000),
    }
    unsigned = True
    verify = update = upload = _notices = None

    def __init__(self, ocpp, sink, clock, log, kernel, store, tries, interval_s, timeout_ms):
        self.ocpp = ocpp
        self.sink = sink
        self.clock = clock
        self.log = log
        self.kernel = kernel
        self.store = store
        self.tries = tries
        self.interval_s = interval_s
        self.timeout_ms = timeout_ms
        ocpp.add_profile("firmware", self)
        ocpp.add_step(self._step)

    def verify_by(self, function, unsigned):
        """Take signed updates: the coroutine ``function(signature, digest)`` returns whether what `Update.order` was
        given signs the SHA-256 of the image. unsigned: are others taken as well?
        """
        self.verify, self.unsigned = function, unsigned

    def calls(self):
        """See `CallDispatcher`."""
        from . import calls

        return calls

    def notices(self):
        """The `Notices`, which are loaded while there are any. Raises MemoryError."""
        if self._notices is None:
            self._notices = self.ocpp.notices("ocpp/fw/n", self.clock, self.log)
        return self._notices

    def begin_update(self):
        """The `Update`, which is loaded if there is none. Raises MemoryError."""
        if self.update is None:
            on_demand = self.ocpp.on_demand
            with on_demand:
                from .update import MODULES, Update

                update = Update(self)
                update.modules = on_demand.keep(MODULES)  # as long as there is one: see `let_go`
                self.update = update
        return self.update

    def begin_local(self, size, signature, certificate):
        """An update by a person at this device begins, see `LocalUpdate.begin`. Raises MemoryError, OSError."""
        with self.ocpp.on_demand:
            from .local import begin

            begin(self, size, signature, certificate)

    def let_go(self):
        """Of the update, if it is over."""
        if self.update is not None and self.update.is_over():
            update, self.update = self.update, None
            self.ocpp.on_demand.drop(update.modules)

    async def start(self):
        """Read the journal."""
        if self.store.get("ocpp/fw") is not None:
            self.begin_update().start()
        if self.store.get("ocpp/diag"):
            self._tell_failure()
        if len(self.store.queue("ocpp/fw/n")):
            self.notices()

    def _tell_failure(self):
        with self.ocpp.on_demand:
            from .diagnostics import failed_by_restart

            failed_by_restart(self)

    async def stop(self):
        if self.update is not None:
            await self.update.stop()
        if self.upload is not None:
            await self.upload.stop()

    def _step(self):
        on_demand = self.ocpp.on_demand
        if self.update is not None:
            self.update.step()
            self.let_go()
        if self.upload is not None and not self.upload.busy():
            upload, self.upload = self.upload, None
            on_demand.drop(upload.modules)
        if self._notices is not None and not self._notices.step():
            self._notices = None

    def page(self):
        """What the console shows."""
        uploading = "" if self.upload is None else "; diagnostics are being uploaded"
        yield "firmware", "Firmware: %(update)s; %(waiting)d notifications wait" + uploading, {
            "update": "no update" if self.update is None else self.update.describe(),
            "waiting": len(self.store.queue("ocpp/fw/n")),
            "diagnostics": self.upload is not None,
        }
