"""SignedUpdateFirmware: real keys and signatures; which certificates to believe is another component's business."""

import binascii
import hashlib

from firmware_life import ALL, IMAGE, Life
from http_desk import Desk
from ocpp_site import NOON

from core.isotime import format_utc
from ux509 import Untrusted, new_key, spki
from ux509.ecdsa import sign

SIGNED = "components.ocpp.signed_firmware:SignedFirmware"


class Certificate:
    key_usage = 0x8000

    def __init__(self, key):
        self.spki = key


class Certificates:
    """Believes one text."""

    def __init__(self, key):
        self.certificate = Certificate(key)

    async def verify_chain(self, text, kind):
        assert kind == "ManufacturerRootCertificate"
        if text != "good":
            raise Untrusted("unknown issuer")
        return self.certificate


class Maker:
    """Who makes firmware: signs, and orders."""

    async def start(self):
        self._d, public = await new_key()
        self.certificates = Certificates(spki(public))
        self.desk = await Desk().start()
        self.desk.files["/image"] = IMAGE
        self.signature = await self.signed(IMAGE)
        return self

    async def signed(self, image):
        return binascii.b2a_base64(await sign(self._d, hashlib.sha256(image).digest())).decode().strip()

    async def life(self, tmp):
        services = {"certificates": self.certificates}
        life = await Life(tmp, self.desk, profiles=((SIGNED, {}),), services=services).start()
        life.events = []
        life.site.ocpp.security_event = lambda type, info="": life.events.append(type)
        return life

    async def order(self, life, request_id=1, retrieve_ms=NOON, certificate="good", **fields):
        firmware = {
            "location": self.desk.url + "/image",
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
    await maker.desk.stop()


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
    await maker.desk.stop()


async def test_an_image_that_was_changed_on_the_way(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    maker.desk.files["/image"] = IMAGE[:-1] + b"\0"
    await maker.order(life)
    await life.until_told("Downloading", "Downloaded", "InvalidSignature")
    await life.end()
    await maker.desk.stop()


async def test_a_certificate_that_is_not_believed_is_answered_at_once(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    assert await maker.order(life, certificate="bad") == "InvalidCertificate"
    maker.certificates.certificate.key_usage = 0x0400  # for certificates only
    assert await maker.order(life) == "InvalidCertificate"
    maker.certificates.certificate.key_usage = None
    maker.certificates.certificate.spki = b"\x30\x00"
    assert await maker.order(life) == "InvalidCertificate"
    await life.site.run(5000)
    assert life.events == ["InvalidFirmwareSigningCertificate"] * 3 and life.told() == [] and not maker.desk.asked
    await life.end()
    await maker.desk.stop()


async def test_scheduled_canceled_and_too_late(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    assert await maker.order(life, 1, NOON + 600000) == "Accepted"
    await life.until_told("DownloadScheduled")
    assert await life.central.call("GetConfiguration", {"key": ["NumberOfConnectors"]})
    life.site.ocpp.triggers["SignedFirmwareStatusNotification"](None)
    life.site.ocpp.triggers["FirmwareStatusNotification"](None)
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
    await maker.desk.stop()


async def test_unsigned_orders_go_on_as_ever(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    await life.update()
    await life.until(lambda: life.site.exits)
    assert life.told() == list(ALL) and life.central.of("SignedFirmwareStatusNotification") == []
    await life.end()
    await maker.desk.stop()
