"""A charger that nobody has set up yet, as ``make run`` begins with it, and what a person has set up, which is kept."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
from pathlib import Path
from typing import Any

Settings = dict[str, dict[str, Any]]

RADIO = "radio"  # folder of the simulated Wi-Fi below the home, see drivers/simradio.py
NETWORK, PASSWORD = "depot", "correct horse"
NETWORKS = {NETWORK: [PASSWORD, -58], "guests": ["", -71], "neighbour": ["not yours to know", -80]}
INSTALLER = "simulated"  # the installer's password of a charger that is set up already
_URL_FILE = "central.url"
_ITERATIONS = 4096


class RunError(Exception):
    """It cannot begin; the message says why, in one sentence."""


def without_network(preset: Settings) -> Settings:
    """The settings of a new device: what its maker knows, and not where it will stand."""
    settings = {section: dict(values) for section, values in preset.items() if section != "wifi"}
    for key in ("url", "id"):
        settings["ocpp"].pop(key, None)
    return {**settings, "setup": {"open": True}}


def is_set_up(home: Path) -> bool:
    """Whether there is an installer's password. Raises RunError."""
    return bool(_installer(home))


def is_preset(home: Path) -> bool:
    """Whether the installer's password is `INSTALLER`."""
    try:
        _, iterations, *parts = _installer(home).split("$")
        salt, digest = (base64.b64decode(part) for part in parts)
        return digest == hashlib.pbkdf2_hmac("sha256", INSTALLER.encode(), salt, int(iterations))
    except ValueError:
        return False


def _installer(home: Path) -> str:
    return str(_read(home / "settings.json").get("web", {}).get("installer", ""))


def kept(preset: Settings, home: Path) -> Settings:
    """What a person has set up in the home, else the settings of a new device. Raises RunError."""
    settings = _read(home / "settings.json") if is_set_up(home) else without_network(preset)
    url = home / _URL_FILE
    if url.exists() and settings.get("ocpp", {}).get("url") == url.read_text(encoding="utf-8"):
        settings["ocpp"]["url"] = preset["ocpp"]["url"]  # the simulated central system has another port now
    url.write_text(preset["ocpp"]["url"], encoding="utf-8")
    return {**settings, "can": preset["can"]}


def set_up(preset: Settings) -> Settings:
    """The settings of a charger whose installer has the password `INSTALLER`."""
    salt = os.urandom(16)
    digest = hashlib.pbkdf2_hmac("sha256", INSTALLER.encode(), salt, _ITERATIONS)
    parts = [base64.b64encode(part).decode() for part in (salt, digest)]
    return {**preset, "web": {"installer": f"pbkdf2-sha256${_ITERATIONS}${parts[0]}${parts[1]}"}}


def write_networks(home: Path, there: bool = True) -> None:
    """What is in range of the simulated radio: all networks, or none."""
    folder = home / RADIO
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / "networks.new"
    beside.write_text(json.dumps(NETWORKS if there else {}), encoding="utf-8")
    beside.replace(folder / "networks.json")


def web_port(home: Path, wanted: int) -> int:
    """The port of the charger's page: that which is wanted, else that of the run before if it is free, else another.

    Raises RunError where what is wanted is not free.
    """
    if wanted:
        return free_port(wanted)
    try:
        return free_port(_read(home / "settings.json").get("web", {}).get("port", 0))
    except (RunError, TypeError, OverflowError):
        return free_port(0)


def free_port(port: int) -> int:
    """The port, 0: one that is free now. Raises RunError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RunError(f"port {port} cannot be had: {error.strerror}") from None
        return probe.getsockname()[1]


def _read(path: Path) -> Settings:
    """The settings in a file, {} without one. Raises RunError for a file that is not to be overwritten unread."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read, so mend it or remove it: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(values, dict) for values in found.values()):
        raise RunError(f"{path} is no object of objects: mend it or remove it")
    return found
