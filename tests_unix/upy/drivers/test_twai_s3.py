"""The driver of the ESP32-S3's controller on the model of that chip: the ESP32's suite, and what is different."""

import asyncio

import test_twai
import test_twai_errors
import test_twai_faults
import test_twai_send
import twai_rig
from twai_model import DATA_FIELD, ERROR_STUFF
from twai_model_s3 import TwaiS3 as Model
from twai_rig import DATA, ID, Hardware, attached, opened, raises, received

from boards import rivot_esp32s3
from drivers.can.twai_s3 import TwaiS3

EXT = TwaiS3.FLAG_EXT_ID
# They name addresses, pins, revisions, errata or bit rates of the ESP32, or are none of the guard's.
OF_THE_ESP32 = (
    "test_the_constructor_touches_nothing_and_init_takes_the_bus",
    "test_deinit_leaves_bus_clock_and_pins_and_init_comes_back",
    "test_pins_that_cannot_be",
    "test_the_timer_allocates_nothing_as_long_as_there_is_no_acknowledge",
    "test_what_waits_at_the_end_still_goes_out_if_the_bus_takes_it",  # at 12,500 bit/s
    "test_a_receive_error_that_spoils_the_next_frame_resets_the_controller",
    "test_bus_off_forgets_what_waits_and_recovers_after_128_times_11_bits",
)


def on_the_s3(action):
    """Run something with the rig's hardware and driver those of the ESP32-S3."""
    before = twai_rig.KIND, twai_rig.PINS, Hardware.model
    twai_rig.KIND, twai_rig.PINS, Hardware.model = TwaiS3, {"tx": 4, "rx": 5}, Model
    try:
        return action()
    finally:
        twai_rig.KIND, twai_rig.PINS, Hardware.model = before


def run_suite(module):
    """All tests of a module but those above; the number of them."""
    names = [name for name in dir(module) if name.startswith("test_") and name not in OF_THE_ESP32]
    for name in names:
        print(name)
        result = getattr(module, name)()
        if hasattr(result, "send"):
            asyncio.new_event_loop()
            asyncio.run(result)
    return len(names)


def test_the_suite_of_the_driver():
    assert on_the_s3(lambda: run_suite(test_twai)) == 5


def test_the_suite_of_sending():
    assert on_the_s3(lambda: run_suite(test_twai_send)) == 8


def test_the_suite_of_errors():
    assert on_the_s3(lambda: run_suite(test_twai_errors)) == 9


def test_the_suite_of_faults():
    assert on_the_s3(lambda: run_suite(test_twai_faults)) == 3


def comes_and_goes(tx, rx, enabled):
    hardware = Hardware()
    model = hardware.mem32
    driver = attached(tx=tx, rx=rx, hardware=hardware)
    assert not model.resets and not model.reads and not hardware.Timer.made
    for _ in range(2):
        driver.init()
        assert model.connected and model.tx_pins == [tx] and model.rx_pin == rx
        assert model.memory[0x60009004 + 4 * tx] == 0x1800 and model.memory[0x60009004 + 4 * rx] == 0x1300
        assert [model[address] for address in (0x60004020, 0x6000402C)] == enabled
        hardware.tick(3)
        assert driver.state() == driver.STATE_ACTIVE and model.bit_rate == 250000 and model.sample_point == 800
        assert model[0x6002B07C] == 0x100, "CLKOUT is on"
        driver.deinit()
        assert not model.connected and model.tx_pins == []
        assert [model[address] for address in (0x60004020, 0x6000402C)] == [0, 0]
        assert not model[0x600C0018] & 1 << 19 and model[0x600C0020] & 1 << 19


def test_it_takes_the_bus_by_the_registers_of_the_s3_and_leaves_it():
    on_the_s3(lambda: comes_and_goes(4, 5, [1 << 4, 0]))
    on_the_s3(lambda: comes_and_goes(48, 38, [0, 1 << 16]))


def refuses_pins():
    good = list(range(19)) + [21] + list(range(38, 43)) + list(range(45, 49))
    for pin in range(-1, 50):
        for pins in ({"tx": pin, "rx": 1 if pin == 2 else 2}, {"rx": pin, "tx": 1 if pin == 2 else 2}):
            if pin in good:
                attached(hardware=Hardware(), **pins)
            else:
                raises(ValueError, attached, hardware=Hardware(), **pins)
    raises(ValueError, attached, tx=4, rx=4, hardware=Hardware())


def test_pins_of_flash_memory_usb_and_console_are_refused():
    on_the_s3(refuses_pins)


def has_no_errata():
    hardware, model, driver = opened()
    for turn in range(2):
        model.receive(ID, DATA)
        model.chip.error(ERROR_STUFF, DATA_FIELD, False)
        model.receive(ID + 1, DATA)
        hardware.tick()
        assert [entry[:2] for entry in received(driver)] == [(ID, DATA), (ID + 1, DATA)]
        assert model.resets == 0 and driver.bus_errors == turn + 1


def test_a_receive_error_spoils_nothing_and_resets_nothing():
    on_the_s3(has_no_errata)


def recovers():
    hardware, model, driver = opened(air_reads=None)
    driver.send(ID, DATA, EXT)
    model.go_bus_off()
    hardware.tick(3)
    assert driver.state() == driver.STATE_BUS_OFF and driver.tx_dropped == 1
    driver.restart()
    assert model[0x6002B000] & 2  # listen-only: nothing is counted meanwhile
    model.bus_free(128)
    hardware.tick(4)
    assert driver.state() == driver.STATE_ACTIVE
    driver.send(ID, DATA, EXT)
    assert model.transmit() == (ID, DATA, True, False)


def test_bus_off_and_back():
    on_the_s3(recovers)


def test_the_board_is_the_reference_board_with_external_ram_but_for_its_controller():
    from boards import rivot_esp32 as reference
    from boards import rivot_esp32_spiram as roomy

    ours = [entry for entry in rivot_esp32s3.COMPONENTS if entry["name"] != "can_driver"]
    assert ours == [entry for entry in roomy.COMPONENTS if entry["name"] != "can_driver"]
    driver = [entry for entry in rivot_esp32s3.COMPONENTS if entry["name"] == "can_driver"]
    assert driver[0]["use"] == "drivers.can.twai_s3:TwaiS3" and rivot_esp32s3.PORT_BOARD == "UCHARGE_S3"
    assert driver[0]["options"]["bitrate"] == reference.CAN_DRIVER["options"]["bitrate"]
