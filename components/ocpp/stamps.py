"""Time stamps of what happened, also while nobody knew the time, and ids that are never used twice."""

import binascii
import os
from micropython import const

from core.isotime import format_utc

_NUMBERS = const(10000000)  # message numbers of one run of the firmware
_JITTER_MS = const(1000)  # the central system's time within this is taken as the same time: no jumps back
_UNKNOWN_MS = 1577836800000  # 2020-01-01: stands where a time must be sent that nobody ever told us

_RUN = "ocpp/run"  # [salt, number of this run]
_OFFSET = "ocpp/utc/"  # + number of a run: its UTC minus its uptime, in ms


class Stamps:
    """A stamp is the UTC in ms (int), or, while that is unknown, ``[run, uptime in ms]``; both go into the journal.

    Once the time is known in a run, the stamps of that run are exact, also after a restart. A run that never knew the
    time is set before the present run by the durations that are known of it: never later than the start of this one.
    """

    def __init__(self, clock, store, log):
        self._clock = clock
        self._store = store
        self._log = log
        self._salt = ""
        self._run = 0
        self._number = 0
        self._spans = {}  # run: longest uptime in it that we know of
        self._unresolved = False
        self.settings = 0  # how often the clock was set: what is due at some UTC has to look again
        self.corrected = None  # function(former, now), both UTC in ms: the time that was known was wrong

    def start(self, stamps):
        """Begin a new run; `stamps`: all that are still in the journal."""
        run = self._store.get(_RUN) or [binascii.hexlify(os.urandom(4)).decode(), 0]
        self._salt, self._run = run[0], run[1] + 1
        changes = {_RUN: [self._salt, self._run]}
        for stamp in stamps:
            if isinstance(stamp, list):
                self._spans[stamp[0]] = max(stamp[1], self._spans.get(stamp[0], 0))
        for key in self._store.keys(_OFFSET):
            if int(key[len(_OFFSET) :]) not in self._spans:
                changes[key] = None
        self._store.commit(changes)

    def number(self):
        """A number that this device never used before and never uses again."""
        self._number += 1
        return self._run * _NUMBERS + self._number

    def message_id(self, number=None):
        return "%s-%d" % (self._salt, self.number() if number is None else number)

    def now(self):
        """The stamp of this moment."""
        utc_ms = self._clock.utc_ms()
        if utc_ms is not None:
            return utc_ms
        self._unresolved = True
        return [self._run, self._clock.uptime_ms()]

    def learn(self, utc_ms):
        """The central system says what time it is."""
        known = self._clock.utc_ms()
        if known is None or abs(known - utc_ms) > _JITTER_MS:
            self._clock.set_utc_ms(utc_ms)
            self.settings += 1
            self._log.info("the time is %s", format_utc(utc_ms))
            if known is not None and self.corrected is not None:
                self.corrected(known, utc_ms)
        if self._unresolved:
            self._store.put(_OFFSET + str(self._run), self._clock.utc_of(0))
            self._unresolved = False

    def utc_of(self, stamp):
        """The UTC of a stamp in ms."""
        if not isinstance(stamp, list):
            return stamp
        run, uptime_ms = stamp
        if run != self._run:
            offset = self._store.get(_OFFSET + str(run))
            if offset is not None:
                return offset + uptime_ms
        start_ms = self._clock.utc_of(0)
        if start_ms is None:
            start_ms = _UNKNOWN_MS
        return start_ms + self._before_start(run, uptime_ms)

    def _before_start(self, run, uptime_ms):
        """Where an uptime of a run lies, in ms from the start of this run."""
        if run == self._run:
            return uptime_ms
        for later in self._spans:
            if run <= later < self._run:
                uptime_ms -= self._spans[later]
        return min(uptime_ms, 0)

    def text(self, stamp):
        """A stamp as OCPP writes it, in UTC with Z."""
        return format_utc(self.utc_of(stamp))
