"""The reconnect policy, over a station as strict as the ESP32's, and over the host's network."""

import asyncio

from construct import construct
from virtual_clock import VirtualClock

from components.wifi import Wifi
from core.log import Log, LogTail
from core.signals import Signal
from core.urgent import Urgent
from drivers.hostnet import HostNetwork, _rssi


class Kernel:
    """What a Wifi needs of the kernel."""

    def __init__(self):
        self.urgent = Urgent()


class Broken:
    """Is connected, and then raises what nobody expects."""

    def __init__(self):
        self.broken = False

    def active(self, is_active=None):
        return True

    def isconnected(self):
        if self.broken:
            raise ValueError("broken")
        return True

    def status(self, param=None):
        return -61


class Station:
    """Behaves as network.WLAN on the ESP32: refuses a connect on top of a connect, and RSSI without a connection."""

    def __init__(self, clock):
        self._clock = clock
        self.in_reach = True
        self.calls = []  # (uptime_ms, call)
        self._active = self._connecting = False
        self.refusals = 0  # of switching it on

    def _note(self, call):
        self.calls.append((self._clock.uptime_ms(), call))

    def active(self, is_active=None):
        if is_active is not None:
            self._note("active")
            if self.refusals:
                self.refusals -= 1
                raise OSError("Wifi Out Of Memory")
            self._active = is_active
        return self._active

    def connect(self, ssid=None, key=None):
        self._note("connect")
        if not self._active:
            raise OSError("Wifi Not Started")
        if self._connecting:
            raise OSError("Wifi Internal State Error")
        assert (ssid, key) == ("home", "secret")
        self._connecting = True

    def disconnect(self):
        self._note("disconnect")
        self._connecting = False

    def isconnected(self):
        return self._connecting and self.in_reach

    def status(self, param=None):
        assert param == "rssi"
        if not self.isconnected():
            raise OSError("Wifi Not Connected")
        return -61


class Pulses:
    """Keeps the longest pause between two pulses."""

    def __init__(self, clock):
        self._clock = clock
        self._last = clock.uptime_ms()
        self.longest_ms = 0

    def __call__(self):
        now = self._clock.uptime_ms()
        self.longest_ms = max(self.longest_ms, now - self._last)
        self._last = now


def make(driver, clock, **options):
    tail = LogTail(clock, None)
    pulses = Pulses(clock)
    wifi = construct(Wifi, driver, clock, Log(tail, "wifi"), pulses, Kernel(), **options)
    wifi.tail, wifi.pulses = tail, pulses
    return wifi


async def started(in_reach=True):
    clock = VirtualClock()
    station = Station(clock)
    station.in_reach = in_reach
    wifi = make(station, clock, ssid="home", password="secret")
    return clock, station, wifi, asyncio.create_task(wifi.run())


async def test_it_connects_and_knows_the_strength():
    clock, station, wifi, task = await started()
    heard = []
    wifi.online.watch(heard.append)
    assert wifi.online.value is False and wifi.rssi.value is None
    await clock.advance(1000)
    assert wifi.online.value is True and wifi.rssi.value == -61 and heard == [True]
    assert (wifi.attempts, wifi.connects, wifi.losses) == (1, 1, 0)
    await clock.advance(3600000)
    assert [call for _, call in station.calls] == ["active", "disconnect", "connect"]  # and then leaves it in peace
    task.cancel()


async def test_a_loss_is_reported_counted_and_recovered_from():
    clock, station, wifi, task = await started()
    await clock.advance(5000)
    station.in_reach = False
    await clock.advance(1000)
    assert wifi.online.value is False and wifi.rssi.value is None and wifi.losses == 1
    await clock.advance(60000)
    station.in_reach = True
    await clock.advance(61000)
    assert wifi.online.value is True and wifi.rssi.value == -61 and wifi.connects == 2
    task.cancel()


