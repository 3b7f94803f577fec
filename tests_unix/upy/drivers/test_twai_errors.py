"""The driver of the on-chip controller when things go wrong: overrun, errors, bus-off, and the errata of the chip."""

from twai_model import ACK_SLOT, DATA_FIELD, ERROR_BIT, ERROR_OTHER, ERROR_STUFF
from twai_rig import DATA, ID, Hardware, attached, opened, raises, received

from drivers.can.twai import Twai

EXT = Twai.FLAG_EXT_ID
CRC, ACK_DELIMITER = 8, 27


def test_an_overrun_drops_what_nobody_can_trust_and_goes_on():
    hardware, model, driver = opened()
    for i in range(10):
        model.receive(i, DATA)
    hardware.tick()
    assert received(driver) == [] and driver.get_counters()[7] == 10 and not model.resets
    for i in range(4):
        model.receive(ID + i, DATA)
    hardware.tick()
    got = received(driver)
    assert [entry[0] for entry in got] == [ID, ID + 1, ID + 2, ID + 3]
    assert [entry[3] for entry in got] == [driver.RECV_ERR_OVERRUN, 0, 0, 0]


def test_a_fifo_beyond_repair_is_reset_with_counters_and_what_was_to_be_sent():
    hardware, model, driver = opened(air_reads=None)
    model.rx_error()
    model.rx_error(8)
    hardware.tick(3)
    model.bus_free()
    driver.send(ID, DATA, EXT)
    for i in range(20):
        model.tx_error()
        model.transmit()
        hardware.tick()
        driver.send(i, DATA, EXT)
    driver.send(20, DATA, EXT)
    hardware.tick()
    errors = driver.get_counters()[:2]
    for i in range(100):
        model.receive(i, DATA)
    lost = driver.get_counters()[7]
    resets = model.resets
    hardware.tick()
    assert model.resets == resets + 1 and driver.get_counters()[7] == lost + 64
    assert driver.get_counters()[:2] == [errors[0], model.chip.rec] and errors[0] > 0
    hardware.tick(2)
    for identifier in (19, 20):
        assert model.transmit() == (identifier, DATA, True, False)
        hardware.tick()
    model.receive(ID, DATA)
    hardware.tick()
    assert received(driver) == [(ID, DATA, EXT, driver.RECV_ERR_OVERRUN)]


def test_a_receive_error_that_spoils_the_next_frame_resets_the_controller():
    cases = (
        (ERROR_STUFF, DATA_FIELD, False, True),
        (ERROR_BIT, CRC, False, True),
        (ERROR_OTHER, ACK_DELIMITER, False, True),
        (ERROR_BIT, ACK_DELIMITER, False, False),
        (ERROR_STUFF, 2, False, False),
        (ERROR_BIT, DATA_FIELD, True, False),
        (ERROR_OTHER, ACK_SLOT, True, False),
    )
    for count, (code, segment, transmitting, spoils) in enumerate(cases):
        hardware, model, driver = opened()
        for turn in range(2):
            model.receive(ID, DATA)
            model.chip.error(code, segment, transmitting)
            model.receive(ID + 1, DATA)  # byte-shifted, on a real chip
            hardware.tick()
            assert model.resets == spoils * (turn + 1), count
            assert len(received(driver)) == (0 if spoils else 2) and driver.bus_errors == turn + 1
            assert driver.get_counters()[7] == 2 * spoils * (turn + 1)
            assert driver.state() == driver.STATE_ACTIVE
            hardware.tick(3)
        model.receive(ID, DATA)
        hardware.tick()
        assert len(received(driver)) == 1


def test_lost_arbitration_is_counted_and_the_frame_goes_out_later():
    hardware, model, driver = opened(air_reads=None)
    driver.send(ID, DATA, EXT)
    for turn in range(3):
        model.lose_arbitration()
        hardware.tick()
        assert driver.arbitration_lost == turn + 1
    assert model.transmit() == (ID, DATA, True, False) and driver.state() == driver.STATE_ACTIVE


def test_warning_and_passive_there_and_back():
    hardware, model, driver = opened(air_reads=None)
    driver.send(ID, DATA, EXT)
    states = []
    for _ in range(20):
        model.no_acknowledge()
        hardware.tick()
        states.append(driver.state())
    assert states == [driver.STATE_ACTIVE] * 11 + [driver.STATE_WARNING] * 4 + [driver.STATE_PASSIVE] * 5
    assert driver.get_counters()[:5] == [128, 0, 1, 1, 0]
    model.transmit()  # 127 errors: nothing but the counter tells
    hardware.tick()
    assert driver.state() == driver.STATE_WARNING
    for _ in range(33):
        driver.send(ID, DATA, EXT)
        model.transmit()
        hardware.tick()
    assert driver.state() == driver.STATE_ACTIVE and driver.get_counters()[:5] == [94, 0, 1, 1, 0]
    for _ in range(130):
        model.chip.error(ERROR_STUFF, 2, False)
        hardware.tick()
    assert driver.state() == driver.STATE_PASSIVE and driver.get_counters()[:5] == [94, 130, 2, 2, 0]


