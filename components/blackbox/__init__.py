"""The black box: what led to a fault, kept as a file: contract and component.

All that comes and goes on the buses, what the gates' conditions were, and the messages of OCPP are noted in a ring in
RAM. When something goes wrong in a transaction the ring becomes a file, once nothing is charged. docs/blackbox.md has
its format; ``make replay FILE=...`` plays it into the firmware.

Something goes wrong: a condition that is no decision of vehicle, operator or central system closes the gate while a
transaction runs (``in_limits``, ``charger_online``, a bus, a component, the journal, the lock); the power module has an
error, or the connector is Faulted, while one runs; the power module did not stop (PowerSwitchFailure, at any time); a
stop came late: the gate closed more than 10 ms after the frame that closed it had come, or while the loop was late by
so much.

For others: ``boxes()``, a list of (name, bytes), the newest first; ``read(name)``, a generator of the bytes of one, in
pieces; ``lines(name)``, a generator of what is in one, as text. Both raise KeyError for a name that is not there,
and OSError, `lines` ValueError for a file that is none. ``written``: files of this run; ``missed``: faults without one.

=========  =====================================================================================================
ring       what is noted, and how it is packed; ``notes``: the part of it that each frame takes, in machine code
taps       what notes: on each bus, and of each outlet
files      writing the files, and listing them
reading    the files, read; ``shown``: as text
=========  =====================================================================================================
"""

import time
from micropython import const

from components.blackbox.ring import ERROR, FAILURES, FAULT, Ring, notes
from core.loading import drop_unmade, unload
from core.ticks import TICK_MS

_LATE_MS = const(10)
_SECRETS_IN = const(400)  # characters: what is kept of a message is nothing of a secret if this much does not name it
_NOTING = const(0)
_FAULTY = const(1)  # it goes on for a while
_HELD = const(2)  # it is to be written


