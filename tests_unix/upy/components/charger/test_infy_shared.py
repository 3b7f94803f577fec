"""Infypower modules of two outlets on one bus."""

from bus import VirtualClock

from core.kernel import Kernel
from core.log import Log, LogTail
from core.parts import DeclarationError


def two_outlets(controllers):
    """A kernel of two outlets whose modules are on one bus; nothing of it runs."""
    clock = VirtualClock()

    def scope(number, vehicle):
        options = {"addresses": (number,), "controller": controllers[number]}
        parts = (
            {"name": "gate", "use": "components.evse.gate:Gate"},
            {"name": "bms", "use": vehicle},
            {"name": "charger", "use": "components.charger.infy:Infypower", "options": options},
            {"name": "meter", "use": "components.meter.terminal:TerminalMeter"},
        )
        return {"scope": str(number + 1), "components": parts}

    class Board:
        NAME = "shared"
        COMPONENTS = (
            {"name": "store", "use": "components.persistence:Persistence"},
            {"name": "driver", "use": "drivers.can.slcan:Slcan", "options": {"port": "socket://127.0.0.1:1"}},
            {"name": "can", "use": "components.can:Can"},
            scope(0, "components.bms:Bms"),
            scope(1, "other_vehicle:OtherVehicle"),
        )

    return Kernel(Board, {}, clock, Log(LogTail(clock, None), "main"), "/nowhere")


def test_modules_of_two_outlets_on_one_bus_are_distinguished_by_the_controller_that_they_answer():
    kernel = two_outlets((0xF0, 0xF1))
    can = kernel["can"]
    for identifier, text in (
        (0x0283F000, "43FA000040600000"),
        (0x0283F101, "43FA000040600000"),
        (0x028CF000, "0FA0000000000000"),
    ):
        can._frame[:] = [identifier, memoryview(bytes.fromhex(text)), can.driver.FLAG_EXT_ID, 0]
        can._dispatch(can._frame)
    assert can.refused == can.unknown == 0
    assert kernel["1/charger"].terminal_voltage_mv.value == 400000
    assert kernel["2/charger"].terminal_voltage_mv.value is None


def test_two_outlets_with_one_controller_address_are_one_clear_message():
    try:
        two_outlets((0xF0, 0xF0))
    except DeclarationError as e:
        for words in ("shared", "2/charger", "two handlers for CAN identifier 0x0280F000/0x0380FF00", "1/charger"):
            assert words in str(e), e
    else:
        raise AssertionError("built")
