"""Reading and writing the registers of the TWAI model, as a driver would."""

from twai_model import CLOCK_DIVIDER, ENABLE, MODE, STATUS, TIMING_0, TIMING_1, WINDOW, Twai
from twai_model_soc import DPORT_CLOCK, DPORT_RESET, GPIO_IN_SEL, GPIO_OUT_SEL, TWAI, TWAI_BIT


def get(model, register):
    return model[TWAI + 4 * register]


def put(model, register, value):
    model[TWAI + 4 * register] = value


def breaks(words, action, *arguments):
    try:
        action(*arguments)
    except AssertionError as e:
        assert words in str(e), e
        return
    raise Exception("the model let it pass: " + words)


def powered(revision=3, air_reads=1):
    model = Twai(revision, air_reads)
    model[DPORT_CLOCK] = model[DPORT_CLOCK] | TWAI_BIT
    model[DPORT_RESET] = model[DPORT_RESET] & ~TWAI_BIT
    model[GPIO_OUT_SEL + 4 * 21] = 123
    model[GPIO_IN_SEL + 4 * 94] = 128 | 22
    return model


def configured(mode=0, code=b"\0\0\0\0", mask=b"\xff\xff\xff\xff", timing=(9, 0x1C), **options):
    model = powered(**options)
    put(model, CLOCK_DIVIDER, 128)
    put(model, TIMING_0, timing[0])
    put(model, TIMING_1, timing[1])
    for place, byte in enumerate(code + mask):
        put(model, WINDOW + place, byte)
    put(model, MODE, 1 | mode)
    return model


def running(mode=8, enabled=0xEF, **options):
    model = configured(mode=mode, **options)
    put(model, ENABLE, enabled)
    put(model, MODE, mode)
    get(model, STATUS)  # the bus is idle: it takes part
    return model


def load(model, *buffer):
    for place, byte in enumerate(buffer):
        put(model, WINDOW + place, byte)


def window(model, size):
    return bytes([get(model, WINDOW + place) for place in range(size)])
