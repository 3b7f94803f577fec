"""Where requests of ours come from: see `Rpc.sources`."""

import asyncio

from .rpc import Call


class CallScheduler:
    """`first` has precedence, but after each request of it one of the `others` may come: its queue may be long.

    ``pressing()`` is the number of a StartTransaction or StopTransaction that is to be sent now, or None. Then the
    others wait, except what ``before(number)`` has: the StatusNotification of a state that came before it. So Preparing
    goes before StartTransaction, and StopTransaction before the StatusNotification of its end.
    """

    def __init__(self, first, pressing, before, *others):
        self._first = first
        self._pressing = pressing
        self._before = before
        self._others = others
        self._firsts_turn = True

    def next_call(self):
        number = self._pressing()
        if number is not None:
            call = self._before(number) or self._first()
        else:
            call = self._first() if self._firsts_turn else None
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
    """A bounded queue of requests that are not journaled; the oldest is dropped (and counted) when it is full.

    What is added while ``asked`` is True was asked for by the central system: it goes out while `pending()`, too.
    """

    def __init__(self, log, online, wake, pending, size=8):
        self._log = log
        self._online = online
        self._wake = wake
        self._pending = pending
        self._size = size
        self._calls = []
        self.asked = False
        self.dropped = 0

    def full(self):
        """Would the next one cost the oldest?"""
        return len(self._calls) >= self._size

    def add(self, action, payload, done=None, message_id=None):
        """Have a request sent; ``done(answer, error)`` and `message_id` as in Call; done's error may be "dropped"."""
        if self.full():
            self.dropped += 1
            self._calls.pop(0).done(None, "dropped")
        call = Call(action, payload, done or self._ignore, message_id)
        call.asked = self.asked
        self._calls.append(call)
        self._wake()

    def _ignore(self, answer, error):
        if error is not None:
            self._log.rare("a message was not taken: %s", error)

    def next_call(self):
        pending = self._pending()
        for i, call in enumerate(self._calls):
            if self._online() or (pending and call.asked):
                return self._calls.pop(i)
        return None

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
