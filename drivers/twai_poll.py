"""What the timer of the TWAI driver does between any two steps of whatever runs: receive, hand over, watch the bus."""

import asyncio
from array import array
from micropython import const

from drivers.twai_chip import FIFO_BROKEN

# in the status
_OVERRUN = const(2)
_FREE = const(4)
_WAITS = const(0x30)
_ERROR = const(0x40)
_OFF = const(0x80)
# events, see drain()
_LOST = const(0x40 << 16)
_BUS_ERROR = const(0x80 << 16)
_SPOILED = const(1 << 24)  # of one drain() that has looked at the error itself
_NEWS = const(0xFFFFC2)  # of what drain() returns: error and bus status, overrun, frames, events
_LOOKING = const(1)
SETTING = 2


class Poll:
    """The part of `drivers.twai.Twai` that polls.

    ``_busy`` holds the timer off. ``_unsettled`` is not 0 while a change of several steps is under way: _LOOKING, an
    event that was read may get lost; SETTING, registers may be half set. An exception leaves it, and the next call of
    the timer sets the controller up anew.
    """

    STATE_STOPPED, STATE_ACTIVE, STATE_WARNING, STATE_PASSIVE, STATE_BUS_OFF = 0, 1, 2, 3, 4

    def __init__(self, memory, chip, code, queue):
        self._memory = memory
        self._chip = chip
        self._code = code
        self._queue = queue
        if hasattr(code, "buffers"):
            self._ring, self._cursor = code.buffers()
        else:
            self._ring, self._cursor = bytearray(64 * 16), array("I", (0, 0, 0))  # see drain()
        self._flag = asyncio.ThreadSafeFlag()
        self._busy = True
        self._unsettled = 0
        self._news = self._recovers = False
        self._state = self._seen = self._tx_timeout_ticks = self._overruns = 0
        self.warnings = self.passives = self.bus_offs = 0
        self.tx_dropped = self.bus_errors = self.arbitration_lost = 0

    def _starts(self):
        self._recovers = False
        self._seen = -1  # whatever the next status is, it is news
        self._become(self.STATE_STOPPED)

    def _become(self, state):
        if state != self._state:
            self._state = state
            self._news = True
            self._flag.set()

    def _tick(self, timer):
        if self._busy:
            return
        if self._unsettled:
            self._settle()
            return
        self._unsettled = _LOOKING
        self._look()
        self._unsettled = 0

    def _settle(self):
        """Without this the controller could stay deaf and mute. Bus-off is not lost: it is in the status, too."""
        if self._unsettled == _LOOKING and self._chip.is_off():
            self._off()
        else:
            self._unsettled = SETTING
            self._starts()
            self._chip.renew()
        self._unsettled = 0

    def _look(self):
        result = self._receive()
        if result & _BUS_ERROR:
            result = self._receive()  # the first moved nothing
        queue = self._queue
        if result & _FREE:
            queue.pump(self._memory)
        elif queue.handed_over:
            queue.waited += 1
            if queue.waited > self._tx_timeout_ticks:
                self._chip.abort()
                self.tx_dropped += queue.clear()

    def _receive(self):
        result = self._code.drain(self._memory, self._chip.address, self._ring, self._cursor)
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
            self._unsettled = SETTING
            self._chip.join(0, 0)
            self._recovers = False
            return
        spoiled = result & _SPOILED or (result & _BUS_ERROR and self._chip.spoils_next())
        self.bus_errors += result & _BUS_ERROR != 0
        if spoiled or result & _OVERRUN:
            self._discard(spoiled)
        self._weigh(result)

    def _off(self):
        if self._recovers:
            return
        if self._state != self.STATE_BUS_OFF:
            self.bus_offs += 1
            self.tx_dropped += self._queue.clear()
            self._become(self.STATE_BUS_OFF)
        self._chip.freeze()
        self._seen = _OFF  # not before that was done

    def _discard(self, spoiled):
        """Drop all that was received: whether it is right is unknown. ESP-IDF does the same.

        If that takes a reset, error counters and the frame that is being sent are kept.
        """
        chip = self._chip
        lost = chip.waiting()
        self._overruns += lost
        if not spoiled and lost < FIFO_BROKEN:
            chip.release(lost)
            return
        sends = self._queue.handed_over and not chip.free()
        errors = chip.errors
        self._unsettled = SETTING
        chip.renew(*errors)
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
