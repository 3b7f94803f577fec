"""Root certificates: InstallCertificate, GetInstalledCertificateIds, DeleteCertificate (white paper, M03 to M05)."""

import hashlib
import os

from certificate_authority import DAY_S, NOON_S, authority
from certificates_site import CENTRAL_SYSTEM, MANUFACTURER, booted, rooted
from ocpp_site import Central

from ux509 import Certificate, Untrusted, new_key, pem
from ux509.names import COMMON_NAME, name


def hash_data(certificate, issuer):
    """CertificateHashData, computed another way: from where the fields lie."""
    key = issuer.public
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(issuer.name).digest().hex(),
        "issuerKeyHash": hashlib.sha256(key).digest().hex(),
        "serialNumber": "%x" % Certificate(certificate.der).serial,
    }


async def test_the_keys(tmp):
    site = await booted(tmp, given={"max_installed": 5})
    names = ["AdditionalRootCertificateCheck", "CertificateSignedMaxChainSize", "CertificateStoreMaxLength", "CpoName"]
    answer = await site.central.call("GetConfiguration", {"key": names})
    got = {entry["key"]: (entry["value"], entry["readonly"]) for entry in answer["configurationKey"]}
    assert got == {
        "AdditionalRootCertificateCheck": ("false", True),
        "CertificateSignedMaxChainSize": ("10000", True),
        "CertificateStoreMaxLength": ("5", True),
        "CpoName": ("", False),
    }
    for value, status in (("Größe & Co.", "Accepted"), ("x" * 64, "Accepted"), ("x" * 65, "Rejected")):
        answer = await site.central.call("ChangeConfiguration", {"key": "CpoName", "value": value})
        assert answer["status"] == status
    for key in names[:3]:
        answer = await site.central.call("ChangeConfiguration", {"key": key, "value": "1"})
        assert answer["status"] == "Rejected"
    profiles = await site.central.call("GetConfiguration", {"key": ["SupportedFeatureProfiles"]})
    assert profiles["configurationKey"][0]["value"] == "Core"


async def test_both_kinds_are_installed_and_listed(tmp):
    site = await booted(tmp)
    assert await site.listed() == [] == await site.listed(MANUFACTURER)
    first, second, maker = await authority("One"), await authority("Two"), await authority("Maker", ends=7)
    for root, kind in ((first, CENTRAL_SYSTEM), (second, CENTRAL_SYSTEM), (maker, MANUFACTURER)):
        assert await site.install("issued by hand\r\n" + root.text, kind) == "Accepted"
        assert await site.install(root.text, kind) == "Accepted"  # once more is no more
    for _ in range(2):
        listed = await site.listed()
        assert len(listed) == 2 and hash_data(first, first) in listed and hash_data(second, second) in listed
        assert await site.listed(MANUFACTURER) == [hash_data(maker, maker)]
        assert sorted(site.trusted()) == sorted((first.der, second.der))
        assert site.trusted(MANUFACTURER) == [maker.der]
        site = await site.restarted(tmp)
    assert list(site.ocpp.describe())[-1].startswith("Certificates: 2 roots of the central system, 1 of the")


async def test_a_root_signed_by_one_that_is_there_is_known_by_its_issuers_key(tmp):
    site, root = await rooted(tmp)
    below = await authority("Below", root)
    assert await site.install(below.text, MANUFACTURER) == "Rejected"  # its issuer is of the other kind
    assert await site.install(below.text) == "Accepted"
    assert hash_data(below, root) in await site.listed()
    assert await site.delete(hash_data(root, root)) == "Accepted"
    assert await site.listed() == [hash_data(below, root)]


