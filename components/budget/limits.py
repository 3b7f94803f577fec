"""Limits from outside for a station with one outlet: there is nothing to share, so no budget."""

from micropython import const

from core.loading import drop_unmade, unload

_NO_LIMIT = const(0x1FFFFFFF)
_SOURCE = const("limit from outside")


class Limits:
    """Limits the current of the outlet as others say: `limit` and `limits` are those of `components.budget:Budget`.

    One with a life time that is not renewed becomes `fail_safe_ma`. They do not outlast a restart: with
    `fail_safe_first` that limit holds from the start until the first one is set. Only the current of a transaction is
    limited; what the central system permits counts besides, the lowest rules. What keeps them is loaded while there are
    any, so `limit` may raise MemoryError: then nothing has changed.
    """

    requires = ("clock", "log")
    collects = ("evse",)
    provides = ("page",)
    options = {"fail_safe_ma": (int, 0, 0, 9000000), "fail_safe_first": (bool, False)}
    _external = None  # while there are any: the `External`

    def __init__(self, clock, log, evse, fail_safe_ma, fail_safe_first):
        if len(evse) != 1:
            raise ValueError("%d outlets share a limit by components.budget:Budget" % len(evse))
        self._gate = evse[0].gate
        self._services = clock, log, fail_safe_ma
        if fail_safe_first:
            self._external = self._made(True)
            self.tick(0)

    def _made(self, first=False):
        try:
            from components.budget.external import External
        except MemoryError:
            drop_unmade()
            raise
        unload("components.budget.external")
        clock, log, fail_safe_ma = self._services
        return External(clock, log, fail_safe_ma, first, 1)

    def limit(self, source, ma, life_ms=None, evse=0):
        external = self._external or self._made()
        external.limit(source, ma, life_ms, evse)
        self._external = external  # if the gate has no memory for it now, the next tick tries again
        self.tick(0)

    def limits(self):
        return [] if self._external is None else self._external.limits()

    def tick(self, passed):
        external = self._external
        if external is None:
            return
        external.expire()
        ma = min(external.least(0), external.least(1))
        self._gate.limit(_SOURCE, None if ma == _NO_LIMIT else ma)
        if ma == _NO_LIMIT and not external.external:
            self._external = None

    def page(self):
        """For the operator's snapshot: pieces (name, text, data)."""
        if self._external is None:
            return ()
        from components.budget.page import external_pieces

        unload("components.budget.page")
        return external_pieces(self._external.external, self._services[0].uptime_ms())
