"""What comes before what: messages of different sources, and events while an answer is still on its way out."""

from ocpp_site import Central, booted


async def test_the_stop_is_sent_before_the_status_that_tells_of_its_end(tmp):
    """Also if MeterValues went out just before, after which a StatusNotification would have its turn."""
    site = await booted(tmp)
    site.ocpp.set("MeterValueSampleInterval", "10")
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    site.central.answers["MeterValues"] = None  # is outstanding when the vehicle goes
    while not site.central.of("MeterValues"):
        await site.run(500)
    site.unplug()
    await site.run(500)
    assert site.ocpp.state.value == "Available" and not site.central.of("StopTransaction")
    await site.central.give([3, site.central.calls[-1][0], {}])
    await site.run(500)
    assert site.central.actions()[-3:] == ["StopTransaction", "StatusNotification", "StatusNotification"]
    assert site.central.states()[-2:] == ["Finishing", "Available"]


async def test_a_long_queue_does_not_keep_back_the_status(tmp):
    class Slow(Central):
        async def take(self, text):
            await self.site.clock.sleep_ms(100)
            await super().take(text)

    site = await booted(tmp, Slow())
    central = site.central
    site.ocpp.set("MeterValueSampleInterval", "10")
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    await site.disconnect()
    await site.run(200000)
    site.gate.bms_permits.set(False)
    await site.run(3000)
    central.calls = []
    await site.connect(central)
    await site.run(5000)
    assert central.actions().count("MeterValues") >= 20
    assert "StatusNotification" in central.actions()[:8]


async def test_a_remote_start_that_another_start_overtook_starts_nothing_later(tmp):
    """The answer to it waits for a slow network; meanwhile an idTag is presented."""

    class Slow(Central):
        async def take(self, text):
            if text.startswith("[3,"):
                await self.site.clock.sleep_ms(3000)
            await super().take(text)

    for authorize, remote in (("false", "REMOTE"), ("true", "REMOTE"), ("true", "LOCAL")):
        site = await booted(tmp, Slow())
        site.ocpp.set("AuthorizeRemoteTxRequests", authorize)
        site.ocpp.set("LocalPreAuthorize", "true")
        site.ocpp.authorization.learn("LOCAL", ("Accepted", 0, None))
        site.plug_in()
        await site.run(500)
        await site.central.give([2, "r1", "RemoteStartTransaction", {"idTag": remote}])
        await site.run(100)
        site.ocpp.present_tag("LOCAL")
        await site.run(5000)
        assert site.ocpp.transaction.id_tag == "LOCAL", (authorize, remote)
        site.ocpp.present_tag("LOCAL")
        await site.run(2000)
        assert site.ocpp.transaction is None
        assert [p["idTag"] for p in site.central.of("StartTransaction")] == ["LOCAL"]
        site.unplug()
        await site.run(500)
        await site.power_off()


async def test_a_message_that_cannot_be_sent_ends_the_connection(tmp):
    """A server that stops reading must not hold the charge point for ever, even without pings."""
    site = await booted(tmp)
    site.plug_in()
    taken = site.ocpp.rpc._transmit

    async def stuck(text):
        await site.clock.sleep_ms(10000000)

    site.ocpp.rpc._transmit = stuck
    site.ocpp.present_tag("TAG")
    await site.run(25000)
    ended = site._tasks[-1]
    assert not ended.done()
    await site.run(10000)
    assert ended.done()
    try:
        await ended
        raise AssertionError("the pump returned")
    except OSError as e:
        assert "Authorize" in str(e), e
    site.ocpp.rpc._transmit = taken
    await site.disconnect()
    assert site.ocpp.present_tag("TAG") == "refused: its status is Invalid"  # nothing hangs: the offline rules decide
    await site.connect(Central())
    assert site.ocpp.online()


async def test_a_journal_and_a_central_system_that_both_refuse_are_no_flood(tmp):
    site = await booted(tmp)
    central = site.central
    site.ocpp.set("TransactionMessageAttempts", "1")
    refused = []
    central.answers["StartTransaction"] = lambda payload: refused.append(1) or "InternalError"
    site.plug_in()
    await site.run(500)
    commit = site.store.commit

    def refuse(*args, **kwargs):
        if kwargs.get("pop"):
            raise site.store.Error("medium broken")
        return commit(*args, **kwargs)

    site.store.commit = refuse
    site.ocpp.present_tag("TAG")
    await site.run(20000)
    assert 1 <= len(refused) <= 6, len(refused)
    site.store.commit = commit
    await site.run(10000)
    assert len(site.ocpp.journal) == 0
