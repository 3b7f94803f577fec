"""BootNotification and Heartbeat, and the time that both bring (OCPP 1.6, sections 4.2 and 4.6)."""

from micropython import const

from core.clock import LATEST_MS
from core.isotime import format_utc, parse_utc
from core.signals import Signal

from ..rpc import CLOSED, Call

ACCEPTED = "Accepted"
_PENDING = const("Pending")
_REJECTED = const("Rejected")
_RETRY_MS = const(30000)  # where the central system names no interval, or does not answer
_SOON_MS = const(1000)
_WAIT_MAX_S = const(86400)
_SYNC_MS = const(86400000)  # so long the time may go without the central system's


def _identity_of(options):
    """The payload of BootNotification, by the component's options."""
    identity = {"chargePointVendor": options["vendor"], "chargePointModel": options["model"]}
    if options["serial"]:
        identity["chargePointSerialNumber"] = options["serial"]
    if options["firmware_version"]:
        identity["firmwareVersion"] = options["firmware_version"]
    return identity


class Boot:
    """Registration at the central system. ``accepted`` is a Signal (bool); ``status`` as last answered, or None.

    ``identity``: the payload of BootNotification.
    """

    def __init__(self, ocpp, options):
        self.accepted = Signal(False, ocpp.clock)
        self.status = None
        self.bad_times = 0  # answers whose currentTime was no time, or implausible
        self._ocpp = ocpp
        self._clock = ocpp.clock
        self.identity = _identity_of(options)
        self._due_ms = 0
        self._asked = False
        self._synced_ms = 0

    def pending(self):
        """Are we registered as Pending: only what the central system asks for may be sent (section 4.2)?"""
        return self.status == _PENDING

    def ask(self):
        """Have a BootNotification sent, whatever the last answer was."""
        self._asked = True

    def next_call(self):
        """The BootNotification if it is due."""
        due = not self.accepted.value and self._clock.uptime_ms() >= self._due_ms
        if not due and not self._asked:
            return None
        self._asked = False
        self._ocpp.rpc.mute(False)
        return Call("BootNotification", self.identity, self._on_boot)

    def next_heartbeat(self):
        """The Heartbeat if it is due."""
        if not self.accepted.value:
            return None
        now = self._clock.uptime_ms()
        if self._ocpp.stamps.wanted():
            return Call("Heartbeat", {}, self.on_heartbeat)
        quiet_ms = self._ocpp.configuration["HeartbeatInterval"] * 1000
        if now - self._ocpp.rpc.exchanged_ms < quiet_ms and now - self._synced_ms < _SYNC_MS:
            return None
        return Call("Heartbeat", {}, self.on_heartbeat)

    def _on_boot(self, answer, error):
        now = self._clock.uptime_ms()
        self._due_ms = now if error == CLOSED else now + _RETRY_MS
        if answer is None or answer.get("status") not in (ACCEPTED, _PENDING, _REJECTED):
            return
        utc_ms = self._time_in(answer)
        if utc_ms is not None and not self._believed(utc_ms):
            if self._clock.sure_utc_ms() is None:  # who that is, is not known: the connection has ended
                self._due_ms = now + _SOON_MS
                return
            utc_ms = None
        self.status = answer["status"]
        interval = answer.get("interval")
        if not isinstance(interval, int) or isinstance(interval, bool) or interval < 0:
            interval = 0
        self._ocpp.log.info("BootNotification: %s, interval %d s", self.status, interval)
        self._ocpp.rpc.mute(self.status == _REJECTED)
        self.accepted.set(self.status == ACCEPTED)  # before anything that the journal may refuse
        if self.status != ACCEPTED:
            self._due_ms = now + (min(interval, _WAIT_MAX_S) * 1000 or _RETRY_MS)
        if self.status != _REJECTED and utc_ms is not None:
            self._take_time(utc_ms)
        if self.status == ACCEPTED and interval and interval != self._ocpp.configuration["HeartbeatInterval"]:
            self._ocpp.writes.run("BootNotification", self._set_interval, min(interval, _WAIT_MAX_S))

    def _set_interval(self, interval_s):
        try:
            return {"status": self._ocpp.configuration.set("HeartbeatInterval", str(interval_s))}
        except OSError as e:
            self._ocpp.log.rare("HeartbeatInterval stays as it is: %s", e)
            return {"status": "Rejected"}

    def on_heartbeat(self, answer, error):
        """A Heartbeat is over."""
        self._synced_ms = self._clock.uptime_ms()  # also after a failure: no flood of Heartbeats
        utc_ms = None if answer is None else self._time_in(answer)
        if utc_ms is not None and self._believed(utc_ms):
            self._take_time(utc_ms)

    def _time_in(self, answer):
        """The currentTime of an answer in ms, or None if it is none, or before what runs here was made."""
        try:
            utc_ms = parse_utc(answer["currentTime"])
            if self._clock.earliest_ms <= utc_ms <= LATEST_MS:
                return utc_ms
        except (KeyError, TypeError, ValueError):
            pass
        self.bad_times += 1
        self._ocpp.log.rare("no usable currentTime: %s", str(answer.get("currentTime"))[:40])
        return None

    def _believed(self, utc_ms):
        if self._ocpp.link.believes(utc_ms):
            return True
        self.bad_times += 1
        self._ocpp.log.rare("a currentTime at which the certificate is not valid: %s", format_utc(utc_ms))
        return False

    def _take_time(self, utc_ms):
        self._synced_ms = self._clock.uptime_ms()
        self._ocpp.stamps.learn(utc_ms)
