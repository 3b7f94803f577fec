"""Where requests of ours come from: see `Rpc.sources`."""

import asyncio

from .rpc import Call


class Turns:
    """`first` has precedence, but after each request of it one of the `others` may come: its queue may be long.

    While `pressing()` the others wait: a StopTransaction goes before the StatusNotification that tells of its end.
    """

    def __init__(self, first, pressing, *others):
        self._first = first
        self._pressing = pressing
        self._others = others
        self._firsts_turn = True

    def next_call(self):
        call = self._first() if self._firsts_turn or self._pressing() else None
        if call is None:
            for source in self._others:
                call = source()
                if call is not None:
                    self._firsts_turn = True
                    return call
            call = None if self._firsts_turn else self._first()
        self._firsts_turn = call is None
        return call


class Outbox:
    """A bounded queue of requests that are not journaled; the oldest is dropped (and counted) when it is full."""

    def __init__(self, log, online, wake, size=8):
        self._log = log
        self._online = online
        self._wake = wake
        self._size = size
        self._calls = []
        self.dropped = 0

    def add(self, action, payload, done=None):
        """Have a request sent; ``done(answer, error)`` as in Call."""
        if len(self._calls) == self._size:
            self.dropped += 1
            self._calls.pop(0).done(None, "dropped")
        self._calls.append(Call(action, payload, done or self._ignore))
        self._wake()

    def _ignore(self, answer, error):
        if error is not None:
            self._log.rare("a message was not taken: %s", error)

    def next_call(self):
        return self._calls.pop(0) if self._calls and self._online() else None

    async def request(self, action, payload):
        """Send a request and wait for its answer: returns (answer, error) as in Call."""
        over = asyncio.Event()
        outcome = []

        def done(answer, error):
            outcome.extend((answer, error))
            over.set()

        self.add(action, payload, done)
        await over.wait()
        return tuple(outcome)
