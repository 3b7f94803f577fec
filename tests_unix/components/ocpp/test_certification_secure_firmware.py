"""Security log and secure firmware update as OCA's certification asks: TC_079 to TC_081, and what may go wrong
(white paper "Improved security for OCPP 1.6-J", use cases N01 and L01).
"""

import base64
import json

import pki
import pytest
from charging_site import eventually
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from http_peer import HttpPeer, image_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MinimumStatusDuration": 0}
PAST = "2026-01-01T00:00:00Z"
IMAGE, OTHER = image_of(40_000), image_of(40_000)


@pytest.fixture
def peer(peer):
    peer.files["/image.bin"] = IMAGE
    return peer


@pytest.fixture(scope="module")
def maker():
    """The manufacturer's authority."""
    return pki.Authority("Maker of chargers")


async def trust(site, maker):
    """Have the charge point believe the manufacturer; it may do so already."""
    answer = await site.order(
        "InstallCertificate", certificateType="ManufacturerRootCertificate", certificate=maker.pem
    )
    assert answer.status == "Accepted"


async def update(site, url, request_id, signer, signature, **firmware):
    """SignedUpdateFirmware: the status of its answer."""
    firmware = {
        "location": url,
        "retrieveDateTime": PAST,
        "signingCertificate": signer.chain_pem,
        "signature": base64.b64encode(signature).decode(),
        **firmware,
    }
    return (await site.order("SignedUpdateFirmware", requestId=request_id, firmware=firmware, retries=1)).status


def told(site, since, request_id):
    told = site.central.calls("SignedFirmwareStatusNotification", since)
    assert {m.payload["requestId"] for m in told} <= {request_id}
    return [m.payload["status"] for m in told]


async def until_told(site, status, since, request_id):
    await site.received("SignedFirmwareStatusNotification", since, status=status)
    return told(site, since, request_id)


async def check_that_it_is_installed(site, peer, signer, signature, request_id):
    starts, since = site.firmware.starts, site.mark()
    assert await update(site, peer.url + "/image.bin", request_id, signer, signature) == "Accepted"
    assert await until_told(site, "Installed", since, request_id) == [
        "Downloading",
        "Downloaded",
        "SignatureVerified",
        "Installing",
        "InstallRebooting",
        "Installed",
    ]
    assert site.firmware.starts == starts + 1
    select = json.loads((site.home / "update" / "select").read_text())
    assert select["state"] == "valid"
    assert (site.home / "update" / f"slot{select['slot']}").read_bytes() == peer.files["/image.bin"]


async def test_tc_079_get_security_log(site, peer):
    """All of it, and what happened in a year to come."""
    log = {"remoteLocation": peer.url + "/logs/"}
    future = {**log, "oldestTimestamp": "2099-01-01T00:00:00Z", "latestTimestamp": "2099-12-31T00:00:00Z"}
    for request_id, wanted in ((79, log), (80, future)):
        since = site.mark()
        answer = await site.order("GetLog", log=wanted, logType="SecurityLog", requestId=request_id, retries=1)
        assert answer.status == "Accepted"
        await site.received("LogStatusNotification", since, status="Uploaded", requestId=request_id)
        told = site.central.calls("LogStatusNotification", since)
        assert [m.payload["status"] for m in told] == ["Uploading", "Uploaded"]
        text = peer.uploads.pop("/logs/" + answer.filename).decode()
        assert ("StartupOfTheDevice" in text) == (wanted is log), text


async def test_tc_080_secure_firmware_update(site, peer, maker):
    """With a key of either kind, and a certificate between it and the root."""
    await trust(site, maker)
    signer = maker.authority("Department").issue("Signer", key="RSA2048")
    await check_that_it_is_installed(site, peer, signer, signer.sign(IMAGE), 80)
    signer = maker.issue("Signer")
    peer.files["/image.bin"] = OTHER
    await check_that_it_is_installed(site, peer, signer, signer.sign(OTHER), 81)


async def test_tc_081_secure_firmware_update_invalid_signature(site, peer, maker):
    await trust(site, maker)
    signer, other = maker.issue("Signer"), maker.issue("Other")
    for request_id, signature in ((1, other.sign(IMAGE)), (2, signer.sign(IMAGE[1:]))):
        starts, since = site.firmware.starts, site.mark()
        assert await update(site, peer.url + "/image.bin", request_id, signer, signature) == "Accepted"
        all_of_it = ["Downloading", "Downloaded", "InvalidSignature"]
        assert await until_told(site, "InvalidSignature", since, request_id) == all_of_it
        assert site.firmware.starts == starts and "Unavailable" not in site.statuses(1, since)
        await site.received("SecurityEventNotification", since, type="InvalidFirmwareSignature")


async def test_secure_firmware_update_invalid_certificate(site, peer, maker):
    await trust(site, maker)
    strange = pki.Authority("Somebody else").issue("Signer")
    expired = maker.issue("Signer", not_before=pki.NOW - 20 * pki.DAY, not_after=pki.NOW - pki.DAY)
    for signer in (strange, expired):
        since = site.mark()
        status = await update(site, peer.url + "/image.bin", 5, signer, signer.sign(IMAGE))
        assert status == "InvalidCertificate" and not peer.requests
        assert told(site, since, 5) == []
        await site.received("SecurityEventNotification", since, type="InvalidFirmwareSigningCertificate")


