"""Power cuts (``kill -9``) anywhere in a transaction: every message is delivered once and in order."""

import asyncio

from rig import Site, eventually

from tools.central import CALLRESULT, Fault

TRANSACTION_MESSAGES = ("StartTransaction", "MeterValues", "StopTransaction")


def delivered(site, cuts):
    """The transaction messages that the central system has answered, in order, each as (action, payload).

    An answer may be lost in a cut; then the same message comes again, by its id and to the letter, and only that one.
    """
    asked = {m.uid: m for m in site.central.calls() if m.action in TRANSACTION_MESSAGES}
    answers = [m.uid for m in site.central.messages if m.direction == "out" and m.kind == CALLRESULT and m.uid in asked]
    assert len(answers) - len(set(answers)) <= cuts, answers
    for m in site.central.calls():
        assert m.uid not in asked or m.payload == asked[m.uid].payload, "another message with the same id"
    return [(asked[uid].action, asked[uid].payload) for uid in dict.fromkeys(answers)]


def stamps(messages):
    """The time stamps of transaction messages, in the order of delivery."""
    return [p["timestamp"] if "timestamp" in p else p["meterValue"][0]["timestamp"] for _, p in messages]


def register(messages):
    """All values of the energy register in Wh, in the order of delivery."""
    values = []
    for action, payload in messages:
        if action == "StartTransaction":
            values.append(float(payload["meterStart"]))
        for meter_value in payload.get("meterValue", ()):
            values += [float(v["value"]) for v in meter_value["sampledValue"] if v["unit"] == "Wh"]
        if action == "StopTransaction":
            values.append(float(payload["meterStop"]) + 1)  # whole Wh, cut off
    return values


async def check_books(site, cuts):
    """One transaction: begun once, ended once, nothing twice, nothing out of order, the register never smaller."""
    await site.configured("NumberOfConnectors")  # a round trip: whatever it sent before has been answered
    messages = delivered(site, cuts)
    actions = [action for action, _ in messages]
    assert actions[0] == "StartTransaction" and actions[-1] == "StopTransaction", actions
    assert actions.count("StartTransaction") == actions.count("StopTransaction") == 1, actions
    assert [message for n, message in enumerate(messages) if message in messages[:n]] == []
    assert stamps(messages) == sorted(stamps(messages))
    assert register(messages) == sorted(register(messages))
    number = site.central.books.last.id
    assert {payload["transactionId"] for _, payload in messages[1:]} == {number}
    assert messages[-1][1]["meterStop"] - messages[0][1]["meterStart"] <= site.module.delivered_wh * 1.01 + 1
    site.check_calm()


async def charging_again(site, since):
    """After a power cut: the transaction goes on without a card."""
    await site.status("Charging", since)
    await site.current_flows()


async def start(site):
    await site.boot()
    await site.configure(MeterValueSampleInterval=1, TransactionMessageRetryInterval=1, TransactionMessageAttempts=50)


async def test_while_charging_again_and_again(tmp_path):
    """Three cuts, 0.1 to 1.2 s after current flows: before, in and after a meter value."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        for delay_s in (0.1, 0.75, 1.2):
            await asyncio.sleep(delay_s)  # no event to wait for: when the power goes is what varies
            since = site.mark()
            await site.firmware.restart()
            await charging_again(site, since)
        await site.heard("MeterValues", site.mark())
        before = site.module.delivered_wh
        stop = await site.stop_session()
        assert before > 10 and stop.payload["reason"] == "Local"
        await check_books(site, 3)


async def test_before_the_answer_to_start_transaction(tmp_path):
    """The central system heard it, we do not know: the same message again, with the same id, time and register."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.plug_in()
        site.central.fault("StartTransaction", Fault(drop=True))
        await site.present("TAG-1")
        first = await site.heard("StartTransaction")
        await site.firmware.kill()
        since = site.mark()
        await site.boot()
        again = await site.heard("StartTransaction", since)
        assert again.payload == first.payload and again.uid == first.uid
        await charging_again(site, since)
        await site.stop_session()
        assert len(site.central.calls("StartTransaction")) == 2
        await check_books(site, 1)


