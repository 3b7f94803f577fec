"""Who starts a transaction, and why it ends (OCPP 1.6, sections 4.1, 4.8, 4.10, 5.11 to 5.18)."""

from ocpp_site import Central, Site, booted, charge, reasons

from components.station.optional import Absent
from core.kernel import RESTART


async def test_the_gate_opens_only_after_the_start_is_in_the_journal(tmp):
    site = await booted(tmp)
    seen = []
    site.gate.transaction.watch(
        lambda runs: seen.append((runs, site.store.get("ocpp/tx") is not None, len(site.store.queue("ocpp"))))
    )
    site.ocpp.set("LocalPreAuthorize", "true")
    await charge(site)
    site.ocpp.present_tag("tag")  # case-insensitive
    await site.run(500)
    assert seen == [(True, True, 1), (False, True, 0)]
    assert reasons(site.central) == ["Local"] and site.central.of("StopTransaction")[0]["idTag"] == "tag"
    assert site.central.of("Authorize") == [{"idTag": "TAG"}]


async def test_a_stop_holds_though_one_that_watches_the_gate_raises(tmp):
    """A lamp whose port is gone, say: the stop was lost, and the next step opened the gate again."""
    site = await booted(tmp)
    await charge(site)

    def broken(enabled):
        raise OSError("no lamp")

    site.gate.enabled.watch(broken)
    try:
        site.ocpp.present_tag("TAG")
    except OSError:
        pass
    else:
        raise AssertionError("it has been asked")
    opened = []
    site.gate.enabled.watch(opened.append)
    await site.run(3000)
    assert opened == [] and not site.gate.enabled.value
    assert reasons(site.central) == ["Local"] and site.central.of("StopTransaction")[0]["idTag"] == "TAG"


async def test_refused_tag(tmp):
    site = await booted(tmp)
    for status in ("Blocked", "Expired", "Invalid", "ConcurrentTx"):
        site.central.answers["Authorize"] = {"idTagInfo": {"status": status}}
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        assert site.ocpp.transaction is None and not site.gate.transaction.value
    assert site.ocpp.present_tag("x" * 21).startswith("an idTag has")
    assert site.ocpp.present_tag(" ").startswith("an idTag has")


async def test_another_tag_of_the_same_group_stops_and_a_stranger_does_not(tmp):
    site = await booted(tmp)
    parents = {"A": "FAMILY", "B": "family", "C": "OTHERS", "D": None}
    site.central.answers["Authorize"] = lambda p: {
        "idTagInfo": {"status": "Accepted", "parentIdTag": parents[p["idTag"]] or "NONE"}
    }
    await charge(site, "A")
    for stranger in ("C", "D"):
        site.ocpp.present_tag(stranger)
        await site.run(500)
        assert site.gate.enabled.value
    site.ocpp.present_tag("B")
    await site.run(500)
    assert reasons(site.central) == ["Local"] and site.central.of("StopTransaction")[0]["idTag"] == "B"


async def test_deauthorized_after_the_start(tmp):
    site = await booted(tmp)
    site.central.answers["StartTransaction"] = {"transactionId": 5, "idTagInfo": {"status": "Blocked"}}
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert reasons(site.central) == ["DeAuthorized"] and not site.gate.transaction.value


async def test_deauthorized_but_the_transaction_goes_on_without_energy(tmp):
    site = await booted(tmp)
    site.ocpp.set("StopTransactionOnInvalidId", "false")
    site.central.answers["StartTransaction"] = {"transactionId": 5, "idTagInfo": {"status": "Invalid"}}
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert site.ocpp.state.value == "SuspendedEVSE" and site.gate.limit_ma.value == 0 and reasons(site.central) == []
    await site.power_off()  # it is still so after a restart
    central = site.central
    site = Site(tmp)
    site.plug_in()
    await site.power_on()
    await site.connect(central or Central())
    await site.run(2000)
    assert site.ocpp.state.value == "SuspendedEVSE" and not site.gate.enabled.value
    site.unplug()
    await site.run(500)
    assert reasons(site.central) == ["EVDisconnected"]


async def test_MaxEnergyOnInvalidId(tmp):
    site = await booted(tmp)
    site.ocpp.set("MaxEnergyOnInvalidId", "50")  # 18 s at 10 kW
    site.central.answers["StartTransaction"] = {"transactionId": 5, "idTagInfo": {"status": "Invalid"}}
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(15000)
    assert site.gate.enabled.value
    await site.run(6000)
    assert reasons(site.central) == ["DeAuthorized"]
    stop = site.central.of("StopTransaction")[0]
    assert 50 <= stop["meterStop"] <= 53


async def test_unplugging_that_only_suspends(tmp):
    site = await booted(tmp)
    site.ocpp.set("StopTransactionOnEVSideDisconnect", "false")
    await charge(site)
    site.unplug()
    await site.run(2000)
    assert site.ocpp.state.value == "SuspendedEV" and not site.gate.enabled.value and reasons(site.central) == []
    site.plug_in()
    await site.run(1000)
    assert site.ocpp.state.value == "Charging"


