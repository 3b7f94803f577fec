"""SignedUpdateFirmware: real keys and signatures; which certificates to believe is another component's business."""

import binascii
import hashlib

from firmware_site import ALL, IMAGE, Life
from http_server import HttpServer
from ocpp_site import NOON
from triggered_messages import triggered

from core.isotime import format_utc
from ux509 import Untrusted, new_key, spki
from ux509.certificate import CLIENT_AUTH, CODE_SIGNING
from ux509.ecdsa import sign

SIGNED = "components.ocpp.signed_firmware:SignedFirmware"


class Certificate:
    def __init__(self, key):
        self.key_usage, self.extended_usage, self.is_ca = 0x8000, None, False
        self.spki = key


class Certificates:
    """Believes one text, as long as it is among ``believed``."""

    def __init__(self, key):
        self.certificate = Certificate(key)
        self.believed = ("good",)

    async def verify_chain(self, text, kind):
        assert kind == "ManufacturerRootCertificate"
        if text not in self.believed:
            raise Untrusted("unknown issuer")
        return self.certificate


class Maker:
    """Who makes firmware: signs, and orders."""

    async def start(self):
        self._d, public = await new_key()
        self.certificates = Certificates(spki(public))
        self.server = await HttpServer().start()
        self.server.files["/image"] = IMAGE
        self.signature = await self.signed(IMAGE)
        return self

    async def signed(self, image):
        return binascii.b2a_base64(await sign(self._d, hashlib.sha256(image).digest())).decode().strip()

    async def life(self, tmp, **options):
        services = {"certificates": self.certificates}
        life = await Life(tmp, self.server, profiles=((SIGNED, options),), services=services).start()
        life.events = []
        life.site.ocpp.report_to(lambda type, info: life.events.append(type))
        return life

    async def order(self, life, request_id=1, retrieve_ms=NOON, certificate="good", **fields):
        firmware = {
            "location": self.server.url + "/image",
            "retrieveDateTime": format_utc(retrieve_ms),
            "signingCertificate": certificate,
            "signature": self.signature,
        }
        firmware.update(fields)
        payload = {"requestId": request_id, "firmware": firmware, "retries": 1}
        results = len(life.central.results)
        await life.central.call("SignedUpdateFirmware", payload)
        await life.until(lambda: len(life.central.results) > results)
        return life.central.results[-1][2]["status"]


GOOD = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting"]


