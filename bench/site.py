"""Where a firmware is measured: its home directory with settings, and the central system in a process of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from bench.children import Child, python


class Central(Child):
    """bench/central.py as a child. `url` is what belongs into settings.json; see there for the other two."""

    def __init__(self) -> None:
        super().__init__(python("central"))
        self.port = int(self.line("port "))
        self.url = f"ws://127.0.0.1:{self.port}/ocpp"
        self.ask_url = f"ws://127.0.0.1:{self.port}/ask"
        self.flood_url = f"ws://127.0.0.1:{self.port}/flood"

    def booted(self, name: str, timeout: float = 30) -> float:
        """The time.monotonic() at which the next BootNotification of this charge point was accepted."""
        return float(self.line(f"boot {name} ", timeout))


def write_settings(home: Path, url: str, can_port: int | str) -> None:
    """settings.json for the unix board."""
    home.mkdir(parents=True, exist_ok=True)
    settings = {
        "ocpp": {"url": url, "id": "OURS", "vendor": "ucharge", "model": "bench"},
        "can": {"port": can_port if isinstance(can_port, str) else f"socket://127.0.0.1:{can_port}"},
        "wifi": {"ssid": "depot", "password": "correct horse"},
    }
    (home / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


@contextlib.contextmanager
def bus(*options: str) -> Iterator[int]:
    """The port of the bus hub with what is on it, in a process of its own; see bus.py."""
    with Child(python("bus", *options)) as child:
        yield int(child.line("port "))
