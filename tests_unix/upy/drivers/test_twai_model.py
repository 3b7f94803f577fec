"""The model of the TWAI controller itself: what the data sheet promises, and that every broken rule is named."""

import micropython

from twai_model import (
    BRP_DIV,
    CLOCK_DIVIDER,
    COMMAND,
    ENABLE,
    INTERRUPT,
    MESSAGES,
    MODE,
    REC,
    STATUS,
    TEC,
    TIMING_0,
    TIMING_1,
    WARNING_LIMIT,
    WINDOW,
    Twai,
)
from twai_model_soc import DPORT_CLOCK, DPORT_RESET, GPIO_IN_SEL, GPIO_OUT_SEL, TWAI_BIT
from twai_registers import breaks, configured, get, load, powered, put, running, window

RELEASE, CLEAR_OVERRUN, REQUEST, ONCE = 4, 8, 1, 3


def test_dead_without_clock_or_in_reset():
    model = Twai()
    breaks("clock is off", get, model, MODE)
    model[DPORT_CLOCK] = model[DPORT_CLOCK] | TWAI_BIT
    breaks("held in reset", put, model, MODE, 1)
    breaks("another peripheral", model.__setitem__, DPORT_CLOCK, TWAI_BIT)
    breaks("none of its business", model.__setitem__, 0x3FF40000, 0)
    model[DPORT_RESET] = 0
    assert get(model, MODE) == 1
    breaks("PeliCAN", get, model, STATUS)


def test_pads():
    model = powered()
    assert model.tx_pins == [21] and model.rx_pin == 22
    breaks("only inputs", model.__setitem__, GPIO_OUT_SEL + 4 * 34, 123)
    model = running()
    model[GPIO_IN_SEL + 4 * 94] = 0
    assert not model.receive(1)


def test_configuration_only_in_reset_mode():
    model = running()
    for register in (TIMING_0, TIMING_1, WARNING_LIMIT, REC, TEC):
        breaks("only in reset mode", put, model, register, 1)
    breaks("MOD.1 to MOD.3", put, model, MODE, 2)
    breaks("MOD.1 to MOD.3", put, model, MODE, 1)
    breaks("CDR.3 and CDR.7", put, model, CLOCK_DIVIDER, 0)
    breaks("BRP_DIV is changed", put, model, ENABLE, BRP_DIV)
    for register in (STATUS, INTERRUPT, 11, 12, MESSAGES):
        breaks("read only", put, model, register, 0)
    for register in (5, 8, 9, 10, 30):
        breaks("does not exist", get, model, register)
    put(model, MODE, 9)
    breaks("acceptance code and mask", get, model, WINDOW + 8)


def test_undefined_configuration():
    model = powered()
    breaks("PeliCAN", put, model, MODE, 0)
    put(model, CLOCK_DIVIDER, 128)
    breaks("bus timing", put, model, MODE, 0)
    put(model, TIMING_0, 9)
    put(model, TIMING_1, 0x1C)
    breaks("acceptance filter", put, model, MODE, 0)
    breaks("1 Mbit", put, configured(timing=(0, 0x1C)), MODE, 0)
    breaks("jump width", put, configured(timing=(0xC9, 0x1C)), MODE, 0)
    breaks("8 to 25", put, configured(timing=(63, 0)), MODE, 0)


def test_bit_rate():
    assert configured().bit_rate == 250000.0 and configured().sample_point == 875
    model = configured(timing=(63, 0x1C))
    rate = model.bit_rate
    put(model, ENABLE, BRP_DIV)
    assert model.bit_rate * 2 == rate
    breaks("no BRP_DIV", put, configured(revision=1), ENABLE, BRP_DIV)


