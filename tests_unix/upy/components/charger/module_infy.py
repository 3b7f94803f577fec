"""Infypower modules as a model for module_contract.py, written from docs/can.md: two of them, which form group 3."""

import struct

_SET, _SWITCH = 0x029C00F0, 0x029A00F0
_OFF = b"\x01\0\0\0\0\0\0\0"
_ADDRESSES = (0, 4)


class Infy:
    """Both say the same, and each half of the current."""

    USE = "components.charger.infy:Infypower"
    OPTIONS = {"addresses": _ADDRESSES, "group": 3}
    STOP = (0x02DA03F0, _OFF)

    def __init__(self):
        self._on = [None, None]
        self._mv = [0, 0]
        self._ma = [0, 0]

    @property
    def on(self):
        """True while any of them is."""
        return None if self._on == [None, None] else True in self._on

    @property
    def mv(self):
        return max(self._mv)

    @property
    def ma(self):
        return sum(self._ma)

    def hear(self, identifier, data):
        if identifier == 0x02DA03F0:
            self._on = [data[0] == 0] * 2
            return {}
        address = identifier >> 8 & 0xFF
        if address not in _ADDRESSES or identifier >> 16 not in (0x029A, 0x029C):
            return {}
        place = _ADDRESSES.index(address)
        if identifier >> 16 == 0x029C:
            self._mv[place], self._ma[place] = struct.unpack(">II", data)
            assert self._ma[place], "a module refuses 0 A"
        else:
            self._on[place] = data[0] == 0
        return {identifier & 0x1FFF0000 | 0xF000 | address: data}

    def _both(self, command, data):
        return {0x0280F000 | command << 16 | address: data for address in _ADDRESSES}

    def says(self, volts, amps):
        off = 0 if amps else 0x0100
        frames = self.able(None)
        frames.update(self._both(0x03, struct.pack(">ff", volts if amps else 0.0, amps / 2)))
        frames.update(self._both(0x04, struct.pack(">IbBH", 0, 27, 0, off)))
        frames.update(self._both(0x0C, struct.pack(">HHI", round(volts * 10), 1000, 0)))
        return frames

    def fault(self):
        return {0x0284F004: struct.pack(">IbBH", 0, 27, 0, 0x0200)}

    def able(self, amps):
        """500 V to 50 V; in all so many A, None: 300 A."""
        return self._both(0x0A, struct.pack(">HHHH", 500, 50, 1500 if amps is None else round(amps * 5), 3000))

    def impossible(self):
        nan = float("nan")
        frames = [
            (0x0283F000, struct.pack(">ff", volts, amps)) for volts, amps in ((-1, 10), (76, -1), (nan, 10), (76, nan))
        ]
        frames += [(0x0283F000, struct.pack(">ff", 76, 10)[:7]), (0x028CF004, bytes(3)), (0x0284F000, bytes(7))]
        frames += [(0x028AF000, struct.pack(">HHHH", 50, 500, 1000, 3000)), (0x0283F001, bytes(8))]
        return frames
