"""The Authorization Cache (OCPP 1.6, section 3.5.1)."""

from ocpp_site import NOON, Site, booted

from components.persistence import Persistence
from core.isotime import format_utc


async def show(site, tag):
    """Present a tag twice: checked, and taken back."""
    site.ocpp.present_tag(tag)
    await site.run(500)
    if site.ocpp.transactions.expects_plug():
        site.ocpp.present_tag(tag)
    await site.run(500)


async def test_LocalPreAuthorize_asks_only_for_what_is_not_cached(tmp):
    site = await booted(tmp)
    site.ocpp.set("LocalPreAuthorize", "true")
    await show(site, "TAG")
    await show(site, "tag")
    assert site.central.of("Authorize") == [{"idTag": "TAG"}]
    site.ocpp.set("LocalPreAuthorize", "false")
    await show(site, "TAG")
    assert len(site.central.of("Authorize")) == 2


async def test_a_cached_refusal_is_asked_again(tmp):
    site = await booted(tmp)
    site.ocpp.set("LocalPreAuthorize", "true")
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    await show(site, "TAG")
    del site.central.answers["Authorize"]
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert site.ocpp.transactions.expects_plug() and len(site.central.of("Authorize")) == 2


async def test_expiry_by_the_clock_and_while_the_time_is_unknown(tmp):
    site = await booted(tmp)
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "expiryDate": format_utc(NOON + 600000)}}
    await show(site, "TAG")
    assert site.ocpp.authorization.cached("TAG") == ("Accepted", None)
    await site.run(600000)
    assert site.ocpp.authorization.cached("TAG") == ("Expired", None)
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    assert site.ocpp.authorization.cached("TAG") == ("Expired", None)


async def test_a_broken_expiry_is_none(tmp):
    site = await booted(tmp)
    for broken in ("soon", 5, "", {}):
        site.central.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "expiryDate": broken}}
        await show(site, "TAG")
        assert site.ocpp.authorization.cached("TAG") == ("Accepted", None)


async def test_bounded_and_the_least_recently_used_goes(tmp):
    site = await booted(tmp, cache_size=3)
    for tag in ("A", "B", "C"):
        await show(site, tag)
    assert site.ocpp.authorization.cached("A") is not None
    await show(site, "D")
    assert site.ocpp.authorization.cached("B") is None
    assert [site.ocpp.authorization.cached(tag) is not None for tag in "ACD"] == [True] * 3
    assert len(site.store.keys("ocpp/a/")) == 3


async def test_the_largest_cache_can_be_cleared(tmp):
    site = await booted(tmp, cache_size=500)
    for number in range(500):
        site.ocpp.authorization.learn("A-TAG-OF-20-LETTE%03d" % number, ("Accepted", 0, None))
    assert len(site.store.keys("ocpp/a/")) == 500
    assert await site.central.call("ClearCache", {}) == {"status": "Accepted"}
    assert site.store.keys("ocpp/a/") == [] and site.ocpp.authorization.cached("A-TAG-OF-20-LETTE000") is None


async def test_persistence_clear_and_disabled(tmp):
    site = await booted(tmp)
    await show(site, "TAG")
    await site.power_off()
    site = await booted(tmp)
    assert site.ocpp.authorization.cached("TAG") == ("Accepted", None)
    assert await site.central.call("ClearCache", {}) == {"status": "Accepted"}
    assert site.ocpp.authorization.cached("TAG") is None and site.store.keys("ocpp/a/") == []
    site.ocpp.set("AuthorizationCacheEnabled", "false")
    await show(site, "TAG")
    assert site.store.keys("ocpp/a/") == []
    assert await site.central.call("ClearCache", {}) == {"status": "Rejected"}


async def test_start_and_stop_answers_update_it_and_the_same_again_writes_nothing(tmp):
    site = await booted(tmp)
    site.central.answers["StopTransaction"] = {"idTagInfo": {"status": "Expired", "parentIdTag": "P"}}
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert site.ocpp.authorization.cached("TAG") == ("Accepted", None)
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert site.ocpp.authorization.cached("TAG") == ("Expired", "P")
    site.central.answers["Authorize"] = site.central.answers["StopTransaction"]
    records = site.store.records
    await show(site, "TAG")
    assert site.store.records == records


async def test_a_list_has_precedence_and_is_not_cached(tmp):
    site = await booted(tmp)

    class LocalList:
        def find(self, tag):
            return ("Blocked", None) if tag == "LISTED" else None

    site.ocpp.authorization.add_list(LocalList())
    await show(site, "LISTED")
    await show(site, "OTHER")
    assert site.store.keys("ocpp/a/") == ["ocpp/a/OTHER"]
    await site.disconnect()
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.ocpp.present_tag("LISTED")
    assert not site.ocpp.transactions.expects_plug()


class Refusing:
    """A journal that takes nothing for the cache."""

    def __init__(self, store, error):
        self._commit = store.commit
        self._error = error
        store.commit = self.commit

    def commit(self, changes=None, push=(), pop=(), drop=()):
        if any(key.startswith("ocpp/a/") for key in changes or ()):
            raise self._error
        self._commit(changes, push, pop, drop)


async def test_an_entry_that_cannot_be_journaled_costs_no_answer(tmp):
    """The driver is answered, what is out of date is not used, and no later presentation raises."""
    for number, error in enumerate((Persistence.Error("medium full"), MemoryError())):
        site = await booted("%s/%d" % (tmp, number))
        site.ocpp.set("AllowOfflineTxForUnknownId", "false")
        await show(site, "OLD")
        commit = site.store.commit
        Refusing(site.store, error)
        site.ocpp.present_tag("NEW")
        await site.run(500)
        assert site.ocpp.transactions.expects_plug(), "the Authorize was answered Accepted"
        site.ocpp.present_tag("NEW")
        site.central.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
        await show(site, "OLD")
        assert len(site.lines("idTag not cached")) == 1, "told, once a minute"
        central = site.central
        await site.disconnect()
        for tag in ("NEW", "OLD"):
            site.ocpp.present_tag(tag)
            await site.run(500)
            assert not site.ocpp.transactions.expects_plug(), "%s is not known as accepted" % tag
        site.store.commit = commit
        await site.connect(central)
        del central.answers["Authorize"]
        await show(site, "NEW")
        assert site.ocpp.authorization.cached("NEW") == ("Accepted", None)
        await site.power_off()
        site = Site("%s/%d" % (tmp, number))
        await site.power_on()
        assert site.ocpp.authorization.cached("NEW") == ("Accepted", None)
        await site.power_off()


async def test_a_cache_that_cannot_be_read_accepts_no_card(tmp):
    site = await booted(tmp)
    await show(site, "TAG")
    await site.disconnect()
    get = site.store.get

    def unreadable(key, default=None):
        if key.startswith("ocpp/a/"):
            raise Persistence.Error("medium broken")
        return get(key, default)

    site.store.get = unreadable
    assert not site.ocpp.present_tag("TAG").startswith("refused: the")
    assert not site.ocpp.transactions.expects_plug()
    site.store.get = get
    site.ocpp.present_tag("TAG")
    assert site.ocpp.transactions.expects_plug()
