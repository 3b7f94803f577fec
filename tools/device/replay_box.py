"""Plays a black box into the components of its board: ``micropython replay_box.py ROOT BOX HOME [BOARD]``.

Runs inside MicroPython, on a virtual clock. What a bus received comes at its time, the 100 ms of `tick` pass when they
did, and what is decided elsewhere (the transaction, the limit, the emergency stop ...) changes when it did. What
follows from that, the other conditions of the gates and the errors of the power modules, is compared with the record.
Exit status: 0 the same, 1 something else, 2 it cannot be played.
"""

import asyncio
import os
import sys

ROOT, BOX, HOME = sys.argv[1:4]
sys.path[:0] = [ROOT, ROOT + "/lib"]

from replay_board import Board  # noqa: E402
from replay_outlet import Outlet  # noqa: E402
from replay_parts import ReplayClock  # noqa: E402
from replay_record import TICK_MS, Record  # noqa: E402

from components.blackbox.reading import CONDITIONS, FAULT, FRAME, MESSAGE, TICK, Box  # noqa: E402
from components.blackbox.shown import about  # noqa: E402
from core.kernel import Kernel  # noqa: E402
from core.log import Log, LogTail  # noqa: E402
from core.parts import DeclarationError  # noqa: E402
from main import load_board  # noqa: E402

_BASE_MS = 1 << 24  # the fault, on the virtual clock
_WARM_UP_TICKS = 60
_RUNS = 60  # at most
_PHASES = 120  # ticks: what is done every so many of them has the same phase as it had


