"""The power module of docs/writing-components.md: a model for module_contract.py, and its component, word for word."""

import struct
import sys

REPORT, ORDER = 0x0CAC0001, 0x0CAC0002
_BEGIN = "`acme_module.py`:\n\n```python\n"


def write(folder):
    """Write the component as the guide shows it, where it can be imported."""
    with open("docs/writing-components.md") as guide:
        text = guide.read()
    begin = text.index(_BEGIN) + len(_BEGIN)
    with open(folder + "/acme_module.py", "w") as file:
        file.write(text[begin : text.index("```", begin)])
    if folder not in sys.path:
        sys.path.append(folder)


class Acme:
    USE = "acme_module:AcmeModule"
    OPTIONS = {}  # type: dict
    STOP = None
    able = None

    def __init__(self):
        self.on = None
        self.mv = self.ma = 0

    def hear(self, identifier, data):
        if identifier == ORDER:
            centivolts, centiamps, on = struct.unpack("<HHB", data)
            self.on, self.mv, self.ma = on == 1, centivolts * 10, centiamps * 10
        return {}

    def says(self, volts, amps, state=None):
        state = int(self.on or 0) if state is None else state
        return {REPORT: struct.pack("<HHBB", round(volts * 100), round(amps * 100), state, 65)}

    def fault(self):
        return self.says(76, 0, 2)

    def impossible(self):
        return [(REPORT, data) for data in (b"", self.says(76, 0)[REPORT][:5])]
