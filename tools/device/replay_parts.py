"""What takes the place of hardware and of the rest of the firmware in a replay: runs inside MicroPython."""

import asyncio

from virtual_clock import VirtualClock

ROOM = 64  # frames: more than come in one moment


class ReplayClock(VirtualClock):
    """A clock of which one task is woken by hand: `hold` it, then `wake`."""

    _held = None

    def hold(self, task):
        self._held = task

    def let_pass(self, ms):
        """Time passes while something is handled."""
        self._now += ms

    async def sleep_ms(self, ms):
        if asyncio.core.cur_task is self._held:
            ms = max(1, ms)  # also when it is late it waits until it is woken
        await super().sleep_ms(ms)

    async def pass_to(self, ms):
        """Let time pass: what sleeps wakes in its order, but for the task that is held."""
        await self.settle()
        while True:
            due = [sleeper for sleeper in self._sleepers if sleeper[0] <= ms and sleeper[1] is not self._held]
            if not due:
                break
            self._now = max(self._now, due[0][0])
            await self._wake(due[0])
        self._now = max(self._now, ms)

    async def wake(self):
        """Wake the task that is held, now."""
        for sleeper in self._sleepers:
            if sleeper[1] is self._held:
                await self._wake(sleeper)
                return
        raise ValueError("the ticks have ended")

    async def _wake(self, sleeper):
        self._sleepers.remove(sleeper)
        queue = asyncio.core._task_queue
        queue.remove(sleeper[1])
        queue.push(sleeper[1])
        await self.settle()


class ReplayedBus:
    """A CAN controller that receives what is in a record; see drivers/can. ``up(on)``: it is on the bus, or not.

    ``sent``: what was sent, as (identifier, data).
    """

    requires = ()
    STATE_STOPPED, STATE_ACTIVE, STATE_WARNING, STATE_PASSIVE, STATE_BUS_OFF = 0, 1, 2, 3, 4
    FLAG_RTR, FLAG_EXT_ID, FLAG_UNORDERED = 1, 2, 4
    RECV_ERR_FULL, RECV_ERR_OVERRUN = 1, 2

    def __init__(self):
        self._state = self.STATE_STOPPED
        self._frames = []
        self._came = asyncio.Event()
        self._told = None  # the state that `ready` has returned with
        self.sent = []

    def init(self):
        pass

    deinit = restart = init

    def set_filters(self, filters):
        pass

    def up(self, on):
        self._state = self.STATE_ACTIVE if on else self.STATE_STOPPED
        self._came.set()

    def push(self, identifier, data, flags):
        self._frames.append((identifier, data, flags))
        self._came.set()

    async def ready(self):
        while not self._frames and self._told == self._state:
            self._came.clear()
            await self._came.wait()
        self._told = self._state

    def recv(self, frame):
        if not self._frames:
            return None
        frame[0], frame[1], frame[2] = self._frames.pop(0)
        frame[3] = 0
        return frame

    def send(self, identifier, data, flags=0):
        self.sent.append((identifier, bytes(data)))
        return 0

    def state(self):
        return self._state

    def get_counters(self):
        return [0] * 8


class Recorded:
    """Stands for the critical components that are not replayed: it is hung while the record's ``alive`` is False.

    ``ticks``: so many there were. ``later_ms``: so much time passes in the next one before its outlet's turn.
    """

    requires = ("kernel", "clock")
    ticks = later_ms = 0

    def __init__(self, kernel, clock):
        self._kernel = kernel
        self._clock = clock

    def tick(self, passed):
        self.ticks += 1
        self._clock.let_pass(self.later_ms)
        self.later_ms = 0

    def set_alive(self, alive):
        for part in self._kernel.parts:
            if part.instance is self:
                part.hung = not alive
        self._kernel.update_alive()
