"""Another network that is tried while the one that is configured waits; and the scan for it."""

import asyncio
import errno

from construct import construct
from esp32_standins import Device
from test_wifi import Kernel
from virtual_clock import VirtualClock

from components.wifi import Wifi
from core.log import Log, LogTail
from core.signals import Signal
from drivers.hostnet import HostNetwork
from drivers.wlan import Wlan

AIR = {"home": ("secret", -61), "depot": ("other secret", -70), "open": ("", -50)}


class Bench:
    """The component over a station as strict as the ESP32's."""

    def __init__(self, air=AIR, ssid="home"):
        self.device = Device().install()
        self.device.radio.air = dict(air)
        self.clock = VirtualClock()
        self.tail = LogTail(self.clock, None)
        log = Log(self.tail, "wifi")
        self.wifi = construct(
            Wifi, construct(Wlan), self.clock, log, lambda: None, Kernel(), ssid=ssid, password="secret"
        )
        self.online = []
        self.wifi.online.watch(self.online.append)
        self.task = asyncio.create_task(self.wifi.run())

    @property
    def station(self):
        return self.device.radio.station

    async def trial(self, ssid, password):
        """What `try_network` returns, within a minute."""
        task = asyncio.create_task(self.wifi.try_network(ssid, password))
        await self.clock.advance(60000)
        assert task.done()
        return await task


async def test_a_network_that_works_is_connected_to_and_kept():
    bench = Bench()
    await bench.clock.advance(2000)
    assert await bench.trial("depot", "other secret") == ""
    assert bench.station.used == ("depot", "other secret") and bench.station.isconnected()
    assert bench.online == [True, False] and bench.wifi.losses == 0
    await bench.clock.advance(600000)
    assert bench.station.used == ("depot", "other secret"), "nobody goes back before it is decided"
    bench.wifi.resume(True)
    await bench.clock.advance(1000)
    assert bench.wifi.online.value and bench.wifi.ssid == "depot" and bench.station.used == ("depot", "other secret")
    bench.device.radio.air.pop("depot")
    await bench.clock.advance(1000)
    bench.device.radio.air.update(AIR)
    await bench.clock.advance(90000)
    assert bench.wifi.online.value and bench.station.used == ("depot", "other secret")
    bench.task.cancel()


async def test_one_that_does_not_work_leaves_the_configured_network_in_force():
    for ssid, password, why in (
        ("depot", "wrong", "the access point refuses the password"),
        ("nowhere", "secret", "no such network is in range"),
        ("\u00e4" * 17, "secret", "at most 32 bytes"),
    ):
        bench = Bench()
        await bench.clock.advance(2000)
        said = await bench.trial(ssid, password)
        assert why in said and not bench.wifi.online.value, said
        bench.wifi.resume()
        await bench.clock.advance(3000)
        assert bench.wifi.online.value and bench.station.used == ("home", "secret")
        assert not any("secret" in line for line in bench.tail.lines)
        bench.task.cancel()


async def test_a_trial_interrupts_an_attempt_and_a_pause_between_two():
    for after_ms in (200, 5000, 21000, 300000):  # in the first attempt, and in longer and longer pauses
        bench = Bench(air={"depot": ("other secret", -70)})
        await bench.clock.advance(after_ms)
        task = asyncio.create_task(bench.wifi.try_network("depot", "other secret"))
        await bench.clock.advance(1600)
        assert task.done() and await task == "", after_ms
        tries = bench.station.tries
        await bench.clock.advance(200000)
        assert bench.station.tries == tries and bench.station.isconnected(), after_ms
        bench.wifi.resume()
        bench.device.radio.air["home"] = ("secret", -61)
        await bench.clock.advance(3000)
        assert bench.wifi.online.value and bench.station.used == ("home", "secret")
        bench.task.cancel()


async def test_without_a_configured_network_a_failed_trial_leaves_none():
    bench = Bench(ssid="")
    await bench.clock.advance(2000)
    assert bench.station.tries == 0
    assert await bench.trial("depot", "wrong") != ""
    bench.wifi.resume()
    tries = bench.station.tries
    await bench.clock.advance(600000)
    assert bench.station.tries == tries and not bench.wifi.online.value
    bench.wifi.resume()  # without a trial it does nothing
    assert bench.wifi.ssid == ""
    bench.task.cancel()


async def test_a_scan_leaves_a_connection_alone_and_waits_for_an_attempt_to_end():
    bench = Bench()
    await bench.clock.advance(2000)
    found = await bench.wifi.scan()
    assert sorted(found) == [("depot", -70, True), ("home", -61, True), ("open", -50, False)]
    assert bench.online == [True] and "Wi-Fi scan" in bench.wifi._urgent.longest
    bench.device.radio.air.pop("home")
    await bench.clock.advance(5000)  # it tries to connect, when an ESP32 does not scan
    task = asyncio.create_task(bench.wifi.scan())
    await bench.clock.advance(500)
    assert len(await task) == 2
    bench.device.radio.air.update(AIR)
    await bench.clock.advance(90000)
    assert bench.wifi.online.value and bench.station.used == ("home", "secret")
    bench.task.cancel()


async def test_no_scan_while_an_outlet_may_deliver_or_another_network_is_tried():
    bench = Bench()
    charging = Signal(True, bench.clock)
    bench.wifi._urgent.wait_while(charging)

    async def refused():
        try:
            await bench.wifi.scan()
        except OSError as e:
            return e.errno == errno.EAGAIN
        return False

    assert await refused()
    charging.set(False)
    task = asyncio.create_task(bench.wifi.try_network("depot", "wrong"))
    await bench.clock.advance(1000)
    assert await refused()
    await bench.clock.advance(60000)
    await task
    bench.wifi.resume()
    await bench.clock.advance(2000)
    assert len(await bench.wifi.scan()) == 3
    bench.task.cancel()


async def test_the_network_of_this_machine_has_no_scan_and_takes_any_network():
    clock = VirtualClock()
    log = Log(LogTail(clock, None), "wifi")
    wifi = construct(Wifi, construct(HostNetwork, interface="lo"), clock, log, lambda: None, Kernel())
    assert await wifi.scan() == ()
    task = asyncio.create_task(wifi.try_network("depot", "whatever"))
    await clock.advance(1000)
    assert await task == ""
