"""Firmware is updated in the browser, with the maker's signature."""

import base64
import json

import pki
import pytest
from charging_site import eventually
from http_peer import image_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
IMAGE = image_of(600_000)
# Collect what the progress bar shows.
WATCH = """() => {
    window.shown = []
    const bar = document.querySelector("progress")
    new MutationObserver(() => shown.push(bar.value)).observe(bar, {attributes: true})
}"""


@pytest.fixture(scope="module")
def maker():
    """The manufacturer's authority."""
    return pki.Authority("Maker of chargers")


async def trust(site, maker):
    answer = await site.order(
        "InstallCertificate", certificateType="ManufacturerRootCertificate", certificate=maker.pem
    )
    assert answer.status == "Accepted"


async def install(visitor, image, signature, certificate):
    """Fill in the form, and press Install."""
    files = {"Image": ("image.bin", image), "Certificate of the maker": ("maker.pem", certificate.encode())}
    await visitor.go("service")
    for label, (name, data) in files.items():
        if data:
            file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
            await visitor.field(label).set_input_files(file)
    await visitor.field("Signature").fill(base64.b64encode(signature).decode())
    await visitor.button("Install").click()


async def test_a_signed_image_is_installed(site, visit, maker):
    await trust(site, maker)
    signer = maker.issue("Signer")
    visitor = await visit(site, role="installer")
    await visitor.go("service")
    await visitor.page.evaluate(WATCH)
    await visitor.slow_down(len(IMAGE) // 3)
    starts, since = site.firmware.starts, site.mark()
    await install(visitor, IMAGE, signer.sign(IMAGE), signer.chain_pem)
    await visitor.page.get_by_text("It is right. The charger restarts").wait_for()
    shown = await visitor.page.evaluate("shown")
    assert shown == sorted(shown) and shown[-1] == 100 and len(set(shown)) > 2
    await visitor.shot("update_1280")
    await eventually(lambda: site.firmware.starts > starts, "it restarts")
    await site.booted(since)
    select = json.loads((site.home / "update" / "select").read_text())
    assert (site.home / "update" / f"slot{select['slot']}").read_bytes() == IMAGE
    await visitor.is_signed_out()


@pytest.mark.parametrize("wrong", ["image", "unsigned"])
async def test_what_is_not_the_makers_is_refused_and_told(wrong, site, visit, maker):
    await trust(site, maker)
    signer = maker.issue("Signer")
    visitor = await visit(site, role="installer", width=360)
    starts = site.firmware.starts
    if wrong == "image":
        await install(visitor, image_of(40_000), signer.sign(IMAGE), signer.chain_pem)
        words = "Not installed: the image is not what its signature says"
    else:
        await install(visitor, IMAGE, b"", "")
        words = "Not installed: the image needs a signature"
    await visitor.page.get_by_text(words).wait_for()
    await visitor.shot(f"update_refused_{wrong}_360")
    assert site.firmware.starts == starts and site.firmware.returncode is None


async def test_without_a_file_nothing_is_sent(site, visit):
    visitor = await visit(site, role="installer")
    await visitor.go("service")
    await visitor.button("Install").click()
    await visitor.expect(".wrong:not(:empty)").to_have_text("Choose a file")
