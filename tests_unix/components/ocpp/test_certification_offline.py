"""Without the central system: who may charge (OCPP 1.6, 3.5), and what becomes of the transaction messages (3.7).

OCA's test cases for it have their numbers in their names; with a cached id, too.
"""

from datetime import datetime, timedelta, timezone

import pytest
import pytest_asyncio
from charging_site import Site, eventually

from tools.central import Fault, Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MeterValueSampleInterval": 0, "TransactionMessageRetryInterval": 1}


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger with an empty cache, a car that is plugged in, and the central system there."""
    await shared.order("ClearCache")
    if not shared.vehicle.plugged:
        await shared.plug_in()
    yield shared
    shared.check_calm()


async def tried(site, tag):
    """Present a tag without the central system; whether a transaction starts."""
    since = site.firmware.mark
    await site.present(tag)
    said = await site.printed(rf"idTag {tag}: \w+|transaction \S+ starts: idTag {tag}", since)
    return "starts" in said[0]


def time_of(stamp):
    """A time as OCPP writes it."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))


async def learn(site, tag, **fields):
    """Have the cache learn a tag: it is authorized and takes its wish back before it starts."""
    site.central.books.tags[tag] = Tag(**fields)
    await site.start_session(tag)
    since = site.mark()
    await site.present(tag)
    await site.received("StopTransaction", since)
    await site.status("Finishing", since)
    await site.configured("NumberOfConnectors")  # the answer to StopTransaction, which is learned too, was before this


async def end_offline(site, tag):
    since = site.firmware.mark
    await site.present(tag)
    await site.printed(r"transaction \S+ ends", since)


async def test_tc_039_offline_start_and_stop_by_an_unknown_card_where_that_is_allowed(site):
    assert await site.configured("AllowOfflineTxForUnknownId") == "false"
    await site.go_offline()
    assert not await tried(site, "UNKNOWN-1")
    assert not site.module.enabled
    await site.go_online()
    await site.configure(AllowOfflineTxForUnknownId=True)
    await site.go_offline()
    assert await tried(site, "UNKNOWN-1")
    await site.current_flows()
    await end_offline(site, "UNKNOWN-1")
    since = await site.go_online()
    start = await site.received("StartTransaction", since, idTag="UNKNOWN-1")
    stop = await site.received("StopTransaction", since)
    assert stop.payload["transactionId"] == site.central.books.last.id
    assert start.payload["timestamp"] < stop.payload["timestamp"]
    assert [m.action for m in site.central.calls(since=since) if m.action.endswith("Transaction")] == [
        "StartTransaction",
        "StopTransaction",
    ]
    await site.configure(AllowOfflineTxForUnknownId=False)


async def test_tc_037_1_offline_start_tc_036_connection_loss_tc_038_offline_stop(site):
    """A cached id starts offline; the next loss of the connection costs no meter value; the third sees the stop."""
    await learn(site, "KNOWN-1")
    await site.go_offline()
    assert await tried(site, "KNOWN-1")
    await site.current_flows()
    since = await site.go_online()
    await site.received("StartTransaction", since, idTag="KNOWN-1")
    await site.status("Charging", since)
    number = site.central.books.last.id
    await site.configure(MeterValueSampleInterval=1)
    await site.received("MeterValues", since, transactionId=number)
    await site.go_offline()
    left, before = datetime.now(timezone.utc), site.module.delivered_wh
    await eventually(lambda: site.module.delivered_wh - before > 12, "energy without a witness")
    assert site.module.enabled
    back = datetime.now(timezone.utc)
    since = await site.go_online()
    offline = lambda values: left < time_of(values["meterValue"][0]["timestamp"]) < back  # noqa: E731
    await site.central.wait_for("MeterValues", offline, 15, since)
    await site.configure(MeterValueSampleInterval=0)
    samples = [m.payload["meterValue"][0]["timestamp"] for m in site.central.calls("MeterValues", since)]
    assert samples == sorted(samples)
    assert site.central.calls("StopTransaction", since) == []
    await site.go_offline()
    await end_offline(site, "KNOWN-1")
    await eventually(lambda: not site.module.enabled, "the module is off")
    since = await site.go_online()
    stop = await site.received("StopTransaction", since, transactionId=number)
    assert stop.payload.get("reason", "Local") == "Local"
    await site.status("Finishing", since)


async def test_tc_023_start_offline_with_an_id_that_is_known_as_refused(site):
    """Invalid, expired, blocked: who is known as refused is no unknown id, which might charge."""
    refused = {"REF-1": "Invalid", "REF-2": "Expired", "REF-3": "Blocked"}
    site.central.books.tags.update(refused)
    since = site.mark()
    for tag in refused:
        await site.present(tag)
        await site.checked(tag, since)
    await site.configure(AllowOfflineTxForUnknownId=True)
    await site.go_offline()
    for tag in refused:
        assert not await tried(site, tag)
    assert not site.module.enabled
    since = await site.go_online()
    await site.configure(AllowOfflineTxForUnknownId=False)
    assert site.central.calls("StartTransaction", since) == []


async def test_the_cache_survives_a_power_cut(site):
    await learn(site, "KNOWN-2")
    await site.central.stop()
    await site.firmware.restart()
    await site.condition("in_limits", "ok", 20)
    assert await tried(site, "KNOWN-2")
    await end_offline(site, "KNOWN-2")
    since = await site.go_online()
    await site.received("StopTransaction", since)


async def test_tc_061_clear_cache(site):
    await learn(site, "KNOWN-3")
    assert (await site.order("ClearCache")).status == "Accepted"
    await site.go_offline()
    assert not await tried(site, "KNOWN-3")
    await site.go_online()


