"""Registration, time, heartbeat (OCPP 1.6, 4.2, 4.6), connection (OCPP-J 3, 6). Boot: test_certification_core.py."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from charging_site import Site, eventually
from websockets.frames import Opcode

from tools.central import Fault


@pytest.mark.parametrize("answer", [
    '[3,"{id}",{{"status":"Maybe","currentTime":"2024-01-01T00:00:00Z","interval":1}}]',
    '[3,"{id}",{{}}]',
    '[4,"{id}","InternalError","not now",{{}}]',
], ids=["an unknown status", "nothing", "an error"])  # fmt: skip
async def test_a_boot_that_was_not_answered_properly_is_no_registration(tmp_path, answer):
    """It is asked again later; a new connection asks at once."""
    async with Site(tmp_path) as site:
        site.central.fault("BootNotification", Fault(drop=True))
        await site.firmware.start()
        boot = await site.received("BootNotification")
        await site.central.send_raw(answer.format(id=boot.uid))
        assert await site.configured("NumberOfConnectors") == "1"
        assert {m.action for m in site.central.calls()} == {"BootNotification"}
        site.check_calm()


async def test_time_comes_from_the_central_system(tmp_path):
    """Its clock is three days ahead of the host's: every time stamp follows it, and a Heartbeat corrects it."""
    ahead = timedelta(days=3)

    def shifted(_):
        return {"currentTime": (datetime.now(timezone.utc) + ahead).isoformat(timespec="milliseconds")}

    async with Site(tmp_path, central={"interval_s": 1}) as site:
        site.central.on("BootNotification", shifted)
        site.central.on("Heartbeat", shifted)
        await site.boot()
        assert off_by(site.central.calls("StatusNotification")[-1], ahead) < 15
        ahead = timedelta(days=5)
        await site.received("Heartbeat", site.mark())
        await site.received("Heartbeat", site.mark())
        since = site.mark()
        site.vehicle.plug()
        assert off_by(await site.status("Preparing", since), ahead) < 15


def off_by(message, ahead):
    """Seconds between a message's time stamp and the shifted time at which it came."""
    stamp = datetime.fromisoformat(message.payload["timestamp"].replace("Z", "+00:00"))
    return abs((stamp - ahead).timestamp() - message.time)


async def test_basic_authentication(tmp_path):
    """OCPP-J 6.2: the identity is the user, the AuthorizationKey the password."""
    keys = {"keys": {"CP-1": "s:ecret ü"}}
    async with Site(tmp_path, settings={"ocpp": {"auth_key": "wrong key"}}, central=keys) as site:
        await site.firmware.start()
        await site.printed(r"ocpp.*401")
        assert site.central.calls() == []
    async with Site(tmp_path, settings={"ocpp": {"auth_key": "s:ecret ü"}}, central=keys) as site:
        await site.boot()


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_a_refused_handshake_is_logged_with_its_status_and_tried_again(tmp_path, status):
    async with Site(tmp_path) as site:
        site.central.refuse = status
        await site.firmware.start()
        await site.printed(rf"ocpp.*{status}")
        site.central.refuse = None
        await site.booted(0)


@pytest.mark.parametrize("subprotocol", [None, "ocpp2.0.1"])
async def test_a_server_of_another_protocol_is_refused_and_tried_again(tmp_path, subprotocol):
    async with Site(tmp_path) as site:
        site.central.subprotocol = subprotocol
        await site.firmware.start()
        await site.printed(r"(?i)W .*ocpp.*subprotocol")
        assert site.central.calls() == []
        site.central.subprotocol = "ocpp1.6"
        await site.booted(0)


async def test_the_ping_interval_is_kept(tmp_path):
    """The WebSocketPingInterval that is set counts at once, 0 turns pings off (OCPP 1.6, 9.1.34)."""
    async with Site(tmp_path) as site:
        await site.boot()
        pings = []
        websocket = site.central.point().link.websocket
        handle = websocket.process_event

        def note(event):
            if getattr(event, "opcode", None) is Opcode.PING:
                pings.append(time.monotonic())
            handle(event)

        websocket.process_event = note
        await site.configure(WebSocketPingInterval=1)
        await eventually(lambda: len(pings) >= 4, "four pings")
        assert 0.7 < (pings[3] - pings[0]) / 3 < 2, "the mean, for a busy machine hears them late"
        assert site.central.connections == 1
