"""Firmware and diagnostics as OCA's certification asks: TC_044_1 to TC_044_3, TC_045_2 (OCPP 1.6, 4.4, 4.5, 5.9, 5.19).

The files come from and go to an HTTP server; the firmware's sink is the one of files, so the proof of an update is
which slot is selected, and what is in it.
"""

import json
import os
import shutil
import threading

import pytest
from charging_site import eventually
from http_peer import image_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MinimumStatusDuration": 0}
SETTINGS = {"ocpp": {"unsigned_firmware": True}}
PAST = "2026-01-01T00:00:00Z"
IMAGE = image_of(300_000)


@pytest.fixture
def peer(peer):
    peer.files["/image.bin"] = IMAGE
    return peer


def told(site, since, kind="Firmware"):
    """The statuses that were told, in order."""
    return [m.payload["status"] for m in site.central.calls(f"{kind}StatusNotification", since)]


async def until_told(site, status, since, kind="Firmware"):
    await site.received(f"{kind}StatusNotification", since, status=status)
    return told(site, since, kind)


def selected(site):
    """(what the selection says, the image that it selects)."""
    select = json.loads((site.home / "update" / "select").read_text())
    return select, (site.home / "update" / f"slot{select['slot']}").read_bytes()


def slots(site):
    """What lies in the folder of updates."""
    folder = site.home / "update"
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


async def update(site, url, **options):
    options = {"retrieveDate": PAST, "retries": 1, "retryInterval": 0, **options}
    return await site.order("UpdateFirmware", location=url, **options)


async def test_tc_044_1_firmware_update(site, peer):
    peer.files["/image.bin?token=SECRET"] = IMAGE
    starts, since = site.firmware.starts, site.mark()
    await update(site, peer.url + "/image.bin?token=SECRET")
    assert await until_told(site, "Installing", since) == ["Downloading", "Downloaded", "Installing"]
    await eventually(lambda: site.firmware.starts == starts + 1, "the firmware came back")
    assert (await until_told(site, "Installed", since))[-1] == "Installed"
    assert selected(site)[0]["state"] == "valid" and selected(site)[1] == IMAGE
    assert site.statuses(1, since)[0] == "Unavailable" and "Unavailable" in site.statuses(0, since)
    await site.status("Available", since)
    assert "SECRET" not in site.firmware.text
    assert told(site, since) == ["Downloading", "Downloaded", "Installing", "Installed"]


async def test_tc_044_2_firmware_update_download_failed(site, peer):
    for url in (peer.url + "/nothing", "http://127.0.0.1:1/x"):
        since = site.mark()
        await update(site, url)
        assert await until_told(site, "DownloadFailed", since) == ["Downloading", "DownloadFailed"]
    since = site.mark()
    peer.statuses["/image.bin"] = 503
    await update(site, peer.url + "/image.bin", retries=3)
    assert await until_told(site, "DownloadFailed", since) == ["Downloading", "DownloadFailed"]
    assert len(peer.asked("GET")) == 1 + 3
    since = site.mark()
    await update(site, "sftp://127.0.0.1/image.bin", retrieveDate="2099-01-01T00:00:00Z")
    assert await until_told(site, "DownloadFailed", since) == ["DownloadFailed"], "at once"
    assert "Unavailable" not in site.statuses(1, since)


async def test_tc_044_3_firmware_update_installation_failed(site, peer):
    """The selection cannot be written."""
    obstacle = site.home / "update" / "select.new"
    obstacle.mkdir(parents=True)
    try:
        starts, since = site.firmware.starts, site.mark()
        await update(site, peer.url + "/image.bin")
        all_of_it = ["Downloading", "Downloaded", "Installing", "InstallationFailed"]
        assert await until_told(site, "InstallationFailed", since) == all_of_it
        assert site.firmware.starts == starts
        if "Unavailable" in site.statuses(1, since):
            await eventually(lambda: site.statuses(1, since)[-1] == "Available", "the connector is back")
    finally:
        shutil.rmtree(obstacle)


NO_IMAGES = {
    "a web page": b"<html>not found</html>" * 100,
    "of another system": b"\x7fELF" + os.urandom(5000),
    "cut in two": IMAGE[:100_000],
}


