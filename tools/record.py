"""A bounded record of events that a test can look back on and wait for."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Record(Generic[T]):
    """The last ``size`` events, in order. ``total`` counts all that ever came and is the mark for ``since``."""

    def __init__(self, size: int):
        self._events: collections.deque[T] = collections.deque(maxlen=size)
        self._waiting: list[tuple[Callable[[T], bool], asyncio.Future[T]]] = []
        self.total = 0

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._events))

    def __getitem__(self, index: int) -> T:
        return self._events[index]

    def append(self, event: T) -> None:
        self.total += 1
        self._events.append(event)
        for fits, future in self._waiting:
            if not future.done() and fits(event):
                future.set_result(event)

    def after(self, since: int) -> list[T]:
        """The events that came after the mark and are still held."""
        skip = max(0, len(self._events) - (self.total - since))
        return list(self._events)[skip:]

    async def wait(self, fits: Callable[[T], bool], timeout: float, since: int | None = None, what: str = "event") -> T:
        """Return the first event that fits, among those after ``since`` (default: now) and those to come.

        Raises TimeoutError, naming ``what`` was awaited.
        """
        for event in self.after(self.total if since is None else since):
            if fits(event):
                return event
        entry = (fits, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            return await asyncio.wait_for(entry[1], timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no {what} within {timeout} s") from None
        finally:
            self._waiting.remove(entry)
