"""An Elcon/TC charger as a model for module_contract.py, written from the protocol's document (docs/can.md).

Its address is 0xE6: the first one's requests have the identifier of the vehicle's, which is on the same bus here.
"""

import struct

REQUEST, STATUS = 0x1806E6F4, 0x18FF50E6


class Elcon:
    USE = "components.charger.elcon:Elcon"
    OPTIONS = {"addresses": (0xE6,)}
    STOP = (REQUEST, b"\x00\x00\x00\x00\x01\x00\x00\x00")
    able = None

    def __init__(self):
        self.on = None
        self.mv = self.ma = 0

    def hear(self, identifier, data):
        if identifier == REQUEST:
            decivolts, deciamps, control = struct.unpack(">HHB", data[:5])
            assert len(data) == 8 and data[6:] == bytes(2)
            self.on, self.mv, self.ma = control == 0, decivolts * 100, deciamps * 100
        return {}

    def says(self, volts, amps, flags=0):
        return {STATUS: struct.pack(">HHBBH", round(volts * 10), round(amps * 10), flags, 0, 0)}

    def fault(self):
        return self.says(76, 0, 0x01)

    def impossible(self):
        """Cut short; 1000.1 V; 1000.1 A."""
        whole = struct.pack(">HHBBH", 760, 0, 0, 0, 0)
        high = b"\x27\x11"
        return [(STATUS, data) for data in (b"", whole[:4], high + whole[2:], whole[:2] + high + whole[4:])]
