"""Every implementation of the contract PowerModule passes module_contract.py and setpoint_contract.py: ours, and the
one that the guide shows.
"""

import module_contract as contract
import setpoint_contract as setpoint
from contract_tests import each, untested
from module_acme import Acme, write
from module_elcon import Elcon
from module_infy import Infy
from module_reference import Reference

HEAPSIZE = "16M"  # the wire keeps every frame
KINDS = (Reference, Elcon, Infy, Acme)


async def passed(test, tmp):
    write(tmp)
    await each(KINDS, test, tmp)


def test_the_list_is_whole():
    """Each function of the contract has its test here."""
    assert untested(contract.ALL + setpoint.ALL, globals()) == []


async def test_nothing_is_known_before_the_first_frame(tmp):
    await passed(contract.nothing_is_known_before_the_first_frame, tmp)


async def test_a_measurement_is_known_when_its_frames_were_handled(tmp):
    await passed(contract.a_measurement_is_known_when_its_frames_were_handled, tmp)


async def test_what_cannot_be_is_refused_and_measures_nothing(tmp):
    await passed(contract.what_cannot_be_is_refused_and_measures_nothing, tmp)


async def test_a_silent_module_is_forgotten_and_the_gate_closes(tmp):
    await passed(contract.a_silent_module_is_forgotten_and_the_gate_closes, tmp)


async def test_the_stop_goes_out_in_the_call_that_closes_the_gate(tmp):
    await passed(contract.the_stop_goes_out_in_the_call_that_closes_the_gate, tmp)


async def test_a_stop_that_was_lost_is_repeated_within_a_second(tmp):
    await passed(contract.a_stop_that_was_lost_is_repeated_within_a_second, tmp)


async def test_the_first_thing_after_the_bus_was_away_is_a_stop(tmp):
    await passed(contract.the_first_thing_after_the_bus_was_away_is_a_stop, tmp)


async def test_the_limits_are_there_when_it_starts(tmp):
    await passed(setpoint.the_limits_are_there_when_it_starts, tmp)


async def test_a_lower_setpoint_is_sent_in_the_call_that_lowers_it(tmp):
    await passed(setpoint.a_lower_setpoint_is_sent_in_the_call_that_lowers_it, tmp)


async def test_a_higher_one_is_sent_within_a_second(tmp):
    await passed(setpoint.a_higher_one_is_sent_within_a_second, tmp)


async def test_a_lower_one_that_the_bus_did_not_take_is_sent_again(tmp):
    await passed(setpoint.a_lower_one_that_the_bus_did_not_take_is_sent_again, tmp)


async def test_while_the_gate_is_closed_it_is_never_sent_a_start(tmp):
    await passed(setpoint.while_the_gate_is_closed_it_is_never_sent_a_start, tmp)


async def test_what_is_delivered_is_supervised(tmp):
    await passed(contract.what_is_delivered_is_supervised, tmp)


async def test_the_guard_has_the_stop_where_it_is_one_frame(tmp):
    await passed(contract.the_guard_has_the_stop_where_it_is_one_frame, tmp)


async def test_nothing_is_charged_without_a_meter(tmp):
    await passed(contract.nothing_is_charged_without_a_meter, tmp)


async def test_a_vehicle_that_requests_too_low_a_voltage_is_not_charged(tmp):
    await passed(setpoint.a_vehicle_that_requests_too_low_a_voltage_is_not_charged, tmp)


async def test_what_the_module_can_limits_the_setpoint(tmp):
    await passed(setpoint.what_the_module_can_limits_the_setpoint, tmp)


async def test_a_measurement_and_a_lower_setpoint_allocate_nothing(tmp):
    await passed(setpoint.a_measurement_and_a_lower_setpoint_allocate_nothing, tmp)


async def test_a_fault_that_it_tells_closes_the_gate_while_its_frame_is_handled(tmp):
    await passed(contract.a_fault_that_it_tells_closes_the_gate_while_its_frame_is_handled, tmp)
