"""Transaction messages: order, ids, repetition, power cuts anywhere (OCPP 1.6, section 3.7)."""

import os

from ocpp_site import Central, Site, booted, session

from components.persistence import Persistence

TX = ("StartTransaction", "MeterValues", "StopTransaction")


def check_session(calls, restarts=0):
    """One transaction as it should be: start, meter values, stop; the same id in all; the register never goes back."""
    calls = [c for c in calls if c[1] in TX]
    assert [c[1] for c in calls].count("StartTransaction") == 1, calls
    assert calls[0][1] == "StartTransaction" and calls[-1][1] == "StopTransaction", [c[1] for c in calls]
    assert len({c[0] for c in calls}) == len(calls)
    start, stop = calls[0][2], calls[-1][2]
    at, mwh = start["timestamp"], start["meterStart"] * 1000
    for _, action, payload in calls[1:]:
        assert payload["transactionId"] == 1, payload
        if action == "MeterValues":
            value = payload["meterValue"][0]
            wh, _, part = value["sampledValue"][0]["value"].partition(".")
            assert at <= value["timestamp"] and mwh <= int(wh + part), (at, mwh, value)
            at, mwh = value["timestamp"], int(wh + part)
    assert at <= stop["timestamp"] and mwh <= 1000 * stop["meterStop"] and start["meterStart"] <= stop["meterStop"]
    return stop


async def test_a_whole_session_offline_is_delivered_in_order_with_the_id_that_comes_later(tmp):
    site = await booted(tmp, vendor_id="")
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.ocpp.set("MeterValueSampleInterval", "1")
    central = site.central
    await site.disconnect()
    await session(site)
    assert central.of(*TX) == [] and 4 <= len(site.ocpp.journal) <= 5
    await site.connect(central)
    await site.run(1000)
    stop = check_session(central.calls)
    assert stop["reason"] == "Local" and stop["idTag"] == "TAG"
    assert len(site.ocpp.journal) == 0 and site.store.keys("ocpp/id/") == []


async def test_two_offline_sessions_keep_their_order_and_their_ids(tmp):
    site = await booted(tmp)
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    central = site.central
    await site.disconnect()
    await session(site, "A")
    await session(site, "B")
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    await site.connect(central)
    await site.run(2000)
    got = [c for c in central.calls if c[1] in TX]
    assert [c[1] for c in got] == ["StartTransaction", "StopTransaction"] * 2
    assert [got[0][2]["idTag"], got[2][2]["idTag"]] == ["A", "B"]
    assert [got[1][2]["transactionId"], got[3][2]["transactionId"]] == [1, 2]
    assert [len(got[i][2]["transactionData"]) for i in (1, 3)] == [2, 2]


