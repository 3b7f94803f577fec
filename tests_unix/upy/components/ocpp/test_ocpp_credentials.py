"""SecurityProfile and AuthorizationKey: what is dialled next, what is kept until it has worked, over power cuts too."""

from ocpp_site import Central, Site, booted

from components.ocpp.access import REFUSED
from components.ocpp.report import diagnostics
from components.ocpp.security.setting import forms_of

SECURITY = (("components.ocpp.security:Security", {}),)
HEX = "00112233445566778899aabbccddeeff00112233"
PLAIN = "correct-horse-batter"  # 20 characters


class Roots:
    """Certificates that are there."""

    def __init__(self, client=None):
        self._client = client

    def roots(self, kind):
        assert kind == "CentralSystemRootCertificate"
        return iter((b"root",))

    def client(self):
        return self._client


async def powered(tmp, roots=None, **options):
    site = Site(tmp, profiles=SECURITY, **options)
    site.ocpp.trust.add_certificates(roots)
    await site.power_on()
    return site


def attempt(site, *accepted):
    """Dial once; `accepted`: the passwords that the central system takes. Returns whether it took ours."""
    access = site.ocpp.link.access
    access.begin()
    user, password = access.auth or (None, None)
    if password in accepted:
        access.opened()
        return True
    access.failed(REFUSED)
    return False


async def set_key(site, key):
    status = site.ocpp.set("AuthorizationKey", key)
    await site.run(0)
    return status


def test_what_is_a_key():
    assert forms_of(HEX) == "xt" and forms_of(PLAIN) == "t"
    assert forms_of(HEX[:32]) == "xt"  # 16 bytes
    assert forms_of(HEX[:33]) == forms_of(HEX[:16]) == "t"  # half a byte; not 16 bytes, but 16 characters
    for wrong in ("", "x" * 15, "x" * 41, "a key with an \u00e9 in it", "a key with\ta tab in it"):
        assert forms_of(wrong) == "", wrong


async def test_what_is_refused_changes_nothing(tmp):
    site = await powered(tmp, auth_key="initial")
    for wrong in ("short", "x" * 41, "line\nbreak-line-break"):
        assert await set_key(site, wrong) == "Rejected"
    assert attempt(site, "initial")


async def test_a_new_key_is_kept_once_it_worked(tmp):
    site = await powered(tmp, auth_key="initial")
    assert attempt(site, "initial")
    assert await set_key(site, PLAIN) == "Accepted"
    await site.power_off()  # before anything came of it
    site = await powered(tmp, auth_key="initial")
    assert attempt(site, PLAIN)
    await site.power_off()
    site = await powered(tmp, auth_key="initial")
    assert attempt(site, PLAIN)
    await site.power_off()


async def test_a_new_key_that_is_refused_leads_back_and_is_forgotten(tmp):
    site = await powered(tmp, auth_key="initial")
    assert await set_key(site, PLAIN) == "Accepted"
    assert not attempt(site, "initial")
    assert attempt(site, "initial")
    assert not attempt(site, PLAIN)
    await site.power_off()
    site = await powered(tmp, auth_key="initial")
    assert attempt(site, "initial")
    await site.power_off()


async def test_both_keys_stay_while_neither_works(tmp):
    """The central system is in trouble: whichever key it will know in the end, we have it."""
    for final in ("initial", PLAIN):
        site = await powered(tmp + "/" + final, auth_key="initial")
        await set_key(site, PLAIN)
        assert not any(attempt(site) for _ in range(7))
        await site.power_off()
        site = await powered(tmp + "/" + final, auth_key="initial")
        assert not any(attempt(site) for _ in range(4))
        assert attempt(site, final) or attempt(site, final)
        await site.power_off()


async def test_forty_digits_are_twenty_bytes_or_text_whichever_the_central_system_means(tmp):
    as_bytes = bytes([int(HEX[i : i + 2], 16) for i in range(0, 40, 2)])
    for name, meant, attempts in (("bytes", as_bytes, 1), ("text", HEX, 2)):
        site = await powered(tmp + "/" + name, auth_key="initial")
        await set_key(site, HEX)
        assert [attempt(site, meant) for _ in range(attempts)] == [False] * (attempts - 1) + [True]
        await site.power_off()
        site = await powered(tmp + "/" + name, auth_key="initial")  # what worked is known now
        assert attempt(site, meant)
        await site.power_off()


async def test_a_lost_network_is_no_reason_to_change_the_key(tmp):
    site = await powered(tmp, auth_key="initial")
    await set_key(site, PLAIN)
    for _ in range(10):
        site.ocpp.link.access.begin()
        site.ocpp.link.access.failed(None)
    assert attempt(site, PLAIN)


async def test_what_is_set_while_we_dial_counts_for_the_next_attempt(tmp):
    site = await powered(tmp, auth_key="initial")
    access = site.ocpp.link.access
    access.begin()
    await set_key(site, PLAIN)
    assert not access.opened()  # it was the former key that worked
    access.begin()
    assert access.auth == ("CP-1", PLAIN) and access.opened()


