"""What the central system's commands may write: the flash wears out with every block that is erased.

A write of the journal erases one block (see `components.persistence`), and so does every 4 KB of a file. A flash of 640
KB whose blocks take 100,000 erases and are used in turn lasts for 7 years of 240 erases an hour.
"""

from micropython import const

from .dispatcher import CallError

_HOUR_MS = const(3600000)
_LEFT = const("ocpp/writes")  # what was left at the last orderly stop: a Reset is a command like others
_WHY = const("too much was written for commands")


class WriteBudget:
    """``left`` erases may be caused at once, at most `burst`; `per_hour` come back. ``refused`` counts commands.

    Commands that write nothing cost nothing; RemoteStopTransaction and UnlockConnector are never refused.
    """

    def __init__(self, ocpp, burst, per_hour):
        self._ocpp = ocpp
        self._burst = self.left = burst
        self._per_hour = per_hour
        self._at_ms = 0  # uptime up to which `left` was reckoned
        self._told_ms = None
        self.refused = 0

    def start(self):
        """Read the journal."""
        self.left = min(self._ocpp.store.get(_LEFT, self._burst), self._burst)

    def stop(self):
        """The firmware stops in order: the next start continues with what is left."""
        self._refill()
        left = None if self.left == self._burst else self.left
        try:
            if left != self._ocpp.store.get(_LEFT):
                self._ocpp.store.put(_LEFT, left)
        except self._ocpp.store.Error as e:
            self._ocpp.log.rare("what may be written is not journaled: %s", str(e))

    def run(self, action, handler, payload):
        """What ``handler(payload)`` returns, or the answer that refuses the action. Raises CallError."""
        writing = self._ocpp.dispatcher.dialect.WRITING
        if action not in writing:
            return handler(payload)
        at = writing.index(action)
        self._refill()
        if self.left < max(1, writing[at + 2]):
            return self._refuse(action, writing[at + 1])
        before = self._ocpp.store.erases
        result = ()
        try:
            result = handler(payload)
        finally:
            self.left -= self._ocpp.store.erases - before
            if _is_accepted(result):
                self.left -= writing[at + 2]
        return result

    def _refill(self):
        now = self._ocpp.clock.uptime_ms()
        more = (now - self._at_ms) * self._per_hour // _HOUR_MS
        self._at_ms += more * _HOUR_MS // self._per_hour
        self.left = min(self._burst, self.left + more)

    def _refuse(self, action, status):
        self.refused += 1
        self._ocpp.log.rare("%s refused: " + _WHY, action)
        now = self._ocpp.clock.uptime_ms()
        if self._told_ms is None or now - self._told_ms >= _HOUR_MS:
            self._told_ms = now
            self._ocpp.security_event("MemoryExhaustion", "flash: %s refused, %s" % (action, _WHY))
        if not status:
            raise CallError("GenericError", _WHY)
        return {"status": status}

    def page(self):
        """What the console shows."""
        self._refill()
        data = {"left": max(0, self.left), "most": self._burst, "refused": self.refused}
        yield "writes", "Writes for commands: %(left)d of %(most)d left, %(refused)d refused", data


def _is_accepted(result):
    """Will more be done for it after its answer? What is to be awaited may be."""
    answer = result[0] if isinstance(result, tuple) and result else result
    return answer.get("status", "Accepted").startswith("Accepted") if isinstance(answer, dict) else answer != ()
