"""The lock that holds the cable in the connector of a charging station with a socket."""

import asyncio
from micropython import const

from core.signals import Signal
from core.tasks import Pace

_TICK_MS = const(100)
_NO_CURRENT_MA = const(1000)  # what may flow when the lock opens
_HELD = const("lock/held")  # in the store: the idTag that a cable stays locked for


class Lock:
    """Locked before a transaction starts and until it has ended; without it the gate stays closed (``locked``, Signal).

    The driver of the lock has ``drive(locked)``, which begins a movement, ``rest()``, which ends it, and ``locked()``,
    the contact that reports the position: True, False, or None if it is unknown. A movement that the contact does not
    confirm within `move_ms` is tried again after `pause_ms`, `attempts` times in all; then the connector has the error
    ConnectorLockFailure, until the contact confirms it after all, or, if it could not be locked, the plug is out. It
    never opens while current flows, or may flow: an unknown current counts as one. A cable that stays locked for that
    is unlocked when it is known that none flows any more.

    Until `serve` is called it holds nothing. With UnlockConnectorOnEVSideDisconnect = false (OCPP 1.6, 9.1.33) a cable
    that the driver pulled out of the vehicle, which ended the transaction, stays locked until the idTag of the
    transaction is presented again or the central system sends UnlockConnector, also over a restart.

    Counters: ``moves``, ``failures``.
    """

    requires = ("driver", "gate", "charger", "meter", "plug", "store", "clock", "log", "pulse")
    provides = ("page",)
    keeps = ("lock/held",)
    options = {
        "move_ms": (int, 1000, 100, 5000),
        "pause_ms": (int, 500, 0, 1000),
        "attempts": (int, 3, 1, 5),
    }

    _transactions = None  # see `serve`
    _configuration = {}  # type: dict

    def __init__(self, driver, gate, charger, meter, plug, store, clock, log, pulse, move_ms, pause_ms, attempts):
        self._driver = driver
        self._gate = gate
        self._charger = charger
        self._meter = meter
        self._plug = plug
        self._store = store
        self._clock = clock
        self._log = log
        self._pulse = pulse
        self._move_ms = move_ms
        self._pause_ms = pause_ms
        self._attempts = attempts
        self.locked = Signal(False, clock)
        self.moves = self.failures = 0
        self._held = ""
        self._moving = None  # True: being locked, False: being unlocked
        self._failed = None  # True: it could not be locked, False: not unlocked
        self._left = 0  # attempts
        self._pausing = False
        self._blocked = False  # not driven, because current flows
        self._until_ms = 0
        self._over = asyncio.Event()
        self._runs = False
        gate.require("locked", self.locked)

    def serve(self, transactions, configuration):
        """To be called once, in the constructor of what runs the transactions of this outlet, which then calls `begun`
        and `ended`.

        transactions: ``current`` (None or the one that runs, with its ``reason`` once it ends), ``closing.transaction``
        (the one whose end waits for the power module), ``expects_plug()`` (an idTag is authorized, a plug may follow).
        """
        self._transactions = transactions
        self._configuration = configuration

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        self._held = self._store.get(_HELD) or ""

    async def run(self):
        pace = Pace(self._clock, _TICK_MS)
        self._runs = True
        try:
            while True:
                self._pulse()
                self._tick(self._driver.locked())
                await pace.next()
        finally:
            self._runs = False
            self.locked.set(False)  # unsupervised: no charging
            if self._moving is not None:
                self._finish(self._moving)

    # --- for what runs the transactions -----------------------------------------------------------------------------

    def secure(self):
        """Is the connector locked? While a caller waits for it, it is being locked."""
        return self.locked.value and self._moving is not False

    def holds(self):
        """Is a cable locked in?"""
        return self.locked.value

    def failure(self):
        """What the lock failed to do, or ""."""
        if self._failed is None:
            return ""
        if self._failed:
            return "the cable cannot be locked"
        return "the cable stays locked: current may flow" if self._blocked else "the cable cannot be unlocked"

    def release(self, tag):
        """Unlock the cable that is kept for this idTag, if there is one."""
        if not self._held or self._plug.plugged.value or tag.upper() != self._held.upper():
            return False
        self._keep("")
        return True

    async def unlock(self):
        """UnlockConnector: try to open it, though it may be open already; returns whether it is then."""
        self._keep("")
        if not self._runs:
            return False
        self._begin(False)
        while self._moving is not None:
            self._over.clear()
            await self._over.wait()
        return self._failed is None and not self.locked.value

    def begun(self, transaction):
        """A transaction is journaled; the gate is still closed."""
        self._keep("")

    def ended(self, transaction, meter_stop_wh):
        """The end of a transaction is journaled."""
        if transaction.reason == "EVDisconnected" and not self._configuration["UnlockConnectorOnEVSideDisconnect"]:
            self._keep(transaction.id_tag)

    def _keep(self, tag):
        """Keep the cable locked for this idTag; "": for none."""
        if tag == self._held:
            return
        self._held = tag
        try:
            self._store.put(_HELD, tag or None)
        except self._store.Error as e:  # lost over a restart: then the cable is unlocked
            self._log.rare("for whom the cable is locked cannot be journaled: %s", str(e))

    # --- moving -------------------------------------------------------------------------------------------------

    def _wanted(self):
        """Is it to be locked now?"""
        if self._transactions is None:
            return False
        current = self._transactions.current
        plugged = self._plug.plugged.value is True
        if self._transactions.closing.transaction is not None:
            return self.locked.value  # as it is, until the power module has stopped
        if current is not None and not current.reason:
            return plugged or not self._gate.transaction.value or not self._opens_at_the_vehicle()
        return bool(self._held) or (plugged and self._transactions.expects_plug())

    def _idle(self):
        return self._transactions is None or self._transactions.current is None

    def _opens_at_the_vehicle(self):
        """Does unplugging the vehicle unlock the cable while the transaction continues?"""
        return (
            self._configuration["UnlockConnectorOnEVSideDisconnect"]
            and not self._configuration["StopTransactionOnEVSideDisconnect"]
        )

    def _tick(self, position):
        self.locked.set(position is True)
        if self._failed is not None:
            self._clear_failure(position)
        if self._moving is not None:
            self._go_on(position)
            return
        if self._held and position is False and self._idle():
            self._keep("")  # no cable is in it any more
        wanted = self._wanted()
        if position is not wanted and self._failed is not wanted:
            self._begin(wanted)

    def _clear_failure(self, position):
        out = not self._plug.plugged.value and self._idle()
        safe = self._blocked and not self._current_flows()
        if position is self._failed or (out if self._failed else safe):
            self._failed = None
            self._log.info("the lock of the connector works again")

    def _begin(self, locked):
        self._moving = locked
        self._left = self._attempts
        self._attempt()

    def _attempt(self):
        self._left -= 1
        self._pausing = False
        self._until_ms = self._clock.uptime_ms() + self._move_ms
        self._blocked = not self._moving and self._current_flows()
        if not self._blocked:
            self.moves += 1
            self._driver.drive(self._moving)

    def _current_flows(self):
        """Or may it flow? An unknown current counts as one."""
        ma = self._charger.terminal_current_ma.value
        return self._meter.flowing.value or ma is None or ma >= _NO_CURRENT_MA

    def _go_on(self, position):
        if position is self._moving:
            self._finish(None)
        elif self._blocked and not self._current_flows():
            self._left += 1  # that was no attempt
            self._attempt()
        elif self._clock.uptime_ms() < self._until_ms:
            return
        elif self._pausing:
            self._attempt()
        elif self._left:
            self._driver.rest()
            self._pausing = True
            self._until_ms = self._clock.uptime_ms() + self._pause_ms
        else:
            self._finish(self._moving)

    def _finish(self, failed):
        self._driver.rest()
        self._failed = failed
        self._moving = None
        if failed is not None:
            self.failures += 1
            self._log.error("the lock of the connector: %s", self.failure())
        self._over.set()

    def page(self):
        """The lock's page, see `components.operator`."""
        text = "Lock: %(state)s, %(moves)d moves, %(failures)d failures"
        yield "lock", text + (", kept for idTag %(kept_for)s" if self._held else ""), {
            "state": self.failure() or ("locked" if self.locked.value else "unlocked"),
            "moves": self.moves,
            "failures": self.failures,
            "kept_for": self._held,
        }
