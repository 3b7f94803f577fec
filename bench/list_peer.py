"""The peer of lists.py: a charge point on the ``ocpp`` library that keeps its list in SQLite.

    python -m bench.list_peer URL FILE KEYS

FILE: the database; each SendLocalList is one transaction in it. KEYS: how many configuration keys it has. It answers
the DataTransfers of device/lists.py; its heap is what tracemalloc counts.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
import tracemalloc

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, DataTransferStatus, UpdateStatus
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench.peer import boot

_TABLE = "create table list (tag text primary key, status text, expiry text, parent text) without rowid"
_INSERT = "insert or replace into list values (?, ?, ?, ?)"
_FIND = "select status, expiry, parent from list where tag = ?"


class Point(ChargePoint):
    """A charge point with a local list and a configuration."""

    def __init__(self, websocket, database: sqlite3.Connection, keys: int):
        super().__init__("PEER", websocket)
        self.database = database
        self.keys = keys
        self._base = 0

    @on(Action.send_local_list)
    def send_local_list(self, list_version: int, update_type: str, local_authorization_list: list | None = None):
        """Keep the entries."""
        rows = []
        for entry in local_authorization_list or ():
            info = entry["id_tag_info"]
            rows.append((entry["id_tag"].upper(), info["status"], info.get("expiry_date"), info.get("parent_id_tag")))
        with self.database:
            if update_type == "Full":
                self.database.execute("delete from list")
            self.database.executemany(_INSERT, rows)
        return call_result.SendLocalList(status=UpdateStatus.accepted)

    @on(Action.get_configuration)
    def configuration(self, **_):
        """All keys."""
        keys = [{"key": f"ConfigurationKey{n:02}", "readonly": n % 3 == 0, "value": str(n)} for n in range(self.keys)]
        return call_result.GetConfiguration(configuration_key=keys)

    @on(Action.data_transfer)
    def data_transfer(self, message_id: str, data: str | None = None, **_):
        """Look up, or tell of the heap."""
        answer = None
        if message_id == "lookups":
            answer = str(self._look_up(data or ""))
        elif message_id == "watch":
            tracemalloc.start()
            self._base = tracemalloc.get_traced_memory()[0]
        elif message_id == "peak":
            answer = str(tracemalloc.get_traced_memory()[1] - self._base)
            tracemalloc.stop()
        return call_result.DataTransfer(status=DataTransferStatus.accepted, data=answer)

    def _look_up(self, data: str) -> float:
        count, form = data.split()
        tags = [form % number for number in range(int(count))]
        began = time.perf_counter()
        for tag in tags:
            if self.database.execute(_FIND, (tag.upper(),)).fetchone()[0] != "Accepted":
                raise ValueError(tag)
        return (time.perf_counter() - began) * 1e6 / len(tags)


async def run(url: str, path: str, keys: int) -> None:
    """Connect, and answer until ended."""
    async with connect(url + "/PEER", subprotocols=[Subprotocol("ocpp1.6")]) as websocket:
        database = sqlite3.connect(path)
        database.execute(_TABLE)
        point = Point(websocket, database, keys)
        serving = asyncio.create_task(point.start())
        await boot(point)
        await serving


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
