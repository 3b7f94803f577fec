"""Limits of the current that others set from outside, each with its source and, if it has one, its life time."""

from micropython import const

from core.loading import unload

NO_LIMIT = 0x1FFFFFFF
MAX = 1000000  # 1000 A, 1000 kW
_SOURCES = const(8)


class External:
    """``external``: a list of [source, evse or 0, mA, uptime until which it holds, None: for ever, 0: it is over].

    They do not outlast a restart: with `first`, `fail_safe_ma` holds for the station until one is set. `outlets`: how
    many there are.
    """

    def __init__(self, clock, log, fail_safe_ma, first, outlets):
        self.external = []  # type: list
        self._clock = clock
        self._log = log
        self._fail_safe_ma = fail_safe_ma
        self._none_yet = first
        self._outlets = outlets

    def limit(self, source, ma, life_ms=None, evse=0):
        """See `Budget.limit`."""
        if ma is not None and not (type(ma) is int and 0 <= ma <= 9 * MAX):  # True is no integer
            raise ValueError("%r mA is no limit" % (ma,))
        if not (type(evse) is int and 0 <= evse <= self._outlets):
            raise ValueError("there is no evse %r" % (evse,))
        if life_ms is not None and not (type(life_ms) is int and life_ms > 0):
            raise ValueError("%r ms is no life time" % (life_ms,))
        self._set(source, evse, ma, None if life_ms is None else self._clock.uptime_ms() + life_ms)
        if ma is not None:
            self._none_yet = False

    def _set(self, source, evse, ma, until_ms):
        for one in self.external:
            if one[0] == source and one[1] == evse:
                if ma is None:
                    self.external.remove(one)
                else:
                    one[2], one[3] = ma, until_ms
                return
        if ma is not None:
            if len(self.external) >= _SOURCES:
                raise ValueError("more than %d external limits" % _SOURCES)
            self.external.append([source, evse, ma, until_ms])

    def expire(self):
        """To be called often: what was not renewed becomes the fail-safe limit."""
        now = self._clock.uptime_ms()
        for one in self.external:
            if one[3] and now >= one[3]:
                one[2], one[3] = self._fail_safe_ma, 0
                self._log.warning("the limit of %s has expired: %d mA holds instead", one[0], one[2])

    def least(self, evse):
        """The smallest limit in mA, of the station (0) or an outlet; NO_LIMIT."""
        least = self._fail_safe_ma if self._none_yet and not evse else NO_LIMIT
        for one in self.external:
            if one[1] == evse and one[2] < least:
                least = one[2]
        return least

    def limits(self):
        """A list of dicts, see `components.operator`."""
        from components.budget.page import limits

        unload("components.budget.page")
        found = self.external
        if self._none_yet:
            found = found + [["", 0, self._fail_safe_ma, None]]
        return limits(found, self._fail_safe_ma, self._clock.uptime_ms())
