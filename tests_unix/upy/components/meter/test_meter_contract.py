"""Every implementation of the contract Meter passes meter_contract.py; so does one that is not ours."""

import meter_contract as contract
from bus import POWER, STATUS, TERMINAL, power, status
from contract_tests import each, untested

HEAPSIZE = "16M"  # the wire keeps every frame


class Terminal:
    """The power module's own measurement, of its reference protocol."""

    METER = TERMINAL
    EXTRA = ()
    STEP_WH = 0

    def says(self, rig, volts, amps):
        rig.say[POWER], rig.say[STATUS] = power(volts, amps), status(amps > 0)

    def delivers(self, rig, volts, amps):
        """Nobody tells it."""

    def silent(self, rig):
        del rig.say[POWER]


class Other:
    """A meter of its own; the power module measures nothing that is billed."""

    METER = {"use": "other_meter:OtherMeter"}
    EXTRA = ({"name": "counter", "use": "other_meter:Counter"},)
    STEP_WH = 1

    def says(self, rig, volts, amps):
        rig.say[POWER], rig.say[STATUS] = power(volts, amps * 0.9), status(amps > 0)
        rig.counter.answers = True
        self.delivers(rig, volts, amps)

    def delivers(self, rig, volts, amps):
        rig.counter.set(volts, amps)

    def silent(self, rig):
        rig.counter.answers = False


KINDS = (Terminal, Other)


def test_the_list_is_whole():
    """Each function of the contract has its test here."""
    assert untested(contract.ALL, globals()) == []


async def test_nothing_is_charged_before_it_responded(tmp):
    await each(KINDS, contract.nothing_is_charged_before_it_responded, tmp)


async def test_it_counts_what_is_delivered(tmp):
    await each(KINDS, contract.it_counts_what_is_delivered, tmp)


async def test_flowing_begins_with_the_gate_and_ends_with_the_current(tmp):
    await each(KINDS, contract.flowing_begins_with_the_gate_and_ends_with_the_current, tmp)


async def test_what_flows_with_the_gate_closed_counts(tmp):
    await each(KINDS, contract.what_flows_with_the_gate_closed_counts, tmp)


async def test_what_is_read_is_journaled_before(tmp):
    await each(KINDS, contract.what_is_read_is_journaled_before, tmp)


async def test_saved_allocates_nothing(tmp):
    await each(KINDS, contract.saved_allocates_nothing, tmp)


async def test_a_power_cut_takes_no_more_than_20_wh(tmp):
    await each(KINDS, contract.a_power_cut_takes_no_more_than_20_wh, tmp)


async def test_an_orderly_stop_loses_nothing(tmp):
    await each(KINDS, contract.an_orderly_stop_loses_nothing, tmp)


async def test_what_keeps_it_elsewhere_takes_the_place_of_records(tmp):
    await each(KINDS, contract.what_keeps_it_elsewhere_takes_the_place_of_records, tmp)


async def test_a_meter_that_falls_silent_closes_the_gate(tmp):
    await each(KINDS, contract.a_meter_that_falls_silent_closes_the_gate, tmp)


async def test_a_second_meter_is_refused(tmp):
    await each(KINDS, contract.a_second_meter_is_refused, tmp)
