"""The answers to UpdateFirmware and GetDiagnostics. `firmware` is the Firmware."""

from core.isotime import parse_utc

from ..dispatcher import CallError
from ..orders import how_often, takes, utc_or_none
from . import schemas  # noqa: F401  # see `CallDispatcher`
from .diagnostics import upload


def update_firmware(firmware, payload):
    """UpdateFirmware (section 5.19)."""
    ocpp, log = firmware.ocpp, firmware.log
    if not firmware.unsigned:
        log.warning("UpdateFirmware refused: it has no signature")
        raise CallError("SecurityError", "only SignedUpdateFirmware")
    if not takes(ocpp, log, payload["location"]):
        return {}, lambda: _failed(firmware)
    retrieve_ms = parse_utc(payload["retrieveDate"])
    often = how_often(payload, firmware.tries, firmware.interval_s)
    if firmware.begin_update().order(payload["location"], retrieve_ms, *often) == "Rejected":
        log.warning("UpdateFirmware ignored: another update is being installed")
    return {}


def _failed(firmware):
    """Notify the central system that an UpdateFirmware has failed that cannot even begin."""
    try:
        firmware.notices().add("FirmwareStatusNotification", {"status": "DownloadFailed"})
    except firmware.store.Error as e:
        firmware.log.rare("not sent: %s", str(e))


def get_diagnostics(firmware, payload):
    """GetDiagnostics (section 5.9); without a file name where there is nowhere to upload it to."""
    if not takes(firmware.ocpp, firmware.log, payload["location"]):
        return {}
    since_ms, until_ms = utc_or_none(payload, "startTime"), utc_or_none(payload, "stopTime")
    often = how_often(payload, firmware.tries, firmware.interval_s)
    return {"fileName": upload(firmware, payload["location"], since_ms, until_ms, *often)}


def trigger(firmware, message, connector):
    """See `triggers`."""
    if message == "FirmwareStatusNotification":
        update = firmware.update
        status = "Idle" if update is None or update.signed else update.status or "Idle"
    else:
        status = "Idle" if firmware.upload is None or not firmware.upload.busy() else "Uploading"
    firmware.ocpp.outbox.add(message, {"status": status})
    return True
