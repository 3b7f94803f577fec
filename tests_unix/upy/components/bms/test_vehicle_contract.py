"""Every implementation of the contract Vehicle passes vehicle_contract.py; so does one that is not ours."""

import struct

import vehicle_contract as contract
from bus import REQUEST, request
from contract_tests import untested

HEAPSIZE = "16M"  # the wire keeps every frame


class Reference:
    USE = "components.bms:Bms"
    TIMEOUT_MS = 5000

    def permission(self, volts, amps):
        return REQUEST, request(volts, amps)

    def stop(self):
        return REQUEST, request(6553.5, 6553.5, 2, 9)

    def impossible(self):
        frames = [request(9.9, 30), request(200.1, 30), request(84, 500.1), request(84, 30, 0, 2), request()[:5]]
        return [(REQUEST, frame) for frame in frames]


class Other:
    USE = "other_vehicle:OtherVehicle"
    TIMEOUT_MS = 2000

    def permission(self, volts, amps):
        return 0x18FFA0D5, struct.pack("<BHHB", 1, volts * 20, amps * 20, 110)

    def stop(self):
        return 0x18FFA0D5, b"\x00"

    def impossible(self):
        frames = [struct.pack("<BHHB", 1, 84 * 20, 600, 201), struct.pack("<BHHB", 1, 2001, 600, 0), b"\x01\x90\x06"]
        return [(0x18FFA0D5, frame) for frame in frames]


async def each(test, tmp):
    """Both implementations, each with a home of its own."""
    for kind in (Reference(), Other()):
        await test(kind, tmp + "/" + type(kind).__name__)


def test_the_list_is_whole():
    """Each function of the contract has its test here."""
    assert untested(contract.ALL, globals()) == []


async def test_nothing_is_known_before_the_first_frame(tmp):
    await each(contract.nothing_is_known_before_the_first_frame, tmp)


async def test_a_permission_is_known_when_its_frame_was_handled(tmp):
    await each(contract.a_permission_is_known_when_its_frame_was_handled, tmp)


async def test_a_stop_closes_the_gate_while_its_frame_is_handled(tmp):
    await each(contract.a_stop_closes_the_gate_while_its_frame_is_handled, tmp)


async def test_a_permission_that_is_repeated_stays_fresh(tmp):
    await each(contract.a_permission_that_is_repeated_stays_fresh, tmp)


async def test_what_cannot_be_is_refused_and_renews_nothing(tmp):
    await each(contract.what_cannot_be_is_refused_and_renews_nothing, tmp)


async def test_a_vehicle_that_is_silent_is_forgotten(tmp):
    await each(contract.a_vehicle_that_is_silent_is_forgotten, tmp)


async def test_no_permission_is_taken_while_it_does_not_run(tmp):
    await each(contract.no_permission_is_taken_while_it_does_not_run, tmp)


async def test_the_usual_frame_allocates_nothing(tmp):
    await each(contract.the_usual_frame_allocates_nothing, tmp)


async def test_a_guard_of_another_bus_is_left_alone(tmp):
    await each(contract.a_guard_of_another_bus_is_left_alone, tmp)
