"""The time by SNTP until the central system tells it: when servers are asked, and what its time is used for."""

import asyncio

from ntp_peer import HEAD, NtpServer, answer
from ocpp_site import NOON, Central, Site

from core.isotime import parse_utc

USE = "components.sntp:Sntp"
ONE_PM = b"\xee\xf4\x96\xd0\0\0\0\0"  # 2027-01-15T13:00:00Z
HOUR = 3600000


def late(query):
    """An hour after the central system's time."""
    return [answer(query, received=ONE_PM, sent=ONE_PM)]


def kiss(code):
    return lambda query: [answer(query, b"\x24\0\x06\xe9" + HEAD[4:12] + code + HEAD[16:])]


def made(home, servers, **options):
    return Site(home, profiles=((USE, {"servers": servers}),), **options)


async def ready(home, *servers):
    site = made(home, ",".join([server if isinstance(server, str) else server.place for server in servers]))
    await site.power_on()
    site.wifi.online.set(True)
    await site.run(500)
    return site


async def asked(site, seconds=15):
    """After so many seconds servers are asked; until that is over, in real time."""
    await site.run(seconds * 1000)
    for _ in range(1000):
        if site.profiles[-1]._task is None:
            return
        await asyncio.sleep_ms(10)
    raise AssertionError("it still asks")


def shown(site):
    ((_, text, data),) = site.profiles[-1].page()
    return text % data


