"""One CAN bus: receiving, dispatch by identifier, sending, recovery."""

import time
from micropython import const

from components.can.dispatch import Dispatch
from core.loading import unload
from core.parts import error_text
from core.signals import Untimed

_BATCH = const(32)  # frames handled before other tasks run
_URGENT_READS = const(8)  # of a stream, before something blocks: 90 frames
_URGENT_BATCHES = const(3)  # of a controller, of which the drivers keep up to 63 frames
_FIRST_BACK_OFF_MS = const(100)
_MAX_BACK_OFF_MS = const(5000)
_STEADY_MS = const(5000)  # healthy for so long: the next failure begins with the first back-off again
_WATCH = const(5)  # ticks: 500 ms
_OVERRUN = const(7)  # index in get_counters()


class Can(Dispatch):
    """Owns a driver with the shape of ``machine.CAN`` (plus ``async ready()``, see drivers/can).

    ``healthy`` (Signal, bool): the controller is on the bus. On bus-off or a broken stream it becomes False at
    once, which closes the gate, or outside of all scopes every gate; only then the controller is restarted, after
    100 ms, 200 ms, ... 5 s. While the gate closes frames are still taken: if it is this component that fails and not
    the bus, the stop frame goes out.

    Counters: rx, tx, tx_dropped (since the bus was up for the first time), unknown (no handler), refused (the handler
    returned False: too short, or values out of range), rx_overruns, bus_offs, failures (of the stream or driver),
    garbage (what the driver could not read).
    ``error``: why the bus is down, "" if it is not: the port and what is wrong with it.

    A driver may have a ``guard`` (drivers/can): an interrupt that answers the one frame that stops charging, also
    while the loop is blocked. ``guard_stops`` counts how often it did.
    The filters of the controller, if it has any, are made of the identifiers that have a handler and of those in option
    `filters` (tuples of the arguments identifier, mask, extended of `on`). ``receive_all(True)`` opens them.

    Frames that have come are handled before something blocks the loop (``kernel.urgent``): the one that stops charging
    does not wait for a flash erase.
    """

    requires = ("driver", "clock", "log", "kernel")
    collects = ("gate",)
    provides = ("can",)
    options = {"filters": (tuple, ())}
    _dispatch = Dispatch._dispatch  # found at once, for each frame
    guard_stops = 0
    _guard = None  # the driver's, once there is a rule for it
    _guard_fired = None
    _armed = False
    _logged = (0, 0, 0, 0, 0, 0)  # the counts that the log has

    def __init__(self, driver, gate, clock, log, kernel, filters):
        super().__init__(driver, kernel, clock, filters)
        self.healthy = Untimed(False)
        self.rx = self.tx = self.tx_dropped = self.bus_offs = self.failures = 0
        self._gates = gate
        self._log = log
        self.error = ""
        self._initialised = self._sends = self._was_up = self._draining = False
        self._raised = None  # what went wrong while frames were handled before something blocked
        self._watch_in = 1  # ticks
        self._up_ms = self._healthy_ms = 0
        self._poll = getattr(driver, "poll", None)  # of a driver that reads a stream
        for one in gate:
            one.add_bus(self.healthy)
        kernel.urgent.add(self._urgent)

    def send(self, identifier, data, extended=True):
        """Send up to 8 bytes, now or never: False if they were dropped (and counted). `extended`: see `on`."""
        if self._sends:
            try:
                if self.driver.send(identifier, data, self._extended if extended else 0) is not None:
                    self.tx += 1
                    return True
            except OSError:
                self._down()  # the receiving task finds the same, and recovers
        self.tx_dropped += self._was_up
        return False

    def tap(self, received, sent):
        """Have ``received(frame)`` called for each frame that comes, in the place of what handles it, which is returned
        and is to be called with the frame. ``sent(identifier, data, extended)`` is called after each frame that the bus
        took. Neither blocks, allocates or raises. Once for a bus, before it runs; without one nothing is spent.
        """
        handle, send = self._dispatch, self.send
        self._dispatch = received

        def tapped(identifier, data, extended=True):
            taken = send(identifier, data, extended)
            if taken:
                sent(identifier, data, extended)
            return taken

        self.send = tapped
        return handle

    def guard(self, identifier, at, answer, data, fired):
        """Give the driver's guard, if it has one, its rule; see drivers/can.

        ``fired()`` is called if it answered a frame that was lost on its way. A bus of several outlets has no guard.
        """
        guard = getattr(self.driver, "guard", None)
        if guard is not None and len(self._gates) < 2:
            guard.rule(identifier, at, answer, data)
            self._guard_fired = fired
            self._guard = guard

    def arm(self, on):
        """Arm the guard, or disarm it."""
        if self._guard is not None:
            self._armed = on
            self._guard.arm(on)

    def _look_at(self, guard):
        """All that came is handled: the frame that the guard answered has disarmed it, or is lost. Raises OSError."""
        fired = guard.fired()
        if fired == self.guard_stops or (self._poll is not None and self._poll()):
            return
        self.guard_stops = fired
        if self._armed and self._guard_fired is not None:
            self._guard_fired()

    @property
    def garbage(self):
        """What the driver received and could not read as a frame."""
        return getattr(self.driver, "garbage", 0)

    @property
    def state(self):
        """The state as text."""
        if self.healthy.value:
            return ("stopped", "active", "warning", "passive", "bus-off")[self.driver.state()]
        return "bus-off" if self._initialised else "down"

    async def run(self):
        """Receive. Failures of the bus are recovered from; any other is raised."""
        self._owners = None  # all are built
        unload("components.can.rules")
        back_off_ms = _FIRST_BACK_OFF_MS
        try:
            while True:
                self._healthy_ms = 0
                try:
                    self._begin()
                    await self._serve()
                except OSError as e:
                    self._failed(e)
                if self._healthy_ms > _STEADY_MS:
                    back_off_ms = _FIRST_BACK_OFF_MS
                await self._clock.sleep_ms(back_off_ms)
                back_off_ms = min(2 * back_off_ms, _MAX_BACK_OFF_MS)
        finally:
            self._down()
            self._initialised = False
            self.driver.deinit()

    def _begin(self):
        self._draining = False
        self._raised = None
        if self._initialised:
            self.driver.restart()
            return
        if not self._filtered:
            self._set_filters()
        self.driver.init()
        self._initialised = True

    async def _serve(self):
        """Handle frames until bus-off. Raises OSError: the driver failed."""
        driver = self.driver
        while True:
            await driver.ready()
            more = self._drain()
            state = driver.state()
            if state == driver.STATE_BUS_OFF:
                self._bus_off()
                return
            self._up(state != driver.STATE_STOPPED)
            if more:
                await self._clock.sleep_ms(0)

    def _drain(self):
        """Handle what has come, up to `_BATCH` frames; True if there may be more."""
        driver = self.driver
        frame = self._frame
        left = _BATCH
        self._draining = True
        while left and driver.recv(frame) is not None:
            left -= 1
            self._dispatch(frame)
        self.rx += _BATCH - left
        if left and self._guard is not None:
            self._look_at(self._guard)
        self._draining = False
        return not left

    def _urgent(self):
        """Handle what has come. What goes wrong closes the gate here, and is raised by `tick`."""
        if self._draining or not self.healthy.value:
            return
        try:
            self._drain_stream()
            if self.driver.state() == self.driver.STATE_BUS_OFF:
                self._bus_off()
                self._raised = OSError("bus-off")  # the receiver may wait for a stream that sends nothing more
        except Exception as e:
            self._down()
            self._raised = e
        self._draining = False

    def _drain_stream(self):
        """Nothing is left in the driver's buffer: the task that waits for the stream will write there.

        A controller receives meanwhile, on a full bus as fast as frames are handled: what comes later can wait.
        """
        if self._poll is None:
            for _ in range(_URGENT_BATCHES):
                if not self._drain():
                    return
            return
        for _ in range(_URGENT_READS):
            while self._drain():
                pass
            if not self._poll():
                return
        while self._drain():
            pass

    def _up(self, healthy):
        if not healthy:
            self._down()
        elif not self.healthy.value:
            self._log.info("bus is up")
            self._up_ms = self._clock.ticks_ms()
            self._sends = self._was_up = True
            self.error = ""
            self.healthy.set(True)

    def _down(self):
        """The gate first; the rest is not urgent."""
        if self.healthy.value:
            self.healthy.set(False)
            self._sends = False
            self._healthy_ms = time.ticks_diff(self._clock.ticks_ms(), self._up_ms)

    def _bus_off(self):
        self._down()
        self.bus_offs += 1
        self._log.rare("bus-off")

    def _failed(self, error):
        self._down()
        self.failures += 1
        self._initialised = False
        self.driver.deinit()
        port = getattr(self.driver, "port", "")
        self.error = "port %s: %s" % (port, error_text(error)) if port else error_text(error)
        self._log.rare("bus is down: %s", self.error)

    def tick(self, passed):
        """Log what was counted: a flood of frames must not become a flood of text."""
        if self._raised is not None:
            error, self._raised = self._raised, None
            raise error
        self._watch_in -= passed
        if self._watch_in > 0:
            return
        self._watch_in = _WATCH
        if not (self._filtered or [gate for gate in self._gates if gate.enabled.value]):
            try:
                self._set_filters()
            except OSError:
                self._down()  # the receiving task finds the same, and recovers
        self._report()

    def _report(self):
        if self._initialised:
            overruns = self.driver.get_counters()[_OVERRUN]
            if overruns is not None:  # the controller's own count: it has more than the flags show
                self.rx_overruns = max(self.rx_overruns, overruns)
        counts = (self.unknown, self.refused, self.garbage, self.tx_dropped, self.rx_overruns, self.guard_stops)
        if counts != self._logged:
            from components.can import shown

            shown.log_counts(self._log, counts, self._logged)
            self._logged = counts
            unload("components.can.shown")
