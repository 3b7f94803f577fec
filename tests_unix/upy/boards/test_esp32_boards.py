"""The three ESP32 boards as declared, on models of their hardware: pins, limits, and a while of real work."""

from bus import CONTROL, HEARTBEAT, START_FRAME, STOP_FRAME, TELEMETRY
from construct import construct
from esp32_site import SETTINGS, Esp32, Site, here
from virtual_clock import VirtualClock

import main
from boards import esp32_bench, rivot_esp32, rivot_esp32_dual
from core.kernel import STOPPED, Kernel
from core.log import DEBUG, Log, LogTail
from core.parts import DeclarationError
from drivers.nvs import Nvs

BOARDS = (
    (rivot_esp32, "on_chip", "on_chip"),
    (rivot_esp32_dual, "on_chip", "on_spi"),
    (esp32_bench, "on_uart", "on_uart"),
)  # the board, and which buses the power module and the vehicle are on


async def charging(board, home, module, vehicle, **options):
    """A board that charges, as far as the bus is concerned."""
    site = await Site(board, home, module, vehicle, **options).start()
    await site.talk(1500)
    site.permit()
    site.amps = 50
    await site.talk(600)
    return site


def check_feedback(site, of_its_own):
    """It goes to the vehicle, and only there."""
    frames = site.vehicle.frames(HEARTBEAT)
    assert 22 <= len(frames) <= 26, len(frames)
    assert frames[-1][:5] == bytes((760 >> 8, 760 & 255, 500 >> 8, 500 & 255, 0)), frames[-1]
    if of_its_own:
        assert not site.module.frames(HEARTBEAT) and not site.vehicle.frames(CONTROL)


async def test_each_board_charges_and_stops(tmp):
    for board, module, vehicle in BOARDS:
        site = await charging(board, tmp + "/" + board.NAME, module, vehicle)
        assert site.gate.enabled.value, (board.NAME, site.gate.blocking())
        assert START_FRAME in site.module.frames(CONTROL) and len(site.module.frames(TELEMETRY)) > 10
        check_feedback(site, module != vehicle)
        before = len(site.module.frames(CONTROL))
        site.gate.transaction.set(False)
        await site.run(20)
        assert site.module.frames(CONTROL)[before] == STOP_FRAME
        assert await site.stop() == STOPPED
        failures = [(part.name, part.last_error) for part in site.kernel.parts if part.failures]
        assert not failures, (board.NAME, failures)


async def test_the_modules_heartbeat_is_received_where_it_has_a_bus_of_its_own(tmp):
    hot = bytes((760 >> 8, 760 & 255, 0, 0, 0x02, 0, 0, 0))  # over-temperature
    for board, module, vehicle in BOARDS:
        site = await Site(board, tmp + "/" + board.NAME, module, vehicle).start()
        await site.talk(500)
        site.module.send(HEARTBEAT, hot)
        await site.run(20)
        flags = site.kernel["charger"].flags.value
        assert (flags == 0x02) is (module != vehicle), (board.NAME, flags)
        await site.stop()


async def test_the_console_tells_of_every_bus(tmp):
    for board, module, vehicle in BOARDS:
        site = await Site(board, tmp + "/" + board.NAME, module, vehicle).start()
        await site.talk(300)
        site.kernel["terminal"].type("status\n")
        await site.run(300)
        lines = site.kernel["terminal"].text.split("\n")
        buses = [line for line in lines if " received, " in line]
        names = ["CAN", "vehicle_can"] if module != vehicle else ["CAN"]
        assert sorted([line.partition(": ")[0] for line in buses]) == names, buses
        assert all(": active, " in line and ", 0 received" not in line for line in buses), buses
        await site.stop()


async def test_a_bus_off_on_either_bus_of_two_closes_the_gate(tmp):
    for which in ("module", "vehicle"):
        site = await charging(rivot_esp32_dual, tmp + "/" + which, "on_chip", "on_spi")
        if which == "module":
            site.module.chip.go_bus_off()
        else:
            site.kernel["vehicle_can"].send(HEARTBEAT, bytes(8))
            site.vehicle.chip.force_bus_off()
        await site.run(50)
        assert not site.gate.enabled.value and len(site.gate.blocking()) == 1, site.gate.blocking()
        await site.stop()


async def test_pins_and_bit_rates_are_those_of_the_boards(tmp):
    site = await Site(rivot_esp32_dual, tmp + "/dual", "on_chip", "on_spi").start()
    twai, mcp2515 = site.hardware.twai, site.hardware.mcp2515
    assert (twai.tx_pins, twai.rx_pin, twai.bit_rate) == ([21], 22, 250000)
    assert mcp2515.bit_rate == 250000
    await site.stop()
    site = await Site(esp32_bench, tmp + "/bench", "on_uart", "on_uart").start()
    given = site.hardware.uarts.lines[1].given
    assert (given["tx"], given["rx"], given["baudrate"]) == (17, 16, 115200)
    assert site.vehicle.wire.commands == [b"C", b"S5", b"O"]
    await site.stop()


def test_the_limits_are_those_of_the_reference_board():
    wanted = {
        "min_voltage_mv": 56000,
        "max_voltage_mv": 85500,
        "max_current_ma": 300000,
        "max_temperature_mdeg": 70000,
        "current_scale": 10,
    }
    for board, module, vehicle in BOARDS:
        given = [entry["options"] for entry in board.COMPONENTS if entry["name"] == "charger"][0]
        assert given == dict(wanted, heartbeat=module != vehicle), board.NAME


