"""The books of a site after power cuts: what the central system got of a transaction, and whether all is right."""

from tools.central import CALLRESULT

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
            values.append(float(payload["meterStop"]))  # whole Wh, rounded up
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
    # what the last measurement came late is billed at its power: half a second at the full 24 kW is 3 Wh
    assert messages[-1][1]["meterStop"] - messages[0][1]["meterStart"] <= site.module.delivered_wh * 1.01 + 3
    site.check_calm()


async def charging_again(site, since):
    """After a power cut: the transaction goes on without a card."""
    await site.status("Charging", since)
    await site.current_flows()


async def start(site):
    await site.boot()
    await site.configure(MeterValueSampleInterval=1, TransactionMessageRetryInterval=1, TransactionMessageAttempts=50)
