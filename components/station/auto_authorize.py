"""A vehicle that is plugged in is charged under a configured idTag; a feature that a board may leave out."""

from micropython import const

from core.text import is_ascii

_USED = "ocpp/auto"  # and ocpp/auto/2 ...: a transaction has been since the vehicle was plugged in
_AGAIN_MS = const(60000)  # after something came between
_SHOWN_MS = const(15000)  # so long after a start, or the return of a bus, the vehicle may take to show itself

# What an outlet waits for before the idTag is presented there (again): an uptime in ms, or one of these.
_NOTHING = const(0)
_PLUG = const(-1)
_CENTRAL = const(-2)
_USED_UP = const(-3)  # as _PLUG, and the journal has it
_WORDS = const((
    (_NOTHING, "none is expected"),
    (_PLUG, "once it is plugged in again"),
    (_CENTRAL, "once the central system is there"),
    (_USED_UP, "once it is plugged in again"),
))  # fmt: skip


class AutoAuthorize:
    """Presents the idTag `tag` at an outlet where a vehicle is plugged in and no transaction runs; "" for none.

    It is decided about as about any card: by the local list, the cache, the central system, or as it is offline.
    It is presented once for a vehicle: not again after a transaction, whatever ended it, nor after it was refused,
    until the vehicle is unplugged, which the journal has over a restart; that a bus is down is no unplugging. One that
    was refused offline is presented once more when the central system is there.

    What comes first has precedence: a card that is checked or waits for the plug, a reservation for another idTag, an
    outlet that is faulted or out of service, as long as that lasts. Where a vehicle is plugged in while the emergency
    stop is pressed, or while a person releases it or a fault, nothing starts by that: it has to be plugged in again.
    """

    requires = ("station", "clock", "log", "kernel", "store")
    keeps = ("ocpp/auto", "ocpp/auto/")
    options = {"tag": (str, "", 0, 20)}

    _shown_ms = _SHOWN_MS  # uptime until which a vehicle that is not seen may be there

    def __init__(self, station, clock, log, kernel, store, tag):
        _check(tag)
        self._station = station
        self._clock = clock
        self._log = log
        self._releases = kernel.releases
        self._released = 0
        self._store = store
        self._tag = tag
        self._waits = [_NOTHING] * len(station.outlets)
        if tag:
            station.watch_transactions(self._starting, self._begun)
            station.add_step(self._step)
            kernel.emergency_stop.watch(self._on_emergency)
            station.add_feature("auto_authorize", self)

    @staticmethod
    def check_settings(options, of):
        """See `core.declare`."""
        _check(options["tag"])

    async def start(self):
        """Read the journal."""
        self._released = self._releases.value
        for outlet in self._station.outlets:
            if self._store.get(outlet.key(_USED)) is not None:
                self._waits[outlet.id - 1] = _USED_UP

    # --- transactions, of whatever idTag --------------------------------------------------------------------------

    def _starting(self, transaction, changes):
        if self._waits[transaction.outlet.id - 1] != _USED_UP:
            changes[transaction.outlet.key(_USED)] = True

    def _begun(self, transaction):
        self._waits[transaction.outlet.id - 1] = _USED_UP

    # --- as time goes by ------------------------------------------------------------------------------------------

    def _on_emergency(self, pressed):
        """However short it is pressed."""
        for at in range(len(self._waits) if pressed else 0):
            if self._waits[at] != _USED_UP:
                self._waits[at] = _PLUG

    def _step(self):
        released, self._released = self._releases.value != self._released, self._releases.value
        for outlet in self._station.outlets:
            if outlet.transactions.runs():
                continue
            waits = self._waits[outlet.id - 1]
            if not outlet.evse.gate.plugged.value:
                self._forget(outlet, waits)
            elif (released or outlet.transactions.emergency()) and waits != _USED_UP:
                self._waits[outlet.id - 1] = _PLUG
            elif not self._is_early(waits):
                try:
                    self._present(outlet)
                except MemoryError:
                    pass  # it is presented again

    def _is_early(self, waits):
        if waits == _CENTRAL:
            return not self._station.online()
        return waits < 0 or waits > self._clock.uptime_ms()

    def _forget(self, outlet, waits):
        """No vehicle is plugged in: the next one is another one."""
        if waits == _USED_UP:
            try:
                if _is_blind(outlet.evse.gate):
                    self._shown_ms = self._clock.uptime_ms() + _SHOWN_MS
                if self._clock.uptime_ms() < self._shown_ms:
                    return
                self._store.delete(outlet.key(_USED))
            except MemoryError:
                return  # the next step tries again
            except self._store.Error as e:
                self._log.rare("the unplugging of a vehicle cannot be journaled: %s", str(e))
                return
        self._waits[outlet.id - 1] = _NOTHING

    def _present(self, outlet):
        station, transactions, tag = self._station, outlet.transactions, self._tag
        if station.card or station.authorization.busy(0) or transactions.finished or transactions.obstacle(tag):
            return
        self._waits[outlet.id - 1] = self._clock.uptime_ms() + _AGAIN_MS
        station.authorization.check(tag, lambda *answer: self._answered(outlet, *answer), outlet.id)

    def _answered(self, outlet, status, parent):
        stopped = self._waits[outlet.id - 1] == _PLUG or self._releases.value != self._released
        if stopped or not outlet.evse.gate.plugged.value:
            return  # since it was asked about
        if status != "Accepted":
            self._waits[outlet.id - 1] = _PLUG if self._station.online() else _CENTRAL
        outlet.transactions.authorized(self._tag, status, parent)

    # --- what there is to see -------------------------------------------------------------------------------------

    def page(self):
        """What the console shows."""
        yield "auto", "Auto-authorize: idTag %(id_tag)s", {"id_tag": self._tag}
        for outlet in self._station.outlets:
            waits = self._waits[outlet.id - 1]
            if not outlet.transactions.runs() and waits:
                data = {"connector": outlet.id, "waits": dict(_WORDS).get(waits, "soon")}
                yield "auto/%d" % outlet.id, "  connector %(connector)d: again %(waits)s", data


def _is_blind(gate):
    """Is a bus down, or does a component not run, by which vehicles are seen?"""
    for name, _, holds in gate.conditions():
        if not holds and (name == "alive" or name.startswith("bus")):
            return True
    return False


def _check(tag):
    if not is_ascii(tag.encode()):
        raise ValueError("option 'tag': %r is no idTag, which has printable ASCII characters only" % tag)
