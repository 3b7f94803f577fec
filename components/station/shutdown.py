"""How the charge point goes down: Reset (OCPP 1.6, section 5.14), and the loss of power during a transaction (4.8)."""

from micropython import const

from core.kernel import RESTART

from .transaction import RUNNING

_WAIT_MS = const(10000)  # so long a soft reset waits for the delivery of what is queued, and a retry for its turn
_LAST_WORDS_MS = const(1000)  # so long an orderly stop waits for it: the kernel gives each component 2 s
_POLL_MS = const(50)


class Shutdown:
    """Ends the transactions of all outlets before the firmware ends.

    A reset is unsuccessful while the end of one cannot be journaled: it would continue after the restart. Then it is
    tried ResetRetries times more, 10 s apart, and done all the same after the last: a restart may mend the store.
    """

    def __init__(self, station, kernel):
        self._station = station
        self._kernel = kernel
        self._reason = ""
        self._retries = 0
        self._until_ms = None

    def start(self):
        """End the transactions of outlets that this board has no more."""
        station = self._station
        for key in station.store.keys(RUNNING + "/"):
            if station.outlet(int(key[len(RUNNING) + 1 :])) is None:
                with station.on_demand:
                    from .gone import end

                    end(station, key)

    def requested(self):
        """Is a reset on its way?"""
        return self._until_ms is not None

    def reset(self, kind, reason):
        """ "Soft": deliver what is queued before (at most 10 s); "Hard": at once. `reason` of the StopTransaction.

        It releases what waits for a person, as a power module that did not stop does.
        """
        self._kernel.release()
        hard = kind == "Hard"
        for outlet in self._station.outlets:
            if outlet.transactions.current is not None:
                outlet.transactions.stop(reason, None, hard)
            elif hard:
                outlet.transactions.closing.step(True)
        self._reason = "Reset " + kind
        self._retries = self._station.configuration["ResetRetries"]
        self._until_ms = self._station.clock.uptime_ms() + (0 if hard else _WAIT_MS)
        if hard:
            self.step()

    def step(self):
        if self._until_ms is None:
            return
        over = self._station.clock.uptime_ms() >= self._until_ms
        if not self._runs():
            if over or not self._station.online() or not len(self._station.journal):
                self._kernel.request_exit(RESTART, self._reason)
        elif over and not self._retries:
            self._kernel.request_exit(RESTART, self._reason)
        elif over:
            self._retries -= 1
            self._until_ms += _WAIT_MS
            log = self._station.log
            log.warning("%s: the transaction's end is not journaled, next try in %d ms", self._reason, _WAIT_MS)

    def _runs(self):
        """Does a transaction run, or end, at any outlet?"""
        return any(outlet.transactions.runs() for outlet in self._station.outlets)

    async def last_words(self, step):
        """The firmware is stopped in order, as before the power goes, or for a reset; ``step()`` as in `Station.run`.

        With StopTransactionOnPowerLoss each transaction ends now, and the power module has half a second to stop. That
        they ended, by this or by a hard reset, is sent if possible within a second: StopTransaction and Finishing.
        Otherwise the next start sees to it.
        """
        stops = self._station.configuration["StopTransactionOnPowerLoss"]
        ends = False
        for outlet in self._station.outlets:
            if outlet.transactions.current is None:
                ends = ends or self.requested() or outlet.transactions.closing.transaction is not None
            elif stops and outlet.transactions.stop("PowerLoss"):
                ends = True
        if not ends:
            return
        until_ms = self._station.clock.uptime_ms() + _LAST_WORDS_MS
        delivered = False
        while not delivered and self._station.clock.uptime_ms() < until_ms:
            step()
            for outlet in self._station.outlets:
                outlet.transactions.closing.step(self._station.clock.uptime_ms() > until_ms - _LAST_WORDS_MS // 2)
            sent = not len(self._station.journal) and not self._station.waiting()
            closing = any(outlet.transactions.closing.transaction is not None for outlet in self._station.outlets)
            delivered = not closing and (sent or not self._station.online())
            await self._station.clock.sleep_ms(_POLL_MS)
