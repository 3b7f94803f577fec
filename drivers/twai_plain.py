"""The way of a frame out of and into the TWAI controller, in plain Python; see ``twai_viper``."""


def drain(memory, base, ring, cursor):
    """Move what was received into the ring; return status | frames << 8 | events << 16.

    `ring`: 64 slots of 16 bytes, each a message as the receive buffer has it. `cursor`: the next slot to fill, the next
    to take, frames lost because the ring was full. Nothing is moved after a bus error (event 0x80) or an overrun
    (status 2): then the receive buffer is not to be trusted.
    """
    events = memory[base + 12] & 255
    status = memory[base + 8] & 255
    taken = 0
    while status & 3 == 1 and events & 128 == 0 and taken < 32:
        _store(memory, base + 64, ring, cursor)
        memory[base + 4] = 4  # release the receive buffer
        taken += 1
        status = memory[base + 8] & 255
    return status | taken << 8 | events << 16


def _store(memory, address, ring, cursor):
    head = cursor[0]
    if head + 1 & 63 == cursor[1]:
        cursor[2] += 1
        return
    at = head << 4
    last = at + _size(memory[address])
    while at < last:
        ring[at] = memory[address] & 255
        address += 4
        at += 1
    cursor[0] = head + 1 & 63


def _size(info):
    return (5 if info & 128 else 3) + (8 if info & 8 else info & 7)


def take(ring, cursor, out):
    """The identifier of the next frame, or -1; `out` gets data (0..7), their number (8), the frame information (9)."""
    tail = cursor[1]
    if tail == cursor[0]:
        return -1
    _copy(ring, tail << 4, out)
    identifier = _identifier(ring, tail << 4)
    cursor[1] = tail + 1 & 63
    return identifier


def _copy(ring, at, out):
    info = ring[at]
    out[9] = info
    out[8] = size = 8 if info & 8 else info & 7
    at += 5 if info & 128 else 3
    while size:
        size -= 1
        out[size] = ring[at + size]


def _identifier(ring, at):
    if ring[at] & 128:
        return ring[at + 1] << 21 | ring[at + 2] << 13 | ring[at + 3] << 5 | ring[at + 4] >> 3
    return ring[at + 1] << 3 | ring[at + 2] >> 5


def put(memory, base, queue, at):
    """Copy the message at `at` of the queue into the transmit buffer, and have it sent."""
    address = base + 64
    info = queue[at]
    last = at + (5 if info & 128 else 3) + (info & 15)
    while at < last:
        memory[address] = queue[at]
        address += 4
        at += 1
    memory[base + 4] = 1  # transmission request
