"""GetDiagnostics and GetLog on the virtual clock: what is in it, where it goes, retries, restarts."""

import binascii

from construct import construct
from http_server import HttpServer, until
from ocpp_site import NOON, Central, Site
from triggered_messages import triggered

from components.blackbox import files
from components.ocpp.upload import FAILED, UPLOADING, Upload, file_of
from core.isotime import format_utc
from core.signals import Signal
from drivers.filesink import FileSink

PROFILES = (("components.ocpp.firmware:Firmware", {}), ("components.ocpp.log_upload:LogUpload", {}))


class Part:
    """What the kernel knows of a component."""

    def __init__(self, name, instance=None, failures=0):
        self.name = name
        self.instance = instance
        self.state = "running"
        self.critical = False
        self.failures = failures
        self.last_error = "OSError(5,)"


class Security:
    """A log of security events, as the component ``security`` has one."""

    def log_lines(self, oldest_ms, latest_ms):
        yield "from %s to %s" % (oldest_ms, latest_ms)
        yield "StartupOfTheDevice"


async def started(tmp, server=None, parts=(), security=None, blackbox=None, **options):
    server = server or await HttpServer().start()
    services = {"sink": construct(FileSink, tmp), "security": security, "blackbox": blackbox}
    site = Site(tmp, profiles=PROFILES, services=services, **options)
    site.server = server
    site.kernel.parts = parts
    await site.power_on()
    await site.connect(Central())
    return site


async def end(site):
    for profile in site.profiles:
        await profile.stop()
    await site.power_off()


def statuses(site, kind):
    return [payload["status"] for payload in site.central.of(kind + "StatusNotification")]


async def get_diagnostics(site, location, *expected, **fields):
    payload = dict({"location": location, "retries": 1, "retryInterval": 0}, **fields)
    answer = await site.central.call("GetDiagnostics", payload)
    await until(site, lambda: statuses(site, "Diagnostics")[-1:] == list(expected)[-1:])
    assert statuses(site, "Diagnostics") == list(expected)
    site.central.calls.clear()
    return answer["fileName"]


async def get_log(site, location, kind="DiagnosticsLog", request_id=5, **log):
    log["remoteLocation"] = location
    payload = {"log": log, "logType": kind, "requestId": request_id, "retries": 1, "retryInterval": 0}
    return await site.central.call("GetLog", payload)


def test_files_and_folders():
    for location, url, name in (
        ("http://h/f/", "http://h/f/n.txt", "n.txt"),
        ("http://h/f", "http://h/f/n.txt", "n.txt"),
        ("http://h.org", "http://h.org/n.txt", "n.txt"),
        ("http://h:1/", "http://h:1/n.txt", "n.txt"),
        ("http://h/f/mine.log", "http://h/f/mine.log", "mine.log"),
        ("http://h/f?sig=1.2/3", "http://h/f?sig=1.2/3", "f"),
        ("http://h/?sig=1", "http://h/?sig=1", "n.txt"),
    ):
        assert file_of(location, "n.txt") == (url, name), location


async def test_what_diagnostics_hold_and_what_not(tmp):
    parts = (Part("bms"), Part("radio", failures=2))
    site = await started(tmp, parts=parts, auth_key="0123456789abcdef", serial="SN-1")
    site.log.info("a word in ümlauts")
    name = await get_diagnostics(site, site.server.url + "/", "Uploading", "Uploaded")
    assert name == "diagnostics_CP-1_20270115T120000.txt", name
    text = site.server.uploads["/" + name].decode()
    for expected in (
        "chargePointSerialNumber: SN-1", "bms: running", "radio: running, failed 2 times, last: OSError(5,)",
        "OCPP: rx ", "Firmware: no update", "register: 0 Wh", "HeartbeatInterval = 300",
        "SupportedFeatureProfiles = Core,Firm", "BLOCKS  no vehicle is plugged in", "a word in ümlauts",
        "2027-01-15T12:00:0", "records, ",
    ):  # fmt: skip
        assert expected in text, (expected, text)
    assert "0123456789abcdef" not in text and text.endswith("\n")
    await end(site)
    await site.server.stop()


