"""What is played: the events of a black box, and what followed from them."""

from components.blackbox.reading import CONDITIONS, ERROR, FRAME, TICK

TICK_MS = 100
_FIRST_MS = 3000
_WAITS_MS = (1000, 2000, 3000, 5000, 500, 4000, 10000)
_NEAR_MS = 20
_MOST = 4  # events


class Record:
    """The events of a box."""

    def __init__(self, box):
        self.header = box.header
        self.events = list(box.events())
        if not self.events:
            raise ValueError("a black box with nothing in it")
        ticks = [event[0] for event in self.events if event[1] == TICK]
        if not ticks:
            raise ValueError("a black box without a tick: nothing can be played")
        early = [(ticks[0] - ms) % TICK_MS for ms in ticks]
        self.grid_ms = ticks[0] - max([ms for ms in early if ms < TICK_MS // 2])  # no tick is before its time
        self.ticks = self.events[0][2]  # before all; 0: it has the start of the firmware

    def first_frames(self):
        """The first frame of each identifier that came within the first seconds."""
        found = {}
        for event in self.events:
            if event[0] > self.events[0][0] + _FIRST_MS:
                break
            if event[1] == FRAME and not event[3]:
                found.setdefault((event[2], event[4], event[5]), event)
        return list(found.values())

    def readings(self, recorded, here, outlets):
        """Where the clock may have been read later, for a change that is recorded but not here, or the other way
        round: a list of ((number of an event, of an outlet), ms later), the likely ones first.

        If it came later here, that was where it is recorded. If it came earlier here, what it waits for had begun
        later: a whole number of seconds before, as most times are.
        """
        change = recorded if here is None or (recorded is not None and recorded[0] <= here[0]) else here
        mine = [i for i, outlet in enumerate(self.header["outlets"]) if outlet["id"] == change[1]][0]
        found = []
        for before_ms in (0,) if change is recorded else _WAITS_MS:
            near = []
            for number, event in enumerate(self.events):
                off_ms = abs(event[0] - change[0] + before_ms)
                if off_ms <= _NEAR_MS and (event[1] == TICK or (event[1] == FRAME and not event[3])):
                    near.append((off_ms, number))
            for _, number in sorted(near)[:_MOST]:
                for i in (mine, 0) if mine and self.events[number][1] == TICK else (0,):
                    for ms in self._lasted(number):
                        found.append(((number, i), ms))
        return found

    def _lasted(self, number):
        """How many ms may have passed before the clock was read: at least 1, or what was noted in the event."""
        began = self.events[number][0]
        ended = began + 1
        for event in self.events[number + 1 :]:
            if event[1] == TICK or (event[1] == FRAME and not event[3]) or event[0] > began + _NEAR_MS:
                break
            ended = max(ended, event[0])
        return (1,) if ended == began + 1 else (1, ended - began)

    def follows(self, outlets):
        """What followed from all that, as `Replay.follows` has it: a list of (ms, outlet, words).

        A change is at the ms of the frame, the tick or the decision that it follows from.
        """
        found, failed = [], []
        before = [bits for bits, _ in self.events[0][3]]
        odd = [list(outlet.odd) for outlet in outlets]
        cause_ms = self.events[0][0]
        for event in self.events:
            ms, kind = event[:2]
            words = ""
            if kind == TICK or (kind == FRAME and not event[3]):
                cause_ms = ms
            elif kind == CONDITIONS:
                outlet, bits = outlets[event[2]], event[3]
                if outlet.decided(before[event[2]] ^ bits, odd[event[2]]):
                    cause_ms = ms
                words = outlet.words(before[event[2]], bits, odd[event[2]])
                odd[event[2]] = [name for name in odd[event[2]] if not bits >> outlet.names.index(name) & 1]
                before[event[2]] = bits
            elif kind == ERROR:
                outlet = outlets[event[2]]
                if event[3] or not self.ticks or event[2] in failed:  # else it ends one that began before
                    words = "error: " + (event[3] or "none")
                failed.append(event[2])
            if words:
                found.append((cause_ms, outlet.record["id"], words))
        return found
