"""The ESP32 boards with the C of the guard on the model of the controller; see canguard_twai.py for the interpreter.

While a test does not await, the loop is blocked: nothing in Python runs but the model.
"""

import canguard
from bus import CONTROL, REQUEST, START_FRAME, STOP_FRAME, TELEMETRY_REPLY, request
from canguard_twai import interrupt
from test_esp32_boards import charging

from boards import rivot_esp32, rivot_esp32_dual

# No Wi-Fi: this interpreter has no SHA-1, which a WebSocket begins with.
AWAY = {"ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1"}, "wifi": {"ssid": "away", "password": "secret"}}
ANSWER = (CONTROL, STOP_FRAME, True, False)


def controls(site, since):
    return [frame[1] for frame in site.hardware.twai.sent[since:] if frame[0] == CONTROL]


async def test_the_vehicles_stop_is_answered_while_the_loop_is_blocked(tmp):
    """Then the gate closes as if nothing had been, and until it permits again nothing but stops is sent."""
    site = await charging(rivot_esp32, tmp, "on_chip", "on_chip", settings=AWAY)
    chip, can = site.hardware.twai, site.kernel["can"]
    site.vehicle.step()
    count, since = canguard.fired(), len(chip.sent)
    chip.receive(REQUEST, request(switch=1))
    interrupt(chip)
    assert chip.transmit() == ANSWER and site.gate.enabled.value
    await site.run(20)
    assert not site.gate.enabled.value and "bms_permits" in site.gate.blocking()
    assert canguard.fired() == count + 1 == can.guard_stops
    await site.run(1000)
    assert set(controls(site, since)) == {STOP_FRAME}
    assert [line for line in site.tail.lines if "answered by the interrupt" in line]
    await site.talk(3000)
    assert site.gate.enabled.value and START_FRAME in controls(site, since), site.gate.blocking()
    await site.stop()


async def test_the_filters_of_a_board_leave_the_guards_frame(tmp):
    """They are those of its handlers, two of 16 bits; another frame does not even reach the interrupt."""
    site = await charging(rivot_esp32, tmp, "on_chip", "on_chip", settings=AWAY)
    chip, rx = site.hardware.twai, site.kernel["can"].rx
    count = canguard.fired()
    chip.receive(0x12345678, request(switch=1))
    interrupt(chip)
    assert not chip.chip.fifo.messages
    chip.receive(REQUEST, request(switch=1))
    interrupt(chip)
    assert chip.transmit() == ANSWER and canguard.fired() == count + 1
    await site.run(20)
    assert site.kernel["can"].rx == rx + 1 and not site.gate.enabled.value
    await site.stop()


async def test_a_stop_that_finds_the_ring_full_closes_the_gate(tmp):
    site = await charging(rivot_esp32, tmp, "on_chip", "on_chip", settings=AWAY)
    chip = site.hardware.twai
    site.vehicle.step()
    since = len(chip.sent)
    for _ in range(100):
        chip.receive(TELEMETRY_REPLY, b"\x01\x79\0\0\0\0\0\0")
        interrupt(chip)
    chip.receive(REQUEST, request(switch=1))
    interrupt(chip)
    assert chip.transmit() == ANSWER
    await site.run(20)
    assert not site.gate.enabled.value and site.kernel["bms"].permitted.value is False
    assert site.kernel["can_driver"].get_counters()[7] == 38
    await site.run(1000)
    assert set(controls(site, since)) == {STOP_FRAME}
    await site.stop()


async def test_a_start_that_python_would_send_behind_the_stop_does_not_go_out(tmp):
    """The loop goes on with another task first, whose turn it is to repeat the start."""
    site = await charging(rivot_esp32, tmp, "on_chip", "on_chip", settings=AWAY)
    chip = site.hardware.twai
    site.vehicle.step()
    since = len(chip.sent)
    chip.receive(REQUEST, request(switch=1))
    interrupt(chip)
    site.kernel["charger"]._switch(True)
    site.vehicle.step()
    assert controls(site, since) == [STOP_FRAME]
    await site.stop()


async def test_a_vehicle_on_another_controller_is_answered_by_the_loop(tmp):
    """The dual board has no guard: what has the vehicle's identifier on the module's bus is nobody's stop."""
    site = await charging(rivot_esp32_dual, tmp, "on_chip", "on_spi", settings=AWAY)
    chip = site.hardware.twai
    site.module.step()
    chip.receive(REQUEST, request(switch=1))
    interrupt(chip)
    assert chip.transmit() is None
    site.vehicle.send(REQUEST, request(switch=1))
    await site.run(20)
    assert not site.gate.enabled.value and controls(site, 0)[-1] == STOP_FRAME
    await site.stop()