class Replay:
    """One run of a record. later: {(number of an event, of an outlet): ms}, by how much later than at the event's time
    the clock was read when it was handled; of a frame the outlet is 0.

    ``lines``: what happens, as text.
    """

    def __init__(self, record, board, home, later):
        self.record = record
        self.lines = []
        self._later = later
        self.header = record.header
        self.now_ms = 0  # of what happens now, since the fault
        self.follows_here = []
        self.playing = False
        self.begins_ms = record.events[0][0]
        self._warm_up_ticks = 0
        if record.ticks:
            self._warm_up_ticks = _WARM_UP_TICKS + (record.ticks - _WARM_UP_TICKS) % _PHASES
            self.begins_ms = record.grid_ms - self._warm_up_ticks * TICK_MS
        self.clock = ReplayClock(_BASE_MS + self.begins_ms)
        self.board = Board(board)
        tail = LogTail(self.clock, self._log)
        self.kernel = Kernel(self.board, {}, self.clock, Log(tail, "main"), home)
        for name in self.header["buses"]:
            if name not in self.board.drivers:
                raise ValueError("this board has no bus %s, which was recorded" % name)
        self.outlets = [self._outlet(record) for record in self.header["outlets"]]
        self.drivers = [self._instance(self.board.drivers[name]) for name in self.header["buses"]]
        self.ticker = None
        self._ticks = 0
        self._sent = [[] for _ in self.drivers]

    def _instance(self, name):
        try:
            return self.kernel[name]
        except KeyError:
            raise ValueError("this board has no %s, which was recorded" % name)

    def _outlet(self, record):
        prefix = record["scope"] + "/" if record["scope"] else ""
        buses = {}
        for part in self.kernel.parts:  # in this order they have registered with the gate
            if part.name in self.board.drivers and part.scope in ("", record["scope"]):
                condition = "bus_%d" % (len(buses) + 1) if buses else "bus"
                buses[condition] = self._instance(self.board.drivers[part.name])
        evse, recorded = self._instance(prefix + "evse"), self._instance(prefix + "recorded")
        return Outlet(self, record, evse, recorded, buses)

    def _log(self, line):
        if self.playing:
            level, _, rest = line.partition(" ")
            self._print(self.now_ms, "%s %s" % (level, rest.partition(" ")[2]))

    def _print(self, ms, text):
        self.lines.append("%+9d ms  %s" % (ms, text))

    def follows(self, outlet, words):
        if words and self.playing:
            self.follows_here.append((self.now_ms, outlet.record["id"], words))
            self._print(self.now_ms, "outlet %d %s" % (outlet.record["id"], words))

    # --- life -----------------------------------------------------------------------------------------------------

    async def run(self):
        """Play it all."""
        for outlet, (bits, limit) in zip(self.outlets, self.record.events[0][3]):
            outlet.apply(bits, limit)
        if self._warm_up_ticks:
            await self._warm_up()
        self.playing = True
        for number, event in enumerate(self.record.events):
            self.now_ms = event[0]
            await self.clock.pass_to(_BASE_MS + event[0])
            for i, outlet in enumerate(self.outlets):
                later_ms = self._later.get((number, i), 0)
                if event[1] == TICK:
                    outlet.recorded.later_ms = later_ms
                else:
                    self.clock.let_pass(later_ms)
            await self._play(event)

    async def _begin(self):
        """The firmware starts, and ticks."""
        asyncio.create_task(self.kernel.run())
        await self.clock.settle()
        self.ticker = self.outlets[0].recorded
        self.clock.hold([part.task for part in self.kernel.parts if part.instance is self.ticker][0])

    async def _warm_up(self):
        """The record begins in the middle: have what is said at its beginning said for a while before.

        No current flows as long as the gate is to open: after each start the module has to show that first.
        """
        frames = self.record.first_frames()
        due_ms = _BASE_MS + self.begins_ms
        await self._begin()
        for number in range(1, self._warm_up_ticks + 1):
            await self.clock.pass_to(due_ms + TICK_MS // 2)
            for _, _, bus, _, flags, identifier, data in frames:
                self.drivers[bus].push(identifier, data, flags)
            await self.clock.settle()
            for outlet in self.outlets:
                outlet.rest()
            due_ms += TICK_MS
            if number < self._warm_up_ticks:
                await self.clock.pass_to(due_ms)
                await self.clock.wake()
        for outlet in self.outlets:
            outlet.settle()
        for driver in self.drivers:
            driver.sent.clear()
        self._ticks = self._warm_up_ticks

    async def _play(self, event):
        kind = event[1]
        if kind == FRAME:
            self._frame(*event[2:])
        elif kind == TICK:
            self._ticks += 1
            if self.ticker is None:
                await self._begin()
            elif self.ticker.ticks < self._ticks:
                await self.clock.wake()
        elif kind == CONDITIONS:
            if self.ticker is None and self.outlets[event[2]].runs(event[3]):
                await self._begin()
            self.outlets[event[2]].apply(event[3], event[4])
        elif kind == MESSAGE:
            self._print(event[0], "ocpp %s %s" % ("->" if event[2] else "<-", event[4]))
        elif kind == FAULT:
            self._print(event[0], "outlet %d FAULT: %s" % (self.header["outlets"][event[2]]["id"], event[3]))
        await self.clock.settle()

    def _frame(self, bus, sent, flags, identifier, data):
        if sent:
            self._sent[bus].append((identifier, data))
        else:
            self.drivers[bus].push(identifier, data, flags)

    # --- what came of it ------------------------------------------------------------------------------------------

    def difference(self):
        """(how many changes are the same, the recorded one that is not, what is here in its place); None: no more.

        What was before a record that begins in the middle may have to do with how long a fault lasts: only what is
        before its fault is compared.
        """
        recorded, here = self.record.follows(self.outlets), self.follows_here
        if self.record.ticks:
            recorded = [change for change in recorded if change[0] <= 0]
            here = [change for change in here if change[0] <= 0]
        for i in range(min(len(recorded), len(here))):
            if recorded[i] != here[i]:
                return i, recorded[i], here[i]
        i = min(len(recorded), len(here))
        return i, recorded[i] if i < len(recorded) else None, here[i] if i < len(here) else None

    def frames(self):
        """(how many were sent in the record, how many of them here)."""
        sent = sum([len(frames) for frames in self._sent])
        return sent, sum([_same(frames, driver.sent) for frames, driver in zip(self._sent, self.drivers)])


def _same(recorded, here):
    """How many frames of these were sent here, too: in the order of each identifier."""
    count = 0
    for identifier in {frame[0] for frame in recorded}:
        ours = [data for known, data in here if known == identifier]
        theirs = [data for known, data in recorded if known == identifier]
        count += sum([one == other for one, other in zip(ours, theirs)])
    return count


def play(record, board, later, number):
    """One run: a `Replay`."""
    home = "%s/%d" % (HOME, number)
    os.mkdir(home)
    asyncio.new_event_loop()
    replay = Replay(record, board, home, later)
    asyncio.run(replay.run())
    return replay


def best(record, board):
    """(the run that is the same for longest, its `later`).

    Within an event the clock may have gone on before it was read, by which a time that has to pass ends a tick or a
    frame earlier or later. So where something happens at another event, it is tried with that.
    """
    later, number = {}, 0
    replay = play(record, board, later, number)
    while True:
        same, recorded, here = replay.difference()
        if recorded is None and here is None:
            return replay, later
        for candidate in record.readings(recorded, here, len(replay.outlets)):
            number += 1
            tried = dict(later)
            tried[candidate[0]] = candidate[1]
            other = play(record, board, tried, number)
            if other.difference()[0] > same or other.difference()[1:] == (None, None):
                replay, later = other, tried
                break
            if number >= _RUNS:
                return replay, later
        else:
            return replay, later


def main():
    try:
        with open(BOX, "rb") as file:
            box = Box(file)
            name = sys.argv[4] if len(sys.argv) > 4 else box.header["board"]
            record = Record(box)
        replay, later = best(record, load_board(name[7:] if name.startswith("boards.") else name))
    except (ValueError, OSError, DeclarationError) as e:
        print("%s: %s" % (BOX, e))
        return 2
    print(about(box.header))
    for line in replay.lines:
        print(line)
    same, recorded, here = replay.difference()
    if recorded is not None or here is not None:
        print("DIFFERENT: recorded %s, replayed %s" % (_words(recorded), _words(here)))
        return 1
    sent = replay.frames()
    print("THE SAME: %d changes that follow, and %d of %d frames sent" % (same, sent[1], sent[0]), end="")
    print("; %d times the clock was read later" % len(later) if later else "")
    return 0


def _words(change):
    return "nothing more" if change is None else "%+d ms outlet %d %s" % change


sys.exit(main())