async def test_remote_start_cable_first_remote_first_and_rejected(tmp):
    site = await booted(tmp)
    ask = site.central.call
    for wrong in ({"idTag": "R", "connectorId": 0}, {"idTag": "R", "connectorId": 2}, {"idTag": ""}):
        assert await ask("RemoteStartTransaction", wrong) == {"status": "Rejected"}, wrong
    assert await ask("RemoteStartTransaction", {"idTag": "R", "connectorId": 1}) == {"status": "Accepted"}
    assert await ask("RemoteStartTransaction", {"idTag": "S"}) == {"status": "Rejected"}  # one waits already
    site.plug_in()
    await site.run(1000)
    assert site.gate.enabled.value and site.central.of("Authorize") == []
    assert await ask("RemoteStartTransaction", {"idTag": "S"}) == {"status": "Rejected"}
    assert await ask("RemoteStopTransaction", {"transactionId": 77}) == {"status": "Rejected"}
    assert await ask("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
    await site.run(500)
    assert reasons(site.central) == ["Remote"] and "idTag" not in site.central.of("StopTransaction")[0]
    assert await ask("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Rejected"}
    assert site.ocpp.state.value == "Finishing"
    assert await ask("RemoteStartTransaction", {"idTag": "S"}) == {"status": "Accepted"}  # without unplugging
    await site.run(1000)
    assert site.gate.enabled.value and site.ocpp.transaction.id == 2


async def test_remote_start_with_authorization_and_time_out(tmp):
    site = await booted(tmp)
    site.ocpp.set("AuthorizeRemoteTxRequests", "true")
    assert await site.central.call("RemoteStartTransaction", {"idTag": "R"}) == {"status": "Accepted"}
    await site.run(500)
    assert site.central.of("Authorize") == [{"idTag": "R"}] and site.ocpp.state.value == "Preparing"
    await site.run(61000)
    assert site.ocpp.state.value == "Available"
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
    site.plug_in()
    assert await site.central.call("RemoteStartTransaction", {"idTag": "R"}) == {"status": "Accepted"}
    await site.run(1000)
    assert site.ocpp.transaction is None


async def test_offline_authorization(tmp):
    site = await booted(tmp)
    central = site.central
    central.answers["Authorize"] = lambda p: {"idTagInfo": {"status": "Blocked" if p["idTag"] == "BAD" else "Accepted"}}
    for tag in ("GOOD", "BAD"):
        site.ocpp.present_tag(tag)
        await site.run(500)
        site.ocpp.present_tag(tag)  # takes it back
        await site.run(500)
    await site.disconnect()
    cases = (  # LocalAuthorizeOffline, AllowOfflineTxForUnknownId, idTag, starts
        ("true", "false", "GOOD", True), ("true", "false", "BAD", False), ("true", "false", "NEW", False),
        ("false", "false", "GOOD", False), ("true", "true", "NEW", True), ("true", "true", "BAD", False),
        ("false", "true", "NEW", True), ("false", "true", "BAD", False),
    )  # fmt: skip
    for local, unknown, tag, starts in cases:
        site.ocpp.set("LocalAuthorizeOffline", local)
        site.ocpp.set("AllowOfflineTxForUnknownId", unknown)
        site.plug_in()
        await site.run(500)
        site.ocpp.present_tag(tag)
        await site.run(500)
        assert (site.ocpp.transaction is not None) == starts, (local, unknown, tag)
        site.unplug()
        await site.run(500)


async def test_an_authorize_that_is_never_answered_falls_back_to_the_offline_rules(tmp):
    site = await booted(tmp)
    site.plug_in()
    site.central.answers["Authorize"] = None
    site.ocpp.present_tag("TAG")
    await site.run(29000)
    assert site.ocpp.present_tag("OTHER").startswith("refused")
    await site.run(3000)
    assert site.ocpp.transaction is None
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.ocpp.present_tag("TAG")
    await site.disconnect()
    assert site.ocpp.transaction is not None


async def test_soft_reset_delivers_first(tmp):
    site = await booted(tmp)
    await charge(site)
    assert await site.central.call("Reset", {"type": "Soft"}) == {"status": "Accepted"}
    await site.run(1000)
    assert reasons(site.central) == ["SoftReset"] and site.exits[0][0] == RESTART
    assert site.ocpp.present_tag("X").startswith("refused")


async def test_soft_reset_does_not_wait_for_ever(tmp):
    site = await booted(tmp)
    site.central.answers["StopTransaction"] = None
    await charge(site)
    await site.central.call("Reset", {"type": "Soft"})
    await site.run(5000)
    assert site.exits == []
    await site.run(6000)
    assert site.exits[0][0] == RESTART and site.store.queue("ocpp").peek()[5] == "SoftReset"


async def test_hard_reset_is_journaled_and_at_once(tmp):
    site = await booted(tmp)
    site.central.answers["StopTransaction"] = None
    await charge(site)
    assert await site.central.call("Reset", {"type": "Hard"}) == {"status": "Accepted"}
    assert site.exits[0][0] == RESTART and site.store.queue("ocpp").peek()[5] == "HardReset"
    assert not site.gate.transaction.value


async def test_unlock_connector(tmp):
    site = await booted(tmp)
    await charge(site)
    ask = site.central.call
    assert await ask("UnlockConnector", {"connectorId": 1}) == {"status": "NotSupported"}
    assert site.gate.enabled.value  # nothing was unlocked, so nothing ends

    class Lock(Absent):
        works = True

        async def unlock(self):
            return self.works

    site.ocpp.transactions.lock = Lock()
    assert await ask("UnlockConnector", {"connectorId": 2}) == {"status": "NotSupported"}
    assert site.gate.enabled.value
    assert await ask("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    await site.run(500)
    assert reasons(site.central) == ["UnlockCommand"]
    Lock.works = False
    assert await ask("UnlockConnector", {"connectorId": 1}) == {"status": "UnlockFailed"}


async def test_data_transfer_from_the_central_system(tmp):
    site = await booted(tmp, vendor_id="Ours")
    ask = site.central.call
    assert await ask("DataTransfer", {"vendorId": "Theirs"}) == {"status": "UnknownVendorId"}
    assert await ask("DataTransfer", {"vendorId": "Ours", "messageId": "x"}) == {"status": "UnknownMessageId"}
