"""The security extension of OCPP 1.6 (OCA's white paper "Improved security for OCPP 1.6-J"): security profiles,
AuthorizationKey, security events and the security log.

===========  ============================================================================
credentials  the security profile and the AuthorizationKey: changed, tried, kept
setting      ... set; loaded for that
events       the security log, and SecurityEventNotification
schemas      of the message, generated
===========  ============================================================================
"""

from micropython import const

from core.isotime import format_utc

from .credentials import Credentials
from .events import Events

KEYS = (
    ("AuthorizationKey", "str", "", None, 40, "W"),
    ("SecurityProfile", "int", 0, 0, 3, "RW"),
)
_DRIFT_MS = const(5000)  # a clock that is corrected by less was not set, it drifted
_LOSSES_TOLD = const("ocpp/seclost")  # what the store's `lost` was when its loss was told last
_RECONFIGURED = const("ReconfigurationOfSecurityParameters")


class Security:
    """Keeps the credentials and the security log.

    Options: ``url_tls``: what is dialled from security profile 2 on, "": the URL of ``ocpp`` with wss://; ``profile``:
    the security profile of a new device, -1: by its URL and key; ``keep``: events in the security log.

    For others: `log_lines`. A security event is reported with ``ocpp.security_event(type, info)``.
    """

    requires = ("ocpp", "kernel", "clock", "log", "store")
    keeps = ("ocpp/access", "ocpp/sec", "ocpp/seclog", "ocpp/seclost")
    options = {
        "url_tls": (str, ""),
        "profile": (int, -1, -1, 3),
        "keep": (int, 64, 10, 400),
    }

    def __init__(self, ocpp, kernel, clock, log, store, url_tls, profile, keep):
        self._kernel = kernel
        self._ocpp = ocpp
        self._configuration = configuration = ocpp.configuration
        self._events = events = Events(ocpp, ocpp.rpc, keep)
        self._credentials = credentials = Credentials(
            ocpp.link.access, store, log, ocpp.trust, url_tls, profile, self._on_change
        )
        ocpp.link.dial_by(credentials)
        ocpp.add_profile("security", self, KEYS)
        configuration.set_handler("AuthorizationKey", self._set_key)
        configuration.set_handler("SecurityProfile", self._set_profile)
        ocpp.report_to(events.report)
        ocpp.station.add_stamps(events.stamps)
        ocpp.add_step(events.step)
        ocpp.rpc.add_sources(events.next_call)
        ocpp.link.open.watch(events.on_open)
        ocpp.stamps.on_correction(self._on_correction)

    @staticmethod
    def check_settings(options, of):
        """See `core.declare`."""
        from .setting import check

        ocpp = of("ocpp")
        if ocpp:
            check(ocpp["url"], ocpp["id"], ocpp["auth_key"], options["url_tls"], options["profile"])

    def calls(self):
        """See `CallDispatcher`: there are none, but there is the schema of an answer."""
        from . import calls

        return calls

    async def start(self):
        """Read the journal; report the start."""
        self._credentials.start()
        self._configuration.fix("SecurityProfile", self._credentials.proven)
        self._events.report("StartupOfTheDevice", self._ocpp.firmware_version)
        self._tell_losses(self._ocpp.store)

    def _tell_losses(self, store):
        """Tell once of each damage that cost something: the white paper's list of types has none for it."""
        told = store.get(_LOSSES_TOLD, 0)
        if store.lost != told:
            words = "%d records of the journal lost" % max(1, store.lost - told)
            if store.doubts:
                words += "; in doubt: " + ", ".join(store.doubts)
            self._events.report("JournalDamaged", words, {_LOSSES_TOLD: store.lost})

    async def stop(self):
        """The firmware ends in order."""
        self._events.report("ResetOrReboot", self._kernel.exit_reason)

    def log_lines(self, oldest_ms=None, latest_ms=None):
        """Generator of the security log's lines, oldest first, between two times (UTC in ms; None: no bound)."""
        return self._events.lines(oldest_ms, latest_ms)

    # --- what is set --------------------------------------------------------------------------------------------

    def _set_key(self, key):
        from .setting import take_key  # `Configuration.set` lets go of it

        return self._after("AuthorizationKey", take_key(self._credentials, key))

    def _set_profile(self, profile):
        from .setting import take_profile

        return self._after("SecurityProfile to %d" % profile, take_profile(self._credentials, profile))

    def _after(self, what, anew):
        if anew:
            self._ocpp.security_event(_RECONFIGURED, what)
            self._configuration.later(self._ocpp.link.reconnect)
        return "Accepted"

    def _on_change(self, text):
        self._configuration.fix("SecurityProfile", self._credentials.proven)
        self._ocpp.security_event(_RECONFIGURED, text)

    def _on_correction(self, former_ms, now_ms):
        if abs(now_ms - former_ms) >= _DRIFT_MS:
            self._events.report("SettingSystemTime", "from %s to %s" % (format_utc(former_ms), format_utc(now_ms)))

    def page(self):
        """What the console shows."""
        credentials = self._credentials
        trial = "" if credentials.latest() == credentials.profile else ", %d requested" % credentials.latest()
        text = "Security: profile %(profile)d" + trial + "; events: %(waiting)d wait, %(lost)d lost"
        yield "security", text, {
            "profile": credentials.profile,
            "asked_for": credentials.latest(),
            "waiting": self._events.waiting(),
            "lost": self._events.lost,
        }
