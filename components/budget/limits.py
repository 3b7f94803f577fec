"""Limits from outside for a station with one outlet: there is nothing to share, so no budget."""

from components.budget.external import MAX, NO_LIMIT, External
from core.loading import unload

_SOURCE = "limit from outside"


class Limits(External):
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
        External.__init__(self, clock, log, fail_safe_ma, fail_safe_first, 1)
        if len(evse) != 1:
            raise ValueError("%d outlets share a limit by components.budget:Budget" % len(evse))
        self._gate = evse[0].gate
        self.tick(0)

    def limit(self, source, ma, life_ms=None, evse=0):
        External.limit(self, source, ma, life_ms, evse)
        self.tick(0)

    def tick(self, passed):
        self.expire()
        ma = min(self.least(0), self.least(1))
        self._gate.limit(_SOURCE, None if ma == NO_LIMIT else ma)

    def page(self):
        """For the operator's snapshot: pieces (name, text, data)."""
        from components.budget.page import external_pieces

        unload("components.budget.page")
        return external_pieces(self.external, self._clock.uptime_ms())