async def test_a_profile_is_only_raised_and_only_with_what_it_needs(tmp):
    site = await powered(tmp)
    answer = lambda value: site.ocpp.set("SecurityProfile", value)  # noqa: E731
    assert [answer(value) for value in ("-1", "4", "x", "1", "2", "3")] == ["Rejected"] * 6  # no key, no certificates
    assert answer("0") == "Accepted"
    await set_key(site, PLAIN)
    assert attempt(site, PLAIN) and site.ocpp.get("SecurityProfile") == [("SecurityProfile", "1", False)]
    assert answer("2") == "Rejected"  # no root certificate
    site.ocpp.trust.add_certificates(Roots())
    assert answer("3") == "Rejected"  # no certificate of our own
    assert answer("2") == "Accepted" and site.ocpp.link.url == "wss://127.0.0.1:1/CP-1"
    assert site.ocpp.get("SecurityProfile")[0][1] == "1"  # until it has worked
    assert attempt(site, PLAIN) and site.ocpp.get("SecurityProfile")[0][1] == "2"
    assert answer("1") == answer("0") == "Rejected" and answer("2") == "Accepted"
    site.ocpp.trust.add_certificates(Roots(client=((b"own",), b"key")))
    assert answer("3") == "Accepted" and site.ocpp.link.access.auth is None and site.ocpp.link.access.login
    await site.power_off()


async def test_a_profile_that_cannot_connect_gives_way_to_the_former_one(tmp):
    site = await powered(tmp, Roots(), auth_key=PLAIN, url="ws://host/ocpp")
    assert site.ocpp.set("SecurityProfile", "2") == "Accepted"
    await site.power_off()
    site = await powered(tmp, Roots(), auth_key=PLAIN, url="ws://host/ocpp")
    access = site.ocpp.link.access
    dialled = []
    for _ in range(4):
        access.begin()
        dialled.append(access.url)
        access.failed(None)
    assert dialled == ["wss://host/ocpp/CP-1"] * 3 + ["ws://host/ocpp/CP-1"]
    access.begin()
    assert access.opened() and access.profile == 1 and site.lines("back to security profile 1")
    await site.power_off()
    site = await powered(tmp, Roots(), auth_key=PLAIN, url="ws://host/ocpp")
    assert site.ocpp.link.url == "ws://host/ocpp/CP-1"
    assert site.ocpp.set("SecurityProfile", "2") == "Accepted"  # it may be tried again
    await site.power_off()


async def test_another_url_for_tls(tmp):
    site = Site(tmp, profiles=(("components.ocpp.security:Security", {"url_tls": "wss://secure/x"}),), auth_key=PLAIN)
    site.ocpp.trust.add_certificates(Roots())
    await site.power_on()
    site.ocpp.set("SecurityProfile", "2")
    assert site.ocpp.link.url == "wss://secure/x/CP-1"


async def test_settings_that_were_changed_count_more(tmp):
    """The installer gave it to another operator, whose central system does not know the former one's key."""
    site = await powered(tmp, auth_key="initial")
    await set_key(site, PLAIN)
    assert attempt(site, PLAIN)
    await site.power_off()
    site = await powered(tmp, auth_key="another")
    assert attempt(site, "another")
    await site.power_off()


async def test_options_that_are_refused(tmp):
    for options, words in (({"url_tls": "ws://h/"}, "url_tls"), ({"profile": 2}, "auth_key")):
        try:
            Site(tmp, profiles=(("components.ocpp.security:Security", options),))
            raise AssertionError(options)
        except ValueError as e:
            assert words in str(e)


async def test_a_key_is_never_read(tmp):
    site = await booted(tmp, profiles=SECURITY, auth_key="the-initial-secret")
    set_to = {"key": "AuthorizationKey", "value": PLAIN}
    assert await site.central.call("ChangeConfiguration", set_to) == {"status": "Accepted"}
    for asked in ({}, {"key": ["authorizationKEY"]}):
        answer = await site.central.call("GetConfiguration", asked)
        found = [entry for entry in answer["configurationKey"] if entry["key"] == "AuthorizationKey"]
        assert found == [{"key": "AuthorizationKey", "readonly": False}]
    await site.central.give('[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"%s"' % PLAIN)
    await site.central.give([2, "2", "ChangeConfiguration", {"key": "AuthorizationKey", "value": 1, "more": PLAIN}])
    await site.run(1000)
    assert site.ocpp.counters.malformed == 1
    site.kernel.parts = ()
    seen = list(site.tail.lines) + list(site.ocpp.describe()) + list(site.profiles[0].log_lines())
    seen += list(diagnostics(site.ocpp, site.kernel, site.clock, site.log, None, None))
    seen += [str(frame) for frame in site.central.results + site.central.calls]
    for text in seen:
        assert "the-initial-secret" not in text and PLAIN not in text, text


async def test_the_answer_is_sent_before_the_connection_is_made_anew(tmp):
    site = await booted(tmp, profiles=SECURITY)
    order = []
    site.ocpp.link.reconnect = lambda: order.append(len(site.central.results))
    await site.central.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": PLAIN})
    assert order == [1]
    await site.central.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": "short"})
    assert order == [1] and isinstance(site.central, Central)
