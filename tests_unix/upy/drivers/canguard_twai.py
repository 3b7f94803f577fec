"""The guard at the ESP32's controller: the C of the image on the model, for an interpreter that has it.

tests_unix/images/test_twai_guard.py builds that and runs this. ``interrupt`` is what the CPU does when the controller's
line is active; the timer, which Python needs, does not fire unless a test lets it.
"""

import random

import canguard
from twai_model import DATA_FIELD, ERROR_STUFF
from twai_rig import DATA, ID, opened, received

from drivers.can.twai import Twai

EXT = Twai.FLAG_EXT_ID
REQUEST, CONTROL, FEEDBACK = 0x1806E5F4, 0x068181FE, 0x18FF50E5
STOP, START, LIMIT = b"\x01\x32\0\1\0\0\0\0", b"\x01\x32\0\0\0\0\0\0", b"\x01\x03\0\0\0\0\1\0"
FORBID, PERMIT = b"\x03\x48\x03\xe8\x01\0\0\0", b"\x03\x48\x03\xe8\0\0\0\0"
ANSWER = (CONTROL, STOP, True, False)
ENABLE = 0x3FF6B010
TRANSMIT, RECEIVE = 2, 1


def guarded(**options):
    """(hardware, model, driver), on the bus and armed."""
    hardware, model, driver = opened(air_reads=None, **options)
    assert driver.guard is canguard
    canguard.rule(REQUEST, 4, CONTROL, STOP)
    canguard.arm(True)
    hardware.tick()
    return hardware, model, driver


def interrupt(model):
    """Serve the controller's line; one that stays active would serve for ever."""
    for _ in range(5):
        if not model.interrupts_cpu:
            return
        assert canguard.isr()
    raise AssertionError("the line of the interrupt stays active")


def come(model, identifier, data=b"", **options):
    model.receive(identifier, data, **options)
    interrupt(model)


def test_the_stop_is_answered_without_the_timer_and_received_as_any_other_frame():
    hardware, model, driver = guarded()
    before = canguard.fired()
    come(model, REQUEST, PERMIT)
    come(model, REQUEST, FORBID)
    assert model.chip.pending[0] == ANSWER and model.transmit() == ANSWER
    assert canguard.fired() == before + 1
    hardware.tick()
    assert received(driver) == [(REQUEST, PERMIT, EXT, 0), (REQUEST, FORBID, EXT, 0)]
    assert model.transmit() is None and not model[ENABLE] & TRANSMIT


def test_what_is_no_stop_is_not_answered():
    hardware, model, driver = guarded()
    before = canguard.fired()
    come(model, REQUEST, PERMIT)
    come(model, REQUEST, FORBID[:4])
    come(model, REQUEST, b"")
    come(model, REQUEST + 1, FORBID)
    come(model, REQUEST & 0x7FF, FORBID, extended=False)
    come(model, REQUEST >> 18, FORBID, extended=False)
    come(model, REQUEST, b"", remote=True, size=8)
    assert model.chip.pending is None and canguard.fired() == before
    hardware.tick()
    assert len(received(driver)) == 6 and driver.remote == 1
    come(model, REQUEST, FORBID[:5])  # short for a request, and a stop all the same: components/bms
    assert model.transmit() == ANSWER


def test_it_answers_only_while_it_is_armed():
    hardware, model, driver = guarded()
    canguard.arm(False)
    come(model, REQUEST, FORBID)
    assert model.chip.pending is None
    canguard.arm(True)
    come(model, REQUEST, FORBID)
    assert model.transmit() == ANSWER
    driver.deinit()
    assert not canguard.isr()


def test_a_message_that_waits_in_the_transmit_buffer_is_given_up_for_it():
    hardware, model, driver = guarded()
    driver.send(FEEDBACK, DATA, EXT)
    driver.send(FEEDBACK, DATA, EXT)
    come(model, REQUEST, FORBID)
    assert model.transmit() == ANSWER
    hardware.tick()
    assert model.transmit() == (FEEDBACK, DATA, True, False)  # the second: it waited in the queue
    hardware.tick()
    assert model.transmit() is None and driver.tx_dropped == 0