async def test_only_the_log_between_two_times(tmp):
    site = await started(tmp)
    site.log.info("early")
    await site.run(60000)
    site.log.info("in time")
    await site.run(60000)
    site.log.info("late")
    span = {"startTime": format_utc(NOON + 30000), "stopTime": format_utc(NOON + 90000)}
    name = await get_diagnostics(site, site.server.url + "/", "Uploading", "Uploaded", **span)
    log = site.server.uploads["/" + name].decode().rpartition("[log]")[2]
    assert "in time" in log and "early" not in log and "late" not in log
    await end(site)
    await site.server.stop()


async def test_a_server_without_PUT_gets_a_form(tmp):
    for status in (404, 405, 501):
        site = await started(tmp + "/%d" % status)
        name = "diagnostics_CP-1_20270115T120000.txt"
        site.server.status["/up/" + name] = status
        assert await get_diagnostics(site, site.server.url + "/up", "Uploading", "Uploaded") == name
        form = site.server.uploads["/up"].decode()
        assert 'name="file"; filename="%s"' % name in form and "[log]" in form
        await end(site)
        await site.server.stop()


async def test_the_name_of_a_file_has_nothing_of_the_query(tmp):
    """A token in the URL of the central system, with a slash in it even."""
    site = await started(tmp, url="ws://127.0.0.1:1/ocpp?token=hu/sh")
    name = await get_diagnostics(site, site.server.url + "/up", "Uploading", "Uploaded")
    assert name == "diagnostics_CP-1_20270115T120000.txt" and list(site.server.uploads) == ["/up/" + name]
    await end(site)
    await site.server.stop()


async def test_retries_of_an_upload(tmp):
    site = await started(tmp)
    site.server.status["/x.log"] = 500
    began_ms = site.clock.uptime_ms()
    await get_diagnostics(site, site.server.url + "/x.log", "Uploading", "UploadFailed", retries=3, retryInterval=60)
    assert len(site.server.asked) == 3 and site.clock.uptime_ms() - began_ms >= 120000
    await end(site)
    await site.server.stop()


LOCATIONS = (("ftp", "ftp://user:hush@127.0.0.1/"), ("sftp", "SFTP://h/x.log"), ("mailto:a", "mailto:a"))


async def test_a_location_that_is_not_on_the_web_is_refused_at_once(tmp):
    """``ftp://`` is what several central systems have as default: no file name, no Uploading, and the log says why."""
    site = await started(tmp)
    for scheme, location in LOCATIONS:
        payload = {"location": location, "retries": 3, "retryInterval": 0}
        if "://" in location:  # the schema of GetDiagnostics takes no others
            assert await site.central.call("GetDiagnostics", payload) == {}
            assert site.lines("no file is transferred over %s://" % scheme)
        assert await get_log(site, location) == {"status": "Rejected"}
    await site.run(60000)
    assert statuses(site, "Diagnostics") == statuses(site, "Log") == [] and not site.lines("hush")
    await end(site)
    await site.server.stop()


async def test_an_upload_that_a_restart_ends_has_failed(tmp):
    site = await started(tmp)
    site.server.status["/x.log"] = 500
    payload = {"location": site.server.url + "/x.log", "retries": 3, "retryInterval": 600}
    await site.central.call("GetDiagnostics", payload)
    payload = {"log": {"remoteLocation": site.server.url + "/x.log"}, "logType": "DiagnosticsLog", "requestId": 5}
    await site.central.call("GetLog", dict(payload, retries=3, retryInterval=600))
    await until(site, lambda: statuses(site, "Diagnostics") and "Uploading" in statuses(site, "Log"))
    await end(site)
    site = await started(tmp, site.server)
    await until(site, lambda: statuses(site, "Diagnostics") and statuses(site, "Log"))
    assert statuses(site, "Diagnostics") == ["UploadFailed"]
    assert site.central.of("LogStatusNotification") == [{"status": "UploadFailure", "requestId": 5}]
    await end(site)
    site = await started(tmp, site.server)
    await site.run(5000)
    assert statuses(site, "Diagnostics") == statuses(site, "Log") == []
    await end(site)
    await site.server.stop()


async def test_a_second_order_takes_the_place_of_the_first(tmp):
    site = await started(tmp)
    site.server.status["/x.log"] = 500
    payload = {"location": site.server.url + "/x.log", "retries": 9, "retryInterval": 600}
    await site.central.call("GetDiagnostics", payload)
    await until(site, lambda: site.server.asked and statuses(site, "Diagnostics"))
    await get_diagnostics(site, site.server.url + "/y.log", "Uploading", "Uploading", "Uploaded")
    assert list(site.server.uploads) == ["/y.log"]
    await site.run(700000)
    assert len(site.server.asked) == 2 and statuses(site, "Diagnostics") == []
    await end(site)
    await site.server.stop()


