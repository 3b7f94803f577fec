"""The reference board's power module as a model for module_contract.py, written from docs/can.md."""

import struct

POWER, STATUS, HEARTBEAT = 0x00433F01, 0x00473F01, 0x18FF50E5
CONTROL, CONTROL_REPLY = 0x068181FE, 0x0681817E


class Reference:
    USE = "components.charger:Charger"
    OPTIONS = {"heartbeat": True}
    STOP = (CONTROL, b"\x01\x32\x00\x01\x00\x00\x00\x00")
    able = None

    def __init__(self):
        self.on = None
        self.mv = self.ma = 0

    def hear(self, identifier, data):
        if identifier != CONTROL:
            return {}
        assert len(data) == 8 and data[0] == 1
        value = struct.unpack(">I", data[4:])[0]
        if data[1] == 0x32:
            self.on = data[3] == 0
        elif data[1] == 0x00:
            self.mv = value * 1000 / 1024
        elif data[1] == 0x03:
            self.ma = value * 1000 / 30.5
        return {CONTROL_REPLY: data}

    def says(self, volts, amps):
        status = b"\x03\x02" if amps else b"\x03\x01"
        return {POWER: struct.pack(">ff", volts, amps * 10), STATUS: bytes(6) + status}

    def fault(self):
        return {HEARTBEAT: struct.pack(">HHBBH", 760, 0, 0x09, 0, 0)}

    def impossible(self):
        values = (-1, 10), (76, -1), (1001, 10), (76, 10010), (float("nan"), 10), (76, float("inf"))
        frames = [(POWER, struct.pack(">ff", volts, amps)) for volts, amps in values]
        return frames + [(POWER, struct.pack(">ff", 76, 10)[:7]), (STATUS, bytes(7)), (HEARTBEAT, bytes(4))]
