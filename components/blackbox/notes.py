"""Noting frames and ticks in a ring of blocks, in machine code; the format is in docs/blackbox.md.

The state is one array of words, whose places are named here. Noted is how a frame differs from the last one of its
identifier: one with the same data takes two bytes, a tick takes one.
"""

import micropython
from micropython import const

AT = const(0)  # where the next note goes
END = const(1)  # of the block; 0: nothing is noted
LAST = const(2)  # ms of the last note
USED = const(3)  # end of the identifiers that are known in this block
LEFT_OUT = const(4)  # frames for whose identifier there was no room
CAME = const(5)  # ms, of the frame that is being handled; -1: none is
SLOTS = const(8)  # of each identifier: itself; bus, direction, flags | length << 8; and eight words of data
SLOT = const(10)
STATE_WORDS = const(328)  # 32 of these

LONGEST = const(20)  # bytes of a frame's note
MOST_MS = const(127)  # between two notes
TIME = const(0x3FFFFFFF)
_CHANGED = const(32)  # a slot's number and this: some of its data
_TICK = const(128)


@micropython.viper
def came(tap, frame):  # noqa: PLR0915  # a call takes as long as a third of it
    """Note a frame, [identifier, data, flags], and have it handled: a method of what has ``given``, (state, ring,
    ticks_ms, handle, number of the bus << 3, and 4 if what is noted was sent, len). A tuple, for it is faster. Its
    ``whole(frame, what, now)`` notes what does not fit here; what: bus, direction, flags | length << 8.
    """
    given = tap.given
    state = ptr32(given[0])
    content = frame[1]
    what = int(given[4]) | (int(frame[2]) & 3) | int(given[5](content)) << 8
    identifier = int(frame[0])
    slot = SLOTS
    end = state[USED]
    while slot < end and (state[slot] != identifier or state[slot + 1] != what):
        slot += SLOT
    now = int(given[2]()) & TIME
    at = state[AT]
    after = (now - state[LAST]) & TIME
    state[CAME] = now
    if slot == end or after > MOST_MS or at + LONGEST > state[END]:
        tap.whole(frame, what, now)
    else:
        ring, data = ptr8(given[1]), ptr8(content)
        mask = 0
        out = at + 3
        place = what >> 8
        while place:
            place -= 1
            if data[place] != state[slot + 2 + place]:
                state[slot + 2 + place] = ring[out] = data[place]
                out += 1
                mask |= 1 << place
        ring[at] = (slot - SLOTS) // SLOT | (_CHANGED if mask else 0)
        ring[at + 1] = after
        ring[at + 2] = mask
        state[AT] = out if mask else at + 2
        state[LAST] = now
    given[3](frame)
    state[CAME] = -1


@micropython.viper
def tick(box) -> int:
    """Note a tick. Returns 1 if there is no room in the block, or it is too long after the last note. Of `box`: state,
    ring, ticks_ms.
    """
    state = ptr32(box.state)
    state[CAME] = -1
    now = int(box.ticks_ms()) & TIME
    after = (now - state[LAST]) & TIME
    at = state[AT]
    if after > MOST_MS or at + LONGEST > state[END]:
        return 1
    ring = ptr8(box.ring)
    ring[at] = _TICK | after
    state[LAST] = now
    state[AT] = at + 1
    return 0