async def test_the_security_log(tmp):
    site = await started(tmp)
    assert await get_log(site, site.server.url, "SecurityLog") == {"status": "Rejected"}
    await end(site)
    site = await started(tmp, site.server, security=Security())
    answer = await get_log(site, site.server.url, "SecurityLog", 9, oldestTimestamp=format_utc(NOON))
    assert answer == {"status": "Accepted", "filename": "security_CP-1_20270115T120000.txt"}, answer
    await until(site, lambda: "Uploaded" in statuses(site, "Log"))
    assert site.central.of("LogStatusNotification")[0] == {"status": "Uploading", "requestId": 9}
    text = site.server.uploads["/" + answer["filename"]].decode()
    assert text.startswith("from %d to None\nStartupOfTheDevice\n" % NOON)
    await end(site)
    await site.server.stop()


async def test_triggers(tmp):
    site = await started(tmp)
    assert triggered(site, "LogStatusNotification")
    assert triggered(site, "DiagnosticsStatusNotification")
    await site.run(1000)
    assert statuses(site, "Log") == statuses(site, "Diagnostics") == ["Idle"]
    site.server.status["/x.log"] = 500
    payload = {"log": {"remoteLocation": site.server.url + "/x.log"}, "logType": "DiagnosticsLog", "requestId": 4}
    await site.central.call("GetLog", dict(payload, retries=3, retryInterval=600))
    await until(site, lambda: len(site.server.asked) == 1)
    assert triggered(site, "LogStatusNotification")
    await site.run(1000)
    assert site.central.of("LogStatusNotification")[-1] == {"status": "Uploading", "requestId": 4}
    await end(site)
    await site.server.stop()


async def test_an_upload_over_tls_waits_while_an_outlet_charges(tmp):
    """Its handshake blocks the loop, and can wait; one without TLS, and the central system's own, do not."""
    site = await started(tmp)
    charging = Signal(True, site.clock)
    site.kernel.urgent.wait_while(charging)
    told = []
    upload = Upload(site.ocpp, site.clock, site.log, 1000)
    upload.begin("HTTPS://127.0.0.1:1/log.txt", "n", lambda: ("line",), 1, 0, told.append)
    await site.run(3600000)
    assert told == [UPLOADING] and len(site.lines("waits for the end of the charging")) == 1
    charging.set(False)
    await until(site, lambda: len(told) == 2)
    assert told[1] == FAILED and site.lines("no TLS")  # there is no authority to check it against
    charging.set(True)
    upload.begin("http://127.0.0.1:1/log.txt", "n", lambda: ("line",), 1, 0, told.append)
    await until(site, lambda: len(told) == 4)
    assert told[3] == FAILED and len(site.lines("waits for the end of the charging")) == 1
    await end(site)


class BlackBox:
    """The files of one; another is removed after it was listed."""

    def __init__(self, folder):
        self.folder = folder
        with open(folder + "/box-000002.bin", "wb") as file:
            file.write(bytes(range(256)) * 2 + b"\xff" * 88)

    def boxes(self):
        return files.boxes(self.folder) + [("box-000001.bin", 3)]

    def read(self, name):
        return files.pieces(self.folder, name)


async def test_get_log_sends_the_black_boxes_behind_the_diagnostics(tmp):
    """Each line of base64 by itself: together they are the file."""
    site = await started(tmp, blackbox=BlackBox(tmp))
    await get_log(site, site.server.url + "/logs/box.txt")
    await until(site, lambda: statuses(site, "Log")[-1:] == ["Uploaded"])
    text = site.server.uploads["/logs/box.txt"].decode()
    _, _, boxes = text.partition("[black box box-000002.bin: 600 bytes in base64]\n")
    first, _, second = boxes.partition("\n\n")
    assert b"".join([binascii.a2b_base64(line) for line in first.split("\n")]) == bytes(range(256)) * 2 + b"\xff" * 88
    assert second.startswith("[black box box-000001.bin: 3 bytes in base64]\ngone: ")
    await end(site)