async def test_what_is_no_root_is_rejected_and_reported(tmp):
    site, root = await rooted(tmp)
    site.events.clear()
    other = await authority("Other")
    d, public = await new_key()
    leaf = await root.issue(name((COMMON_NAME, "leaf")), public)
    forged = bytearray((await authority("Forged")).der)
    forged[-1] ^= 1
    wrong_usage = await authority("Usage", key_usage=0x80)
    texts = [
        "", "no certificate", root.text + other.text, root.text.replace("E", "F", 3), other.text[:200],
        pem.encode(leaf), pem.encode(bytes(forged)), pem.encode(b"\x30\x00"), wrong_usage.text,
        (await authority("Old", ends=-1)).text, (await authority("New", begins=1)).text,
        (await authority("Lost", other)).text, pem.encode(other.der).replace("CERTIFICATE", "PUBLIC KEY"),
    ]  # fmt: skip
    for text in texts:
        assert await site.install(text) == "Rejected", text
        assert await site.install(text, MANUFACTURER) == "Rejected"
    assert [type for type, _ in site.events] == ["InvalidCentralSystemCertificate"] * len(texts)
    reasons = [info for _, info in site.events]
    assert "expired (certificate 0)" in reasons and "not yet valid (certificate 0)" in reasons
    assert len(await site.listed()) == 1 and await site.listed(MANUFACTURER) == []
    assert len(site.lines("CentralSystemRootCertificate refused")) == len(texts)


async def test_a_store_that_is_full_takes_no_more(tmp):
    site = await booted(tmp, given={"max_installed": 2})
    roots = (await authority("One"), await authority("Two"), await authority("Three"))
    assert await site.install(roots[0].text) == "Accepted"
    assert await site.install(roots[1].text, MANUFACTURER) == "Accepted"
    assert await site.install(roots[2].text) == "Rejected"
    assert await site.install(roots[0].text) == "Accepted"  # it is there
    assert await site.delete(hash_data(roots[1], roots[1])) == "Accepted"
    assert await site.install(roots[2].text) == "Accepted"


async def test_what_cannot_be_written_is_Failed(tmp):
    with open(tmp + "/certs", "w"):
        pass  # a file where the directory should be
    site = await booted(tmp)
    root = await authority("Root")
    assert await site.install(root.text) == "Failed"
    assert await site.listed() == [] and site.events == []
    os.remove(tmp + "/certs")
    assert await site.install(root.text) == "Accepted"


async def test_deleting(tmp):
    site, root = await rooted(tmp)
    other = await authority("Other", serial=0x0ABC)
    await site.install(other.text)
    data = hash_data(other, other)
    for wrong in (
        dict(data, serialNumber="abd"),
        dict(data, issuerNameHash="00" * 32),
        dict(data, issuerKeyHash=data["issuerNameHash"]),
        dict(data, hashAlgorithm="SHA512"),
        dict(data, serialNumber=""),
    ):
        assert await site.delete(wrong) == "NotFound", wrong
    capital = {key: value if key == "hashAlgorithm" else value.upper() for key, value in data.items()}
    assert await site.delete(dict(capital, serialNumber="000ABC")) == "Accepted"
    assert await site.delete(data) == "NotFound"
    assert await site.listed() == [hash_data(root, root)]
    assert await site.delete(hash_data(root, root)) == "Accepted"  # this connection needs none
    assert await site.listed() == []
    assert [event for event in site.events if "deleted" in event[1]] == [
        ("ReconfigurationOfSecurityParameters", "CentralSystemRootCertificate deleted")
    ] * 2


async def test_the_last_root_of_a_connection_over_tls_stays(tmp):
    given = await authority("Given")
    with open(tmp + "/ca.pem", "w") as file:
        file.write(given.text)
    site = await booted(tmp, url="wss://127.0.0.1:1", ca_file="ca.pem")
    assert await site.listed() == [hash_data(given, given)]  # that of the setting belongs to them
    assert await site.delete(hash_data(given, given)) == "Failed"  # and is the installer's
    root, other = await authority("Root"), await authority("Other")
    assert await site.install(root.text) == "Accepted"
    assert await site.delete(hash_data(root, root)) == "Accepted"
    with open(tmp + "/ca.pem", "w") as file:
        file.write("nothing")
    for one in (root, other):
        assert await site.install(one.text) == "Accepted"
    assert await site.delete(hash_data(other, other)) == "Accepted"
    assert await site.delete(hash_data(root, root)) == "Failed"
    assert len(site.trusted()) == 1 and site.lines("ca_file: DER") and site.lines("it is in use")


