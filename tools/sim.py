"""Send one command to the simulation that ``make run`` or ``tools.simulate`` runs: ``python -m tools.sim plug``."""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
from pathlib import Path

_BUILD = Path(__file__).resolve().parent.parent / "build"
HOME = _BUILD / "run"
RUNNING = _BUILD / "simulations"  # a file of each that runs, named by its process; in it the home
_TIMEOUT_S = 35  # a command to the charge point may take the central system's 30 s


def connect(home: Path) -> socket.socket:
    """Open the simulation's control port. Raises OSError when none runs there, ValueError for a broken port file."""
    port = int((home / "control.port").read_text(encoding="utf-8"))
    return socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)


def send(home: Path, command: str) -> str:
    """Return the simulation's answer. Raises as `connect` does."""
    with connect(home) as connection:
        connection.sendall(" ".join(command.split()).encode() + b"\n")
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile(encoding="utf-8") as file:
            return file.read().rstrip()


def registered() -> list[tuple[str, Path]]:
    """(process, home) of each simulation that has begun and not ended in order; some may have been killed."""
    found = []
    for entry in RUNNING.glob("*"):
        with contextlib.suppress(OSError):
            found.append((entry.name, Path(entry.read_text(encoding="utf-8"))))
    return found


def homes() -> list[Path]:
    """The homes of the simulations that run."""
    found = []
    for pid, home in registered():
        try:
            connect(home).close()
            found.append(home)
        except (OSError, ValueError):  # it was killed
            (RUNNING / pid).unlink(missing_ok=True)
    return sorted(found)


def home_of(running: list[Path]) -> Path:
    """The default where none is named: the usual one, or the only one. Raises ValueError."""
    if HOME in running or not running:
        return HOME
    if len(running) > 1:
        ways = "".join(f'\n  make sim ARGS="--home {home}" CMD="..."' for home in running)
        raise ValueError(f"several simulations run; choose one:{ways}")
    return running[0]


def main() -> int:
    """Send the command line's words; status 1 when the command failed."""
    parser = argparse.ArgumentParser(description="Send a command to the running simulation.")
    parser.add_argument("--home", type=Path, help="of the simulation; else the one that runs")
    parser.add_argument("command", nargs="*", default=["help"], help="see the command help")
    options = parser.parse_args()
    try:
        home = options.home or home_of(homes())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        answer = send(home, " ".join(options.command))
    except (OSError, ValueError) as error:
        print(f"no simulation runs in {home} ({error}); start one with: make run", file=sys.stderr)
        return 1
    print(answer)
    return 1 if answer.startswith("error") else 0


if __name__ == "__main__":
    sys.exit(main())