async def test_attempts_back_off_with_jitter_up_to_a_minute():
    clock, station, wifi, task = await started(in_reach=False)
    await clock.advance(3600000)
    calls = station.calls[1:]
    assert [call for _, call in calls] == ["disconnect", "connect"] * (len(calls) // 2)  # never one on top of another
    times = [at for at, call in calls if call == "connect"]
    gaps = [b - a - 20000 for a, b in zip(times, times[1:])]  # an attempt may take 20 s
    assert len(times) == wifi.attempts > 40 and wifi.connects == 0
    for gap, most in zip(gaps, (1000, 2000, 4000, 8000, 16000, 32000)):
        assert most // 2 <= gap <= most + 500, gaps
    assert all(30000 <= gap <= 60500 for gap in gaps[6:]), gaps
    assert len(set(gaps[6:])) > 5  # a whole site does not come back in step
    assert 0 < wifi.pulses.longest_ms <= 1000
    task.cancel()


async def test_the_back_off_starts_over_after_a_success():
    clock, station, wifi, task = await started(in_reach=False)
    await clock.advance(600000)
    station.in_reach = True
    await clock.advance(81000)
    assert wifi.online.value is True
    del station.calls[:]
    station.in_reach = False
    await clock.advance(24000)
    assert [call for _, call in station.calls].count("connect") >= 2
    task.cancel()


async def test_an_error_of_the_driver_is_counted_and_survived():
    clock, station, wifi, task = await started()

    def broken():
        raise OSError("Wifi Internal Error")

    good, station.isconnected = station.isconnected, broken
    await clock.advance(59999)
    assert wifi.online.value is False and wifi.driver_errors > 10
    assert sum("isconnected" in line for line in wifi.tail.lines) == 1  # one line a minute
    station.isconnected = good
    await clock.advance(90000)
    assert wifi.online.value is True
    task.cancel()


async def test_without_an_ssid_it_watches_and_never_connects():
    clock = VirtualClock()
    station = Station(clock)
    station.in_reach = False
    wifi = make(station, clock)
    task = asyncio.create_task(wifi.run())
    await clock.advance(60000)
    assert wifi.online.value is False and station.calls[1:] == []
    station.in_reach = station._connecting = True  # the host came back
    await clock.advance(1000)
    assert wifi.online.value is True and station.calls[1:] == []
    task.cancel()


async def test_the_password_is_in_no_log_line():
    clock, station, wifi, task = await started(in_reach=False)
    await clock.advance(600000)
    assert len(wifi.tail.lines) > 5 and not any("secret" in line for line in wifi.tail.lines)
    task.cancel()


async def test_the_network_of_this_machine_counts_even_if_only_loopback_is_up():
    clock = VirtualClock()
    wifi = make(construct(HostNetwork, interface="lo"), clock)
    task = asyncio.create_task(wifi.run())
    await clock.advance(1000)
    assert wifi.online.value is True and wifi.rssi.value is None
    task.cancel()
    assert construct(HostNetwork).isconnected()
    assert not construct(HostNetwork, interface="nosuch0").isconnected()


def test_the_rssi_is_read_from_proc_net_wireless():
    text = (
        "Inter-| sta-|   Quality        |   Discarded packets\n"
        " face | tus | link level noise |  nwid  crypt   frag\n"
        " wlan0: 0000   54.  -56.  -256        0      0      0\n"
        " wlan1: 0000   30.  -80.  -256        0      0      0\n"
    )
    lines = text.split("\n")
    assert _rssi(lines, "") == -56 and _rssi(lines, "wlan1") == -80 and _rssi(lines, "wlan2") is None
    assert _rssi(lines[:2], "") is None and _rssi(["wlan0: 0000"], "") is None


async def test_what_failed_is_not_online():
    clock = VirtualClock()
    driver = Broken()
    wifi = construct(Wifi, driver, clock, Log(LogTail(clock, None), "wifi"), lambda: None, Kernel())
    task = asyncio.create_task(wifi.run())
    await clock.advance(1000)
    assert (wifi.online.value, wifi.rssi.value) == (True, -61)
    driver.broken = True
    await clock.advance(1000)
    assert task.done() and (wifi.online.value, wifi.rssi.value) == (False, None)


async def test_the_radio_is_switched_on_once_by_name_and_a_loss_comes_back_without_it():
    """Switching on blocks the loop: it may happen at the start, and not when the network is lost in a session."""
    clock, station, wifi, task = await started()
    await clock.advance(5000)
    for _ in range(3):
        station.in_reach = False
        await clock.advance(60000)
        station.in_reach = True
        await clock.advance(61000)
    task.cancel()
    again = asyncio.create_task(wifi.run())  # as the kernel does after a failure
    await clock.advance(5000)
    assert wifi.online.value is True and wifi.losses == 3
    assert [call for _, call in station.calls].count("active") == 2  # the second finds it on
    assert sorted(wifi._urgent.longest) == ["Wi-Fi connect", "Wi-Fi on"]
    again.cancel()


async def test_a_radio_that_could_not_be_switched_on_is_not_tried_again_while_an_outlet_charges():
    clock = VirtualClock()
    station = Station(clock)
    wifi = make(station, clock, ssid="home", password="secret")
    charging = Signal(False, clock)
    wifi._urgent.wait_while(charging)
    station.refusals = 1
    task = asyncio.create_task(wifi.run())
    await clock.advance(1000)
    assert task.done() and station.calls == [(0, "active")]
    charging.set(True)
    task = asyncio.create_task(wifi.run())
    await clock.advance(3600000)
    assert not task.done() and station.calls == [(0, "active")] and wifi.pulses.longest_ms <= 1000
    charging.set(False)
    await clock.advance(2000)
    assert wifi.online.value is True
    task.cancel()
