"""A third party's components, as the documents show them, in a folder of their own, and what they speak with."""

import asyncio
import os
import pty
import re
import select
import socket
import sys
from pathlib import Path

from charging_site import Site

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/writing-components.md").read_text()
README = (ROOT / "README.md").read_text()
FILE = re.compile(r"`([\w/]+\.py)`:\n+```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def files():
    """{path: text} of all that the guide shows, and the card reader of the README."""
    found = dict(FILE.findall(GUIDE))
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (found["card_reader.py"],) = [text for text in blocks if "class CardReader" in text]
    return found


def write(folder):
    """Write them, word for word."""
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ThirdParty(Site):
    """The real firmware on a third party's board, whose folder is MICROPYPATH; a pseudo terminal is its card reader."""

    def __init__(self, folder, board="myboards.acme", settings=None, **options):
        self.reader, self._reader_end = pty.openpty()
        self.lamp, self._lamp_end = pty.openpty()
        self.letters = ""  # that the lamp got
        self.building_port = free_port()
        self.building = None
        places = {
            "building": {"port": self.building_port},
            "reader": {"device": os.ttyname(self._reader_end)},
            "lamp": {"device": os.ttyname(self._lamp_end)},
            **(settings or {}),
        }
        places["building"] = {"port": self.building_port, **places["building"]}
        super().__init__(folder / "home", board=board, settings=places, **options)

    async def say(self, line):
        """The building says a line."""
        if self.building is None:
            self.building = (await asyncio.open_connection("127.0.0.1", self.building_port))[1]
        self.building.write(line.encode() + b"\n")
        await self.building.drain()

    async def stop(self):
        if self.building is not None:
            self.building.close()
        await super().stop()
        for end in (self.reader, self._reader_end, self.lamp, self._lamp_end):
            os.close(end)

    def shown(self):
        """All that the lamp was told until now."""
        while select.select([self.lamp], [], [], 0)[0]:
            self.letters += os.read(self.lamp, 100).decode()
        return self.letters

    def hold_card(self, uid):
        """The card reader reads a card."""
        os.write(self.reader, uid.encode() + b"\n")

    async def charge(self, uid):
        """Plug in, hold a card to the third party's reader; the StartTransaction when current flows."""
        await self.plug_in()
        since = self.mark()
        self.hold_card(uid)
        begun = await self.received("StartTransaction", since, idTag=uid)
        await self.current_flows()
        await self.status("Charging", since)
        return begun

    async def end(self, uid):
        """The card again; the StopTransaction."""
        since = self.mark()
        self.hold_card(uid)
        ended = await self.received("StopTransaction", since, idTag=uid)
        assert not self.module.enabled
        return ended


def with_path(monkeypatch, folder):
    """What is written there is found by the firmware, and by tools.layout."""
    monkeypatch.setenv("MICROPYPATH", f"{folder}")
    assert str(folder) not in sys.path
