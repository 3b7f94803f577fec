"""``make run`` as a person uses it who has a browser: the charger's page and the simulator's, by what they send."""

import json
import re
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from make_run import MakeRun

from tools.firmware import ROOT
from tools.first_run import INSTALLER, NETWORK
from tools.run import Site, options_of_run
from tools.selection import Selection, boards

# What is to be entered on the charger's form, as that calls it
FIELDS = ["Network", "Password of the network", "Address of the central system", "Identity of this charger"]


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
    charger.eventually("api/state?path=outlet/1", lambda one: one["state"] == "Charging" and one["power_mw"] > 100_000)
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


def test_a_home_that_cannot_be_made_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    command = MakeRun(tmp_path / "file" / "home").command
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (2, ""), result
    assert result.stderr == f"the home {tmp_path}/file/home cannot be made: Not a directory\n"


def test_a_newcomer_sets_the_charger_up_and_charges_with_a_browser_alone(tmp_path):
    """The way of the README's first chapter, by what it and both pages say: nothing else is known."""
    told = (ROOT / "README.md").read_text().partition("\n## Start\n")[2].partition("\n## ")[0]
    buttons = re.findall(r"\*\*(.+?)\*\*", told)
    with MakeRun(tmp_path) as run:
        simulator, charger = run.simulator, run.charger
        run.printed("the charger's page .* not set up yet")
        site = simulator.get("api/site")
        entered = site["setup"]
        assert site["charger"] == charger.url and list(entered) == FIELDS

        me = charger.eventually("api/me", lambda me: me["setup"], 60)
        for page in (simulator, charger):
            assert page.get("").lower().startswith("<!doctype html>")
        assert me["role"] is None and charger.ask("api/state")[0] == 401
        networks = charger.get("api/networks")
        assert f"choose the network `{NETWORK}`" in told and entered["Network"] == NETWORK
        assert networks[0][0] == NETWORK and networks[0][2]
        form = {**dict(zip(("ssid", "password", "url", "id"), entered.values())), "installer": "a newcomer's"}
        wrong = {**form, "password": "wrong horse"}
        assert charger.ask("api/setup", form, Origin="http://example.com")[0] == 403
        assert charger.ask("api/setup", wrong)[0] == 202
        failed = charger.eventually("api/setup", lambda trial: trial["state"] != "trying", 60)
        assert failed["state"] == "failed" and "password" in failed["error"]
        assert charger.ask("api/setup", form)[0] == 202
        simulator.eventually("api/state", lambda state: state["central"]["connected"] == [form["id"]], 90)
        assert simulator.get("api/state")["firmware"]["starts"] == 2

        charger.eventually("api/me", lambda me: not me["setup"])
        assert charger.ask("api/setup", form)[0] == 401
        assert charger.ask("api/login", {"role": "installer", "password": "a newcomer's"})[0] == 200
        for label in buttons:
            command = next(command for command in site["commands"] if command["label"] == label)
            simulator.press(command["name"], *(field["default"] for field in command["fields"]))
        simulator.eventually("api/state", lambda state: state["outlets"][0]["module"]["a"] > 5)
        charger.eventually("api/state?path=outlet/1", lambda one: one["state"] == "Charging" and one["power_mw"])
        simulator.press("soc", "99")
        simulator.eventually("api/state", lambda state: state["outlets"][0]["vehicle"]["full"], 60)
        simulator.press("unplug")
        ended = simulator.eventually("api/state", lambda state: not state["central"]["running"])
        assert ended["central"]["transactions"][0]["wh"] > 0
        assert run.end() == 0, run.output


def test_what_a_person_has_set_up_is_kept_for_the_next_make_run(tmp_path):
    with MakeRun(tmp_path) as run:
        before = run.charger.url
        run.charger.eventually("api/me", lambda me: me["setup"], 60)
        entered = run.simulator.get("api/site")["setup"]
        form = {**dict(zip(("ssid", "password", "url"), entered.values())), "id": "MINE", "installer": "chosen here"}
        assert run.charger.ask("api/setup", form)[0] == 202
        run.simulator.eventually("api/state", lambda state: state["central"]["connected"] == ["MINE"], 90)
        assert run.end() == 0, run.output
    with MakeRun(tmp_path) as run:
        assert run.charger.url == before
        run.printed("the charger's page .* set up already, with the passwords that were chosen there")
        run.simulator.eventually("api/state", lambda state: state["central"]["connected"] == ["MINE"], 60)
        assert not run.simulator.get("api/site")["setup"]
        run.charger.login = "installer:chosen here"
        assert run.charger.get("api/me")["role"] == "installer"
        run.simulator.press("wifi-off")
        run.charger.eventually("api/state?path=network", lambda network: not network["online"])
        run.charger.eventually("api/state?path=central", lambda central: not central["connected"], 60)
        run.simulator.press("clear-faults")
        run.simulator.eventually("api/state", lambda state: state["central"]["connected"], 90)
        assert run.end() == 0, run.output


@pytest.mark.parametrize("text", ["{", '{"web": 1}'])
def test_settings_that_cannot_be_kept_are_not_overwritten(tmp_path, text):
    file = tmp_path / "settings.json"
    file.write_text(text, encoding="latin-1")
    command = MakeRun(tmp_path).command
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1), result
    assert result.stderr.startswith(f"{file} ") and "remove it" in result.stderr
    assert file.read_text(encoding="latin-1") == text


def test_the_simulator_calls_the_fields_of_the_form_as_the_form_does():
    rows = json.loads((ROOT / "components/web/page/languages.json").read_text())
    assert set(FIELDS) <= {row[0] for row in rows}


@pytest.mark.parametrize("board", [board for board in boards() if Selection(board).port == "unix"])
def test_each_board_of_this_machine_begins_as_a_new_charger(tmp_path, board):
    site = Site(options_of_run().parse_args(["--home", str(tmp_path), "--board", board]))
    assert site.charger and not site.configured
    preset = {"ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1"}, "can": {"port": "x"}, "wifi": {"ssid": "x"}}
    written = site.prepare(preset)
    assert written["can"] == preset["can"] and written["ocpp"] == {} and written["wifi"] == {"radio": "radio"}
    assert written["web"] == {"address": "127.0.0.1", "port": site.port}


def test_modules_on_a_bus_of_their_own_charge_by_the_buttons(tmp_path):
    with MakeRun(tmp_path, "--board", "unix_infy", "--configured") as run:
        assert "cut-module" in [command["name"] for command in run.simulator.get("api/site")["commands"]]
        run.simulator.eventually("api/state", lambda state: state["central"]["connected"], 60)
        run.simulator.press("plug")
        run.simulator.press("card", "CARD-7")
        run.simulator.eventually("api/state", lambda state: state["outlets"][0]["module"]["a"] > 5, 60)
