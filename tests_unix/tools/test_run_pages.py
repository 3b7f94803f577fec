"""``make run`` as a person uses it who has a browser: the charger's page and the simulator's, by what they send."""

import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from make_run import MakeRun

from tools.first_run import INSTALLER


def test_a_vehicle_is_charged_by_the_buttons_of_the_page(tmp_path):
    """make run as it is; afterwards nothing of it is left."""
    with MakeRun(tmp_path, "--configured") as run:
        simulator = run.simulator
        simulator.eventually("api/state", lambda state: state["central"]["connected"] == ["CP-1"], 60)
        simulator.press("plug")
        simulator.press("tag", "LOST", "Blocked")
        simulator.press("card", "LOST")
        run.printed("LOST.*Blocked")
        assert not simulator.get("api/state")["central"]["transactions"]
        run.type("half a li")  # what somebody is typing does not spoil the card
        simulator.press("card", "CARD-7")
        state = simulator.eventually("api/state", lambda state: state["outlets"][0]["module"]["a"] > 5)
        check_charging(run.charger)
        assert [one["card"] for one in state["central"]["transactions"]] == ["CARD-7"]
        assert simulator.press("profile", "8") == "Accepted"
        simulator.eventually("api/state", lambda state: 7.5 < state["outlets"][0]["module"]["a"] < 8.5)
        assert simulator.press("clear-profiles") == "Accepted"
        simulator.eventually("api/state", lambda state: state["outlets"][0]["module"]["a"] > 20)
        simulator.press("offline")
        assert not simulator.get("api/state")["central"]["online"]
        simulator.press("online")
        simulator.eventually("api/state", lambda state: state["central"]["connected"], 60)
        assert simulator.press("remote-stop") == "Accepted"
        state = simulator.eventually("api/state", lambda state: not state["central"]["running"])
        assert state["central"]["transactions"][-1]["wh"] > 0
        pid = run.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert run.end() == 0, run.output
    assert len(children) == 1 and not Path(f"/proc/{children[0]}").exists()
    with pytest.raises(OSError):
        simulator.ask("api/state")


def check_charging(charger):
    """The charger's own page tells of the transaction, whoever signs in with what was printed."""
    assert charger.ask("api/state")[0] == 401
    charger.login = f"installer:{INSTALLER}"
    outlet = charger.eventually("api/state?path=outlet/1", lambda outlet: outlet["state"] == "Charging")
    assert outlet["power_mw"] > 100_000
    status, answer = charger.ask("api/stop", {"outlet": 1}, Origin="http://example.com")
    assert (status, answer["error"]) == (403, "origin")
    with pytest.raises(ConnectionRefusedError):  # another address of this machine
        socket.create_connection(("127.0.0.2", urlsplit(charger.url).port), 5)


def test_two_outlets_have_a_panel_and_buttons_each(tmp_path):
    with MakeRun(tmp_path, "--board", "unix_two", "--configured") as run:
        simulator = run.simulator
        assert simulator.get("api/site")["outlets"] == 2
        simulator.eventually("api/state", lambda state: state["central"]["connected"], 60)
        simulator.press("plug", "2")
        simulator.press("bus-off", "1")
        simulator.press("remote-start", "CARD-2", "2")
        state = simulator.eventually("api/state", lambda state: state["outlets"][1]["module"]["a"] > 5)
        assert [outlet["bus"]["ok"] for outlet in state["outlets"]] == [False, True]
        assert state["central"]["transactions"][0]["outlet"] == 2


@pytest.mark.parametrize("option", ["--sim-port", "--web-port"])
def test_a_port_that_is_taken_is_reported_in_one_sentence(tmp_path, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [*MakeRun(tmp_path / "home").command, option, str(port)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert (result.returncode, result.stdout) == (2, ""), result
        assert result.stderr.startswith(f"port {port} cannot be had: ") and result.stderr.count("\n") == 1
        assert not (tmp_path / "home").exists()