@pytest.mark.parametrize("content", NO_IMAGES.values(), ids=NO_IMAGES)
async def test_what_is_no_image_of_this_board_is_an_installation_failed(site, peer, content):
    """It is never started, nothing of it is left, and the charger goes on."""
    peer.files["/image.bin"] = content
    starts, since, before = site.firmware.starts, site.mark(), slots(site)
    await update(site, peer.url + "/image.bin")
    assert await until_told(site, "InstallationFailed", since) == ["Downloading", "InstallationFailed"]
    assert site.firmware.starts == starts and slots(site).items() <= before.items()
    await site.start_session()
    await site.stop_session()


@pytest.mark.parametrize("chunked", [True, False], ids=["in chunks", "longer than told"])
async def test_an_endless_file_is_cut_off_and_leaves_the_medium_as_it_was(site, peer, chunked):
    """In chunks it ends at the longest image that is taken (16 MB); with a length, at that length."""
    peer.endless, peer.chunked = True, chunked
    starts, since, before = site.firmware.starts, site.mark(), slots(site)
    await update(site, peer.url + "/image.bin")
    if chunked:
        await site.received("FirmwareStatusNotification", since, 60, status="DownloadFailed")
        await site.printed("the image is too long")
        assert site.firmware.starts == starts and slots(site).items() <= before.items()
        assert len(peer.asked("GET")) == 1
    else:
        await until_told(site, "Installed", since)
        assert selected(site)[1] == IMAGE
    peer.endless = False


async def test_an_image_that_does_not_reach_the_central_system_is_taken_back(site, peer):
    before = selected(site)
    peer.files["/image.bin"] = image_of(30_000)
    output, since = site.firmware.mark, site.mark()
    await update(site, peer.url + "/image.bin")
    await until_told(site, "Installing", since)
    site.central.refuse = 503
    try:
        await site.printed("this image is on trial", output)
        assert selected(site)[0]["state"] == "pending"
        await site.firmware.kill()
    finally:
        site.central.refuse = None
    await site.boot()
    assert (await until_told(site, "InstallationFailed", since))[-1] == "InstallationFailed"
    assert selected(site)[0]["slot"] == before[0]["slot"] and selected(site)[1] == before[1]
    assert "Installed" not in told(site, since)


async def test_installation_waits_for_the_end_of_the_transaction(site, peer):
    """The download does not, and where it breaks off it is resumed with what is missing."""
    peer.cuts[:] = [100_000, 50_000, None]
    await site.start_session("TAG-FW")
    starts, since = site.firmware.starts, site.mark()
    await update(site, peer.url + "/image.bin")
    assert await until_told(site, "Downloaded", since) == ["Downloading", "Downloaded"]
    gets = peer.asked("GET")
    assert [request.headers.get("range") for request in gets] == [None, "bytes=100000-", "bytes=150000-"]
    assert all("if-range" in request.headers for request in gets[1:])
    await site.printed("the update waits for its time, or for the end of a transaction")
    await eventually(lambda: site.module.enabled, "it goes on charging")
    assert site.firmware.starts == starts
    await site.present("TAG-FW")
    await until_told(site, "Installed", since)
    assert site.firmware.starts == starts + 1 and selected(site)[1] == IMAGE
    assert site.central.books.last.stop["reason"] == "Local"


async def test_a_power_cut_while_it_downloads_begins_it_again(site, peer):
    peer.hold.clear()
    since = site.mark()
    await update(site, peer.url + "/image.bin")
    await until_told(site, "Downloading", since)
    await eventually(lambda: peer.asked("GET"), "the download runs")
    await site.firmware.kill()
    peer.hold.set()
    await site.boot()
    assert (await until_told(site, "Installed", since))[-4:] == ["Downloading", "Downloaded", "Installing", "Installed"]
    assert selected(site)[1] == IMAGE


async def test_a_second_order_replaces_one_that_is_not_being_installed(site, peer):
    peer.files["/other.bin"] = image_of(50_000)
    peer.hold.clear()
    since = site.mark()
    await update(site, peer.url + "/image.bin")
    await eventually(lambda: peer.asked("GET"), "the download runs")
    assert (await site.order("TriggerMessage", requestedMessage="FirmwareStatusNotification")).status == "Accepted"
    await until_told(site, "Downloading", since)
    await update(site, peer.url + "/other.bin")
    peer.hold.set()
    await until_told(site, "Installed", since)
    assert selected(site)[1] == peer.files["/other.bin"]
    assert told(site, since).count("Installing") == 1


async def test_triggered_while_nothing_goes_on(site):
    for kind in ("Firmware", "Diagnostics"):
        since = site.mark()
        answer = await site.order("TriggerMessage", requestedMessage=f"{kind}StatusNotification")
        assert answer.status == "Accepted" and await until_told(site, "Idle", since, kind) == ["Idle"]


