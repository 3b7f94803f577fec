"""The charge point's own certificate: SignCertificate, CertificateSigned, renewal (white paper, A02 and A03)."""

import os

from certificate_authority import DAY_S, NOON_S, SERVER, authority
from certificates_site import booted, rooted
from ocpp_site import Central
from triggered_messages import triggered

from ux509 import Certificate, new_key, pem, read_private_key
from ux509.der import reader
from ux509.names import COMMON_NAME, ORGANIZATION, name, text_of


def subject_of(request):
    body = reader(pem.decode(request, "CERTIFICATE REQUEST")[0]).enter(0x30)
    body.integer()
    return body.raw()


def client(site):
    """The certificate in use, checked to be that of the key beside it; None if there is none."""
    found = site.certificates.client()
    if found is None:
        return None
    chain, key = found
    first = Certificate(chain[0])
    assert first.key == read_private_key(key)[1]
    return first


async def certified(tmp, **options):
    """(site, root): a site that has a certificate of its own, settled."""
    site, root = await rooted(tmp)
    assert await site.deliver(await root.answer(await site.requested(), **options)) == "Accepted"
    await site.reconnected()
    await site.run(300)
    return site, root


async def test_a_certificate_is_requested_taken_and_used(tmp):
    site, root = await rooted(tmp, serial="SN-0001")
    assert client(site) is None
    await site.central.call("ChangeConfiguration", {"key": "CpoName", "value": "Größe & Co."})
    request = await site.requested()
    assert text_of(subject_of(request), COMMON_NAME) == "SN-0001"
    assert text_of(subject_of(request), ORGANIZATION) == "Größe & Co."
    assert "one requested" in list(site.ocpp.describe())[-1]
    below = await authority("Below", root)
    assert site.reconnects == 0
    chain = await below.answer(request) + below.text
    assert await site.deliver(chain) == "Accepted"
    assert site.reconnects == 1
    assert site.certificates.client()[0] == tuple(pem.decode(chain))
    assert client(site).common_name == "SN-0001"
    assert ("ReconfigurationOfSecurityParameters", "certificate of the charge point") in site.events
    site = await site.restarted(tmp, serial="SN-0001")
    assert client(site).common_name == "SN-0001"
    assert "our own certificate until 2028-12-15" in list(site.ocpp.describe())[-1]
    assert await site.deliver(chain) == "Rejected"  # nothing is requested any more


async def test_without_a_serial_number_the_identity_is_the_name_and_nobody_is_the_operator(tmp):
    site, root = await rooted(tmp, id="CP-77")
    request = await site.requested()
    assert text_of(subject_of(request), COMMON_NAME) == "CP-77"
    assert text_of(subject_of(request), ORGANIZATION) is None


async def test_a_request_outlives_a_restart(tmp):
    site, root = await rooted(tmp)
    request = await site.requested()
    site = await site.restarted(tmp)
    assert await site.deliver(await root.answer(request)) == "Accepted" and client(site)


async def test_what_is_no_certificate_for_us_is_rejected_and_reported(tmp):
    site, root = await certified(tmp)
    mine, stranger = client(site).der, await authority("Stranger")
    d, public = await new_key()
    request = await site.requested()
    good = await root.answer(request)
    ours = Certificate(pem.decode(good)[0])
    wrong = [
        pem.encode(await root.issue(ours.subject, public)),  # another key
        await stranger.answer(request),
        await root.answer(request, signed_by=stranger.d),
        await root.answer(request, begins=-9, ends=-1),
        await root.answer(request, usage=SERVER),
        await root.answer(request, key_usage=0x06),
        await root.answer(request, ca=True),
        pem.encode(await root.issue(name((COMMON_NAME, "CP-2")), ours.key)),
        "", "nothing", good[:200], good.replace("MI", "MJ", 1), good * 7,
    ]  # fmt: skip
    site.events.clear()
    for chain in wrong:
        assert await site.deliver(chain) == "Rejected", chain
    assert [type for type, _ in site.events] == ["InvalidChargePointCertificate"] * len(wrong)
    assert "not the key that was sent" in site.events[0][1] and "unknown issuer" in site.events[1][1]
    assert client(site).der == mine and site.reconnects == 1
    assert await site.deliver(good) == "Accepted"  # it is still wanted
    assert client(site).der == ours.der


async def test_a_chain_that_is_longer_than_may_be_is_rejected(tmp):
    site, root = await rooted(tmp, max_message=8192)
    answer = await site.central.call("GetConfiguration", {"key": ["CertificateSignedMaxChainSize"]})
    most = int(answer["configurationKey"][0]["value"])
    assert most == 7372
    chain = await root.answer(await site.requested())
    assert await site.deliver(" " * (most + 1 - len(chain)) + chain) == "Rejected"
    assert await site.deliver(" " * (most - len(chain)) + chain) == "Accepted"


async def test_a_certificate_for_later_is_used_when_its_time_comes(tmp):
    site, root = await certified(tmp)
    mine = client(site).der
    assert await site.deliver(await root.answer(await site.requested(), begins=3, ends=900)) == "Accepted"
    await site.run(61000)
    assert client(site).der == mine and site.reconnects == 1
    site = await site.restarted(tmp)
    site.clock.set_utc_ms((NOON_S + 3 * DAY_S + 60) * 1000)
    await site.run(61000)
    assert client(site).der != mine and site.reconnects == 1
    await site.reconnected()
    assert sorted(os.listdir(tmp + "/certs"))[-1] == "client"  # the former one is gone


