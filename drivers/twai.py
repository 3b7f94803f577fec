"""The ESP32's own CAN controller (TWAI) through its registers, in the shape of ``machine.CAN``."""

import asyncio
import errno
from array import array
from micropython import const

from drivers import twai_soc
from drivers.twai_chip import BASE, FIFO_BROKEN, Chip
from drivers.twai_queue import Queue
from drivers.twai_timing import acceptance, timing

try:
    from drivers import twai_viper as fastest
except (ImportError, SyntaxError, ValueError):  # this build, or this image, has no native code
    from drivers import twai_plain as fastest  # type: ignore[no-redef]

_OVERRUN, _FREE, _WAITS, _ERROR, _OFF = const(2), const(4), const(0x30), const(0x40), const(0x80)  # in the status
_LOST, _BUS_ERROR = const(0x40 << 16), const(0x80 << 16)  # events, see drain()
_NEWS = const(0xFFFFC2)  # of what drain() returns: error and bus status, overrun, frames, events
_PATIENCE_MS, _FAREWELL_BITS = const(100), const(600)


class Twai:
    """The on-chip controller. What differs from ``machine.CAN`` is as told in drivers/slcan.py, and:

    - The state is STATE_STOPPED until 11 recessive bits went by.
    - A timer empties the controller's 64 bytes (4 frames of 8 bytes) every millisecond at 250 kbit/s, more often on a
      faster bus, into a ring of 63 frames. Frames for which there was no room are counted in ``get_counters()[7]``;
      the next frame then carries RECV_ERR_OVERRUN.
    - ``send`` queues up to 16 frames. What did not get through in 100 ms is given up, with all that waits behind it,
      and counted in `tx_dropped`: commands must not go out when they are old. Bus-off does the same.
    - ``restart`` follows the standard: it takes part again after 128 times 11 recessive bits.
    - ``set_filters``: see `acceptance` in drivers/twai_timing.py. It loses what is just being received or sent.

    Options: GPIO numbers, tx (out of 0..5, 12..23, 25..27, 32, 33) and rx (also 34..39); bitrate, bit/s; timer, number.

    Errata: a frame after certain receive errors (TWAI-3.13.5) and a broken FIFO (3.13.11) are dropped with a reset of
    the controller, the first message after bus-off is right (3.13.3).

    In tests `hardware` stands in for ``machine`` (mem32 and Timer); with it goes ``twai_plain`` as `code`.
    """

    requires = ()
    options = {
        "tx": (int, 21, 0, 33),
        "rx": (int, 22, 0, 39),
        "bitrate": (int, 250000, (25000, 50000, 100000, 125000, 250000, 500000, 800000, 1000000)),
        "timer": (int, 0, 0, 3),
    }

    STATE_STOPPED, STATE_ACTIVE, STATE_WARNING, STATE_PASSIVE, STATE_BUS_OFF = 0, 1, 2, 3, 4
    FLAG_RTR, FLAG_EXT_ID, FLAG_UNORDERED = 1, 2, 4
    RECV_ERR_FULL, RECV_ERR_OVERRUN = 1, 2

    def __init__(self, tx=21, rx=22, bitrate=250000, timer=0, hardware=None, code=fastest):
        twai_soc.check_pins(tx, rx)
        timing(bitrate, True)
        self._code = code
        if hardware is None:
            import machine as hardware
        self._hardware = hardware
        self._memory = hardware.mem32
        self._chip = Chip(self._memory, (tx, rx), acceptance(None, self.FLAG_EXT_ID))
        self._bitrate = bitrate
        self._timer_id = timer
        self._timer = None
        self._runs = False
        self._ring = bytearray(64 * 16)
        self._cursor = array("I", (0, 0, 0))  # see drain()
        self._queue = Queue(code.put, BASE, self.FLAG_EXT_ID)
        self._out = bytearray(10)
        self._views = tuple([memoryview(self._out)[:size] for size in range(9)])
        self._busy = True  # `_tick` has nothing to do, or has to wait: it may come between any two steps
        self._flag = asyncio.ThreadSafeFlag()
        self._news = self._recovers = False
        self._state = self._seen = self._patience = self._overruns = self._told = 0
        self.warnings = self.passives = self.bus_offs = 0
        self.tx_dropped = self.remote = self.bus_errors = self.arbitration_lost = 0

    # -- life

    def init(self):
        """Take the bus. Raises ValueError if this chip (its revision) has no such bit rate."""
        self.deinit()
        self._cursor[1] = self._cursor[0]
        self._chip.start(self._bitrate)
        self._runs = True
        self._starts()
        frequency = max(100, self._bitrate // 250)
        self._patience = frequency * _PATIENCE_MS // 1000
        timer = self._hardware.Timer
        self._timer = timer(self._timer_id)
        self._timer.init(mode=timer.PERIODIC, freq=frequency, callback=self._tick)
        self._busy = False

    def deinit(self):
        """Leave the bus. What waits to be sent, a stop command perhaps, has a few milliseconds for that."""
        if self._timer is None:
            return
        self._busy = True  # a call of `_tick` may be under way
        self._timer.deinit()
        self._timer = None
        if self._on_bus():
            self._queue.finish(self._memory, self._chip.free, _FAREWELL_BITS * 1000000 // self._bitrate)
        self._runs = False
        self._chip.stop()
        self.tx_dropped += self._queue.clear()
        self._become(self.STATE_STOPPED)

    def restart(self):
        """Leave bus-off: begin to count 128 times 11 recessive bits. Raises OSError: not initialised."""
        self._check_runs()
        chip = self._chip
        self._busy = True
        if self._state == self.STATE_BUS_OFF and chip.recover():
            self._starts()
            self._recovers = True
        else:  # whoever calls us has waited for longer than those bits take
            chip.renew()
            self._starts()
        self._busy = False

    def _check_runs(self):
        if not self._runs:
            raise OSError(errno.ENOTCONN)

    def _starts(self):
        self._recovers = False
        self._seen = -1  # whatever the next status is, it is news
        self._become(self.STATE_STOPPED)

    def _become(self, state):
        if state != self._state:
            self._state = state
            self._news = True
            self._flag.set()

    async def ready(self):
        """Wait until `recv` may have something, or the state changed. Raises OSError: not initialised."""
        self._check_runs()
        while not self._news and self._cursor[0] == self._cursor[1]:
            await self._flag.wait()
            self._check_runs()
        self._news = False

    # -- called by the timer between any two steps of whatever runs

    def _tick(self, timer):
        if self._busy:
            return
        result = self._receive()
        if result & _BUS_ERROR:
            result = self._receive()  # the first moved nothing
        queue = self._queue
        if result & _FREE:
            queue.pump(self._memory)
        elif queue.handed_over:
            queue.waited += 1
            if queue.waited > self._patience:
                self._chip.abort()
                self.tx_dropped += queue.clear()

    def _receive(self):
        result = self._code.drain(self._memory, BASE, self._ring, self._cursor)
        if result & _NEWS != self._seen:
            self._changed(result)
        return result

    def _changed(self, result):
        if result & 0xFF00:
            self._flag.set()
        if result & _LOST:
            self.arbitration_lost += 1
            self._chip.lost_at()
        if result & _OFF:
            self._off()
            return
        if self._recovers:  # reset mode once more, else the first message would be wrong (errata TWAI-3.13.3)
            self._chip.join(0, 0)
            self._recovers = False
            return
        spoiled = result & _BUS_ERROR and self._chip.spoils_next()
        self.bus_errors += result & _BUS_ERROR != 0
        if spoiled or result & _OVERRUN:
            self._discard(spoiled)
        self._weigh(result)

    def _off(self):
        if self._recovers:
            return
        self._seen = _OFF
        if self._state != self.STATE_BUS_OFF:
            self._chip.freeze()
            self.bus_offs += 1
            self.tx_dropped += self._queue.clear()
            self._become(self.STATE_BUS_OFF)

    def _discard(self, spoiled):
        """Drop all that was received: none of it tells whether it is right. ESP-IDF does the same.

        If that takes a reset, error counters and the frame that is being sent are kept.
        """
        chip = self._chip
        lost = chip.waiting()
        self._overruns += lost
        if not spoiled and lost < FIFO_BROKEN:
            chip.release(lost)
            return
        sends = self._queue.handed_over and not chip.free()
        chip.renew(*chip.errors)
        if sends:
            self._queue.again(self._memory)

    def _weigh(self, status):
        """The state of fault confinement."""
        if self._state == self.STATE_STOPPED and status & _WAITS == _WAITS:
            return  # for 11 recessive bits
        state = self.STATE_ACTIVE
        self._seen = status & (_ERROR | _OFF)
        if status & _ERROR:
            self._seen = -1  # it may become passive with nothing else to show for it
            state = self.STATE_PASSIVE if self._chip.is_passive() else self.STATE_WARNING
        if state > self._state:
            self.warnings += self._state < self.STATE_WARNING <= state
            self.passives += state == self.STATE_PASSIVE
        self._become(state)

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
        at = self._queue.write(identifier, data, flags)
        self._busy = True
        waits = self._on_bus() and self._queue.append(at)
        if waits and self._chip.free():
            self._queue.pump(self._memory)
        self._busy = False
        self.tx_dropped += not waits
        return 0 if waits else None

    def _on_bus(self):
        return self._state != self.STATE_STOPPED and self._state != self.STATE_BUS_OFF

    # -- the rest of machine.CAN

    def set_filters(self, filters):
        """None, all frames, or a list of ``(identifier, mask, flags)``. Raises ValueError for what it cannot do."""
        wanted = acceptance(filters, self.FLAG_EXT_ID)
        chip = self._chip
        if wanted == chip.filters:
            return
        chip.filters = wanted
        if self._runs and self._state != self.STATE_BUS_OFF:
            self._busy = True
            chip.join(*chip.errors)
            self._starts()
            self._busy = False

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