def sorts(site):
    """(the time, the time that is sure), in whole hours after noon."""
    clock = site.clock
    return tuple([None if ms is None else (ms - NOON) // HOUR for ms in (clock.utc_ms(), clock.sure_utc_ms())])


async def test_it_is_asked_once_the_network_is_there_and_the_central_system_is_not(tmp):
    async with NtpServer(late) as server:
        site = await ready(tmp, server)
        assert "0 times asked" in shown(site) and "not asked" in shown(site)
        await asked(site, 14)
        assert server.queries == [] and site.clock.utc_ms() is None
        await asked(site, 1)
        assert len(server.queries) == 1 and sorts(site) == (1, None)
        assert "1 times asked, 1 answered; told the time" in shown(site) and site.lines("until the central system")
        left_ms = site.profiles[-1]._due_ms - site.clock.uptime_ms()
        assert 12 * HOUR - 1000 <= left_ms <= 12 * HOUR
        site.profiles[-1]._due_ms -= left_ms - 10000
        await asked(site, 9)
        assert len(server.queries) == 1
        await asked(site, 2)
        assert len(server.queries) == 2
        await site.power_off()


async def test_without_network_or_servers_nobody_is_asked(tmp):
    async with NtpServer(late) as server:
        site = made(tmp, server.place)
        await site.power_on()
        await asked(site, 100)
        site.wifi.online.set(True)
        await asked(site, 10)
        site.wifi.online.set(False)
        await asked(site, 100)
        assert server.queries == []
        await site.power_off()
        site = await ready(tmp)
        await asked(site, 100)
        assert "no servers; 0 times asked" in shown(site) and site.clock.utc_ms() is None
        await site.power_off()


async def test_the_central_system_s_time_replaces_it_at_once_and_is_never_replaced(tmp):
    """Also where it is an hour and more away, which of two central systems' times needs a second one."""
    async with NtpServer(late) as server:
        site = await ready(tmp, server)
        await asked(site)
        await site.connect(Central(NOON - HOUR))
        assert sorts(site) == (-1, -1) and "the central system tells the time" in shown(site)
        site.profiles[-1]._due_ms = 0
        await asked(site, 60)
        assert len(server.queries) == 1
        site.station.stamps.suppose(NOON + 99 * HOUR)
        assert sorts(site) == (-1, -1)
        await site.power_off()


async def test_where_the_central_system_was_first_nobody_is_asked(tmp):
    async with NtpServer(late) as server:
        site = made(tmp, server.place)
        await site.power_on()
        await site.connect(Central())
        site.wifi.online.set(True)
        await asked(site, 60)
        assert server.queries == []
        await site.power_off()


async def test_servers_are_asked_in_turn_and_then_after_longer_and_longer(tmp):
    async with NtpServer(kiss(b"RATE")) as first, NtpServer(kiss(b"DENY")) as second:
        site = await ready(tmp, first, second, "127.0.0.1:1")
        await asked(site)
        assert (len(first.queries), len(second.queries)) == (1, 1) and "127.0.0.1:1: " in shown(site)
        assert second.place not in shown(site), "it is not to be asked any more"
        times = []
        for second_of in range(300):
            before = len(first.queries)
            await asked(site, 1)
            times += [second_of] * (len(first.queries) - before)
        assert len(times) == 3 and 29 <= times[0] <= 31 and 59 <= times[1] - times[0] <= 61, times
        assert len(second.queries) == 1 and site.clock.utc_ms() is None
        await site.power_off()


async def test_a_later_server_tells_the_time(tmp):
    async with NtpServer(kiss(b"RSTR")) as first, NtpServer(late) as second:
        site = await ready(tmp, first, second)
        await asked(site)
        assert sorts(site) == (1, None) and site.profiles[-1].server == second.place
        await site.power_off()


async def charged_offline(site):
    """A transaction of 5 s once the server was asked, without a central system."""
    site.station.set("AllowOfflineTxForUnknownId", "true")
    await asked(site)
    site.plug_in()
    await site.run(500)
    site.ocpp.present("TAG")
    await site.run(5000)
    site.ocpp.present("TAG")
    await site.run(1000)


async def test_stamps_of_transactions_become_the_central_system_s(tmp):
    """While nobody vouches for the time they are durations; so a wrong server spoils no bill."""
    async with NtpServer(late) as server:
        site = await ready(tmp, server)
        await charged_offline(site)
        central = Central(NOON - HOUR)
        await site.connect(central)
        start, stop = central.of("StartTransaction", "StopTransaction")
        took_ms = parse_utc(stop["timestamp"]) - parse_utc(start["timestamp"])
        assert 4900 <= took_ms <= 5100 and abs(parse_utc(start["timestamp"]) - NOON + HOUR) < 20000
        await site.power_off()


async def test_over_a_restart_offline_they_are_those_of_the_server(tmp):
    """The run that knew no other time is not set before the next one by guess."""
    async with NtpServer(late) as server:
        site = await ready(tmp, server)
        await charged_offline(site)
        await site.power_off()
        site = made(tmp, "")
        await site.power_on()
        central = Central(NOON + 50 * HOUR)  # much later
        await site.connect(central)
        (start,) = central.of("StartTransaction")
        assert abs(parse_utc(start["timestamp"]) - NOON - HOUR) < 20000, start
        await site.power_off()


async def test_a_wrong_time_over_a_restart_in_a_transaction_spoils_no_bill(tmp):
    """In 2049, which is no former run's: what the central system tells replaces it there as well."""
    for offline in (False, True):
        site = made(tmp, "")
        await site.power_on()
        site.station.set("AllowOfflineTxForUnknownId", "true")
        site.station.stamps.suppose(NOON + 200000 * HOUR)
        site.plug_in()
        await site.run(500)
        site.ocpp.present("TAG")
        await site.run(5000)
        await site.power_off()
        site = made(tmp, "")
        await site.power_on()
        site.plug_in()
        await site.run(20000)
        central = Central(NOON)
        if not offline:
            await site.connect(central)
        await site.run(60000)
        site.ocpp.present("TAG")
        await site.run(3000)
        if offline:
            await site.connect(central)
        start, stop = central.of("StartTransaction", "StopTransaction")
        start_ms, stop_ms = parse_utc(start["timestamp"]), parse_utc(stop["timestamp"])
        assert abs(start_ms - NOON) < 120000 and 60000 <= stop_ms - start_ms <= 120000, (offline, start, stop)
        site.unplug()
        await site.run(1000)
        await site.power_off()


def test_what_is_no_server_is_refused_at_the_start(tmp):
    for servers in (":123", "a b", "pool.example.org:", "pool.example.org:x", "a,b:0", "a:65536"):
        try:
            made(tmp, servers)
        except ValueError as e:
            assert str(e).startswith("option 'servers'"), e
            continue
        raise AssertionError(servers)