async def test_a_cache_that_is_switched_off_accepts_no_card(site):
    await site.configure(AuthorizationCacheEnabled=False)
    await learn(site, "KNOWN-4")
    await site.go_offline()
    assert not await tried(site, "KNOWN-4")
    await site.go_online()
    await site.configure(AuthorizationCacheEnabled=True)


async def test_without_local_authorization_no_outlet_charges(site):
    await learn(site, "KNOWN-5")
    await site.configure(LocalAuthorizeOffline=False)
    await site.go_offline()
    assert not await tried(site, "KNOWN-5")
    await site.go_online()
    await site.configure(LocalAuthorizeOffline=True)


async def test_an_expired_entry_of_the_cache_does_not_charge(site):
    expiry = (datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat(timespec="milliseconds")
    await learn(site, "KNOWN-6", expiry=expiry.replace("+00:00", "Z"))
    await site.go_offline()
    second = timedelta(seconds=1)  # so much the charger's clock may be behind: a smaller difference is not corrected
    await eventually(lambda: (datetime.now(timezone.utc) - second).isoformat() > expiry, "the card has expired")
    assert not await tried(site, "KNOWN-6")
    await site.go_online()


async def test_tc_007_regular_session_with_a_cached_id(site):
    await learn(site, "KNOWN-7")
    await site.configure(LocalPreAuthorize=True)
    since = site.mark()
    await site.present("KNOWN-7")
    await site.received("StartTransaction", since, idTag="KNOWN-7")
    assert site.central.calls("Authorize", since) == []
    await site.status("Charging", since)
    await site.configure(LocalPreAuthorize=False)
    since = site.mark()
    await site.present("KNOWN-7")
    await site.received("StopTransaction", since)
    await site.status("Finishing", since)


async def started_offline_though_blocked(site, tag):
    """A cached id, blocked meanwhile, starts without the central system; which is back then. Returns the mark."""
    await learn(site, tag)
    site.central.books.tags[tag] = "Blocked"
    await site.go_offline()
    assert await tried(site, tag)
    await site.current_flows()
    since = await site.go_online()
    await site.received("StartTransaction", since, idTag=tag)
    return since


async def test_tc_037_3_offline_start_with_an_invalid_id_stop_transaction_on_invalid_id(site):
    """The answer to StartTransaction says no (4.8); the cache learns it."""
    since = await started_offline_though_blocked(site, "LATE-1")
    stop = await site.received("StopTransaction", since)
    assert stop.payload["reason"] == "DeAuthorized"
    await eventually(lambda: not site.module.enabled, "the module is off")
    await site.status("Finishing", since)
    assert site.statuses(1, since) == ["Charging", "Finishing"]
    await site.go_offline()
    assert not await tried(site, "LATE-1")
    await site.go_online()


async def test_tc_037_2_offline_start_with_an_invalid_id_stops_only_the_energy(site):
    await site.configure(StopTransactionOnInvalidId=False)
    since = await started_offline_though_blocked(site, "LATE-2")
    await site.status("SuspendedEVSE", since)
    assert site.statuses(1, since) == ["Charging", "SuspendedEVSE"]
    await eventually(lambda: not site.module.enabled, "the module is off")
    assert site.central.calls("StopTransaction", since) == []
    await site.configure(StopTransactionOnInvalidId=True)
    stop = await site.received("StopTransaction", since)
    assert stop.payload["reason"] == "DeAuthorized", "the key counts at once"
    await site.status("Finishing", since)


async def test_messages_are_repeated_as_often_as_configured_and_then_given_up(site):
    """TransactionMessageAttempts and RetryInterval (9.1.31): the wait grows with each attempt; the rest comes after."""
    await site.configure(TransactionMessageAttempts=3)
    await site.start_session("RETRY")
    site.central.fault("StopTransaction", Fault(error="InternalError", times=None))
    since, printed = site.mark(), site.firmware.mark
    await site.present("RETRY")
    await eventually(lambda: len(site.central.calls("StopTransaction", since)) == 3, "three attempts")
    stops = site.central.calls("StopTransaction", since)
    assert stops[0].payload == stops[1].payload == stops[2].payload
    assert stops[1].time - stops[0].time > 0.9 and stops[2].time - stops[1].time > 1.8
    await site.printed(r"next attempt in 1000 ms(?s:.*)next attempt in 2000 ms(?s:.*)given up", printed)
    site.central.fault("StopTransaction", None)
    begun = await site.start_session("NEXT")
    assert begun.payload["idTag"] == "NEXT"
    await site.stop_session("NEXT")
    assert len(site.central.calls("StopTransaction", since)) == 4


async def test_time_before_the_time_is_known(tmp_path):
    """Its very first session is offline: the stamps that reach the central system later are right nevertheless."""
    async with Site(tmp_path) as site:
        await site.boot()
        await site.configure(AllowOfflineTxForUnknownId=True)
        assert await site.firmware.interrupt() == 0
        await site.central.stop()
        await site.firmware.start()
        site.vehicle.plug()
        await site.condition("in_limits", "ok", 20)
        moments = [datetime.now(timezone.utc)]
        assert await tried(site, "TIMELESS")
        moments.append(datetime.now(timezone.utc))
        await site.current_flows()
        moments.append(datetime.now(timezone.utc))
        await end_offline(site, "TIMELESS")
        moments.append(datetime.now(timezone.utc))
        since = await site.go_online()
        start = await site.received("StartTransaction", since)
        stop = await site.received("StopTransaction", since)
        late = timedelta(seconds=10)  # as long as the time that we are told may be under way
        assert moments[0] - late < time_of(start.payload["timestamp"]) <= moments[1]
        assert moments[2] - late < time_of(stop.payload["timestamp"]) <= moments[3]
        assert start.payload["timestamp"] < stop.payload["timestamp"]
        assert site.wrong_messages(since) == []
