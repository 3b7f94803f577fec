"""Watches the firmware itself: components, loop, heap, restarts; and feeds the watchdog only while all is well."""

import gc
import time
from micropython import const

from core.signals import Signal

_SLICE_MS = const(50)
_FEED_MS = const(1000)
_HEAP_MS = const(30000)
_RESET_CAUSES = const(
    (
        ("PWRON_RESET", "power on"),
        ("HARD_RESET", "hard reset"),
        ("WDT_RESET", "watchdog"),
        ("DEEPSLEEP_RESET", "deep sleep"),
        ("SOFT_RESET", "soft reset"),
    )
)


class Health:
    """Liveness of the firmware.

    The watchdog is fed once a second while every critical component is running and has pulsed within `limit_ms`. The
    feeding is part of the loop and looks at each component, so neither a hung loop nor a hung component is hidden.
    While one is hung the kernel's ``alive`` is False, for not every device has a watchdog. If all that is hung is in
    scopes of the board, of which each closes one outlet, it is fed while another outlet charges: the reset waits.
    While the firmware stops in order, what has stopped already is not missed.

    ``lag_ms`` (Signal): by how much the loop was late last; ``lag_max_ms``; ``blocked`` counts steps of the loop that
    took longer than `block_ms`, without what is known to block it (``kernel.urgent``): each of those is logged once,
    with its name and length. ``heap_free`` (Signal, bytes) is measured after a collection, every 30 s; ``heap_low``
    is the lowest of it, ``heap_longest`` the longest free piece (None where the image does not measure it).
    ``system_heap``: None, or what `add_heap` measured last. ``boot_count`` and ``reset_cause`` (text) are known after
    `start`. ``hung`` (Signal): what the watchdog is withheld for, or would be if nothing charged; "" while nothing is.

    A warning is logged if the GC heap has less than `heap_bytes` (a part of it could not be had), or the system's heap
    less than `system_bytes` free.
    """

    requires = ("kernel", "clock", "log", "store", "watchdog")
    keeps = ("health.boots", "health.exit")
    options = {
        "limit_ms": (int, 10000, 1000, 600000),
        "block_ms": (int, 30, 5, 10000),
        "heap_bytes": (int, 0, 0, 1 << 24),
        "system_bytes": (int, 15360, 0, 1 << 24),
    }
    heap_low = heap_longest = system_heap = _system = None
    _in_scopes = False  # all that is hung

    def __init__(self, kernel, clock, log, store, watchdog, limit_ms, block_ms, heap_bytes, system_bytes):
        self.lag_ms = Signal(0, clock)
        self.heap_free = Signal(None, clock)
        self.hung = Signal("", clock)
        self.lag_max_ms = self.blocked = self.boot_count = 0
        self.reset_cause = "unknown"
        self._kernel = kernel
        self._clock = clock
        self._log = log
        self._store = store
        self._watchdog = watchdog
        self._limit_ms = limit_ms
        self._block_ms = block_ms
        self._heap_bytes = heap_bytes
        self._system_bytes = system_bytes
        self._started = False
        self._logged = ()  # names of what is known to block the loop

    # --- restarts ---------------------------------------------------------------------------------------------

    async def start(self):
        """Count this boot and find out why there was one: an orderly stop has left its reason in the store."""
        try:
            boots = self._store.get("health.boots", 0)
            self.boot_count = boots + 1
            cause = _cause_of_machine("power cut" if boots else "first start")
            self.reset_cause = self._store.get("health.exit") or cause
            self._store.commit({"health.boots": self.boot_count, "health.exit": None})
            self._started = True
        except OSError as e:
            self._log.error("boot not counted: %s", e)
        self._log.info("boot %d, reason: %s", self.boot_count, self.reset_cause)

    async def stop(self):
        """Leave the reason for the next boot; a store that could not be read at the start is not written to."""
        if self._started:
            try:
                self._store.put("health.exit", "stop: " + (self._kernel.exit_reason or "failure"))
            except OSError as e:
                self._log.error("reason of the stop not kept: %s", e)

    # --- watching ---------------------------------------------------------------------------------------------

    async def run(self):
        """Sleep in slices; what a slice takes too long, some step of the loop, or of ours, has taken."""
        urgent = self._kernel.urgent
        woke = self._clock.ticks_ms()
        self._log_known(urgent.longest)  # of the start
        feed_ms = heap_ms = 0  # left until then
        if self.heap_free.value is None:
            self._measured_heap(self._kernel.heap_free)  # the kernel has just collected
            heap_ms = _HEAP_MS
        while True:
            if heap_ms <= 0:
                urgent.block("collection", self._measure_heap)
                heap_ms += _HEAP_MS
            if feed_ms <= 0:
                self._watch_parts()
                feed_ms = _FEED_MS
            urgent.due_ms = time.ticks_add(self._clock.ticks_ms(), _SLICE_MS)
            await self._clock.sleep_ms(_SLICE_MS)
            took_ms = time.ticks_diff(self._clock.ticks_ms(), woke)
            woke = time.ticks_add(woke, took_ms)
            self._measured(took_ms - _SLICE_MS)
            urgent.due_ms = woke
            urgent.late_ms = 0
            feed_ms -= took_ms
            heap_ms -= took_ms

    def _measured(self, lag_ms):
        self.lag_ms.set(lag_ms)
        if lag_ms > self.lag_max_ms:
            self.lag_max_ms = lag_ms
        if lag_ms <= self._block_ms:
            return
        urgent = self._kernel.urgent
        if lag_ms - urgent.late_ms > self._block_ms:
            self.blocked += 1
            self._log.rare("the loop was blocked for more than %d ms" % self._block_ms + ": %d ms", lag_ms)
        else:
            self._log_known(urgent.longest)

    def _log_known(self, longest):
        """Calls that are known to block the loop are logged once."""
        for name in longest:
            if longest[name] > self._block_ms and name not in self._logged:
                self._logged += (name,)
                self._log.info("%s blocked the loop for %d ms", name, longest[name])

    def _watch_parts(self):
        self.hung.set(self._find_hung())
        if not self.hung.value or (self._in_scopes and not self._kernel.urgent.calm()):
            self._feed()

    def _find_hung(self):
        """The critical components that make no progress, as text for the log; "" if there are none."""
        now = self._clock.ticks_ms()
        hung = []
        self._in_scopes = True
        for part in self._kernel.parts:
            if not part.critical:
                continue
            late = part.task is not None and time.ticks_diff(now, part.beat_ms) > self._limit_ms
            hung_now = late and part.state == "running"
            if hung_now != part.hung:  # most never are
                part.hung = hung_now
            if part.hung:
                hung.append("%s makes no progress" % part.name)
            elif part.state != "running" and not self._kernel.stopping:  # then each is, one after the other
                hung.append("%s is %s" % (part.name, part.state))
            else:
                continue
            self._in_scopes = self._in_scopes and bool(part.scope)
        self._kernel.update_alive()
        text = ", ".join(hung)
        if text and text != self.hung.value:
            self._log.error("watchdog not fed%s: %s", " but while others charge" if self._in_scopes else "", text)
        elif self.hung.value and not text:
            self._log.info("watchdog fed again")
        return text

    def _feed(self):
        try:
            self._watchdog.feed()
        except OSError as e:
            self._log.rare("watchdog: %s", e)

    def add_heap(self, heap):
        """Have the system's heap watched, too: ``heap.measure()`` returns (bytes free, in one piece, least so far)."""
        self._system = heap

    def _measure_heap(self):
        gc.collect()
        self._measured_heap(gc.mem_free())

    def _measured_heap(self, free):
        if self._heap_bytes:
            size = free + gc.mem_alloc()
            if size < self._heap_bytes:
                self._log.error("the GC heap has %d bytes in place of %d", size, self._heap_bytes)
            self._heap_bytes = 0  # its size stays: logged once
        self.heap_free.set(free)
        if self.heap_low is None or free < self.heap_low:
            self.heap_low = free
        try:
            from gcheap import largest

            self.heap_longest = largest()
        except ImportError:
            pass  # not an image of ours
        if self._system is not None:
            self._measure_system(self._system.measure())

    def _measure_system(self, measured):
        self.system_heap = measured
        if measured[0] < self._system_bytes:
            self._log.rare("the system's heap has %d bytes free, %d in one piece, at least %d", *measured)


def _cause_of_machine(otherwise):
    """The cause of the reset in words; a process has none of its own: `otherwise`."""
    import machine

    if not hasattr(machine, "reset_cause"):
        return otherwise
    cause = machine.reset_cause()
    for name, text in _RESET_CAUSES:
        if cause == getattr(machine, name, None):
            return text
    return "cause %r" % cause