async def test_a_broken_file_is_passed_over_and_reported(tmp):
    site, root = await rooted(tmp)
    other = await authority("Other")
    await site.install(other.text)
    path = tmp + "/certs/" + site.certificates.files().names("c-")[0]
    with open(path, "r+b") as file:
        file.seek(100)
        byte = file.read(1)
        file.seek(100)
        file.write(bytes((byte[0] ^ 1,)))
    with open(tmp + "/certs/c-left.new", "w") as file:
        file.write("half of")
    site = await site.restarted(tmp)
    assert len(await site.listed()) == 1 == len(site.trusted())
    assert site.lines("is broken") and "c-left.new" not in os.listdir(tmp + "/certs")


async def test_chains_are_verified_for_others(tmp):
    site, root = await rooted(tmp)
    maker = await authority("Maker")
    await site.install(maker.text, MANUFACTURER)
    signer = await authority("Signer", maker)
    d, public = await new_key()
    leaf = await signer.issue(name((COMMON_NAME, "leaf")), public)
    chain = pem.encode(leaf) + signer.text
    verify = site.certificates.verify_chain
    assert (await verify(chain, MANUFACTURER)).der == leaf
    for text, kind, reason in (
        (chain, CENTRAL_SYSTEM, "unknown issuer"),
        (pem.encode(leaf), MANUFACTURER, "unknown issuer"),
        ("nothing", MANUFACTURER, "malformed"),
        (pem.encode(leaf[:-1]), MANUFACTURER, "malformed"),
    ):
        try:
            await verify(text, kind)
            raise AssertionError(reason)
        except Untrusted as error:
            assert error.reason == reason
    site.clock.set_utc_ms((NOON_S + 701 * DAY_S) * 1000)
    try:
        await verify(chain, MANUFACTURER)
        raise AssertionError("expired")
    except Untrusted as error:
        assert error.reason == "expired"


async def test_a_new_root_must_be_signed_by_the_one_that_it_replaces(tmp):
    site = await booted(tmp, given={"additional_root_check": True})
    old, other = await authority("Old"), await authority("Other")
    assert await site.install(old.text) == "Accepted"  # the first one
    assert await site.install(other.text) == "Rejected"
    assert site.events[-1][0] == "InvalidCentralSystemCertificate"
    new = await authority("New", old)
    assert await site.install(new.text) == "Accepted"
    assert await site.install(other.text, MANUFACTURER) == "Accepted"  # the check is for the other kind only
    assert len(await site.listed()) == 2  # the old one stays as long as it may be needed
    assert site.trusted() == [new.der]  # but the new one is tried first
    await site.reconnected(fails=1)
    assert site.trusted() == [new.der]  # it was accepted with the old one: again the new one first
    assert len(await site.listed()) == 2
    site = await site.restarted(tmp, given={"additional_root_check": True})
    assert site.trusted() == [new.der] and len(await site.listed()) == 2
    await site.disconnect()
    site.ocpp.counters.failed_connects += 1
    await site.run(300)
    assert site.trusted() == [old.der]
    site.ocpp.counters.failed_connects += 1
    await site.run(300)
    assert site.trusted() == [new.der]
    site.ocpp.counters.connects += 1
    await site.connect(Central())
    await site.run(500)
    assert site.trusted() == [new.der] and await site.listed() == [hash_data(new, old)]
    assert not [line for line in site.ocpp.describe() if "on trial" in line]