async def test_before_the_answer_to_stop_transaction(tmp_path):
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        site.central.fault("StopTransaction", Fault(drop=True))
        since = site.mark()
        await site.present("TAG-1")
        first = await site.heard("StopTransaction", since)
        await site.firmware.kill()
        since = site.mark()
        await site.boot()
        again = await site.heard("StopTransaction", since)
        assert again.payload == first.payload and again.uid == first.uid
        assert not site.module.enabled, "the transaction had ended"
        await check_books(site, 1)
        assert len(site.central.calls("StopTransaction")) == 2


async def test_at_a_moment_of_the_start(tmp_path):
    """From the card on, some ms apart: the transaction is there with its whole story, or was never begun."""
    await asyncio.gather(*(cut_at_the_start(tmp_path / str(ms), ms) for ms in (0, 4, 8, 14)))


async def cut_at_the_start(home, ms):
    async with Site(home) as site:
        await start(site)
        await site.plug_in()
        await site.present("TAG-1")
        await site.heard("Authorize")
        await asyncio.sleep(ms / 1000)  # no event to wait for: when the power goes is what varies
        since = site.mark()
        await site.firmware.restart()
        await site.booted(since)
        await site.condition("in_limits", "ok")
        if "goes on" in site.firmware.text:
            await charging_again(site, since)
        else:
            assert not site.central.calls("StartTransaction")
            await site.start_session()
        await site.stop_session()
        await check_books(site, 1)


async def test_while_offline(tmp_path):
    """A whole session without the central system, with a power cut in it, comes in order when that one is back."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        await site.heard("MeterValues")
        await site.central.stop()
        printed = site.firmware.mark
        await eventually(lambda: site.module.delivered_wh > 12, "energy without a witness")
        await site.firmware.restart()
        await site.printed("goes on", printed)
        await eventually(lambda: site.module.delivered_wh > 20, "energy after the cut")
        printed = site.firmware.mark
        await site.present("TAG-1")
        await site.printed(r"transaction \d+ ends", printed)
        since = site.mark()
        await site.central.start()
        await site.heard("StopTransaction", since)
        await site.status("Finishing", since)
        await check_books(site, 2)
        assert len(delivered(site, 2)) >= 5


async def test_the_car_leaves_while_the_power_is_off(tmp_path):
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        await site.heard("MeterValues")
        await site.firmware.kill()
        site.pull_out()
        await eventually(lambda: not site.module.enabled, "the module stops by itself")
        since = site.mark()
        await site.boot()
        ended = await site.heard("StopTransaction", since)
        assert ended.payload["reason"] in ("PowerLoss", "EVDisconnected")
        assert not site.module.enabled
        await check_books(site, 1)


async def test_the_register_survives_without_a_transaction(tmp_path):
    async with Site(tmp_path) as site:
        await start(site)
        first = await site.start_session("A")
        await eventually(lambda: site.module.delivered_wh > 8, "some energy")
        stop = await site.stop_session("A")
        await site.firmware.kill()
        await site.boot()
        second = await site.start_session("B")
        assert second.payload["meterStart"] == stop.payload["meterStop"] > first.payload["meterStart"]


async def test_an_orderly_stop_in_the_middle_of_a_transaction(tmp_path):
    """Ctrl-C: exit status 0, the stop frame is sent; the transaction goes on at the next start."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        frames = site.hub.frames
        assert await site.firmware.interrupt() == 0
        stops = [f for f in site.hub.log if f.seq > frames and f.can_id == 0x068181FE and f.data[1] == 0x32]
        assert stops and stops[-1].data[3] == 0x01
        await eventually(lambda: not site.module.enabled, "the module is off")
        since = site.mark()
        await site.boot()
        await charging_again(site, since)
        await site.stop_session()
        await check_books(site, 1)
