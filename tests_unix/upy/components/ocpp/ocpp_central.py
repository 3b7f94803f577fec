"""A central system for tests, which a charge point talks to in texts, as over a WebSocket."""

import asyncio
import json

from core.isotime import format_utc

NOON = 1800014400000  # 2027-01-15T12:00:00Z


class Central:
    """A central system: answers every CALL; keeps what it got. Its time goes with the charge point's clock.

    ``answers``: {action: answer, or function(payload) -> answer, None for no answer, or a CALLERROR's code as str}.
    ``calls``: [(message id, action, payload)]; a repeated message id is counted in ``repeated`` and answered as before.
    """

    def __init__(self, start_ms=NOON):
        self.site = None
        self.start_ms = start_ms
        self.calls = []
        self.repeated = 0
        self.outstanding = 0
        self.results = []
        self.answers = {}
        self._answered = {}
        self._ids = 0
        self._transactions = 0

    def utc_ms(self):
        return self.start_ms + self.site.clock.uptime_ms()

    async def take(self, text):
        frame = json.loads(text)
        if frame[0] != 2:
            self.results.append(frame)
            return
        _, message_id, action, payload = frame
        if message_id in self._answered:
            self.repeated += 1
            await self.give([3, message_id, self._answered[message_id]])
            return
        self.calls.append((message_id, action, payload))
        answer = self.answers.get(action, getattr(self, "_" + action, {}))
        answer = answer(payload) if callable(answer) else answer
        if isinstance(answer, str):
            self.calls.pop()
            await self.give([4, message_id, answer, "", {}])
        elif answer is not None:
            self._answered[message_id] = answer
            await self.give([3, message_id, answer])

    async def give(self, frame):
        """Send a frame (or a text that is none) to the charge point."""
        text = frame if isinstance(frame, str) else json.dumps(frame)
        asyncio.create_task(self.site.ocpp.rpc.receive(text))

    async def call(self, action, payload):
        """Send a CALL; returns the answer's payload, or the code of the CALLERROR."""
        self._ids += 1
        message_id = "c%d" % self._ids
        await self.give([2, message_id, action, payload])
        await self.site.run(50)
        for frame in self.results:
            if frame[1] == message_id:
                return frame[2]
        return None

    def _BootNotification(self, payload):
        return {"status": "Accepted", "currentTime": format_utc(self.utc_ms()), "interval": 300}

    def _Heartbeat(self, payload):
        return {"currentTime": format_utc(self.utc_ms())}

    def _Authorize(self, payload):
        return {"idTagInfo": {"status": "Accepted"}}

    def _StartTransaction(self, payload):
        self._transactions += 1
        return {"transactionId": self._transactions, "idTagInfo": {"status": "Accepted"}}

    def of(self, *actions):
        """The payloads of these actions, in order."""
        return [payload for _, action, payload in self.calls if action in actions]

    def actions(self):
        return [action for _, action, _ in self.calls]

    def states(self, connector=1):
        return [p["status"] for p in self.of("StatusNotification") if p["connectorId"] == connector]
