"""How often the journal is written: each commit is a flush, and each flush may be an erase of the flash."""

from ocpp_site import Central, booted

ALL = "Energy.Active.Import.Register,Power.Active.Import"


class Counted:
    """Counts the commits of a store, each with what is in it."""

    def __init__(self, store):
        self._commit = store.commit
        self.taken = []
        store.commit = self.commit

    def commit(self, changes=None, push=(), pop=(), drop=()):
        self._commit(changes, push, pop, drop)
        if changes or push or pop or drop:
            self.taken.append((sorted(changes or ()), [name for name, _ in push], list(pop), len(drop)))

    def take(self):
        taken, self.taken = self.taken, []
        return taken


async def test_each_step_of_a_transaction_is_one_commit(tmp):
    """Start, answer, sample (register, MeterValues and transactionData), stop, answer: the register rides along."""
    site = await booted(tmp, cache_size=1)
    for key, value in (("MeterValueSampleInterval", "60"), ("MeterValuesSampledData", ALL)):
        assert site.ocpp.set(key, value) == "Accepted"
    site.charger.power_mw.set(10000000)
    site.ocpp.authorization.learn("TAG", ("Accepted", 0, None))
    site.ocpp.set("AuthorizationCacheEnabled", "false")
    answers, site.central.answers = site.central.answers, {"StartTransaction": None}
    await site.run(1000)
    site.plug_in()
    counted = Counted(site.store)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    ((changes, pushed, popped, _),) = counted.take()
    assert changes == ["ocpp/told", "ocpp/tx"] and pushed == ["ocpp", "ocpp/data"] and popped == []
    site.central.answers = answers
    message_id = [m for m, action, _ in site.central.calls if action == "StartTransaction"][0]
    await site.central.give([3, message_id, {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}])
    await site.run(500)
    ((changes, pushed, popped, _),) = counted.take()
    assert changes == ["ocpp/id/" + str(site.ocpp.transaction.number), "ocpp/tx"] and popped == ["ocpp"]
    await site.run(59000)
    for _ in range(40):  # more than transactionData keeps: thinning is in the same commit
        await site.run(60000)
        taken = counted.take()
        samples = [one for one in taken if one[1]]
        assert samples == [(["ocpp/last", "register"], ["ocpp", "ocpp/data"], [], samples[0][3])], taken
        assert [one for one in taken if not one[1]] == [([], [], ["ocpp"], 0)], taken  # the answer to MeterValues
    site.ocpp.present_tag("TAG")
    (taken,) = [one for one in counted.take() if one[1]]
    assert taken[:3] == (["ocpp/told", "ocpp/tx", "register"], ["ocpp", "ocpp/data"], [])
    await site.run(500)
    ((changes, pushed, popped, _),) = counted.take()
    assert len(changes) == 1 and changes[0].startswith("ocpp/id/") and popped[0] == "ocpp"
    assert set(popped[1:]) == {"ocpp/data"}


async def test_an_hour_offline_is_sixty_commits(tmp):
    central = Central()
    site = await booted(tmp, central)
    site.ocpp.set("MeterValueSampleInterval", "60")
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    await site.disconnect()
    counted = Counted(site.store)
    await site.run(3600000)
    assert len(counted.take()) == 60
    await site.connect(central)
    await site.run(60000)
    values = central.of("MeterValues")
    assert len(values) >= 60
