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
SLOTS = const(8)  # of each identifier: itself; bus, direction, flags | length << 8; eight words of data; its number
SLOT = const(11)
_NUMBER = const(10)
STATE_WORDS = const(536)  # 48 of these

LONGEST = const(20)  # bytes of a frame's note
MOST_MS = const(127)  # between two notes
TIME = const(0x3FFFFFFF)
_CHANGED = const(64)  # a slot's number and this: some of its data
_TICK = const(128)
_WHOLE = const(0x30)


@micropython.viper
def came(tap, frame):  # noqa: PLR0915  # a call takes as long as a third of it
    """Note a frame, [identifier, data, flags, errors], and have it handled: a method of what has ``given``, (state,
    ring, ticks_ms, handle, number of the bus << 3, and 4 if what is noted was sent, len). Its ``whole(frame, what,
    now)`` notes what does not fit here; what: bus, direction, flags | length << 8.
    """
    words, blocks, ticks_ms, handle, source, size = tap.given  # all at once: each by itself takes as long
    key, content, flags, _ = frame
    state = ptr32(words)
    what = int(source) | (int(flags) & 3) | int(size(content)) << 8
    identifier = int(key)
    slot = SLOTS
    end = state[USED]
    while slot < end and (state[slot] != identifier or state[slot + 1] != what):
        slot += SLOT
    now = int(ticks_ms()) & TIME
    at = state[AT]
    after = (now - state[LAST]) & TIME
    state[CAME] = now
    if slot == end or after > MOST_MS or at + LONGEST > state[END]:
        tap.whole(frame, what, now)
    else:
        ring, data = ptr8(blocks), ptr8(content)
        mask = 0
        out = at + 3
        place = what >> 8
        while place:
            place -= 1
            if data[place] != state[slot + 2 + place]:
                state[slot + 2 + place] = ring[out] = data[place]
                out += 1
                mask |= 1 << place
        ring[at] = state[slot + _NUMBER] | (_CHANGED if mask else 0)
        ring[at + 1] = after
        ring[at + 2] = mask
        state[AT] = out if mask else at + 2
        state[LAST] = now
    handle(frame)
    state[CAME] = -1


@micropython.viper
def whole(given, frame, what: int, now: int):
    """Note all of a frame, for which there is room; `what` as in `came`."""
    state = ptr32(given[0])
    identifier = int(frame[0])
    slot = SLOTS
    end = state[USED]
    while slot < end and (state[slot] != identifier or state[slot + 1] != what):
        slot += SLOT
    if slot == STATE_WORDS:
        state[LEFT_OUT] += 1
        return
    if slot == end:
        state[USED] = end + SLOT
    state[slot] = identifier
    state[slot + 1] = what
    ring, data = ptr8(given[1]), ptr8(frame[1])
    at = state[AT]
    ring[at] = _WHOLE
    ring[at + 1] = (now - state[LAST]) & TIME
    ring[at + 2] = state[slot + _NUMBER] = (slot - SLOTS) // SLOT
    ring[at + 3] = what & 0xFF
    place = 0
    while place < 4:
        ring[at + 4 + place] = identifier >> 8 * place & 0xFF
        place += 1
    ring[at + 8] = length = what >> 8
    place = 0
    while place < length:
        state[slot + 2 + place] = ring[at + 9 + place] = data[place]
        place += 1
    state[AT] = at + 9 + length
    state[LAST] = now


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
