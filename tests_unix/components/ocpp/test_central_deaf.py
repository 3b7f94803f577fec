"""A central system whose WebSocket lives, pongs and all, and which answers no CALL any more."""

import pytest
from charging_site import TIMEOUT_S, Site

from tools.central import Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOARD = """
from boards import unix

NAME, PORT, SETTINGS = "impatient", unix.PORT, unix.SETTINGS
COMPONENTS = tuple(
    dict(entry, options={"call_timeout_ms": 1000}) if entry["name"] == "ocpp" else entry for entry in unix.COMPONENTS
)
"""


async def test_pings_answered_and_calls_not(tmp_path, monkeypatch):
    """After 3 unanswered CALLs in a row it is dialled anew, and the session that ended meanwhile is delivered once."""
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "impatient.py").write_text(BOARD)
    monkeypatch.setenv("MICROPYPATH", f"{tmp_path}:.frozen")
    home = tmp_path / "home"
    async with Site(home) as site:
        site.firmware.command[2] = "boxes.impatient"
        await site.boot()
        await site.configure(TransactionMessageRetryInterval=1, TransactionMessageAttempts=2, WebSocketPingInterval=1)
        begun = await site.start_session("CARD-1")
        site.central.fault("*", Fault(drop=True, times=None))
        since, printed, connections = site.mark(), site.firmware.mark, site.central.connections
        await site.present("CARD-1")
        await site.printed(r"W .*ocpp: connection: .*3 CALLs in a row were not answered", printed, 30)
        await site.central.wait_connected(timeout=TIMEOUT_S, after=connections)
        assert len(site.central.calls("StopTransaction", since)) >= 1
        site.central.fault("*", None)
        await site.central.messages.wait(
            lambda m: m.direction == "out" and m.action == "StopTransaction", 60, since, "the answer to StopTransaction"
        )
        stops = site.central.calls("StopTransaction", since)
        assert len({m.uid for m in stops}) == 1, "one message, repeated"
        assert len({m.raw for m in stops}) == 1
        assert begun.payload["meterStart"] <= stops[0].payload["meterStop"]
        assert site.central.calls("BootNotification", since) == [], "it did not restart"
        await site.answer("status", r"ended unanswered [1-9]")
