"""The messages that a central system receives and sends, and a test's queries of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from tools.link import CALL, CALLERROR, CALLRESULT, Message
from tools.record import Record

_KEPT_MESSAGES = 20000


class _Log(Record[Message]):
    """The messages, each also a line in a text file."""

    def __init__(self, file: TextIO | None):
        super().__init__(_KEPT_MESSAGES)
        self._file = file

    def append(self, event: Message) -> None:
        super().append(event)
        if self._file is not None:
            print(event, file=self._file, flush=True)


class MessageLog:
    """The base of a central system. ``messages``: all that passed. log: text file that gets each as a line."""

    def __init__(self, log: TextIO | None = None):
        self.messages: Record[Message] = _Log(log)

    def calls(self, action: str | None = None, since: int = 0) -> list[Message]:
        """The CALLs that charge points sent after the mark (``messages.total`` earlier)."""
        return [m for m in self.messages.after(since) if _is_call(m) and action in (None, m.action)]

    async def wait_for(
        self, action: str, predicate: Callable[[dict], bool] | None = None, timeout: float = 10, since: int = 0
    ) -> Message:
        """Return the first CALL of ``action`` after the mark whose payload fits. Raises TimeoutError."""

        def fits(message: Message) -> bool:
            return _is_call(message) and message.action == action and (not predicate or predicate(message.payload))

        return await self.messages.wait(fits, timeout, since, f"{action} from the charge point")

    async def wait_answer(self, uid: str, timeout: float = 10) -> Message:
        """Return the answer to the last CALL with this unique id, a CALLRESULT or CALLERROR. Raises TimeoutError."""

        def fits(message: Message) -> bool:
            return message.direction == "in" and message.kind in (CALLRESULT, CALLERROR) and message.uid == uid

        known = self.messages.after(0)
        calls_sent = (n for n, m in enumerate(known) if m.direction == "out" and m.kind == CALL and m.uid == uid)
        since = self.messages.total - len(known) + max(calls_sent, default=0)
        return await self.messages.wait(fits, timeout, since, f"answer to {uid}")


def _is_call(message: Message) -> bool:
    return message.direction == "in" and message.kind == CALL