class BlackBox(Ring):
    """See the package.

    Options: ``bytes`` of the ring; ``file_bytes`` at most in a file, ``keep`` files in ``dir``, ``reserve`` bytes that
    stay free on the medium; ``after_ms``: so long is noted after the fault; ``payload``: so many bytes of a message.
    """

    requires = ("clock", "log", "kernel", "home")
    uses = ("station", "ocpp")
    collects = ("can", "evse")
    provides = ("page",)
    options = {
        "bytes": (int, 24576, 4096, 262144),
        "file_bytes": (int, 32768, 4096, 262144),
        "keep": (int, 3, 1, 9),
        "dir": (str, "blackbox", 1, 100),
        "reserve": (int, 65536, 0, 1073741823),
        "after_ms": (int, 3000, 0, 60000),
        "payload": (int, 160, 0, 240),
    }
    ticks_first = True  # what happens in a tick stands behind it

    def __init__(self, clock, log, kernel, home, can, evse, station, ocpp, **options):
        from components.blackbox.taps import BusTap, OutletTap

        super().__init__(clock, options["bytes"])
        # All that is set later: the first assignment of another attribute would need memory.
        self.missed = self.written = 0
        self.cause = self.error = ""
        self.outlet = self.at_ms = 0  # of the fault
        self._phase, self._writer = _NOTING, None
        self.clock = clock
        self.log = log
        self.kernel = kernel
        folder = options["dir"]
        self.folder = folder if folder.startswith("/") else home + "/" + folder
        self.buses, self.ocpp = can, ocpp
        self.file_bytes, self.keep, self.reserve = options["file_bytes"], options["keep"], options["reserve"]
        self._after_ms = options["after_ms"]
        self._payload = options["payload"]
        self._ticked_ms = clock.ticks_ms()
        for number, bus in enumerate(can):
            BusTap(self, number, bus)
        outlets = (None,) * len(evse) if station is None else station.outlets
        self.outlets = tuple([OutletTap(self, i, evse[i], outlets[i]) for i in range(len(evse))])
        if ocpp is not None:
            ocpp.tap(self)
        unload("components.blackbox.taps")

    # --- messages: see `Ocpp.tap` -------------------------------------------------------------------------------

    def came(self, text):
        self._message(False, text)

    def sending(self, send):
        def shown(text):
            self._message(True, text)
            return send(text)

        return shown

    def _message(self, sent, text):
        if self.state[notes.END]:
            most = min(self._payload, self.size // 4)
            try:
                self.message(sent, len(text), without_secrets(text)[:most].encode()[:most])
            except MemoryError:
                pass

    # --- faults -------------------------------------------------------------------------------------------------

    def fault(self, outlet, cause):
        """Something went wrong at an outlet (0 ...): `cause` is a constant text."""
        if self._phase == _NOTING:
            self._phase = _FAULTY
            self.cause, self.outlet, self.error = cause, outlet, ""
            self.at_ms = self.ticks_ms()
            self.text(FAULT, outlet, cause)
        elif self._phase == _HELD:
            self.missed += 1

    def failed(self, outlet, error):
        """The error of an outlet's power module has changed; "": there is none."""
        if error and self._phase == _FAULTY and outlet == self.outlet and not self.error:
            self.error = error
        self.text(ERROR, outlet, error)

    def is_late(self):
        """Is what is being done now late: a frame that is being handled, or by a tick that is overdue?"""
        now, came = self.ticks_ms(), self.state[notes.CAME]
        if came >= 0 and time.ticks_diff(now, came) > _LATE_MS:
            return True
        return time.ticks_diff(now, self._ticked_ms) > TICK_MS + _LATE_MS

    # --- life ---------------------------------------------------------------------------------------------------

    async def start(self):
        """What an earlier run has left half written is of no use."""
        from components.blackbox.files import clean

        clean(self.folder, self.keep)
        unload("components.blackbox.files")
        for outlet in self.outlets:
            outlet.begin()
        self.open()

    def tick(self, passed):
        now = self._ticked_ms = self.ticks_ms()
        self.ticks = self.ticks + passed & 0xFFFF
        if self._phase == _FAULTY and time.ticks_diff(now, self.at_ms) >= self._after_ms:
            self._hold()  # now, for what follows in this tick would not be noted
        self.note_tick()
        if self._phase == _HELD and self.kernel.urgent.calm():
            self.kernel.urgent.block("black box", self._write)

    def _hold(self):
        self.close()
        self._phase = _HELD

    def _write(self):
        """Write a piece; returns whether there is more."""
        error = None
        try:
            if self._writer is None:
                from components.blackbox.files import write

                self._writer = write(self)
            next(self._writer)
            return True
        except StopIteration:
            self.written += 1
        except FAILURES as e:
            drop_unmade()
            self.missed += 1
            error = e
        self._writer = None
        self._phase = _NOTING
        self.open()
        try:
            unload("components.blackbox.files")
            if error is not None:
                self.log.rare("a black box is lost: %r", error)
        except MemoryError:
            pass  # `missed` tells it
        return False

    async def stop(self):
        """The firmware stops in order: what is not yet written is."""
        if self._phase == _FAULTY:
            self._hold()
        while self._phase == _HELD and self._write():
            await self.clock.sleep_ms(0)

    # --- the files ----------------------------------------------------------------------------------------------

    def boxes(self):
        """[(name, bytes)], the newest first."""
        from components.blackbox.files import boxes

        unload("components.blackbox.files")
        return boxes(self.folder)

    def read(self, name):
        """Generator of the bytes of one, in pieces. Raises KeyError, OSError."""
        from components.blackbox.files import pieces

        unload("components.blackbox.files")
        return pieces(self.folder, name)

    def lines(self, name):
        """Generator of what is in one, as text. Raises KeyError, OSError, ValueError."""
        from components.blackbox.files import path_of
        from components.blackbox.shown import lines

        for module in ("files", "shown", "reading"):
            unload("components.blackbox." + module)
        return lines(path_of(self.folder, name))

    def page(self):
        data = {"written": self.written, "missed": self.missed}
        yield "blackbox", "Black box: %(written)d written, %(missed)d faults without one", data


def without_secrets(text):
    """A message, without its payload if what is kept of it may be a secret."""
    head = text[:_SECRETS_IN]
    if "authorizationkey" in head.lower() or ("://" in head and "@" in head):  # or a URL with a password
        return text.partition("{")[0] + '"(not shown)"]'
    return text
