"""What is secret is in the journal's file only as long, and only if, it has to be there."""

from firmware_site import started
from journals import content
from ocpp_site import Site

from components.ocpp.access import REFUSED

SECURITY = (("components.ocpp.security:Security", {}),)
GIVEN, FIRST, SECOND = "key-of-the-settings-1", "key-that-was-set-no-2", "key-that-was-set-no-3"


def quiet(store):
    """What the store does in a quiet moment."""
    while store._tend():
        pass


async def test_the_password_of_an_update_is_gone_with_its_end(tmp):
    """Also from the records that nothing lives in any more."""
    life = await started(tmp)
    life.server.url = life.server.url.replace("http://", "http://user:passw0rd@")
    await life.update("/missing")
    assert b"passw0rd" in content(tmp)  # a restart goes on with it
    await life.until_told("Downloading", "DownloadFailed")
    quiet(life.site.store)
    assert b"passw0rd" not in content(tmp)
    await life.update("/missing", retrieveDate="2028-01-01T00:00:00Z")
    life.server.url = life.server.url.replace("passw0rd", "another1")
    await life.update("/missing", retrieveDate="2028-01-01T00:00:00Z")  # in place of the first
    quiet(life.site.store)
    assert b"passw0rd" not in content(tmp) and b"another1" in content(tmp)
    await life.end()
    await life.server.stop()


async def powered(home):
    site = Site(home, profiles=SECURITY, auth_key=GIVEN)
    await site.power_on()
    return site


def dial(site, accepted):
    """Dial until the central system takes the password; returns whether that is one of two attempts."""
    access = site.ocpp.link.access
    for _ in range(2):
        access.begin()
        if access.auth[1] == accepted:
            return access.opened()
        access.failed(REFUSED)
    return False


async def test_a_key_is_in_the_journal_only_while_the_settings_do_not_have_it(tmp):
    site = await powered(tmp)
    assert site.ocpp.set("AuthorizationKey", FIRST) == "Accepted"
    assert GIVEN.encode() not in content(tmp) and FIRST.encode() in content(tmp)
    await site.power_off()
    site = await powered(tmp)  # both are known after a restart: one by the journal, one by the settings
    assert dial(site, GIVEN)
    quiet(site.store)
    assert FIRST.encode() not in content(tmp) and GIVEN.encode() not in content(tmp)
    await site.power_off()
    site = await powered(tmp)
    assert dial(site, GIVEN)
    await site.power_off()


async def test_a_key_that_was_replaced_is_gone(tmp):
    site = await powered(tmp)
    for key in (FIRST, SECOND):
        assert site.ocpp.set("AuthorizationKey", key) == "Accepted"
        assert dial(site, key)
    quiet(site.store)
    assert FIRST.encode() not in content(tmp) and SECOND.encode() in content(tmp)
    await site.power_off()
    site = await powered(tmp)
    assert dial(site, SECOND)
    await site.power_off()