def test_receives_and_releases():
    model = running()
    assert get(model, STATUS) == 0x0C
    breaks("while it is empty", get, model, WINDOW)
    breaks("empty receive buffer", put, model, COMMAND, RELEASE)
    assert model.receive(0x00433F01, b"\1\2\3") and model.receive(0x123, b"\xaa", extended=False)
    assert model.receive(0x1FFFFFFF, remote=True, size=8)
    assert get(model, STATUS) == 0x0D and get(model, MESSAGES) == 3
    assert get(model, INTERRUPT) == 1 == get(model, INTERRUPT)
    assert window(model, 8) == bytes([0x83, 0x02, 0x19, 0xF8, 0x08, 1, 2, 3])
    put(model, COMMAND, RELEASE)
    assert window(model, 4) == bytes([0x01, 0x24, 0x60, 0xAA])
    put(model, COMMAND, RELEASE)
    assert window(model, 5) == bytes([0xC8, 0xFF, 0xFF, 0xFF, 0xFC])
    put(model, COMMAND, RELEASE)
    assert get(model, INTERRUPT) == 0 == get(model, MESSAGES)


def test_reading_allocates_nothing():
    model = running()
    model.receive(1, b"12345678")
    micropython.heap_lock()
    try:
        total = get(model, STATUS) + get(model, MESSAGES) + get(model, INTERRUPT)
        for place in range(13):
            total += get(model, WINDOW + place)
        put(model, COMMAND, RELEASE)
    finally:
        micropython.heap_unlock()
    assert total


def test_overrun():
    model = running()
    stored = [model.receive(n, b"12345678") for n in range(7)]
    assert stored == [True] * 4 + [False] * 3  # 4 of 13 bytes are 52; the fifth needs 13 of the 12 that are left
    assert get(model, STATUS) & 2 and get(model, INTERRUPT) == 9 and get(model, MESSAGES) == 7
    for _ in range(4):
        window(model, 13)
        put(model, COMMAND, RELEASE)
    breaks("overrun message", get, model, WINDOW)
    while get(model, MESSAGES):
        put(model, COMMAND, RELEASE)
    assert get(model, STATUS) & 2
    put(model, COMMAND, CLEAR_OVERRUN)
    assert not get(model, STATUS) & 2 and model.receive(1)


def test_fifo_breaks_with_64_messages():
    model = running()
    for n in range(70):
        model.receive(n, b"12345678")
    assert get(model, MESSAGES) == 64
    put(model, COMMAND, RELEASE)
    assert get(model, MESSAGES) == 64
    breaks("overrun message", get, model, WINDOW)
    model[DPORT_RESET] = TWAI_BIT
    model[DPORT_RESET] = 0
    assert get(model, MODE) == 1 and model.resets == 1


def test_filters():
    model = running(code=b"\x02\x19\xf8\x08", mask=b"\0\0\0\4")
    assert model.receive(0x00433F01) and not model.receive(0x00433F02)
    model = running(code=b"\x24\x60\xaa\0", mask=b"\0\x0f\0\xff")
    assert model.receive(0x123, b"\xaa", extended=False) and not model.receive(0x123, b"\xab", extended=False)
    assert model.receive(0x123, extended=False) and not model.receive(0x123, extended=False, remote=True)
    model = running(mode=0, code=b"\x24\x6a\x48\x05", mask=b"\0\0\0\x10")
    assert model.receive(0x123, b"\xa5", extended=False) and not model.receive(0x123, b"\xa6", extended=False)
    assert model.receive(0x240, extended=False, remote=True) and not model.receive(0x241, extended=False)
    model = running(mode=0, code=b"\x02\x19\x12\x34", mask=b"\0\0\0\0")
    assert model.receive(0x00433F01) and model.receive(0x1234 << 13) and not model.receive(0x1235 << 13)


