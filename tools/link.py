"""The central system's end of one WebSocket: logs what passes, and misbehaves on request."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ocpp.exceptions import OCPPError
from websockets.exceptions import ConnectionClosed

from tools.record import Record

CALL, CALLRESULT, CALLERROR = 2, 3, 4


@dataclass(frozen=True)
class Message:
    """One OCPP-J message that passed. ``kind`` is 2, 3, 4 or None if ``raw`` is no such message.

    ``direction`` is "in" (from the charge point) or "out". ``payload`` of a CALLERROR has errorCode, errorDescription
    and errorDetails. ``action`` of an answer is that of its CALL, if that was seen. ``link`` is the connection's.
    """

    time: float
    point: str
    direction: str
    raw: str | bytes
    parsed: Any
    kind: int | None
    uid: str
    action: str
    payload: Any
    link: Link = field(repr=False, compare=False)

    def __str__(self) -> str:
        arrow = "->" if self.direction == "out" else "<-"
        stamp = time.strftime("%H:%M:%S", time.localtime(self.time)) + f".{int(self.time * 1000) % 1000:03d}"
        return f"{stamp} {self.point} {arrow} {self.raw!s}"


@dataclass
class Fault:
    """How an answer goes wrong. ``times`` is how many answers it spoils, None all.

    ``delay_s`` later; ``drop`` never; ``twice`` two times; ``raw`` this text instead; ``error`` a CALLERROR with this
    code instead; ``close`` cut the connection instead.
    """

    delay_s: float = 0.0
    drop: bool = False
    twice: bool = False
    raw: str | None = None
    error: str | None = None
    close: bool = False
    times: int | None = 1


class Script:
    """What tests make the central system do otherwise: per action, an answer laid over the default, and faults."""

    def __init__(self) -> None:
        self._answers: dict[str, Callable[[dict], Any] | dict] = {}
        self._faults: dict[str, Fault] = {}

    def on(self, action: str, answer: Callable[[dict], Any] | dict | None) -> None:
        """Lay ``answer`` over the default answer: a dict, or what a (coroutine) function of the request returns.

        A value None takes the key out. The function may raise an OCPPError. None as answer restores the default.
        """
        if answer is None:
            self._answers.pop(action, None)
        else:
            self._answers[action] = answer

    def fault(self, action: str, fault: Fault | None) -> None:
        """Spoil the answers to ``action`` ("*" for any); None ends it."""
        if fault is None:
            self._faults.pop(action, None)
        else:
            self._faults[action] = copy.copy(fault)

    def take_fault(self, action: str) -> Fault | None:
        """The fault that the next answer to ``action`` suffers."""
        for key in (action, "*"):
            fault = self._faults.get(key)
            if fault is not None:
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        del self._faults[key]
                return fault
        return None

    async def answer(self, action: str, request: dict, default: dict) -> dict:
        """The answer's payload. Raises OCPPError for a CALLERROR."""
        other = self._answers.get(action, {})
        if callable(other):
            other = other(request)
            if inspect.isawaitable(other):
                other = await other
        merged = {**default, **(other or {})}
        return {key: value for key, value in merged.items() if value is not None}


class Link:
    """Looks like a WebSocket to the ``ocpp`` library: ``recv()`` and ``send()``."""

    def __init__(self, point: str, websocket, messages: Record[Message], script: Script):
        self.point = point
        self.websocket = websocket
        self.messages = messages
        self.script = script
        self._calls: dict[tuple[str, str], tuple[str, dict]] = {}
        self._late: set[asyncio.Task] = set()

    async def recv(self) -> str | bytes:
        raw = await self.websocket.recv()
        self.note("in", raw)
        return raw

    async def send(self, raw: str) -> None:
        """Send for the library; the script may change or spoil an answer."""
        kind, uid, *rest = json.loads(raw)
        action, request = self._calls.get(("in", uid), ("", {}))
        if kind == CALL or not action:
            await self.send_raw(raw)
            return
        if kind == CALLRESULT:
            raw = await self._answer(uid, action, request, rest[0])
        fault = self.script.take_fault(action)
        if fault is None:
            with contextlib.suppress(ConnectionClosed):  # `recv` raises it, after what came before the end
                await self.send_raw(raw)
        elif fault.delay_s:  # the library must go on receiving meanwhile
            task = asyncio.create_task(self._spoil_late(fault, uid, raw))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        else:
            await self._spoil(fault, uid, raw)

    async def send_raw(self, raw: str | bytes) -> None:
        """Send anything, as it is."""
        self.note("out", raw)
        await self.websocket.send(raw)

    def cut(self) -> None:
        """Drop the TCP connection without a word."""
        self.websocket.transport.abort()

    def end(self) -> None:
        """Forget answers that are still to be sent late."""
        for task in self._late:
            task.cancel()

    async def _answer(self, uid: str, action: str, request: dict, default: dict) -> str:
        try:
            return json.dumps([CALLRESULT, uid, await self.script.answer(action, request, default)])
        except OCPPError as error:
            return json.dumps([CALLERROR, uid, error.code, error.description, error.details])

    async def _spoil_late(self, fault: Fault, uid: str, raw: str) -> None:
        await asyncio.sleep(fault.delay_s)
        with contextlib.suppress(ConnectionClosed):
            await self._spoil(fault, uid, raw)

    async def _spoil(self, fault: Fault, uid: str, raw: str) -> None:
        if fault.close:
            self.cut()
            return
        if fault.drop:
            return
        if fault.error is not None:
            raw = json.dumps([CALLERROR, uid, fault.error, "as the test wants it", {}])
        for _ in range(2 if fault.twice else 1):
            await self.send_raw(raw if fault.raw is None else fault.raw)

    def note(self, direction: str, raw: str | bytes) -> None:
        """Record a message that passed."""
        parsed, kind, uid, action, payload = self._parse(direction, raw)
        message = Message(time.time(), self.point, direction, raw, parsed, kind, uid, action, payload, self)
        self.messages.append(message)

    def _parse(self, direction: str, raw: str | bytes) -> tuple[Any, int | None, str, str, Any]:
        try:
            parsed = json.loads(raw)
        except ValueError:
            return None, None, "", "", None
        try:
            kind, uid, *rest = parsed
            if kind == CALL:
                self._calls[direction, uid] = (rest[0], rest[1])
                return parsed, kind, uid, rest[0], rest[1]
            action, _ = self._calls.pop(("out" if direction == "in" else "in", uid), ("", {}))
            if kind == CALLRESULT:
                return parsed, kind, uid, action, rest[0]
            if kind == CALLERROR:
                return parsed, kind, uid, action, dict(zip(("errorCode", "errorDescription", "errorDetails"), rest))
        except (ValueError, TypeError, IndexError):
            pass
        return parsed, None, "", "", None
