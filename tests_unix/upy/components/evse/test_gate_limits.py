"""What may flow by the gate: the smallest limit of several sources, each told by its name."""

import micropython

from gate_rig import in_words, make, ready


def test_the_smallest_limit_of_all_sources_counts():
    gate, good, bus, _ = make()
    ready(gate, good, bus)
    assert gate.limit_ma.value == 0 and gate.permits("roof") == 0
    gate.limit("transaction", 32000)
    gate.limit("roof", 20000)
    gate.limit("meter", 25000)
    assert gate.limit_ma.value == 20000 and gate.enabled.value and gate.permits("roof") == 25000
    gate.limit("roof", None)  # it limits nothing any more
    assert gate.limit_ma.value == 25000 and gate.permits("roof") == 25000
    gate.limit("meter", 0)
    assert not gate.enabled.value and gate.permits("meter") == 32000 and gate.permits("roof") == 0
    bus.set(False)
    assert gate.permits("meter") == 0  # another condition forbids what the limits would permit


def test_each_limit_is_reported_with_its_source():
    gate, good, bus, tail = make()
    ready(gate, good, bus)
    gate.limit("budget", 0)
    gate.limit("transaction", 32000)
    assert gate.blocking_texts() == ["the budget permits no current"]
    assert in_words(gate)["the budget permits no current"] is False, in_words(gate)
    gate.limit("budget", 16500)
    assert in_words(gate)["the budget permits 16.5 A"] is True, in_words(gate)
    gate.limit("budget", 0)
    assert tail.lines[-1].endswith("charging disabled: the budget permits no current"), tail.lines[-1]
    gate.limit("budget", None)
    assert not any("budget" in words for words in in_words(gate)) and gate.enabled.value


def test_a_limit_of_0_is_no_reason_where_something_else_blocks():
    """The budget leaves nothing to an outlet that cannot use it: it is the vehicle that suspends."""
    gate, good, bus, _ = make()
    ready(gate, good, bus)
    gate.limit("transaction", 32000)
    gate.limit("budget", 0)
    assert gate.blocking() == ["limit_ma"]
    gate.bms_permits.set(False)
    assert gate.blocking() == ["bms_permits", "bms_settled"]
    assert not any("budget" in words for words in in_words(gate)), in_words(gate)
    gate.limit("transaction", 0)  # that of the central system is one
    assert gate.blocking() == ["limit_ma", "bms_permits", "bms_settled"]
    assert gate.limit_by("transaction") == 0 == gate.limit_by("budget") and gate.limit_by("roof") is None


def test_a_limit_of_a_known_source_allocates_nothing():
    gate, good, bus, _ = make()
    ready(gate, good, bus)
    gate.limit("transaction", 32000)
    gate.limit("budget", 16000)
    micropython.heap_lock()
    try:
        gate.limit("budget", 8000)
        lower = gate.limit_ma.value
        gate.limit("budget", None)
        none = gate.limit_ma.value
        permitted = gate.permits("budget")
    finally:
        micropython.heap_unlock()
    assert (lower, none, permitted) == (8000, 32000, 32000)
