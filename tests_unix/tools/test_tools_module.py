"""The simulated power module, frame by frame, against the document."""

from pathlib import Path

import cantools

from tools.powermodule import CONTROL, CONTROL_REPLY, PowerModule

DBC = cantools.database.load_file(Path(__file__).parents[2] / "tools" / "ucharge.dbc")


def test_a_broken_module_refuses_to_switch_on(monkeypatch):
    """docs/can.md: an error in the upper four bits of a reply means that the module refused the request."""
    module = PowerModule("socket://127.0.0.1:1")
    sent = []
    monkeypatch.setattr(module, "send", lambda can_id, data: sent.append((can_id, data)))
    start, stop = bytes((1, 0x32, 0, 0, 0, 0, 0, 0)), bytes((1, 0x32, 0, 1, 0, 0, 0, 0))
    module.on_frame(CONTROL, start)
    assert module.enabled and sent[-1] == (CONTROL_REPLY, start)
    module.hardware_failure = True
    module.on_frame(CONTROL, start)
    assert not module.enabled
    can_id, data = sent[-1]
    assert can_id == CONTROL_REPLY and data[0] >> 4 and data[0] & 15 == 1 and data[1] == 0x32 and data[3] == 1
    decoded = DBC.decode_message(CONTROL_REPLY, data)
    assert decoded["Error"] == 2 and decoded["Lead"] == 1 and decoded["Off"] == "Off"
    module.on_frame(CONTROL, stop)
    assert sent[-1] == (CONTROL_REPLY, stop)
