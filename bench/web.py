"""The vehicle's stop frame while fifty clients hammer the web server, and while none does, in one run.

The firmware is frozen into an executable, as into a device's image: from source each module that is loaded for a
request would be compiled for it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import tempfile
from pathlib import Path

from bench.children import BenchError, Child, python
from bench.latency import Bms
from bench.site import Central, bus, write_settings
from bench.table import LOWER, Row, median, percentile
from tools.build_firmware import build
from tools.toolchain import BuildError

GROUP = "stop latency"
_BOARD = "bench.device.stops"
_ROLE, _PASSWORD = "driver", "driver's own"
_ITERATIONS = 4096  # components/web/passwords.py
_TARGET_MS = 10
_STEP_S = 20
_START_S = 1
_LOOK_S = 0.3
_BLOCKS = 4  # idle and loaded ones in turn: what else the machine does is in both


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def kept(password: str) -> str:
    """What settings.json has of a password."""
    salt = b"0123456789abcdef"
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    return f"pbkdf2-sha256${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def write_web_settings(home: Path, url: str, can_port: int, port: int) -> None:
    """settings.json with the web server on."""
    write_settings(home, url, can_port)
    path = home / "settings.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["web"] = {"port": port, _ROLE: kept(_PASSWORD), "installer": kept("installer's own")}
    path.write_text(json.dumps(settings), encoding="utf-8")


def sample(bms: Bms, port: int, count: int) -> tuple[list[float], list[float], dict[str, int]]:
    """(latencies in ms of an idle server, of a hammered one, what became of the requests). Raises BenchError."""
    idle: list[float] = []
    loaded: list[float] = []
    told: dict[str, int] = {}
    for _ in range(_BLOCKS):
        idle += bms.sample(count // _BLOCKS)
        with Child(python("web_clients", port, _ROLE, _PASSWORD)) as clients:
            clients.write("begin\n")
            bms.permit(_START_S)
            loaded += bms.sample(count // _BLOCKS)
            clients.write("end\n")
            while clients.process.poll() is None:
                bms.permit(_LOOK_S)  # a vehicle that says nothing for 3 s is gone
            for name, number in json.loads(clients.line("done ", _STEP_S)).items():
                told[name] = told.get(name, 0) + number
    return idle, loaded, told


def run(image: Path, count: int) -> tuple[list[float], list[float], dict[str, int]]:
    """What `sample` tells of the firmware in an executable. Raises BenchError, also where a request has failed."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory, bus() as can_port, Central() as central:
        home = Path(directory)
        write_web_settings(home, central.url, can_port, port)
        with Child([str(image), "--home", str(home)]) as child:
            child.until("BootNotification: Accepted", _STEP_S)
            child.write("auth CARD\n")
            bms = Bms(can_port)
            try:
                found = sample(bms, port, count)
            except BenchError as error:
                child.end()
                raise BenchError(f"{error}\n" + "\n".join(child.rest()[-40:])) from None
            finally:
                bms.bus.shutdown()
            child.end()
            failed = [line for line in child.rest() if "request failed" in line or "Traceback" in line]
    if failed:
        raise BenchError("\n".join(failed))
    return found


def measure(quick: bool) -> list[Row]:
    """Three rows: ours under load; beside it, in the peer's column, the idle server."""
    try:
        idle, loaded, told = run(build(_BOARD), 8 if quick else 200)
    except BuildError as error:
        raise BenchError(str(error)) from None
    shown = ", ".join(f"{number} {name}" for name, number in sorted(told.items()))
    note = f"50 clients: state, metrics, page, passwords, endless heads, silence; {shown}. Peer's column: no client."
    rows = []
    for name, of, target in (
        ("median", median, None),
        ("p99", lambda ms: percentile(ms, 99), _TARGET_MS),
        ("max", max, None),
    ):
        title = f"... 50 web clients, {name}"
        rows.append(Row(GROUP, title, "ms", of(loaded), of(idle), LOWER, target=target))
    rows[0].note = note
    rows[0].runs = {"ours": loaded, "peer": idle}
    return rows
