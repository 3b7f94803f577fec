"""What the timer of the TWAI driver does between any two steps of whatever runs: receive, hand over, watch the bus; and
the queue of what it hands over.
"""

import asyncio
import time
from array import array
from micropython import const

_FIFO_BROKEN = const(62)  # ESP-IDF's threshold: with 64 messages only a reset repairs the receive FIFO (TWAI-3.13.11)
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
_SETTING = const(2)
# one slot keeps what was handed over last
_SLOT = const(16)
_SLOTS = const(17)


class Poll:
    """The part of `drivers.can.twai.Twai` that polls.

    ``_busy`` holds the timer off. ``_unsettled`` is not 0 while a change of several steps is under way: _LOOKING, an
    event that was read may get lost; _SETTING, registers may be half set. An exception leaves it, and the next call of
    the timer sets the controller up anew.
    """

    STATE_STOPPED, STATE_ACTIVE, STATE_WARNING, STATE_PASSIVE, STATE_BUS_OFF = 0, 1, 2, 3, 4

    def __init__(self, chip, code, queue):
        self._registers = chip.registers
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
        """Many steps follow; at their end ``_unsettled`` is 0 again."""
        self._unsettled = _SETTING
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
            self._starts()
            self._chip.renew()
        self._unsettled = 0

    def _look(self):
        result = self._receive()
        if result & _BUS_ERROR:
            result = self._receive()  # the first moved nothing
        queue = self._queue
        if result & _FREE:
            queue.pump()
        elif queue.handed_over:
            queue.waited += 1
            if queue.waited > self._tx_timeout_ticks:
                self._chip.abort()
                self.tx_dropped += queue.clear()

    def _receive(self):
        result = self._code.drain(self._registers, self._ring, self._cursor)
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
            self._unsettled = _SETTING
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
        if not spoiled and lost < _FIFO_BROKEN:
            chip.release(lost)
            return
        sends = self._queue.handed_over and not chip.free()
        errors = chip.errors
        self._unsettled = _SETTING
        chip.renew(*errors)
        if sends:
            self._queue.again()

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


class Queue:
    """Up to 16 messages that wait for the one transmit buffer, as that wants them. ``put(registers, bytes, at)`` hands
    one over.
    """

    def __init__(self, put, registers, extended_flag):
        self._put = put
        self._registers = registers
        self._extended = extended_flag
        self._bytes = bytearray(_SLOT * _SLOTS)
        self._next = 0  # the slot that goes out next
        self.count = 0
        self.handed_over = False  # and not yet seen to be gone
        self.waited = 0

    def write(self, identifier, data, flags):
        """Write a frame of up to 8 bytes behind the last; where it is, for `append`, or -1 if there is no room."""
        if self.count == _SLOTS - 1:
            return -1
        at = self._end()
        self._bytes[at] = len(data)
        if flags & self._extended:
            self._bytes[at] |= 128
            self._identify(at, identifier)
            self._fill(at + 5, data)
        else:
            self._bytes[at + 1] = identifier >> 3 & 255
            self._bytes[at + 2] = (identifier & 7) << 5
            self._fill(at + 3, data)
        return at

    def append(self, at):
        """Take the frame written there for one that waits; False if there is none: the queue was cleared since."""
        if at != self._end():
            return False
        self.count += 1
        return True

    def _end(self):
        return (self._next + self.count) % _SLOTS * _SLOT

    def _identify(self, at, identifier):
        queue = self._bytes
        queue[at + 1] = identifier >> 21 & 255
        queue[at + 2] = identifier >> 13 & 255
        queue[at + 3] = identifier >> 5 & 255
        queue[at + 4] = (identifier & 31) << 3

    def _fill(self, at, data):
        queue = self._bytes
        for i in range(len(data)):
            queue[at + i] = data[i]

    def pump(self):
        """The transmit buffer is free: hand over the next message, if there is one."""
        self.handed_over = False
        self.waited = 0
        if self.count:
            self._put(self._registers, self._bytes, self._next * _SLOT)
            self._next = (self._next + 1) % _SLOTS
            self.count -= 1
            self.handed_over = True

    def finish(self, free, timeout_us):
        """Send all that waits, a stop command perhaps, if the bus takes it in time. ``free()``: the buffer is."""
        began_us = time.ticks_us()
        while self.count or self.handed_over:
            if free():
                self.pump()
            elif time.ticks_diff(time.ticks_us(), began_us) > timeout_us:
                return

    def again(self):
        """Hand over once more what was handed over last."""
        self._put(self._registers, self._bytes, (self._next - 1) % _SLOTS * _SLOT)

    def clear(self):
        """Forget everything; the number of messages that were not sent."""
        dropped = self.count + self.handed_over
        self.count = self.waited = 0
        self.handed_over = False
        return dropped