async def diagnostics(site, location, **options):
    return (await site.order("GetDiagnostics", location=location, retries=1, retryInterval=0, **options)).file_name


async def test_get_diagnostics(site, peer):
    """By PUT into a folder, by PUT to a file, and by POST of a form where the server takes no PUT."""
    line = site.firmware.mark
    await site.present("TAG-OF-THE-LOG")
    await site.printed("idTag presented", line)
    await site.printed("idTag TAG-OF-THE-LOG is authorized", line)
    since = site.mark()
    name = await diagnostics(site, peer.url + "/folder/")
    assert await until_told(site, "Uploaded", since, "Diagnostics") == ["Uploading", "Uploaded"]
    text = peer.uploads["/folder/" + name].decode()
    for expected in ("[log]", "chargePointVendor: ucharge", "HeartbeatInterval = ", "ocpp: running, critical", "rx "):
        assert expected in text, text
    assert "AuthorizationKey" not in text and "correct horse" not in text
    assert any("Z I " in line and "idTag presented" in line for line in text.splitlines())
    await site.present("TAG-OF-THE-LOG")  # taken back
    since = site.mark()
    assert await diagnostics(site, peer.url + "/folder/mine.log") == "mine.log"
    await until_told(site, "Uploaded", since, "Diagnostics")
    assert "[log]" in peer.uploads["/folder/mine.log"].decode()
    since = site.mark()
    peer.statuses["PUT"] = 405
    name = await diagnostics(site, peer.url + "/upload")
    await until_told(site, "Uploaded", since, "Diagnostics")
    form = peer.uploads["/upload"].decode()
    assert f'filename="{name}"' in form and "[configuration]" in form


async def test_diagnostics_of_a_time(site, peer):
    since = site.mark()
    name = await diagnostics(site, peer.url + "/f/", startTime="2099-01-01T00:00:00Z", stopTime="2099-01-02T00:00:00Z")
    await until_told(site, "Uploaded", since, "Diagnostics")
    assert peer.uploads["/f/" + name].decode().rpartition("[log]")[2].strip() == ""


async def test_tc_045_2_get_diagnostics_upload_failed(site, peer):
    for location in (peer.url + "/forbidden/", "http://127.0.0.1:1/"):
        peer.statuses["PUT"] = 403
        since = site.mark()
        assert await diagnostics(site, location)
        assert await until_told(site, "UploadFailed", since, "Diagnostics") == ["Uploading", "UploadFailed"]
    assert await diagnostics(site, "ftp://127.0.0.1/") is None, "no file name where nothing can be uploaded"


async def get_log(site, location, request_id, kind="DiagnosticsLog", **log):
    log = {"remoteLocation": location, **log}
    return await site.order("GetLog", log=log, logType=kind, requestId=request_id, retries=1, retryInterval=0)


async def log_statuses(site, status, since, request_id):
    await site.received("LogStatusNotification", since, status=status, requestId=request_id)
    return told(site, since, "Log")


async def test_get_log_of_the_diagnostics(site, peer):
    since = site.mark()
    answer = await get_log(site, peer.url + "/logs", 7)
    assert answer.status == "Accepted"
    assert await log_statuses(site, "Uploaded", since, 7) == ["Uploading", "Uploaded"]
    assert "[log]" in peer.uploads["/logs/" + answer.filename].decode()


@pytest.mark.parametrize("http, status", [(403, "PermissionDenied"), (400, "BadMessage"), (500, "UploadFailure")])
async def test_get_log_tells_why_it_failed(site, peer, http, status):
    peer.statuses["PUT"] = http
    since = site.mark()
    await get_log(site, peer.url + "/logs", http)
    assert await log_statuses(site, status, since, http) == ["Uploading", status]


async def test_get_log_replaces_the_one_before(site, peer):
    silent = threading.Event()
    peer.before_answer = silent.wait
    try:
        since = site.mark()
        assert (await get_log(site, peer.url + "/first", 1)).status == "Accepted"
        await log_statuses(site, "Uploading", since, 1)
        second = await get_log(site, peer.url + "/second", 2)
        assert second.status == "AcceptedCanceled"
    finally:
        silent.set()
        peer.before_answer = None
    await log_statuses(site, "Uploaded", since, 2)
    since = site.mark()
    assert (await get_log(site, "ftp://127.0.0.1/", 3)).status == "Rejected"
