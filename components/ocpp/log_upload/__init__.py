"""GetLog and LogStatusNotification (white paper "Improved security for OCPP 1.6-J", use case N01)."""



class LogUpload:
    """The DiagnosticsLog is what GetDiagnostics sends, and the files of the component ``blackbox``; the SecurityLog is
    that of the component ``security``: a board without that one rejects it. A second GetLog ends the upload of the
    first.

    ``upload`` is the `Upload` while one is under way, else None; ``request_id`` is its.

    Options: ``tries`` and ``interval_s`` where the central system does not say; ``timeout_ms`` for each step.
    """

    requires = ("ocpp", "clock", "log", "kernel", "store")
    uses = ("security", "blackbox")
    keeps = ("ocpp/log", "ocpp/log/n")
    options = {
        "tries": (int, 3, 1, 100),
        "interval_s": (int, 60, 0, 86400),
        "timeout_ms": (int, 20000, 100, 600000),
    }
    upload = request_id = _notices = None

    def __init__(self, ocpp, clock, log, kernel, store, security, blackbox, tries, interval_s, timeout_ms):
        self.ocpp = ocpp
        self.clock = clock
        self.log = log
        self.kernel = kernel
        self.store = store
        self.security = security
        self.blackbox = blackbox
        self.tries = tries
        self.interval_s = interval_s
        self.timeout_ms = timeout_ms
        ocpp.add_profile("log_upload", self)
        ocpp.add_step(self._step)

    def calls(self):
        """See `CallDispatcher`."""
        from . import calls

        return calls

    def notices(self):
        """The `Notices`, which are loaded while there are any. Raises MemoryError."""
        if self._notices is None:
            self._notices = self.ocpp.notices("ocpp/log/n", self.clock, self.log)
        return self._notices

    async def start(self):
        """Read the journal."""
        if self.store.get("ocpp/log"):
            with self.ocpp.on_demand:
                self.calls().failed_by_restart(self)
        if len(self.store.queue("ocpp/log/n")):
            self.notices()

    async def stop(self):
        if self.upload is not None:
            await self.upload.stop()

    def _step(self):
        if self.upload is not None and not self.upload.busy():
            upload, self.upload = self.upload, None
            self.ocpp.on_demand.drop(upload.modules)
        if self._notices is not None and not self._notices.step():
            self._notices = None

    def page(self):
        """What the console shows."""
        text = "Log: no upload" if self.upload is None else "Log: is being uploaded"
        yield "log", text + ", %(waiting)d notifications wait", {
            "uploading": self.upload is not None,
            "waiting": len(self.store.queue("ocpp/log/n")),
        }
