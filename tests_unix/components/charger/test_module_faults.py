"""A broken power module on the wire, and what the central system hears of it. No heartbeat: the board has one bus."""

import asyncio

import pytest
import pytest_asyncio
from charging_site import Site, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    async with Site(tmp_path_factory.mktemp("home")) as site:
        await site.boot()
        yield site
        assert site.wrong_messages() == []
        site.check_calm()


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    yield shared
    shared.clear_faults()


async def test_a_silent_module_makes_a_free_connector_faulted(site):
    """An app must not say Available; ReserveNow answers Faulted."""
    since = site.mark()
    site.module.silent = True
    told = await site.status("Faulted", since, timeout=40)
    assert told.payload["errorCode"] == "OtherError" and told.payload["info"] == "the power module is silent"
    answer = await site.order(
        "ReserveNow", connectorId=1, expiryDate="2099-01-01T00:00:00Z", idTag="CARD", reservationId=1
    )
    assert answer.status == "Faulted"
    since = site.mark()
    site.module.silent = False
    await site.status("Available", since)


async def test_a_broken_module_is_faulted_and_no_vehicle_that_left(site):
    """It led to `unplugged: no current`, EVDisconnected, Available, NoError."""
    await site.start_session("CARD-1")
    since = site.mark()
    site.module.hardware_failure = True
    told = await site.status("Faulted", since)
    assert told.payload["errorCode"] == "PowerSwitchFailure"
    answer = await site.answer("2", r"requests refused: (\d+)")
    assert int(answer.group(1)) >= 1
    await site.answer("why", r"error: PowerSwitchFailure")
    await asyncio.sleep(6)  # within 5 s without a current it was taken for an unplugging
    assert "unplugged" not in site.firmware.text and site.central.calls("StopTransaction", since) == []
    await end_session(site, "CARD-1")
    since = site.mark()
    site.clear_faults()
    assert (await site.order("Reset", type="Soft")).status == "Accepted"
    await site.booted(since)
    site.pull_out()
    await site.status("Available", since)


async def end_session(site, tag):
    since = site.mark()
    await site.present(tag)
    await site.received("StopTransaction", since)


async def test_more_current_than_requested_is_reported(site):
    """The gate was open and nothing was told."""
    site.vehicle.max_a = 5.0
    await site.start_session("CARD-2")
    since = site.mark()
    site.module.excess_a = 100.0
    told = await site.status("Faulted", since)
    assert told.payload["errorCode"] == "OverCurrentFailure"
    site.clear_faults()
    await site.status("Charging", since)
    await site.stop_session("CARD-2")


async def register(site):
    """The energy register as the console shows it, Wh."""
    return float((await site.answer("2", r"register: ([\d.]+) Wh")).group(1))


async def eventually_counts(site, before):
    """What a module delivers that should have stopped is counted."""
    for _ in range(20):
        if await register(site) > before + 0.5:
            return
        await asyncio.sleep(0.5)
    raise AssertionError("the register stands still")


async def test_a_module_that_goes_on_after_the_stop_is_reported_and_released_at_the_console(site):
    """It was Finishing with NoError, and could be started again."""
    await site.start_session("CARD-3")
    site.module.runs_on = True
    since = site.mark()
    await end_session(site, "CARD-3")
    told = await site.status("Faulted", since)
    assert told.payload["errorCode"] == "PowerSwitchFailure" and site.module.current_a > 1
    before = await register(site)
    await eventually_counts(site, before)
    site.clear_faults()
    await eventually(lambda: site.module.current_a < 0.1, "it stops")
    await site.answer("s", r"not released: no current must have flowed")
    assert site.statuses(1, since)[-1] == "Faulted"
    await asyncio.sleep(4)
    while "not" in (await site.answer("s", r"(not released|failure to stop is released)")).group(1):
        await asyncio.sleep(0.5)
    await eventually(lambda: site.statuses(1, since)[-1] != "Faulted", "it is told")
    site.pull_out()
    await site.status("Available", since)