def test_it_follows_a_message_that_is_on_the_bus():
    for ends in ("sent", "lost arbitration", "error"):
        hardware, model, driver = guarded()
        driver.send(FEEDBACK, DATA, EXT)
        model.chip.begun = True
        come(model, REQUEST, FORBID)
        assert model.chip.pending[0][0] == FEEDBACK and model[ENABLE] & TRANSMIT
        {"sent": model.transmit, "lost arbitration": model.lose_arbitration, "error": model.tx_error}[ends]()
        interrupt(model)
        assert model.transmit() == ANSWER, ends
        interrupt(model)
        assert not model[ENABLE] & TRANSMIT
        hardware.tick()
        assert model.transmit() is None


def test_the_event_of_the_free_buffer_may_get_lost():
    """ESP-IDF's TWAI_ERRATA_FIX_TX_INTR_LOST: the status tells the next interrupt, or the timer."""
    for rescue in ("frame", "timer"):
        hardware, model, driver = guarded()
        driver.send(FEEDBACK, DATA, EXT)
        model.chip.begun = True
        come(model, REQUEST, FORBID)
        model.transmit()
        model.chip.interrupts = 0
        if rescue == "frame":
            come(model, ID, DATA)
        else:
            hardware.tick()
        assert model.transmit() == ANSWER, rescue


def test_nothing_but_the_stop_follows_it_until_it_is_disarmed():
    hardware, model, driver = guarded()
    come(model, REQUEST, FORBID)
    assert model.transmit() == ANSWER
    for data in (START, LIMIT, STOP[:4]):
        driver.send(CONTROL, data, EXT)
        hardware.tick()
        assert model.transmit() is None, data
    driver.send(FEEDBACK, START, EXT)
    assert model.transmit() == (FEEDBACK, START, True, False)
    hardware.tick()
    driver.send(CONTROL, STOP, EXT)
    assert model.transmit() == ANSWER
    hardware.tick()
    canguard.arm(False)
    driver.send(CONTROL, LIMIT, EXT)
    assert model.transmit() == (CONTROL, LIMIT, True, False)
    hardware.tick()
    canguard.arm(True)
    driver.send(CONTROL, START, EXT)
    assert model.transmit() == (CONTROL, START, True, False)


def test_a_start_that_waits_behind_the_stop_does_not_go_out():
    hardware, model, driver = guarded()
    driver.send(FEEDBACK, DATA, EXT)
    driver.send(CONTROL, START, EXT)
    model.chip.begun = True
    come(model, REQUEST, FORBID)
    model.transmit()
    interrupt(model)
    assert model.transmit() == ANSWER
    for _ in range(3):
        hardware.tick()
        assert model.transmit() is None


def test_each_stop_is_answered_and_counts_once_until_it_is_armed_again():
    hardware, model, driver = guarded()
    before = canguard.fired()
    for _ in range(3):
        come(model, REQUEST, FORBID)
        assert model.transmit() == ANSWER
    come(model, REQUEST, FORBID)
    come(model, REQUEST, FORBID)  # while the answer is in the buffer
    assert model.transmit() == ANSWER and canguard.fired() == before + 1
    canguard.arm(True)
    model.bus_free()
    hardware.tick()
    come(model, REQUEST, FORBID)
    assert canguard.fired() == before + 2


def test_a_full_ring_does_not_blind_it():
    hardware, model, driver = guarded()
    for i in range(200):
        come(model, i, DATA)
    come(model, REQUEST, FORBID)
    assert model.transmit() == ANSWER
    hardware.tick()
    got = received(driver)
    assert [frame[0] for frame in got] == list(range(63)) and driver.get_counters()[7] == 138
    assert not model.resets


