"""Plays a black box into the components of its board: ``micropython replay_box.py ROOT BOX HOME [BOARD]``.

Runs inside MicroPython, on a virtual clock. What a bus received comes at its time, the 100 ms of `tick` pass when they
did, and what is decided elsewhere (the transaction, the limit, the emergency stop ...) changes when it did. What
follows from that, the other conditions of the gates and the errors of the power modules, is compared with the record.
Exit status: 0 the same, 1 something else, 2 it cannot be played.
"""

import asyncio
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
_PHASES = 120  # ticks: what is done every so many of them has the same phase as it had


class Replay:
    """One run of a record."""

    def __init__(self, record, board, home):
        self.record = record
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
        for name in self.header["buses"]:
            if name not in self.board.drivers:
                raise ValueError("this board has no bus %s, which was recorded" % name)
            if "/" not in name or name.startswith(prefix):
                condition = "bus_%d" % (len(buses) + 1) if buses else "bus"
                buses[condition] = self._instance(self.board.drivers[name])
        evse, recorded = self._instance(prefix + "evse"), self._instance(prefix + "recorded")
        return Outlet(self, record, evse, recorded, buses)

    def _log(self, line):
        if self.playing:
            level, _, rest = line.partition(" ")
            print("%+9d ms  %s %s" % (self.now_ms, level, rest.partition(" ")[2]))

    def follows(self, outlet, words):
        if words and self.playing:
            self.follows_here.append((self.now_ms, outlet.record["id"], words))
            print("%+9d ms  outlet %d %s" % (self.now_ms, outlet.record["id"], words))

    # --- life -----------------------------------------------------------------------------------------------------

    async def run(self):
        """Play it all."""
        for outlet, (bits, limit) in zip(self.outlets, self.record.events[0][3]):
            outlet.apply(bits, limit)
        if self._warm_up_ticks:
            await self._warm_up()
        self.playing = True
        for event in self.record.events:
            self.now_ms = event[0]
            await self.clock.pass_to(_BASE_MS + event[0])
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
            print("%+9d ms  ocpp %s %s" % (event[0], "->" if event[2] else "<-", event[4]))
        elif kind == FAULT:
            print("%+9d ms  outlet %d FAULT: %s" % (event[0], self.header["outlets"][event[2]]["id"], event[3]))
        await self.clock.settle()

    def _frame(self, bus, sent, flags, identifier, data):
        if sent:
            self._sent[bus].append((identifier, data))
        else:
            self.drivers[bus].push(identifier, data, flags)

    # --- what came of it ------------------------------------------------------------------------------------------

    def verdict(self):
        """(whether it is the same, words). What was before a record that begins in the middle may have to do with how
        long a fault lasts: that is not compared.
        """
        recorded, here = self.record.follows(self.outlets), self.follows_here
        if self.record.ticks:
            recorded = [change for change in recorded if change[0] <= 0]
            here = [change for change in here if change[0] <= 0]
        for i in range(max(len(recorded), len(here))):
            one, other = recorded[i : i + 1], here[i : i + 1]
            if one != other:
                return False, "DIFFERENT: recorded %s, replayed %s" % (_words(one), _words(other))
        sent = sum([len(frames) for frames in self._sent])
        same = sum([_same(frames, driver.sent) for frames, driver in zip(self._sent, self.drivers)])
        return True, "THE SAME: %d changes that follow, and %d of %d frames sent" % (len(here), same, sent)


def _words(change):
    return "%+d ms outlet %d %s" % change[0] if change else "nothing more"


def _same(recorded, here):
    """How many frames of these were sent here, too: in the order of each identifier."""
    count = 0
    for identifier in {frame[0] for frame in recorded}:
        ours = [data for known, data in here if known == identifier]
        theirs = [data for known, data in recorded if known == identifier]
        count += sum([one == other for one, other in zip(ours, theirs)])
    return count


def main():
    try:
        with open(BOX, "rb") as file:
            box = Box(file)
            name = sys.argv[4] if len(sys.argv) > 4 else box.header["board"]
            replay = Replay(Record(box), load_board(name[7:] if name.startswith("boards.") else name), HOME)
        print(about(box.header))
        asyncio.run(replay.run())
    except (ValueError, OSError, DeclarationError) as e:
        print("%s: %s" % (BOX, e))
        return 2
    same, words = replay.verdict()
    print(words)
    return 0 if same else 1


sys.exit(main())