async def test_the_certificate_must_be_one_for_signing_code(site, peer, maker):
    await trust(site, maker)
    eku = x509.ExtendedKeyUsage
    signers = (
        maker.issue("Signer", usage=None),
        maker.issue("Signer", usage=("key_encipherment",)),
        maker.issue("Signer", extensions=((eku([ExtendedKeyUsageOID.SERVER_AUTH]), False),)),
        maker.authority("A CA", usage=("digital_signature", "key_cert_sign")),
    )
    for signer in signers:
        status = await update(site, peer.url + "/image.bin", 9, signer, signer.sign(IMAGE))
        assert status == "InvalidCertificate" and not peer.requests
    signer = maker.issue("Signer", extensions=((eku([ExtendedKeyUsageOID.CODE_SIGNING]), True),))
    since = site.mark()
    assert await update(site, peer.url + "/nothing", 10, signer, signer.sign(IMAGE)) == "Accepted"
    await until_told(site, "DownloadFailed", since, 10)


async def test_a_root_that_is_removed_while_the_image_comes(site, peer, maker):
    other = pki.Authority("Maker for a while")
    await trust(site, other)
    signer = other.issue("Signer")
    peer.hold.clear()
    starts, since = site.firmware.starts, site.mark()
    assert await update(site, peer.url + "/image.bin", 11, signer, signer.sign(IMAGE)) == "Accepted"
    await eventually(lambda: peer.asked("GET"), "the download runs")
    installed = await site.order("GetInstalledCertificateIds", certificateType="ManufacturerRootCertificate")
    for data in installed.certificate_hash_data:
        answer = await site.order("DeleteCertificate", certificateHashData=data)
        assert answer.status == "Accepted"
    peer.hold.set()
    assert (await until_told(site, "InvalidSignature", since, 11))[-1] == "InvalidSignature"
    assert site.firmware.starts == starts


async def test_what_is_not_signed_is_refused(site, peer):
    answer = await site.ask("UpdateFirmware", {"location": peer.url + "/image.bin", "retrieveDate": PAST})
    assert "SecurityError" in answer.raw and not peer.requests


async def test_secure_firmware_update_download_failed(site, peer, maker):
    await trust(site, maker)
    signer = maker.issue("Signer")
    since = site.mark()
    assert await update(site, peer.url + "/nothing", 6, signer, signer.sign(IMAGE)) == "Accepted"
    assert await until_told(site, "DownloadFailed", since, 6) == ["Downloading", "DownloadFailed"]


async def test_secure_firmware_update_for_later_is_canceled_by_the_next(site, peer, maker):
    await trust(site, maker)
    signer = maker.issue("Signer")
    later = {"retrieveDateTime": "2099-01-01T00:00:00Z"}
    since = site.mark()
    assert await update(site, peer.url + "/image.bin", 7, signer, signer.sign(IMAGE), **later) == "Accepted"
    assert await until_told(site, "DownloadScheduled", since, 7) == ["DownloadScheduled"]
    since = site.mark()
    answer = await site.order("ExtendedTriggerMessage", requestedMessage="FirmwareStatusNotification")
    assert answer.status == "Accepted"
    await site.received("SignedFirmwareStatusNotification", since, status="DownloadScheduled", requestId=7)
    since = site.mark()
    assert await update(site, peer.url + "/nothing", 8, signer, signer.sign(IMAGE)) == "AcceptedCanceled"
    await until_told(site, "DownloadFailed", since, 8)
    since = site.mark()
    await site.order("ExtendedTriggerMessage", requestedMessage="FirmwareStatusNotification")
    await site.received("SignedFirmwareStatusNotification", since, status="Idle")


async def test_files_over_tls(site, peer):
    """The roots of the central system are believed for files, too; who is not theirs is not."""
    authority, since = pki.Authority("For files"), site.mark()
    answer = await site.order(
        "InstallCertificate", certificateType="CentralSystemRootCertificate", certificate=authority.pem
    )
    assert answer.status == "Accepted"
    context = authority.issue("127.0.0.1", hosts=("127.0.0.1",)).server_context()
    strange = pki.Authority("Strange").issue("127.0.0.1", hosts=("127.0.0.1",)).server_context()
    with HttpPeer(context) as good, HttpPeer(strange) as bad:
        name = (await site.order("GetDiagnostics", location=good.url + "/d/", retries=1)).file_name
        await site.received("DiagnosticsStatusNotification", since, status="Uploaded")
        assert b"[configuration]" in good.uploads["/d/" + name]
        await site.order("GetDiagnostics", location=bad.url + "/d/", retries=1)
        await site.received("DiagnosticsStatusNotification", since, status="UploadFailed")
        assert not bad.requests
    await eventually(lambda: "certificate" in site.firmware.text, "why, in the log")
