"""Send one command to the simulation that ``make run`` or ``tools.simulate`` runs: ``python -m tools.sim plug``."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent / "build" / "run"
_TIMEOUT_S = 35  # a command to the charge point may take the central system's 30 s


def ask(home: Path, command: str) -> str:
    """Return the simulation's answer. Raises OSError when none runs there, ValueError for a broken port file."""
    port = int((home / "control.port").read_text(encoding="utf-8"))
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
        connection.sendall(" ".join(command.split()).encode() + b"\n")
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile(encoding="utf-8") as file:
            return file.read().rstrip()


def main() -> int:
    """Send the command line's words; status 1 when they were not obeyed."""
    parser = argparse.ArgumentParser(description="Send a command to the running simulation.")
    parser.add_argument("--home", type=Path, default=HOME)
    parser.add_argument("command", nargs="*", default=["help"], help="see the command help")
    options = parser.parse_args()
    try:
        answer = ask(options.home, " ".join(options.command))
    except (OSError, ValueError) as error:
        print(f"no simulation runs in {options.home} ({error}); start one with: make run", file=sys.stderr)
        return 1
    print(answer)
    return 1 if answer.startswith("error") else 0


if __name__ == "__main__":
    sys.exit(main())