def test_a_frame_that_is_not_acknowledged_is_given_up_after_a_while():
    hardware, model, driver = opened(air_reads=None)
    for i in range(3):
        driver.send(i, DATA, EXT)
    hardware.tick(100)
    assert driver.tx_dropped == 0
    hardware.tick(2)
    assert driver.tx_dropped == 3 and driver.get_counters()[5] == 0
    hardware.tick(300)
    assert driver.tx_dropped == 3 and model.transmit() is None
    driver.send(ID, DATA, EXT)
    assert model.transmit() == (ID, DATA, True, False)


def test_bus_off_forgets_what_waits_and_recovers_after_128_times_11_bits():
    hardware, model, driver = opened(air_reads=None)
    for turn in range(1, 4):
        for i in range(5):
            driver.send(i, DATA, EXT)
        model.go_bus_off()
        hardware.tick(3)
        assert driver.state() == driver.STATE_BUS_OFF and driver.tx_dropped == 5 * turn
        assert driver.get_counters()[2:5] == [0, 0, turn]
        raises(OSError, driver.send, ID, DATA, EXT)
        model.bus_free(200)
        hardware.tick()
        assert driver.state() == driver.STATE_BUS_OFF  # only restart() begins to leave it
        resets = model.resets
        driver.restart()
        assert driver.state() == driver.STATE_STOPPED and model.resets == resets
        assert model[0x3FF6B000] & 2  # listen-only, else errors could be counted and stop it (errata)
        hardware.tick(3)
        model.bus_free(127)
        hardware.tick(3)
        assert driver.state() == driver.STATE_STOPPED
        raises(OSError, driver.send, ID, DATA, EXT)
        model.bus_free()
        hardware.tick(4)
        assert driver.state() == driver.STATE_ACTIVE and driver.get_counters()[:2] == [0, 0]
        driver.send(ID, DATA, EXT)
        assert model.transmit() == (ID, DATA, True, False)
        assert model.receive(ID, DATA)
        hardware.tick()
        assert len(received(driver)) == 1


def test_a_count_in_rec_would_block_the_recovery_so_the_controller_is_reset():
    hardware, model, driver = opened()
    model.go_bus_off()
    hardware.tick()
    model.chip.rec = 3  # errata: errors may be counted between bus-off and the freeze
    resets = model.resets
    driver.restart()
    hardware.tick(3)
    assert model.resets == resets + 1 and driver.state() == driver.STATE_ACTIVE
    assert driver.get_counters()[:2] == [0, 0]


def test_restart_in_any_state_takes_part_again():
    hardware, model, driver = opened()
    driver.restart()
    assert driver.state() == driver.STATE_STOPPED
    hardware.tick(3)
    assert driver.state() == driver.STATE_ACTIVE
    model.go_bus_off()
    hardware.tick()
    driver.restart()
    driver.restart()  # impatient
    model.bus_free(128)
    hardware.tick(3)
    assert driver.state() == driver.STATE_ACTIVE
    model.go_bus_off()
    hardware.tick()
    driver.deinit()
    driver.init()
    hardware.tick(3)
    assert driver.state() == driver.STATE_ACTIVE and driver.get_counters()[4] == 2


def test_every_revision_keeps_the_bit_rate():
    for revision in range(4):
        for bitrate in (25000, 50000, 100000, 125000, 250000, 500000, 800000, 1000000):
            hardware, model, driver = opened(revision, bitrate=bitrate)
            assert model.bit_rate == bitrate, (revision, bitrate)
            assert hardware.Timer.made[0].freq == max(100, bitrate // 250)
            model.go_bus_off()
            hardware.tick()
            driver.restart()
            model.bus_free(128)
            hardware.tick(3)
            assert driver.state() == driver.STATE_ACTIVE and model.bit_rate == bitrate


def test_a_bus_that_is_never_free_is_not_taken_for_one():
    hardware = Hardware()
    driver = attached(hardware=hardware)
    driver.init()
    hardware.mem32._air = lambda: None  # held dominant: no 11 recessive bits
    hardware.tick(50)
    assert driver.state() == driver.STATE_STOPPED
