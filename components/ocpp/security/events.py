"""Security events (white paper "Improved security for OCPP 1.6-J", use case A04, and its list of events).

Every event is written into the security log, a ring in the journal, and sent to the central system, in order, also
after a restart. What a peer can cause at will is counted instead once it comes too often.
"""

from micropython import const

from core.text import printable

from ..rpc import CLOSED, TIMEOUT, Call

QUEUE = "ocpp/sec"  # to be sent: [number, stamp, type, info]
RING = "ocpp/seclog"  # the security log: [stamp, type, info]
_NUMBER = const(0)
_STAMP = const(1)
_TYPE = const(2)
_INFO = const(3)
_QUEUE_MAX = const(32)
_INFO_MAX = const(255)  # techInfo
_RETRY_MS = const(60000)

_BURST = const(10)  # events of one type that may come at once; then one in each
_CRITICAL_MS = const(60000)
_OTHER_MS = const(300000)
_CRITICAL = const(
    "|FirmwareUpdated|MemoryExhaustion|ResetOrReboot|SecurityLogWasCleared|SettingSystemTime|StartupOfTheDevice|"
    "TamperDetectionActivated|"
)


class Events:
    """The security log and the queue of SecurityEventNotification. ``lost`` counts what the journal could not take.

    `keep`: so many events the log holds.
    """

    def __init__(self, ocpp, rpc, keep):
        self._clock = ocpp.clock
        self._log = ocpp.log
        self._store = ocpp.store
        self._stamps = ocpp.stamps
        self._rpc = rpc
        self._online = ocpp.station.online
        self._keep = keep
        self._rates = {}  # {type: [events that may still come, uptime in ms when that was, events held back]}
        self._holding = False
        self._head = None  # the oldest of the queue, read once
        self._due_ms = 0
        self._deaf = False  # this central system does not implement the message
        self.lost = 0

    def stamps(self):
        """Generator of all stamps in the journal."""
        for record in self._store.queue(QUEUE).entries():
            yield record[_STAMP]
        for entry in self._store.queue(RING).entries():
            yield entry[0]

    # --- what goes in -------------------------------------------------------------------------------------------

    def report(self, type, info="", changes=None):
        """Something happened; `changes` are journaled with it. It never raises, so that no caller is disturbed."""
        if self._admit(type):
            self._keep_it(type, info, changes)

    def _keep_it(self, type, info, changes=None):
        try:
            self._record(type, info, changes)
        except MemoryError:
            self.lost += 1
        except OSError as e:
            self.lost += 1
            self._log.rare("a security event is lost: %s", e)

    def _admit(self, type):
        """May an event of this type be recorded now? If not it is counted."""
        now = self._clock.uptime_ms()
        rate = self._rates.get(type)
        if rate is None:
            rate = self._rates[type] = [_BURST, now, 0]
        each_ms = _CRITICAL_MS if is_critical(type) else _OTHER_MS
        more = (now - rate[1]) // each_ms
        if more > 0:
            rate[0] = min(_BURST, rate[0] + more)
            rate[1] += more * each_ms
        if not rate[0]:
            rate[2] += 1
            self._holding = True
            return False
        if rate[0] == _BURST:
            rate[1] = now
        rate[0] -= 1
        return True

    def step(self):
        """Record what was held back, once its time has come; to be called now and then."""
        if not self._holding:
            return
        self._holding = False
        for type, rate in self._rates.items():
            held, rate[2] = rate[2], 0
            if held and self._admit(type):
                self._keep_it(type, "%d more of them, too fast to log one by one" % held)
            elif held:
                rate[2] = held

    def _record(self, type, info, changes):
        """Write an event into the log and the queue, in one record. Raises the store's Error."""
        info = printable(info, _INFO_MAX)
        self._log.info("security event %s %s", type, info)
        stamp = self._stamps.now()
        push = ((RING, [stamp, type, info]),)
        pop = (RING,) if len(self._store.queue(RING)) >= self._keep else ()
        drop = ()
        if not self._deaf:
            if len(self._store.queue(QUEUE)) >= _QUEUE_MAX:
                drop = ((QUEUE, self._least()),)
                self.lost += 1
            push += ((QUEUE, [self._stamps.number(), stamp, type, info]),)
        self._store.commit(changes, pop=pop, drop=drop, push=push)
        self._rpc.wake()

    def _least(self):
        """Which event of the queue is left out for lack of room: the oldest that is not critical. Never the first
        one, which may be on its way."""
        queue = self._store.queue(QUEUE)
        for index in range(1, len(queue)):
            if not is_critical(queue.get(index)[_TYPE]):
                return index
        return 1

    # --- what goes out ------------------------------------------------------------------------------------------

    def on_open(self, is_open):
        """The connection is open or closed: another central system may be there."""
        self._deaf = False
        self._due_ms = 0

    def next_call(self):
        """The oldest event that is not sent, if it is due."""
        if not self._online() or self._clock.uptime_ms() < self._due_ms:
            return None
        if self._head is None:
            self._head = self._store.queue(QUEUE).peek()
        record = self._head
        if record is None:
            return None
        payload = {"type": record[_TYPE], "timestamp": self._stamps.fixed(record[_STAMP])}
        if record[_INFO]:
            payload["techInfo"] = record[_INFO]
        done = lambda answer, error: self._on_done(record, error)  # noqa: E731
        return Call("SecurityEventNotification", payload, done, self._stamps.message_id(record[_NUMBER]))

    def _on_done(self, record, error):
        if self._head is not record or error == CLOSED:
            return
        self._due_ms = self._clock.uptime_ms() + _RETRY_MS  # should the journal refuse: not at once again
        if error == TIMEOUT:
            return
        sent =  1
        if error in ("NotImplemented", "NotSupported"):
            self._deaf = True
            sent =  len(self._store.queue(QUEUE))
            self._log.rare("the central system rejects security events: %s", error)
        self._store.commit(pop=(QUEUE,) * sent)
        self._head = None
        self._due_ms = 0

    # --- to be shown --------------------------------------------------------------------------------------------

    def lines(self, oldest_ms=None, latest_ms=None):
        """Generator of the log's lines, oldest first, of events between two times (UTC in ms; None: no bound)."""
        for stamp, type, info in self._store.queue(RING).entries():
            utc_ms = self._stamps.utc_of(stamp)
            if (oldest_ms is None or oldest_ms <= utc_ms) and (latest_ms is None or utc_ms <= latest_ms):
                mark = "critical" if is_critical(type) else "-"
                yield "%s %s %s %s" % (self._stamps.text(stamp), mark, type, info)

    def waiting(self):
        """How many events wait for the central system."""
        return len(self._store.queue(QUEUE))


def is_critical(type):
    """Is a security event critical by the white paper's list?"""
    return "|" + type + "|" in _CRITICAL
