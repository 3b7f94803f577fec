"""The way of a frame out of and into the TWAI controller, in machine code that reads and writes its registers."""

import micropython


@micropython.viper
def drain(registers: ptr32, ring: ptr8, cursor: ptr32) -> int:
    """Move what was received into the ring; return status | frames << 8 | events << 16.

    `ring`: 64 slots of 16 bytes, each a message as the receive buffer has it. `cursor`: the next slot to fill, the next
    to take, frames lost because the ring was full. Nothing is moved after a bus error (event 0x80) or an overrun
    (status 2): then the receive buffer is not to be trusted.
    """
    events = int(registers[3]) & 255
    status = int(registers[2]) & 255
    taken = 0
    while status & 3 == 1 and events & 128 == 0 and taken < 32:
        head = int(cursor[0])
        if head + 1 & 63 == int(cursor[1]):
            cursor[2] = int(cursor[2]) + 1
        else:
            info = int(registers[16])
            at = head << 4
            last = at + (5 if info & 128 else 3) + (8 if info & 8 else info & 7)
            register = 16
            while at < last:
                ring[at] = int(registers[register])
                register += 1
                at += 1
            cursor[0] = head + 1 & 63
        registers[1] = 4  # release the receive buffer
        taken += 1
        status = int(registers[2]) & 255
    return status | taken << 8 | events << 16


@micropython.viper
def take(ring: ptr8, cursor: ptr32, out: ptr8) -> int:
    """The identifier of the next frame, or -1; `out` gets data (0..7), their number (8), the frame information (9)."""
    tail = int(cursor[1])
    if tail == int(cursor[0]):
        return -1
    at = tail << 4
    info = int(ring[at])
    if info & 128:
        identifier = int(ring[at + 1]) << 21 | int(ring[at + 2]) << 13 | int(ring[at + 3]) << 5 | int(ring[at + 4]) >> 3
        at += 5
    else:
        identifier = int(ring[at + 1]) << 3 | int(ring[at + 2]) >> 5
        at += 3
    size = 8 if info & 8 else info & 7
    out[8] = size
    out[9] = info
    place = 0
    while place < size:
        out[place] = ring[at + place]
        place += 1
    cursor[1] = tail + 1 & 63
    return identifier


@micropython.viper
def put(registers: ptr32, queue: ptr8, at: int):
    """Copy the message at `at` of the queue into the transmit buffer, and have it sent."""
    register = 16
    info = int(queue[at])
    last = at + (5 if info & 128 else 3) + (info & 15)
    while at < last:
        registers[register] = int(queue[at])
        register += 1
        at += 1
    registers[1] = 1  # transmission request
