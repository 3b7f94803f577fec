"""The station's limit, shared among the outlets that request current; and limits that others set for a time."""

from components.budget.external import MAX, NO_LIMIT, External
from components.budget.share import MIN_MA, Share
from core.loading import unload


class Budget:
    """Sets of each gate the limit "budget" so that their sum is never above the station's limit.

    Of the outlets that could charge (all conditions of their gate hold but this limit) each gets `min_ma`, and of the
    rest an equal part; none gets more than it requests (the smallest of the vehicle's request, the module's
    and all other limits; at least 1 A), and what is left goes to those that can use it. If not all minimums fit, those
    that came last wait; then every `turn_ms` the one at the head of the queue moves to its end, so that each gets its
    turn. An outlet has its place in the queue from the begin of its transaction to its end.

    A lower limit is sent at once. A higher one only when what the others may deliver leaves room for it: an outlet
    whose limit was lowered counts with the former one until, `settle_ms` later, a measurement shows what flows; one
    whose module is silent counts with its last limit until a frame comes; one that delivers more than its limit
    counts with what it delivers.

    External limits, of the station or of an outlet: see `limit`. One with a life time that is not renewed becomes
    `fail_safe_ma`. They do not outlast a restart: with `fail_safe_first` that limit holds for the station from the
    start until the first external one is set.

    Options: limit_ma, limit_w: the station's limit, one of them or both (0: none), with room for one minimum at least;
    power counts at the module's ``max_voltage_mv``, so it is below the limit by as much as the voltage is below that.
    """

    requires = ("clock", "log")
    collects = ("evse",)
    provides = ("page",)
    options = {
        "limit_ma": (int, 0, 0, 9 * MAX),
        "limit_w": (int, 0, 0, MAX),
        "min_ma": (int, 6000, MIN_MA, MAX),
        "turn_ms": (int, 900000, 1000, 86400000),
        "settle_ms": (int, 1000, 100, 60000),
        "fail_safe_ma": (int, 0, 0, 9 * MAX),
        "fail_safe_first": (bool, False),
    }

    def __init__(self, clock, log, evse, limit_ma, limit_w, min_ma, turn_ms, settle_ms, fail_safe_ma, fail_safe_first):
        self._clock = clock
        self._log = log
        self._shares = tuple([Share(one, clock, settle_ms) for one in evse])
        self._limit_ma = limit_ma or NO_LIMIT
        self._limit_w = limit_w or NO_LIMIT
        self._min_ma = min_ma
        self._turn_ms = turn_ms
        self._check(limit_ma, limit_w)
        self._queue = []  # type: list  # of the shares, in the order in which they are served
        self._rotated_ms = 0  # uptime of the last turn, or since when one waits
        self._external = External(clock, log, fail_safe_ma, fail_safe_first, len(evse))

    def _check(self, limit_ma, limit_w):
        """Raises ValueError for a limit that never permits charging."""
        if not limit_ma and not limit_w:
            raise ValueError("neither limit_ma nor limit_w is given")
        if self._limit_ma < self._min_ma:
            raise ValueError("limit_ma %d is smaller than one minimum, min_ma %d" % (limit_ma, self._min_ma))
        for share in self._shares:
            min_w = share.amount(self._min_ma, True)
            if self._limit_w < min_w:
                words = "limit_w %d is smaller than one minimum of evse %d, %d W: min_ma %d at %d mV"
                number, mv = share.evse.id, share.evse.module.max_voltage_mv
                raise ValueError(words % (limit_w, number, min_w, self._min_ma, mv))

    # --- external limits ------------------------------------------------------------------------------------

    def limit(self, source, ma, life_ms=None, evse=0):
        """`source` (str) limits the station (evse 0) or an outlet (its id) to `ma` mA; None: no longer.

        A lower limit is sent to the modules within this call. life_ms: after that time without another call of the same
        source for the same evse `fail_safe_ma` holds in the place of `ma`; None: it holds until it is withdrawn.
        Raises ValueError for an invalid limit or evse, or one source too many.
        """
        self._external.limit(source, ma, life_ms, evse)
        self._update()

    def limits(self):
        """The external limits: a list of dicts, see `components.operator`."""
        return self._external.limits()

    # --- life ---------------------------------------------------------------------------------------------------

    def tick(self, passed):
        self._external.expire()
        self._update()

    def _update(self):
        """Distribute the limit anew: lower limits are set first."""
        for share in self._shares:
            share.observe(self._external.least(share.evse.id))
        self._update_queue()
        limit_ma = min(self._limit_ma, self._external.least(0))
        self._distribute(limit_ma, False)
        if self._limit_w != NO_LIMIT:
            self._distribute(self._limit_w, True)
        for share in self._shares:
            share.waits = share.requested_ma > 0 and not share.target
            if share.target < share.granted:
                self._grant(share, share.target)
        self._raise(limit_ma)

    def _update_queue(self):
        """Update the queue: shares that came or went, and a rotation that is due."""
        queue = self._queue
        for share in self._shares:
            runs = share.evse.gate.transaction.value is True
            if runs and share not in queue:
                queue.append(share)
            elif not runs and share in queue:
                queue.remove(share)
        now = self._clock.uptime_ms()
        if not self._waits():
            self._rotated_ms = now
        elif now - self._rotated_ms >= self._turn_ms:
            self._rotated_ms = now
            self._rotate()

    def _waits(self):
        for share in self._queue:
            if share.waits:
                return True
        return False

    def _rotate(self):
        """The first of those that charge goes to the end."""
        queue = self._queue
        for share in queue:
            if share.granted:
                queue.remove(share)
                queue.append(share)
                break

    def _distribute(self, limit, watts):
        """Share `limit`, mA or W, among those in the queue: sets each ``target``, which is what it requests."""
        room = limit
        for share in self._shares:
            room -= share.amount(share.excess if share.requested_ma else share.counted, watts)
        left = 0
        full = False
        for share in self._queue:
            share.part = 0
            least = share.amount(min(share.target, self._min_ma), watts)
            full = full or least > room
            if share.target and not full:
                share.part = least
                room -= least
                left += 1
        while left and room >= left:
            each = room // left
            left = 0
            for share in self._queue:
                if share.part:
                    more = min(each, share.amount(share.target, watts) - share.part)
                    share.part += more
                    room -= more
                    left += more == each
        for share in self._queue:
            share.target = min(share.target, share.current(share.part, watts))

    def _raise(self, limit_ma):
        """Raise limits below their target, as far as what the others may deliver leaves room for it."""
        room_ma, room_w = limit_ma, self._limit_w
        for share in self._shares:
            room_ma -= share.counted
            room_w -= share.amount(share.counted, True)
        for share in self._queue:
            counted = share.counted
            most = min(share.target, counted + room_ma)
            if self._limit_w != NO_LIMIT:
                most = min(most, share.current(share.amount(counted, True) + room_w, True))
            if most > share.granted and most >= min(share.target, self._min_ma):
                self._grant(share, most)
                room_ma -= share.counted - counted
                room_w -= share.amount(share.counted, True) - share.amount(counted, True)

    def _grant(self, share, ma):
        """An exception in an outlet when its limit changes is one of its power module, which tries it again: the other
        outlets are not affected.
        """
        try:
            share.grant(ma)
        except MemoryError:
            pass
        except Exception as e:
            self._log.rare("outlet %d does not follow its limit: %r", share.evse.id, e)

    def page(self):
        """For the operator's snapshot: pieces (name, text, data)."""
        from components.budget.page import pieces

        unload("components.budget.page")
        limit_ma = min(self._limit_ma, self._external.least(0))
        limits = (("limit_ma", limit_ma, "%(limit_ma)d mA"), ("limit_w", self._limit_w, "%(limit_w)d W"))
        there = [one for one in limits if one[1] != NO_LIMIT]
        return pieces(there, self._shares, self._external.external, self._clock.uptime_ms())