async def test_a_refused_message_is_tried_again_and_given_up(tmp):
    site = await booted(tmp)
    site.ocpp.set("TransactionMessageRetryInterval", "10")
    central = site.central
    tries = []
    central.answers["StopTransaction"] = lambda payload: tries.append(site.clock.uptime_ms()) or "InternalError"
    await session(site)
    await site.run(120000)
    assert [(b - a) // 1000 for a, b in zip(tries, tries[1:])] == [10, 20]  # interval times attempts so far
    assert site.ocpp.counters.dropped == 1 and len(site.ocpp.journal) == 0
    del central.answers["StopTransaction"]
    await session(site)
    assert [p["transactionId"] for p in central.of("StopTransaction")] == [2]


async def test_no_answer_loses_nothing(tmp):
    site = await booted(tmp)
    central = site.central
    central.answers["StartTransaction"] = None
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    for action in TX + ("StatusNotification", "Heartbeat"):
        central.answers[action] = None
    site.ocpp.present_tag("TAG")
    site.unplug()
    await site.run(1200000)
    assert site.ocpp.counters.dropped == 0 and len(site.ocpp.journal) == 2
    ids = {c[0] for c in central.calls if c[1] == "StartTransaction"}
    assert central.actions().count("StartTransaction") > 3 and len(ids) == 1  # always the same message
    central.calls.clear()
    central.answers.clear()
    await site.run(600000)
    check_session(central.calls)


async def test_a_message_that_alone_is_never_answered_does_not_block_for_ever(tmp):
    site = await booted(tmp)
    site.ocpp.set("HeartbeatInterval", "20")
    site.central.answers["StartTransaction"] = None
    await session(site)
    await site.run(900000)
    assert site.ocpp.counters.dropped == 1 and len(site.central.of("StopTransaction")) == 1


async def test_an_answer_after_the_time_out_counts(tmp):
    site = await booted(tmp)
    central = site.central
    central.answers["StartTransaction"] = None
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.run(32000)
    assert site.ocpp.counters.timeouts == 1 and site.ocpp.transaction.id is None
    message_id = central.calls[[c[1] for c in central.calls].index("StartTransaction")][0]
    await central.give([3, message_id, {"transactionId": 9, "idTagInfo": {"status": "Accepted"}}])
    await site.run(100)
    assert site.ocpp.transaction.id == 9
    await site.run(120000)
    assert central.actions().count("StartTransaction") == 1
    await central.give([3, message_id, {"transactionId": 10, "idTagInfo": {"status": "Accepted"}}])
    await site.run(100)
    assert site.ocpp.transaction.id == 9 and site.ocpp.counters.unknown_ids == 1


async def test_a_full_queue_drops_meter_values_and_never_start_or_stop(tmp):
    site = await booted(tmp, queue_max=20)
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.ocpp.set("MeterValueSampleInterval", "1")
    central = site.central
    await site.disconnect()
    await session(site, "A", 120000)
    assert site.ocpp.journal.thinned > 90 and len(site.ocpp.journal) <= 20
    for i in range(30):
        await session(site, "S%d" % i, 1500)
    assert len(site.ocpp.journal) == 20 and site.lines("no transaction without")
    assert not site.gate.transaction.value
    await site.connect(central)
    await site.run(5000)
    got = [c[1] for c in central.calls if c[1] in TX and c[1] != "MeterValues"]
    assert got == ["StartTransaction", "StopTransaction"] * (len(got) // 2) and len(got) >= 18


async def test_the_meter_values_of_a_long_transaction_are_bounded(tmp):
    site = await booted(tmp)
    site.ocpp.set("MeterValueSampleInterval", "10")
    await session(site, "A", 3600000)
    data = site.central.of("StopTransaction")[0]["transactionData"]
    contexts = [value["sampledValue"][0]["context"] for value in data]
    assert contexts[0] == "Transaction.Begin" and contexts[-1] == "Transaction.End" and 12 <= len(data) <= 27
    times = [value["timestamp"] for value in data]
    assert times == sorted(times) and len(site.store.queue("ocpp/data")) == 0


async def test_a_journal_that_refuses_keeps_the_gate_closed(tmp):
    site = await booted(tmp)
    site.plug_in()
    await site.run(500)
    commit = site.store.commit
    broken = []

    def refuse(*args, **kwargs):
        broken.append(1)
        raise Persistence.Error("medium broken")

    site.store.commit = refuse
    site.ocpp.transactions.remote_start("TAG")
    assert broken and site.ocpp.transaction is None and not site.gate.transaction.value
    site.store.commit = commit
    site.ocpp.transactions.remote_start("TAG")
    await site.run(2000)
    assert site.gate.enabled.value
    site.store.commit = refuse
    site.ocpp.present_tag("TAG")
    await site.run(5000)
    assert not site.gate.enabled.value and site.ocpp.transaction is not None
    site.store.commit = commit
    await site.run(1000)
    assert site.ocpp.transaction is None
    check_session(site.central.calls)


class Snapshots(Persistence):
    """A store that keeps what is on the medium after each commit, and what the central system had got by then."""

    def commit(self, *args, **kwargs):
        super().commit(*args, **kwargs)
        self.taken()

    def taken(self):
        pass


class Copy(Central):
    """The central system as it was at some moment."""

    def __init__(self, calls, answered, transactions):
        super().__init__()
        self.calls = list(calls)
        self._answered = dict(answered)
        self._transactions = transactions


def keep(site, central, images):
    """Collect (bytes of the journal, central system) after every commit from now on."""

    def taken():
        with open(site.store.index.records.path, "rb") as file:
            images.append((file.read(), list(central.calls), dict(central._answered), central._transactions))

    site.store.taken = taken


async def resume(home, image, central, at_ms, plugged):
    """Start again from a journal; end what still runs; deliver everything."""
    try:
        os.mkdir(home + "/state")
    except OSError:
        pass
    with open(home + "/state/journal", "wb") as file:
        file.write(image)
    central.start_ms += at_ms
    site = Site(home)
    if plugged:
        site.plug_in()
    await site.power_on()
    assert site.gate.transaction.value == (plugged and site.ocpp.transaction is not None)
    await site.connect(central)
    await site.run(2000)
    if site.ocpp.transaction is not None:
        if plugged:
            assert site.gate.enabled.value
            site.ocpp.present_tag(site.ocpp.transaction.id_tag)
        else:
            assert not site.gate.transaction.value
            await site.run(20000)
    await site.run(2000)
    assert site.ocpp.transaction is None and len(site.ocpp.journal) == 0
    assert not site.gate.transaction.value
    assert len(site.store.queue("ocpp/data")) == 0 and site.store.keys("ocpp/id/") == []
    await site.power_off()


async def test_power_cut_after_every_record_of_a_session(tmp):
    """Of one whose power module stops at once, and of one whose module is awaited: its stop is a record of its own."""
    for stops in (True, False):
        await cut_after_every_record(tmp + "/" + str(stops), stops)


async def cut_after_every_record(tmp, stops):
    central = Central()
    site = await booted(tmp, central, store=Snapshots)
    site.ocpp.set("MeterValueSampleInterval", "1")  # each sample is one record
    images = []
    keep(site, central, images)
    site.module_stops = stops
    await session(site, "TAG", 7000)
    await site.run(0 if stops else 2000)
    check_session(central.calls)
    await site.power_off()
    assert len(images) > 12
    # The cut comes somewhere between two records: nothing, or all that happened until the next one, got through.
    last = (None, list(central.calls), dict(central._answered), central._transactions)
    restarts = 0
    for n, (image, *sent) in enumerate(images):
        for reached in (sent, (images[n + 1] if n + 1 < len(images) else last)[1:]):
            for plugged in (True, False):
                copy = Copy(*reached)
                await resume(tmp, image, copy, 60000, plugged)
                restarts += 1
                if [c for c in copy.calls if c[1] in TX]:
                    stop = check_session(copy.calls)
                    assert stop["reason"] in ("Local", "PowerLoss")
    assert restarts == 4 * len(images)