def test_a_message_that_an_error_has_spoiled_is_not_believed_and_the_next_one_is():
    hardware, model, driver = guarded()
    before = canguard.fired()
    come(model, REQUEST, PERMIT)
    model.chip.error(ERROR_STUFF, DATA_FIELD, False)
    interrupt(model)
    come(model, REQUEST, b"\x03\x48\x03\xe8\0\x01\0\0")  # heating; the byte that is lost makes a stop of it
    assert model.chip.pending is None and canguard.fired() == before
    come(model, REQUEST, FORBID)
    assert model.transmit() == ANSWER
    resets = model.resets
    hardware.tick(2)
    assert model.resets == resets + 1 and driver.bus_errors == 1
    assert received(driver) == [(REQUEST, PERMIT, EXT, driver.RECV_ERR_OVERRUN)] and driver.get_counters()[7] == 2
    hardware.tick(2)
    come(model, REQUEST, FORBID)
    assert model.transmit() == ANSWER
    hardware.tick()
    assert received(driver) == [(REQUEST, FORBID, EXT, 0)]


def test_an_overrun_and_a_fifo_beyond_repair():
    """The interrupt was held up: what is in the buffer is dropped, by a reset if nothing else helps."""
    for count, resets in ((10, 0), (100, 1)):
        hardware, model, driver = guarded()
        for i in range(count):
            model.receive(i, DATA)
        interrupt(model)
        assert bool(model[ENABLE] & RECEIVE) is not resets
        before = model.resets
        hardware.tick(3)
        assert model.resets == before + resets and model[ENABLE] & RECEIVE
        assert driver.get_counters()[7] == min(count, 64) and received(driver) == []
        come(model, REQUEST, FORBID)
        assert model.transmit() == ANSWER


def test_bus_off_and_what_follows_it():
    hardware, model, driver = guarded()
    driver.send(FEEDBACK, DATA, EXT)
    model.chip.begun = True
    come(model, REQUEST, FORBID)
    model.go_bus_off()
    interrupt(model)
    hardware.tick()
    assert driver.state() == driver.STATE_BUS_OFF
    canguard.arm(False)  # the gate is closed
    driver.restart()
    hardware.tick(3)
    model.bus_free(128)
    hardware.tick(4)
    assert driver.state() == driver.STATE_ACTIVE
    assert model.transmit() in (None, ANSWER)  # a stop at most
    hardware.tick()
    canguard.arm(True)
    come(model, REQUEST, FORBID)
    assert model.transmit() == ANSWER


def test_it_works_again_after_whatever_sets_the_controller_up():
    hardware, model, driver = guarded()
    for change in (driver.restart, lambda: driver.set_filters([(REQUEST, REQUEST, EXT)]), driver.init):
        change()
        hardware.tick(4)
        assert driver.state() == driver.STATE_ACTIVE
        canguard.arm(True)
        come(model, REQUEST, FORBID)
        assert model.transmit() == ANSWER


def test_a_rule_that_cannot_be_is_refused():
    for rule in ((1 << 29, 4, 1, STOP), (1, 8, 1, STOP), (1, -1, 1, STOP), (1, 4, -1, STOP), (1, 4, 1, bytes(9))):
        try:
            canguard.rule(*rule)
            raise Exception("taken: %r" % (rule,))
        except ValueError:
            pass


def test_any_order_of_frames_interrupts_and_ticks_receives_the_same():
    for seed in range(20):
        random.seed(seed)
        hardware, model, driver = guarded()
        sent, got = [], []
        for i in range(300):
            event = random.getrandbits(3)
            if event < 4 and len(model.chip.fifo.messages) < 4:
                data = bytes([random.getrandbits(8) for _ in range(random.getrandbits(3))])
                identifier = random.getrandbits(29)
                model.receive(identifier, data)
                sent.append((identifier, data))
            elif event < 6:
                interrupt(model)
            elif event == 6:
                hardware.tick()
                got += received(driver)
            else:
                driver.send(i, DATA, EXT)
                model.transmit()
        hardware.tick(2)
        got += received(driver)
        assert [(identifier, data) for identifier, data, _, _ in got] == sent, seed
        assert driver.get_counters()[7] == 0