async def test_the_former_certificate_is_tried_as_long_as_the_new_one_was_not_accepted(tmp):
    site, root = await certified(tmp)
    former = client(site).der
    assert await site.deliver(await root.answer(await site.requested(), serial=7)) == "Accepted"
    new = client(site).der
    await site.run(1000)
    assert "on trial" in list(site.ocpp.describe())[-1]
    await site.disconnect()
    for expected in (former, new, former):
        site.ocpp.counters.failed_connects += 1
        await site.run(300)
        assert client(site).der == expected
    await site.power_off()
    site = await booted(tmp)
    assert client(site).der == new and "on trial" in list(site.ocpp.describe())[-1]  # also after a restart


async def test_what_a_connection_was_accepted_with_stays(tmp):
    site, root = await certified(tmp)
    former = client(site).der
    await site.deliver(await root.answer(await site.requested(), serial=7))
    await site.reconnected(fails=1)
    await site.run(300)
    assert client(site).der == former and site.lines("back to the former one")
    site = await site.restarted(tmp)
    assert client(site).der == former
    await site.deliver(await root.answer(await site.requested(), serial=8))
    await site.reconnected(fails=2)
    await site.run(300)
    assert client(site).serial == 8 and "former" not in os.listdir(tmp + "/certs")


async def test_it_is_renewed_a_month_before_its_end(tmp):
    site, root = await certified(tmp, ends=100)
    requests = lambda: len(site.central.of("SignCertificate"))  # noqa: E731
    site.clock.set_utc_ms((NOON_S + 69 * DAY_S) * 1000)
    site.central.start_ms = site.clock.utc_ms() - site.clock.uptime_ms()
    await site.run(120000)
    assert requests() == 1  # the first one
    site.clock.set_utc_ms((NOON_S + 71 * DAY_S) * 1000)
    site.central.start_ms = site.clock.utc_ms() - site.clock.uptime_ms()
    site.certificates.asked_ms -= 86400000  # that was a day ago
    await site.run(120000)
    assert requests() == 2
    await site.run(600000)
    assert requests() == 2  # nobody is pestered
    site = await site.restarted(tmp)
    await site.run(120000)
    assert requests() == 3
    assert await site.deliver(await root.answer(site.central.of("SignCertificate")[-1]["csr"], ends=200)) == "Accepted"
    site.certificates.asked_ms -= 86400000
    await site.run(120000)
    assert requests() == 3


async def test_a_request_that_is_refused_or_lost(tmp):
    site, root = await rooted(tmp)
    site.central.answers["SignCertificate"] = {"status": "Rejected"}
    request = await site.requested()
    assert site.lines("was not accepted: Rejected")
    assert await site.deliver(await root.answer(request)) == "Rejected"
    site.central.answers["SignCertificate"] = "InternalError"
    assert triggered(site, "SignChargePointCertificate")
    await site.run(1000)
    site.central.answers["SignCertificate"] = None
    assert triggered(site, "SignChargePointCertificate")
    await site.run(31000)
    requests = site.central.of("SignCertificate")
    assert len(requests) == 3 and requests[1] == requests[2]  # the same once more, after a time-out
    site.central.answers["SignCertificate"] = {"status": "Accepted"}
    await site.run(31000)
    assert await site.deliver(await root.answer(requests[-1]["csr"])) == "Accepted"


async def test_a_trigger_while_a_request_is_under_way_is_another_one(tmp):
    site, root = await rooted(tmp)
    site.central.answers["SignCertificate"] = None
    for _ in range(3):
        assert triggered(site, "SignChargePointCertificate")
        await site.run(500)
    requests = site.central.of("SignCertificate")
    assert len(requests) == 1
    site.central.answers["SignCertificate"] = {"status": "Accepted"}
    await site.run(31000)
    requests = site.central.of("SignCertificate")
    assert len(requests) == 3 and requests[0] == requests[1] != requests[2]
    assert await site.deliver(await root.answer(requests[0]["csr"])) == "Rejected"
    assert await site.deliver(await root.answer(requests[2]["csr"])) == "Accepted"


async def test_a_request_waits_for_the_connection(tmp):
    site, root = await rooted(tmp)
    await site.disconnect()
    assert triggered(site, "SignChargePointCertificate")
    await site.run(60000)
    await site.connect(central := Central())
    await site.run(1000)
    assert len(central.of("SignCertificate")) == 1


async def test_the_private_key_shows_nowhere(tmp):
    site, root = await certified(tmp)
    await site.deliver(await root.answer(await site.requested()))
    key = site.certificates.client()[1]
    d = read_private_key(key)[0]
    secrets = ("%064x" % d, "%d" % d, key.hex(), pem.encode(key).split("\n")[1][:30])
    configuration = await site.central.call("GetConfiguration", {})
    told = (configuration, site.tail.lines, site.events, site.central.calls, list(site.ocpp.describe()))
    for secret in secrets:
        assert secret.lower() not in str(told).lower()