async def test_a_good_signature(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    assert await maker.order(life, 17) == "Accepted"
    await life.until(lambda: life.site.exits)
    assert life.told() == GOOD and life.central.of("FirmwareStatusNotification") == []
    assert {payload["requestId"] for payload in life.central.of("SignedFirmwareStatusNotification")} == {17}
    await life.end()
    life = await maker.life(tmp)
    life.sink.confirm()
    await life.until_told("Installed")
    assert life.central.of("SignedFirmwareStatusNotification") == [{"status": "Installed", "requestId": 17}]
    assert life.image() == IMAGE and life.events == ["FirmwareUpdated"]
    await life.end()
    await maker.server.stop()


async def test_what_is_not_signed_so_is_not_installed(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    other = await maker.signed(IMAGE + b"\0")
    for i, signature in enumerate((other, "", "no base64 at all", "AAAA")):
        life.central.calls.clear()
        assert await maker.order(life, i, signature=signature) == "Accepted"
        await life.until_told("Downloading", "Downloaded", "InvalidSignature")
    assert life.events == ["InvalidFirmwareSignature"] * 4 and life.site.exits == []
    assert life.sink.state == "idle" and life.sink.image is None and life.site.ocpp.availability.operative(1)
    await life.end()
    await maker.server.stop()


async def test_an_image_that_was_changed_on_the_way(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    maker.server.files["/image"] = IMAGE[:-1] + b"\0"
    await maker.order(life)
    await life.until_told("Downloading", "Downloaded", "InvalidSignature")
    await life.end()
    await maker.server.stop()


async def test_an_image_that_is_not_on_the_web_is_rejected(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    assert await maker.order(life, location="ftp://127.0.0.1/image") == "Rejected"
    assert life.told() == [] and life.site.lines("no file is transferred over ftp://")
    await life.end()
    await maker.server.stop()


async def test_a_certificate_that_is_not_believed_is_answered_at_once(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    assert await maker.order(life, certificate="bad") == "InvalidCertificate"
    good = maker.certificates.certificate
    wrong = (
        ("key_usage", 0x0400),  # for certificates only
        ("key_usage", None),  # it does not say that it is for signatures
        ("extended_usage", (CLIENT_AUTH,)),
        ("extended_usage", ()),
        ("is_ca", True),
        ("spki", b"\x30\x00"),
    )
    for name, value in wrong:
        maker.certificates.certificate = Certificate(good.spki)
        setattr(maker.certificates.certificate, name, value)
        assert await maker.order(life) == "InvalidCertificate", (name, value)
    await life.site.run(5000)
    assert life.events == ["InvalidFirmwareSigningCertificate"] * 7 and life.told() == [] and not maker.server.asked
    maker.certificates.certificate = good
    good.extended_usage = (CLIENT_AUTH, CODE_SIGNING)
    assert await maker.order(life) == "Accepted"
    await life.until(lambda: life.site.exits)
    await life.end()
    await maker.server.stop()


async def test_a_certificate_that_is_not_in_force_any_more_when_the_image_is_here(tmp):
    """It has expired over the download, or the central system has removed its root."""
    maker = await Maker().start()
    life = await maker.life(tmp)
    assert await maker.order(life, 1, NOON + 60000) == "Accepted"
    maker.certificates.believed = ()
    await life.until_told("DownloadScheduled", "Downloading", "Downloaded", "InvalidSignature")
    assert life.events == ["InvalidFirmwareSigningCertificate", "InvalidFirmwareSignature"]
    assert life.sink.image is None and life.site.exits == []
    await life.end()
    await maker.server.stop()


async def test_scheduled_canceled_and_too_late(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    assert await maker.order(life, 1, NOON + 600000) == "Accepted"
    await life.until_told("DownloadScheduled")
    assert await life.central.call("GetConfiguration", {"key": ["NumberOfConnectors"]})
    assert triggered(life.site, "SignedFirmwareStatusNotification")
    assert triggered(life.site, "FirmwareStatusNotification")
    await life.site.run(1000)
    assert life.central.of("SignedFirmwareStatusNotification")[-1] == {"status": "DownloadScheduled", "requestId": 1}
    assert life.central.of("FirmwareStatusNotification") == [{"status": "Idle"}]
    life.central.calls.clear()
    install = format_utc(NOON + 120000)
    assert await maker.order(life, 2, installDateTime=install) == "AcceptedCanceled"
    await life.until_told("Downloading", "Downloaded", "SignatureVerified", "InstallScheduled")
    assert life.central.utc_ms() < NOON + 120000
    await life.until(lambda: life.site.exits)
    assert life.central.utc_ms() >= NOON + 120000 and life.told()[-2:] == GOOD[-2:]
    assert await maker.order(life, 3) == "Rejected"
    await life.end()
    await maker.server.stop()


async def test_what_is_not_signed_is_refused_unless_an_option_allows_it(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    payload = {"location": maker.server.url + "/image", "retrieveDate": format_utc(NOON)}
    assert await life.central.call("UpdateFirmware", payload) == "SecurityError"
    await life.site.run(30000)
    assert maker.server.asked == [] and life.told() == []
    await life.end()
    life = await maker.life(tmp, unsigned=True)
    await life.update()
    await life.until(lambda: life.site.exits)
    assert life.told() == list(ALL) and life.central.of("SignedFirmwareStatusNotification") == []
    await life.end()
    await maker.server.stop()
