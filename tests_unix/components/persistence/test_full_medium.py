"""A medium that takes nothing more, under the real firmware: the system refuses each write to a file (RLIMIT_FSIZE)."""

import resource

from charging_site import Site, eventually

IGNORING = ["env", "--ignore-signal=XFSZ"]  # the write fails, then, and does not end the process
FULL = (1, resource.RLIM_INFINITY)


def fill(site):
    resource.prlimit(site.firmware.pid, resource.RLIMIT_FSIZE, FULL)


def make_room(site):
    resource.prlimit(site.firmware.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


async def test_a_session_on_a_medium_that_gets_full_and_has_room_again(tmp_path):
    """Connected all the time; Faulted with the reason; the session ends, no start is taken; then all is told."""
    async with Site(tmp_path) as site:
        site.firmware.command = IGNORING + site.firmware.command
        await site.boot()
        await site.configure(MeterValueSampleInterval=1)
        begun = await site.start_session()
        since = site.mark()
        fill(site)
        fault = await site.status("Faulted", since)
        assert fault.payload["errorCode"] == "InternalError" and "journal" in fault.payload["info"]
        await eventually(lambda: not site.module.enabled, "the session ends", 30)
        delivered = site.module.delivered_wh
        answer = await site.order("RemoteStartTransaction", id_tag="NEXT", connector_id=1)
        assert answer.status == "Rejected"
        await site.answer("auth NEXT", "the journal cannot be written")
        assert site.central.calls("StopTransaction") == []
        make_room(site)
        stop = await site.received("StopTransaction", since, 30)
        assert stop.payload["reason"] == "Other"
        billed = stop.payload["meterStop"] - begun.payload["meterStart"]
        assert abs(billed - delivered) <= 1 + 2 + 0.02 * delivered, (billed, delivered)
        await site.status("Finishing", since)
        assert len(site.central.calls("BootNotification")) == 1, "it was connected all the time"
        second = await site.start_session("NEXT")
        assert second.payload["meterStart"] >= stop.payload["meterStop"]
        await site.stop_session("NEXT")
        assert site.wrong_messages() == []
        site.check_calm()


async def test_a_start_on_a_full_medium_connects_and_is_reported(tmp_path):
    async with Site(tmp_path) as site:
        await site.boot()
        await site.start_session()
        await site.firmware.kill()
        command = site.firmware.command
        site.firmware.command = [*IGNORING, "prlimit", "--fsize=1:unlimited", *command]
        since = site.mark()
        await site.boot()
        await site.status("Faulted", since)
        assert not site.module.enabled
        make_room(site)
        stop = await site.received("StopTransaction", since, 60)
        assert stop.payload["reason"] == "PowerLoss" and not site.module.enabled
        await site.start_session("NEXT")
        await site.stop_session("NEXT")
        site.check_calm()
