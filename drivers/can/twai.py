"""The own CAN controller (TWAI) of an ESP32 through its registers, in the shape of ``machine.CAN``."""
# mypy: disable-error-code="attr-defined"

import errno
from micropython import const

from drivers.can.twai_chip import acceptance, timing
from drivers.can.twai_poll import Poll, Queue

try:
    import canguard as fastest

    fastest.drain  # noqa: B018  (another port's guard has no controller)
except (ImportError, AttributeError):
    try:
        from drivers.can import twai_frames as fastest
    except SyntaxError:  # from source, without native code
        from drivers.plain import plain

        fastest = plain("drivers.can.twai_frames")

_TX_TIMEOUT_MS = const(100)
_FAREWELL_BITS = const(600)


class Twai(Poll):
    """The on-chip controller; `TwaiEsp32` and `TwaiS3` are those of a chip. What differs from ``machine.CAN`` is as
    documented in drivers/can, and:

    - The state is STATE_STOPPED until 11 recessive bits went by.
    - A timer empties the controller's 64 bytes (4 frames of 8 bytes) every millisecond at 250 kbit/s, more often on a
      faster bus, into a ring of 63 frames. Frames for which there was no room are counted in ``get_counters()[7]``;
      the next frame then carries RECV_ERR_OVERRUN.
      With the image's module ``canguard`` the controller's interrupt does that, also while the loop is blocked.
    - ``guard`` (drivers/can) is that module, else None. Its answer takes the place of a message that is in the
      transmit buffer and not yet on the bus; that one is not sent again.
    - ``send`` queues up to 16 frames. What did not get through in 100 ms is given up, with all that waits behind it,
      and counted in `tx_dropped`: commands must not go out when they are old. Bus-off does the same.
    - ``restart`` follows the standard: it takes part again after 128 times 11 recessive bits.
    - ``set_filters``: see `acceptance` in drivers/can/twai_chip.py. It loses what is just being received or sent.

    ``chip`` is the controller's class. In tests `hardware` stands in for ``machine`` (mem32 and Timer), and `registers`
    for the controller's; with them goes the plain Python of drivers/can/twai_frames.py as `code`.
    """

    requires = ()
    chip: type

    FLAG_RTR, FLAG_EXT_ID, FLAG_UNORDERED = 1, 2, 4
    RECV_ERR_FULL, RECV_ERR_OVERRUN = 1, 2

    def __init__(self, tx, rx, bitrate, timer, hardware=None, registers=None, code=fastest):
        kind = self.chip
        timing(bitrate, True)
        if hardware is None:
            import machine as hardware
        self._hardware = hardware
        if registers is None:
            import uctypes

            registers = uctypes.struct(kind.address, (uctypes.ARRAY, uctypes.UINT32 | 32), uctypes.NATIVE)
        chip = kind(hardware.mem32, registers, (tx, rx), acceptance(None, self.FLAG_EXT_ID))
        super().__init__(chip, code, Queue(code.put, registers, self.FLAG_EXT_ID))
        self._bitrate = bitrate
        self._timer_id = timer
        self._timer = None
        self._runs = False
        self._out = bytearray(10)
        self._views = tuple([memoryview(self._out)[:size] for size in range(9)])
        self._told = self.remote = 0
        self._interrupt = getattr(code, "interrupt", _no_interrupt)
        self.guard = code if hasattr(code, "rule") else None

    # -- life

    def init(self):
        """Take the bus. Raises ValueError if this chip (its revision) has no such bit rate."""
        self.deinit()
        self._cursor[1] = self._cursor[0]
        self._interrupt(True)
        self._chip.start(self._bitrate)
        self._runs = True
        self._starts()
        self._unsettled = 0
        frequency = max(100, self._bitrate // 250)
        self._tx_timeout_ticks = frequency * _TX_TIMEOUT_MS // 1000
        timer = self._hardware.Timer
        self._timer = timer(self._timer_id)
        self._timer.init(mode=timer.PERIODIC, freq=frequency, callback=self._tick)
        self._busy = False

    def deinit(self):
        """Leave the bus. What waits to be sent, a stop command perhaps, has a few milliseconds for that."""
        if not self._runs:
            return
        self._busy = True  # a call of `_tick` may be under way
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None
        try:
            if self._on_bus():
                self._queue.finish(self._chip.free, _FAREWELL_BITS * 1000000 // self._bitrate)
        finally:
            self._runs = False
            self.tx_dropped += self._queue.clear()
            self._become(self.STATE_STOPPED)
            self._interrupt(False)
            self._chip.stop()

    def restart(self):
        """Leave bus-off: begin to count 128 times 11 recessive bits. Raises OSError: not initialised."""
        self._check_runs()
        chip = self._chip
        was_off = self._state == self.STATE_BUS_OFF
        try:
            self._busy = True
            self._starts()
            if was_off and chip.recover():
                self._recovers = True
            else:  # whoever calls us has waited for longer than those bits take
                chip.renew()
            self._unsettled = 0
        finally:
            self._busy = False

    def _check_runs(self):
        if not self._runs:
            raise OSError(errno.ENOTCONN)

    async def ready(self):
        """Wait until `recv` may have something, or the state changed. Raises OSError: not initialised."""
        self._check_runs()
        while not self._news and self._cursor[0] == self._cursor[1]:
            await self._flag.wait()
            self._check_runs()
        self._news = False

    # -- frames

    def recv(self, frame):
        """Put the next frame into the list ``[identifier, data, flags, errors]`` and return it, or return None."""
        out = self._out
        while True:
            identifier = self._code.take(self._ring, self._cursor, out)
            if identifier < 0:
                return None
            if not out[9] & 64:
                break
            self.remote += 1
        frame[0] = identifier
        frame[1] = self._views[out[8]]
        frame[2] = self.FLAG_EXT_ID if out[9] & 128 else 0
        lost = self._overruns + self._cursor[2]
        frame[3] = 0 if lost == self._told else self.RECV_ERR_OVERRUN
        self._told = lost
        return frame

    def send(self, identifier, data, flags=0):
        """Send a frame: 0, or None if the queue is full (it is dropped).

        Raises OSError: bus-off, or not yet on the bus. Raises ValueError: more than 8 bytes.
        """
        if not self._on_bus():
            raise OSError(errno.ENOTCONN)
        if len(data) > 8:
            raise ValueError("more than 8 bytes")
        if self._enqueue(self._queue.write(identifier, data, flags)):
            return 0
        self.tx_dropped += 1
        return None

    def _enqueue(self, at):
        """A function of its own: with its `finally` the frame of `send` would not fit the stack."""
        try:
            self._busy = True
            waits = self._on_bus() and self._queue.append(at)
            if waits and self._chip.free():
                self._queue.pump()
        finally:
            self._busy = False
        return waits

    def _on_bus(self):
        return self._state != self.STATE_STOPPED and self._state != self.STATE_BUS_OFF

    # -- the rest of machine.CAN

    def set_filters(self, filters):
        """None, all frames, or a list of ``(identifier, mask, flags)``. Raises ValueError for what it cannot do."""
        wanted = acceptance(filters, self.FLAG_EXT_ID)
        chip = self._chip
        if wanted == chip.filters:
            return
        if not self._runs or self._state == self.STATE_BUS_OFF:
            chip.filters = wanted
            return
        try:
            self._busy = True
            errors = chip.errors
            self._starts()
            chip.filters = wanted
            chip.join(*errors)
            self._unsettled = 0
        finally:
            self._busy = False

    def fit_filters(self, filters):
        """See `fit` in drivers/can/twai_fit.py."""
        from drivers.can.twai_fit import fit

        return fit(filters, self.FLAG_EXT_ID)

    def state(self):
        """One of the STATE constants."""
        return self._state

    def get_counters(self, counters=None):
        """``[TEC, REC, warnings, passives, bus-offs, frames to send, frames received, frames lost]``."""
        if counters is None:
            counters = [0] * 8
        cursor = self._cursor
        counters[0], counters[1] = self._chip.errors if self._runs else (0, 0)
        counters[2], counters[3], counters[4] = self.warnings, self.passives, self.bus_offs
        counters[5] = self._queue.count + self._queue.handed_over
        counters[6] = cursor[0] - cursor[1] & 63
        counters[7] = self._overruns + cursor[2]
        return counters


def _no_interrupt(on):
    pass
