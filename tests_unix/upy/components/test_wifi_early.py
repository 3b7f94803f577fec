"""Wi-Fi that begins to connect before the other components are loaded, and goes on with that when it runs."""

import asyncio

from test_wifi import Station, make
from virtual_clock import VirtualClock


def made(station):
    """What was asked of the station, apart from switching it on."""
    return [call for _, call in station.calls if call != "active"]


async def test_what_was_begun_before_it_runs_goes_on():
    """Fails where `run` disconnects a station that has been associating since the start began."""
    clock = VirtualClock()
    station = Station(clock)
    station.in_reach = False
    wifi = make(station, clock, ssid="home", password="secret")
    wifi.begin()
    assert station.calls == [(0, "active"), (0, "connect")] and wifi.attempts == 1
    await clock.advance(3000)  # the others are loaded and built
    task = asyncio.create_task(wifi.run())
    await clock.advance(1000)
    station.in_reach = True
    await clock.advance(1000)
    assert wifi.online.value is True and made(station) == ["connect"]
    task.cancel()


async def test_what_was_begun_in_vain_is_tried_again_with_a_back_off():
    clock = VirtualClock()
    station = Station(clock)
    station.in_reach = False
    wifi = make(station, clock, ssid="home", password="secret")
    switched = station.active

    def broken(is_active=None):
        raise OSError("Wifi Unknown Error 0x0101")

    station.active = broken
    wifi.begin()  # raises nothing
    assert wifi.driver_errors == 1 and any("begin" in line for line in wifi.tail.lines)
    station.active = switched
    wifi.begin()
    task = asyncio.create_task(wifi.run())
    await clock.advance(20500)
    assert made(station) == ["connect", "disconnect", "connect"]
    station.in_reach = True
    await clock.advance(1000)
    assert wifi.online.value is True
    task.cancel()
