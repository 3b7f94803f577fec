"""How the charge point goes down: Reset (OCPP 1.6, section 5.14), and the loss of power during a transaction (4.8)."""

from micropython import const

from core.kernel import RESTART

_WAIT_MS = const(10000)  # so long a soft reset waits for the delivery of what is queued, and a retry for its turn
_LAST_WORDS_MS = const(1000)  # so long an orderly stop waits for it: the kernel gives each component 2 s
_POLL_MS = const(50)


class Ending:
    """Ends the transaction before the firmware ends.

    A reset is unsuccessful while the end of the transaction cannot be journaled: it would go on after the restart. Then
    it is tried ResetRetries times more, 10 s apart, and done all the same after the last: a restart may mend the store.
    """

    def __init__(self, services, kernel, transactions, delivery, status, online):
        self._clock = services.clock
        self._log = services.log
        self._configuration = services.configuration
        self._kernel = kernel
        self._transactions = transactions
        self._delivery = delivery
        self._status = status
        self._online = online
        self._reason = ""
        self._retries = 0
        self._until_ms = None

    def asked(self):
        """Is a reset on its way?"""
        return self._until_ms is not None

    def reset(self, kind, reason):
        """ "Soft": deliver what is queued before (at most 10 s); "Hard": at once. `reason` of the StopTransaction.

        It releases what waits for a person, as a power module that did not stop does.
        """
        self._kernel.release()
        hard = kind == "Hard"
        if self._transactions.current is not None:
            self._transactions.stop(reason, None, hard)
        elif hard:
            self._transactions.closing.step(True)
        self._reason = "Reset " + kind
        self._retries = self._configuration["ResetRetries"]
        self._until_ms = self._clock.uptime_ms() + (0 if hard else _WAIT_MS)
        if hard:
            self.step()

    def step(self):
        if self._until_ms is None:
            return
        over = self._clock.uptime_ms() >= self._until_ms
        if not self._transactions.runs():
            if over or not self._online() or not len(self._delivery):
                self._kernel.request_exit(RESTART, self._reason)
        elif over and not self._retries:
            self._kernel.request_exit(RESTART, self._reason)
        elif over:
            self._retries -= 1
            self._until_ms += _WAIT_MS
            self._log.warning("%s: the transaction's end is not journaled, next try in %d ms", self._reason, _WAIT_MS)

    async def last_words(self, step):
        """The firmware is stopped in order, as before the power goes, or for a reset; ``step()`` as in `Ocpp.run`.

        With StopTransactionOnPowerLoss the transaction ends now, and the power module has half a second to stop. That
        it ended, by this or by a hard reset, is told if it can be within a second: StopTransaction and Finishing.
        Otherwise the next start sees to it.
        """
        transactions = self._transactions
        if transactions.current is not None:
            if not self._configuration["StopTransactionOnPowerLoss"] or not transactions.stop("PowerLoss"):
                return
        elif transactions.closing.transaction is None and not self.asked():
            return
        until_ms = self._clock.uptime_ms() + _LAST_WORDS_MS
        told = False
        while not told and self._clock.uptime_ms() < until_ms:
            step()
            transactions.closing.step(self._clock.uptime_ms() > until_ms - _LAST_WORDS_MS // 2)
            said = not len(self._delivery) and not self._status.waiting()
            told = not transactions.runs() and (said or not self._online())
            await self._clock.sleep_ms(_POLL_MS)