def test_transmits():
    model = running()
    load(model, 0x82, 0x02, 0x19, 0xF8, 0x08, 7, 8)
    put(model, COMMAND, REQUEST)
    breaks("while it is locked", put, model, WINDOW, 0)
    breaks("buffer is locked", put, model, COMMAND, REQUEST)
    assert get(model, STATUS) & 0x2C == 0x20
    assert get(model, STATUS) & 0x2C == 0x0C and get(model, INTERRUPT) == 2
    load(model, 0x01, 0x24, 0x60, 9)
    put(model, COMMAND, 16)  # self reception
    get(model, STATUS), get(model, STATUS)
    assert model.sent == [(0x00433F01, b"\7\x08", True, False), (0x123, b"\x09", False, False)]
    assert window(model, 4) == b"\x01\x24\x60\x09"
    load(model, 9)
    breaks("above 8", put, model, COMMAND, REQUEST)
    breaks("listen only", put, running(mode=10), COMMAND, REQUEST)
    breaks("in reset mode", put, configured(), COMMAND, REQUEST)


def test_abort_and_arbitration():
    model = running(air_reads=None)
    put(model, COMMAND, REQUEST)
    model.lose_arbitration(7)
    model.lose_arbitration(9)
    assert get(model, INTERRUPT) == 64 and get(model, 11) == 7 and not get(model, STATUS) & 4
    put(model, COMMAND, 2)
    assert get(model, STATUS) & 0x0C == 4 and get(model, INTERRUPT) == 2 and not model.sent
    put(model, COMMAND, ONCE)
    model.lose_arbitration(3)
    assert get(model, STATUS) & 0x0C == 4 and get(model, 11) == 3 and model.transmit() is None


def test_error_states_and_bus_off():
    model = running(air_reads=None)
    put(model, COMMAND, REQUEST)
    for _ in range(12):
        model.tx_error()
    assert get(model, TEC) == 96 and get(model, STATUS) & 0xC0 == 0x40
    assert get(model, INTERRUPT) == 0x84 and get(model, 12) == 17
    for _ in range(10):
        model.no_acknowledge()
    assert get(model, TEC) == 128 and get(model, INTERRUPT) == 0xA0
    for _ in range(16):
        model.tx_error()
    assert get(model, STATUS) & 0xC4 == 0xC4 and get(model, MODE) == 9
    assert (get(model, TEC), get(model, REC)) == (128, 0) and get(model, INTERRUPT) & 4
    assert not model.receive(1)
    put(model, MODE, 8)
    model.bus_free(127)
    assert get(model, STATUS) & 0x80 and get(model, TEC) == 1 and not model.receive(1)
    assert not get(model, STATUS) & 0xC0 and get(model, TEC) == 0 and model.receive(1)


def test_receive_errors():
    model = running()
    for _ in range(16):
        model.rx_error(8)
    assert get(model, REC) == 128 and get(model, INTERRUPT) == 0xA4
    model.receive(1)
    assert get(model, REC) == 127 and get(model, INTERRUPT) & 0x20
    put(model, MODE, 9)
    assert get(model, MESSAGES) == 0
    put(model, REC, 0)
    put(model, TEC, 255)
    put(model, MODE, 8)
    assert get(model, MODE) == 9 and get(model, STATUS) & 0x80
    put(model, TEC, 0)
    put(model, MODE, 8)
    get(model, STATUS)
    assert model.receive(1)


def test_errata():
    model = running()
    load(model, 0x02, 0x24, 0x60, 1, 2)
    for spoiled in (True, False):
        model.rx_error()
        if not spoiled:
            load(model, 0x00)
            put(model, COMMAND, REQUEST)  # a message without data puts it right
            model.transmit()
        model.receive(1, b"abc")
        assert (window(model, 8)[5:] == b"abc") is not spoiled
        put(model, COMMAND, RELEASE)
        model.receive(1, b"abc")
        assert window(model, 8)[5:] == b"abc"
        put(model, COMMAND, RELEASE)
    model.go_bus_off()
    put(model, MODE, 8)
    model.bus_free(128)
    assert not get(model, STATUS) & 0x80
    breaks("3.13.3", put, model, COMMAND, REQUEST)
    put(model, MODE, 9)
    put(model, MODE, 8)
    get(model, STATUS)
    put(model, COMMAND, REQUEST)
