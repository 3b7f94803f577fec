"""The firmware is updated through the API: the image, its signature, and what may go wrong on the way."""

import asyncio
import base64
import json

import pki
import pytest
import pytest_asyncio
from charging_site import eventually
from http_peer import image_of
from web_client import INSTALLER, Client, free_port, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PORT = free_port()
SETTINGS = settings(PORT)
IMAGE = image_of(60_000)
URL = "/api/firmware"


@pytest.fixture(scope="module")
def maker():
    """The manufacturer's authority."""
    return pki.Authority("Maker of chargers")


@pytest.fixture(scope="module")
def signer(maker):
    return maker.issue("Signer of images")


@pytest_asyncio.fixture(loop_scope="module")
async def trusted(site, maker):
    """The charger believes the manufacturer."""
    answer = await site.order(
        "InstallCertificate", certificateType="ManufacturerRootCertificate", certificate=maker.pem
    )
    assert answer.status == "Accepted"
    return site


def fields(signer, image=IMAGE):
    return {
        "Content_Type": "application/octet-stream",
        "X_Signature": base64.b64encode(signer.sign(image)).decode(),
        "X_Certificate": base64.b64encode(signer.chain_pem.encode()).decode(),
    }


async def test_an_image_needs_its_signature(site):
    client = Client(PORT, INSTALLER)
    assert (await client("GET", URL)).json == {"status": "Idle", "size": 0, "written": 0, "signed": True}
    answer = await client("POST", URL, body=IMAGE, Content_Type="application/octet-stream")
    assert (answer.status, answer.json["error"]) == (409, "update") and "signature" in answer.json["text"]


async def test_an_image_that_was_changed_is_refused(trusted, signer):
    client = Client(PORT, INSTALLER)
    changed = IMAGE[:-1] + bytes([IMAGE[-1] ^ 1])
    answer = await client("POST", URL, body=changed, **fields(signer))
    assert (answer.status, answer.json["error"]) == (400, "update") and "signature" in answer.json["text"]
    assert (await client("GET", URL)).json["status"] in ("Idle", "InvalidSignature")


async def test_wrong_certificates_and_lengths(trusted, signer):
    client = Client(PORT, INSTALLER)
    strange = pki.Authority("Somebody else").issue("Signer")
    answer = await client("POST", URL, body=IMAGE, **fields(strange))
    assert answer.status in (400, 409) and answer.json["error"] == "update", answer.raw
    answer = await client("POST", URL, body=IMAGE, **{**fields(signer), "X_Certificate": "!"})
    assert answer.status in (400, 409), answer.raw
    answer = await client("POST", URL, **fields(signer))
    assert (answer.status, answer.json["error"]) == (411, "body")
    answer = await client("POST", URL, body=b"no image at all", **fields(signer))
    assert (answer.status, answer.json["error"]) == (400, "update")
    answer = await client("POST", URL, body=b"", **{**fields(signer), "X_Certificate": "A" * 5000})
    assert answer.status == 431


async def test_an_upload_that_breaks_off_leaves_nothing(trusted, signer):
    """Another one can begin at once; one at a time."""
    client = Client(PORT, INSTALLER)
    given = {name.replace("_", "-"): text for name, text in fields(signer).items()}
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(client.head("POST", URL, {**given, "Content-Length": str(len(IMAGE))}) + IMAGE[:30_000])
    await asyncio.sleep(0.5)
    assert (await client("GET", URL)).json["status"] == "Downloading"
    answer = await client("POST", URL, body=IMAGE, **fields(signer))
    assert (answer.status, answer.json["error"]) == (409, "update")
    writer.close()

    async def is_idle():
        return (await client("GET", URL)).json["status"] == "Idle"

    for _ in range(50):
        if await is_idle():
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError("it goes on")


async def test_a_signed_image_is_installed(trusted, signer):
    """Sent as curl sends it, which asks before it sends a large body; the restart comes by itself."""
    starts = trusted.firmware.starts
    answer = await Client(PORT, INSTALLER)("POST", URL, body=IMAGE, **fields(signer))
    assert (answer.status, answer.json) == (202, {"restart": True}), answer.raw
    await eventually(lambda: trusted.firmware.starts == starts + 1, "the restart", 40)
    select = trusted.home / "update" / "select"
    await eventually(lambda: json.loads(select.read_text())["state"] == "valid", "the trial", 60)
    slot = json.loads(select.read_text())["slot"]
    assert (trusted.home / "update" / f"slot{slot}").read_bytes() == IMAGE
