"""Time stamps of what happened, also while the time was unknown, and ids that are never used twice."""

import binascii
import os
from micropython import const

from core.isotime import format_utc

_NUMBERS = const(10000000)  # message numbers of one run of the firmware
_LOST_RUNS = const(10000)  # more than a journal can have lost
_JITTER_MS = const(1000)  # the central system's time within this is taken as the same time: no jumps back
_JUMP_MS = const(3600000)  # a correction by more than this must be received twice
_ASK_MS = const(10000)  # ... and is requested again after that
_SAME_MS = const(10000)  # ... with so much between the two, besides the time that passed
_UNKNOWN_MS = const(1577836800000)  # 2020-01-01: stands where a time must be sent that was never known

_RUN = const("ocpp/run")  # [salt, number of this run, records that the journal had lost by then]
_LAST = const("ocpp/last")  # of each outlet: [number of a transaction, UTC of its last sample in ms]
_OFFSET = const("ocpp/utc/")  # + number of a run: its UTC minus its uptime, in ms
_SUPPOSED = const("ocpp/supposed")  # the numbers of the runs of which that is one of `suppose`


class Stamps:
    """A stamp is the UTC in ms (int), or, while that is unknown, ``[run, uptime in ms]``; both go into the journal.

    Once the time is known in a run, the stamps of that run are exact, also after a restart. A run that never knew the
    time is set before the run that follows it by the durations that are known of it, as soon as that one is known, and
    stays there: a stamp that is sent twice is the same.

    While a transaction runs the stamps never go back, however the clock is set: a stamp whose UTC is unknown
    has its bound as a third element then.
    """

    _unsure_salt = ""
    _supposed = ()  # type: tuple  # the runs whose offset in the journal is one of `suppose`

    def __init__(self, clock, store, log):
        self._clock = clock
        self._store = store
        self._log = log
        self._salt = ""
        self._run = 0
        self._number = 0
        self._not_begun = {}  # what is to be journaled before the first number of this run is used
        self._spans = {}  # run: longest uptime in it that we know of
        self._unresolved = False
        self._running = 0  # transactions
        self._held = []  # those of their stamps whose UTC is not known
        self._last_ms = 0  # ... the last one's UTC, 0: not known
        self._offered_ms = None  # UTC of this run's start by a time that was received once, and is far from ours
        self._ask_ms = None  # uptime from which the time is to be requested from the central system
        self.settings = 0  # how often the clock was set: what is due at some UTC has to look again
        self._on_correction = None

    def on_correction(self, function):
        """Have ``function(former, now)``, both UTC in ms, called when the time that was known was wrong."""
        self._on_correction = function

    def start(self, stamps):
        """Begin a new run; `stamps`: all that are still in the journal."""
        run = self._store.get(_RUN) or [_new_salt(), 0]
        lost = self._store.lost
        self._salt, self._run = run[0], run[1] + 1
        if lost != (run[2] if len(run) > 2 else 0):  # among it may be the runs that followed
            self._run += _LOST_RUNS
        changes = {_RUN: [self._salt, self._run, lost]}
        for stamp in stamps:
            if isinstance(stamp, list):
                self._spans[stamp[0]] = max(stamp[1], self._spans.get(stamp[0], 0))
        for key in self._store.keys(_OFFSET):
            if int(key[len(_OFFSET) :]) not in self._spans:
                changes[key] = None
        supposed = self._store.get(_SUPPOSED)
        if supposed is not None:
            self._supposed = tuple([one for one in supposed if one in self._spans])
            if len(self._supposed) < len(supposed):
                changes[_SUPPOSED] = list(self._supposed) or None
        try:
            self._store.commit(changes)
        except self._store.Error as e:
            # The next run may have the same number: until this one is journaled, its ids have another salt.
            self._log.error("the start of this run cannot be journaled: %s", e)
            self._unsure_salt = _new_salt()
            self._not_begun = changes

    def number(self):
        """A number that this device never used before and never uses again. Raises the store's Error."""
        if self._not_begun:
            self._store.commit(self._not_begun)
            self._not_begun = {}
        return self.order()

    def order(self):
        """A number above all of this run before it: for what is not journaled."""
        self._number += 1
        return self._run * _NUMBERS + self._number

    def message_id(self, number=None):
        """The id of the message with this number; None: of one that is not journaled."""
        if number is not None:
            return "%s-%d" % (self._salt, number)
        return "%s-%d" % (self._unsure_salt if self._not_begun else self._salt, self.order())

    def now(self):
        """The stamp of this moment."""
        utc_ms = self._clock.sure_utc_ms()
        if utc_ms is None:
            self._unresolved = True
            stamp = [self._run, self._clock.uptime_ms()]
            return stamp + [self._last_ms] if self._last_ms else stamp
        if self._running:
            self._last_ms = utc_ms = max(utc_ms, self._last_ms)
        return utc_ms

    def resume(self, transaction, queued):
        """A transaction continues after a restart; `queued`: the stamps in the messages that wait."""
        last = self._store.get(transaction.outlet.key(_LAST))
        if last is not None and last[0] == transaction.number:
            queued.append(last[1])
        self._running += 1
        self._hold(transaction.stamps() + queued)

    def _hold(self, stamps):
        """A transaction runs that has these stamps: no later one is before them, until all have `ended`."""
        for stamp in stamps:
            if isinstance(stamp, list):
                self._held.append(stamp)
            utc_ms = self.utc_of(stamp)
            if utc_ms > self._last_ms and utc_ms >= self._clock.earliest_ms and self._is_sure(stamp):  # else not known
                self._last_ms = utc_ms

    def _is_sure(self, stamp):
        """Is its UTC that of the central system?"""
        if not isinstance(stamp, list) or self._clock.sure_utc_ms() is not None:
            return True
        return stamp[0] not in self._supposed and self._store.get(_OFFSET + str(stamp[0])) is not None

    def note(self, outlet, number, changes):
        """A sample of a transaction has been taken: `changes` are journaled with it."""
        if self._last_ms:
            changes[outlet.key(_LAST)] = [number, self._last_ms]

    def begun(self, transaction):
        """See `Ocpp.watch_transactions`."""
        self._running += 1
        self._hold([transaction.started])

    def ended(self, transaction, meter_stop_wh):
        """See `Ocpp.watch_transactions`."""
        self._running -= 1
        if not self._running:
            self._held = []
            self._last_ms = 0
        elif transaction.started in self._held:
            self._held.remove(transaction.started)

    def learn(self, utc_ms):
        """The time that the central system sent. A jump is accepted when it is received once more."""
        known = self._clock.sure_utc_ms()
        if known is not None and abs(known - utc_ms) > _JUMP_MS and not self._told_twice(known, utc_ms):
            return
        self._offered_ms = None
        if known is None or abs(known - utc_ms) > _JITTER_MS:
            self._clock.set_utc_ms(utc_ms)
            self.settings += 1
            self._log.info("the time is %s", format_utc(utc_ms))
            if known is not None and self._on_correction is not None:
                self._on_correction(known, utc_ms)
        try:
            self._resolve()
        except self._store.Error as e:  # what is not journaled yet is at the next time
            self._log.rare("the time of former stamps cannot be journaled: %s", str(e))

    def suppose(self, utc_ms):
        """A time that nobody vouches for, until the central system sends one: of the stamps it is the time as long."""
        if self._clock.sure_utc_ms() is not None:
            return
        self._clock.set_utc_ms(utc_ms, False)
        self.settings += 1
        self._log.info("the time is %s until the central system sends it", format_utc(utc_ms))
        key = _OFFSET + str(self._run)
        try:
            if self._run in self._supposed:
                self._store.put(key, self._clock.utc_of(0))
            elif self._store.get(key) is None:
                supposed = self._supposed + (self._run,)
                self._store.commit({key: self._clock.utc_of(0), _SUPPOSED: list(supposed)})
                self._supposed = supposed
        except self._store.Error as e:
            self._log.rare("the time of this run cannot be journaled: %s", str(e))

    def ask(self, after_ms=0):
        """Have the time requested from the central system."""
        self._ask_ms = self._clock.uptime_ms() + after_ms

    def wanted(self):
        """Is it to be requested now? Once for each `ask`."""
        wanted = self._ask_ms is not None and self._clock.uptime_ms() >= self._ask_ms
        if wanted:
            self._ask_ms = None
        return wanted

    def _told_twice(self, known, utc_ms):
        before, self._offered_ms = self._offered_ms, utc_ms - self._clock.uptime_ms()
        if before is not None and abs(before - self._offered_ms) <= _SAME_MS:
            return True
        if before is None:  # else its times vary: no flood of requests
            self.ask(_ASK_MS)
        self._log.warning("%s received, ours is %s: used if received again", format_utc(utc_ms), format_utc(known))
        return False

    def _resolve(self):
        """Journal the UTC of the start of each run that has stamps without one, this one and those before it."""
        changes = {}
        start_ms = self._clock.utc_of(0)
        is_open = self._run in self._supposed or self._store.get(_OFFSET + str(self._run)) is None
        if self._unresolved and is_open:
            changes[_OFFSET + str(self._run)] = start_ms
        for run in sorted(self._spans, reverse=True):
            offset = self._store.get(_OFFSET + str(run))
            if run in self._supposed and offset is not None and offset + self._spans[run] > start_ms:
                offset = None  # no run ends after the start of the next one
            if offset is None:
                offset = changes[_OFFSET + str(run)] = start_ms - self._spans[run]
            start_ms = offset
        if self._supposed:
            changes[_SUPPOSED] = None
        if changes:
            self._store.commit(changes)
        self._unresolved, self._supposed = False, ()
        held, self._held = self._held, []
        self._hold(held)

    def utc_of(self, stamp):
        """The UTC of a stamp in ms."""
        if not isinstance(stamp, list):
            return stamp
        run, uptime_ms = stamp[:2]
        start_ms = self._store.get(_OFFSET + str(run))
        if start_ms is None:
            start_ms = self._clock.utc_of(0)
            if start_ms is None:
                start_ms = _UNKNOWN_MS
            uptime_ms = self._before_start(run, uptime_ms)
        return max(start_ms + uptime_ms, stamp[2] if len(stamp) > 2 else 0)

    def _before_start(self, run, uptime_ms):
        """Where an uptime of a run lies, in ms from the start of this run."""
        if run == self._run:
            return uptime_ms
        for later in self._spans:
            if run <= later < self._run:
                uptime_ms -= self._spans[later]
        return min(uptime_ms, 0)

    def fixed(self, stamp, latest_ms=None):
        """As `text`, for a message that may be repeated: what it has while the time is unknown stays so.

        `latest_ms`: it is sent as within the plausible bounds up to that UTC.
        """
        if isinstance(stamp, list) and self._clock.sure_utc_ms() is None:
            self._fix(stamp[0])
        if latest_ms is None:
            return self.text(stamp)
        return format_utc(min(max(self.utc_of(stamp), self._clock.earliest_ms), latest_ms))

    def doubtful(self, stamp):
        """Is it in the future, or before this firmware was made? Not while the time is unknown."""
        now = self._clock.utc_ms()
        return now is not None and not self._clock.earliest_ms <= self.utc_of(stamp) <= now

    def _fix(self, run):
        key = _OFFSET + str(run)
        start_ms = self._clock.utc_of(0)
        try:
            if self._store.get(key) is None:
                self._store.put(key, (_UNKNOWN_MS if start_ms is None else start_ms) + self._before_start(run, 0))
            if run in self._supposed:  # it stays
                supposed = [one for one in self._supposed if one != run]
                self._store.put(_SUPPOSED, supposed or None)
                self._supposed = tuple(supposed)
        except self._store.Error as e:
            self._log.rare("the time of former stamps cannot be journaled: %s", str(e))

    def text(self, stamp):
        """A stamp as OCPP writes it, in UTC with Z."""
        return format_utc(self.utc_of(stamp))


def _new_salt():
    return binascii.hexlify(os.urandom(4)).decode()
