"""Limits from outside for a station with one outlet: there is nothing to share, so no budget."""

from components.budget.external import MAX, NO_LIMIT, External
from core.loading import unload

_SOURCE = "limit from outside"


class Limits:
    """Limits the current of the outlet as others say: `limit` and `limits` are those of `components.budget:Budget`.

    One with a life time that is not renewed becomes `fail_safe_ma`. They do not outlast a restart: with
    `fail_safe_first` that limit holds from the start until the first one is set. Only the current of a transaction is
    limited; what the central system permits counts besides, the lowest rules.
    """

    requires = ("clock", "log")
    collects = ("evse",)
    provides = ("page",)
    options = {"fail_safe_ma": (int, 0, 0, 9 * MAX), "fail_safe_first": (bool, False)}

    def __init__(self, clock, log, evse, fail_safe_ma, fail_safe_first):
        if len(evse) != 1:
            raise ValueError("%d outlets share a limit by components.budget:Budget" % len(evse))
        self._clock = clock
        self._gate = evse[0].gate
        self._external = External(clock, log, fail_safe_ma, fail_safe_first)
        self._ma = NO_LIMIT
        self._update()

    def limit(self, source, ma, life_ms=None, evse=0):
        self._external.limit(source, ma, life_ms, evse, 1)
        self._update()

    def limits(self):
        return self._external.rows()

    def tick(self, passed):
        self._external.expire()
        self._update()

    def _update(self):
        ma = min(self._external.least(0), self._external.least(1))
        if ma != self._ma:
            self._gate.limit(_SOURCE, None if ma == NO_LIMIT else ma)
            self._ma = ma  # not before: without memory the next tick tries again

    def page(self):
        """For the operator's snapshot: pieces (name, text, data)."""
        from components.budget.page import external_pieces

        unload("components.budget.page")
        return external_pieces(self._external.limits, self._clock.uptime_ms())