async def test_what_all_of_them_have(tmp):
    for board, module, vehicle in BOARDS:
        site = await Site(board, tmp + "/" + board.NAME, module, vehicle).start()
        await site.run(2500)
        device = site.hardware.device
        assert site.kernel["wifi"].online.value is True and site.kernel["wifi"].rssi.value == -61
        assert device.radio.station.pm == device.radio.station.PM_NONE
        assert device.machine.watchdog.fed >= 3 and device.machine.watchdog.timeout_ms == 30000
        assert construct(Nvs).get("health.boots") == 1
        assert site.kernel["sink"].pending() is False
        trial = [part for part in site.kernel.parts if part.name == "trial"][0]
        assert trial.state == "done" and not trial.failures
        await site.stop()
        assert not device.radio.station.active() and construct(Nvs).get("health.exit") == "stop: end of test"


async def test_a_device_is_commissioned_by_its_nvs_alone(tmp):
    identity = {
        "ocpp.url": "ws://127.0.0.1:1/ocpp",
        "ocpp.id": "CP-17",
        "ocpp.auth_key": "very-secret",
        "wifi.ssid": "home",
        "wifi.password": "secret",
        "wifi.hostname": "cp-17",
        "wifi.ip": "192.168.1.17",
        "wifi.netmask": "255.255.255.0",
        "wifi.gateway": "192.168.1.1",
    }
    for board, module, vehicle in BOARDS:
        site = Site(board, tmp + "/" + board.NAME, module, vehicle, {}, identity)
        site.tail.level = DEBUG
        await site.start()
        await site.run(500)
        station = site.hardware.device.radio.station
        assert site.kernel["wifi"].online.value is True
        assert (station.sent_name, station.address[0]) == ("cp-17", "192.168.1.17")
        assert site.kernel["ocpp"].link.url == "ws://127.0.0.1:1/ocpp/CP-17"
        await site.stop()
        assert len(site.tail.lines) > 5 and not any("secret" in line for line in site.tail.lines)


def test_the_watchdog_is_the_first_to_start():
    for board, module, vehicle in BOARDS:
        site = Site(board, ".", module, vehicle)
        assert site.kernel.parts[0].name == "watchdog", board.NAME


async def test_no_complaint_of_the_watchdog_in_a_healthy_start(tmp):
    """Fails where health looks at components, some of which are declared after it, that are not running yet."""
    for board, module, vehicle in BOARDS:
        site = await Site(board, tmp + "/" + board.NAME, module, vehicle).start()
        lines = list(site.tail.lines)
        assert any("health: boot 1" in line for line in lines), lines
        assert not any("watchdog" in line for line in lines), lines
        assert site.hardware.device.machine.watchdog.fed, board.NAME
        await site.stop()


def test_wifi_associates_before_anything_else_is_loaded_or_started(tmp):
    """Fails where the radio is on only when the component runs: all of the start would be added to the association."""
    for board, module, vehicle in BOARDS:
        site = Site(board, tmp, module, vehicle)  # built, not started
        station = site.hardware.device.radio.station
        assert station.used == ("home", "secret") and station.tries == 1, board.NAME
        assert station.isconnected(), board.NAME


def test_wrong_settings_are_reported_although_wifi_has_begun(tmp):
    settings = {"ocpp": {"id": "CP-1", "url": "http://c"}, "wifi": {"ssid": "home", "password": "secret"}}
    hardware = Esp32(VirtualClock())
    log = Log(LogTail(VirtualClock(), None), "main")
    try:
        Kernel(here(rivot_esp32), settings, VirtualClock(), log, tmp)
        raise AssertionError("a wrong url, and no refusal")
    except DeclarationError as e:
        assert "component ocpp cannot be built: option 'url': 'http://c' is not ws://" in str(e), e
        main._feed_of(e.parts)()  # as the prompt for settings does
    assert hardware.device.machine.watchdog.fed == 2  # the first time was when it was armed
    assert hardware.device.radio.station.tries == 1


def fed_when_switched_on(hardware):
    """A list: how often the watchdog had been fed each time that the radio was switched on or asked."""
    fed, wlan, machine = [], hardware.device.radio.WLAN, hardware.device.machine
    active = wlan.active

    def watched(self, *arguments):
        fed.append(machine.watchdog.fed)
        return active(self, *arguments)

    wlan.active = watched
    return fed


def test_the_watchdog_is_armed_before_wifi_is_switched_on_and_anything_else_is_loaded(tmp):
    """Fails where it is armed only when all is built: a radio that hangs would hang the device for good."""
    for board, _, _ in BOARDS:
        hardware = Esp32(VirtualClock())
        fed = fed_when_switched_on(hardware)
        Kernel(here(board), SETTINGS, VirtualClock(), Log(LogTail(VirtualClock(), None), "main"), tmp)
        assert fed and set(fed) == {1} and hardware.device.machine.watchdog.timeout_ms == 30000, (board.NAME, fed)


def test_settings_that_are_only_looked_at_begin_nothing(tmp):
    """Fails where each look arms the watchdog, which nobody would feed at the prompt."""
    hardware = Esp32(VirtualClock())
    log = Log(LogTail(VirtualClock(), None), "main")
    Kernel(here(rivot_esp32), SETTINGS, VirtualClock(), log, tmp, begin=False)
    assert hardware.device.radio.station is None and not hardware.device.machine.watchdog.fed
