"""OCPP-J 1.6, section 4: CALL, CALLRESULT and CALLERROR over the text messages of a WebSocket."""

import asyncio
import gc
import json
from micropython import const

from core.text import printable
from ujson_schema import SchemaError

from .dispatcher import INVALID, NO_MEMORY, CallError
from .json_text import STACK, is_id, load, readable_id, shown

_CALL = const(2)
_CALLRESULT = const(3)
_CALLERROR = const(4)
_UNANSWERED_MAX = const(3)  # CALLs in a row
_KEPT_MAX = const(4)  # answers kept to recognise a CALL that comes twice
_KEPT_BYTES = const(512)  # longer answers come from actions that only read: those may run again
_DESCRIPTION_MAX = const(255)  # table 6
TIMEOUT, CLOSED = "timeout", "closed"


class Call:
    """One request of ours. ``done(answer, error)`` is called once it is over:

    with the answer's payload (a dict) and None, or with None and TIMEOUT, CLOSED, NO_MEMORY or the code of a CALLERROR.
    `message_id` is given for a message that is repeated until it is answered: its id stays the same.
    """

    asked = False  # did the central system request it?

    def __init__(self, action, payload, done, message_id=None):
        self.action = action
        self.payload = payload
        self.done = done
        self.message_id = message_id
        self.repeated = message_id is not None


class Rpc:
    """One CALL of ours at a time; the central system's CALLs are answered meanwhile."""

    def __init__(self, ocpp, counters, dispatcher, timeout_ms):
        self._clock = ocpp.clock
        self._log = ocpp.log
        self.counters = counters
        self._ocpp = ocpp
        self._timeout_ms = timeout_ms
        self._dispatcher = dispatcher
        self._sources = []
        self.exchanged_ms = 0  # uptime of the last message either way
        self.answers = 0  # CALLRESULTs received
        self._unanswered = 0  # CALLs in a row, on this connection
        self._transmit = None
        self._lock, self._wake, self._over = asyncio.Lock(), asyncio.Event(), asyncio.Event()
        self._call = self._late = None  # the one that waits; one of before, whose answer may yet come
        self._sent = self.muted = False  # is all of it out?
        self._kept = []
        self._scratch = bytearray(STACK)

    def add_sources(self, *functions):
        """Have ``function()``, which returns a Call or None, asked for what to send: after those that are there."""
        self._sources.extend(functions)

    def mute(self, muted):
        """Rejected: nothing is answered (OCPP 1.6, section 4.2)."""
        self.muted = muted

    def attach(self, transmit):
        """A connection is open: ``await transmit(text)`` sends."""
        self._transmit = transmit
        self._unanswered = 0
        self._kept = []  # message ids are unique within one connection only

    def detach(self):
        """The connection is gone; the outstanding CALL ends with CLOSED; its answer may yet come over the next."""
        self._transmit = None
        if self._call is not None and self._call.repeated:
            self._late = self._call
        self._finish(None, CLOSED)

    def heard(self):
        """How many OCPP-J messages ever came."""
        return self.counters.rx - self.counters.malformed

    def wake(self):
        """Something may be there to be sent."""
        self._wake.set()

    # --- our calls ----------------------------------------------------------------------------------------------

    async def pump(self):
        """Send what the sources have, as long as there is a connection. OSError: a CALL did not get out in time, or 3
        in a row were not answered: who answers pings alone may be a proxy that has lost its central system.
        """
        while True:
            call = self._next()
            if call is None:
                await self._wake.wait()
                self._wake.clear()
            else:
                await self._perform(call)

    def _next(self):
        for source in self._sources:
            call = source()
            if call is not None:
                return call
        return None

    async def _perform(self, call):
        call.message_id = call.message_id or self._ocpp.stamps.message_id()
        self._over.clear()
        self._call = call
        self._sent = False
        try:
            await self._clock.wait_for_ms(self._exchange(call), self._timeout_ms)
        except asyncio.TimeoutError:
            if not self._sent:  # who stops reading is not there: the connection ends
                raise OSError("%s could not be sent within %d ms" % (call.action, self._timeout_ms))
            self.counters.timeouts += 1
            self._log.warning("%s was not answered within %d ms", call.action, self._timeout_ms)
            self._late = call if call.repeated else None
            self._finish(None, TIMEOUT)
            self._unanswered += 1
            if self._unanswered == _UNANSWERED_MAX:
                self.counters.deaf += 1
                raise OSError("%d CALLs in a row were not answered" % _UNANSWERED_MAX)

    async def _exchange(self, call):
        self._sent = await self._write(call)
        if self._sent:
            await self._over.wait()

    async def _write(self, call):
        """Send it; None: no memory. Its own coroutine: one that waited would keep the text until the answer comes."""
        text = None
        try:
            text, call.payload = json.dumps([_CALL, call.message_id, call.action, call.payload]), None
            await self._send(text)
            return True
        except MemoryError:
            begun, text, call.payload = text is not None, None, None
            gc.collect()
            self._finish(None, NO_MEMORY)
            if begun:
                raise  # the connection ends: a part of it may be out

    def _finish(self, answer, error):
        call, self._call = self._call, None
        if call is not None:
            self._over.set()
            self._tell(call, answer, error)

    def _tell(self, call, answer, error):
        try:
            call.done(answer, error)
        except Exception as e:  # a central system must not be able to break us by what it answers
            self._log.exception("the answer to %s: %r" % (call.action, e), e)
        self.wake()

    async def _send(self, text):
        async with self._lock:
            if self._transmit is None:
                return
            self.counters.tx += 1
            self.exchanged_ms = self._clock.uptime_ms()
            await self._transmit(text)

    # --- what comes in ------------------------------------------------------------------------------------------

    async def receive(self, text):
        """Handle one message of the central system."""
        self.counters.rx += 1
        self.exchanged_ms = self._clock.uptime_ms()
        try:
            frame = load(text, self._scratch)
        except (ValueError, MemoryError) as e:
            gc.collect()
            await self._refuse_text(text, e)
            return
        kind = frame[0] if isinstance(frame, list) and len(frame) > 1 else None
        if isinstance(kind, bool) or kind not in (_CALL, _CALLRESULT, _CALLERROR) or not is_id(frame[1]):
            self._malformed("no OCPP-J message: %s", text)
        elif kind == _CALL:
            await self._answer(frame, text)
        else:
            self._take_answer(kind, frame)

    def _malformed(self, why, text):
        self.counters.malformed += 1
        self._log.rare(why, shown(text))
        self._ocpp.security_event("InvalidMessages", why[: -len(": %s")])

    async def _refuse_text(self, text, error):
        """Not JSON, or too much of it for the heap: answered only where an id can still be read."""
        if isinstance(error, MemoryError):
            error = CallError("InternalError", NO_MEMORY)
        else:
            error = CallError("FormationViolation", "not JSON")
        self._malformed("dropped, " + error.description + ": %s", text)
        message_id = readable_id(text)
        if is_id(message_id) and not self.muted:
            await self._send_error(message_id, error)

    def _take_answer(self, kind, frame):
        self._unanswered = 0  # whatever it answers, and however late
        call = self._call
        if call is None or frame[1] != call.message_id:
            call = self._late
            if call is None or frame[1] != call.message_id:
                self.counters.unknown_ids += 1
                self._log.rare("an answer with the unknown id %s", frame[1])
                self._ocpp.security_event("InvalidMessages", "an answer without a request")
                return
            self._late = None
            self._tell(call, *self._outcome(call, kind, frame))
            return
        if self._late is not None and self._late.message_id == call.message_id:
            self._late = None
        self._finish(*self._outcome(call, kind, frame))

    def _outcome(self, call, kind, frame):
        """(answer, error) of a CALLRESULT or CALLERROR."""
        if kind == _CALLERROR:
            self.counters.errors_received += 1
            code = frame[2] if len(frame) > 2 and isinstance(frame[2], str) else "GenericError"
            self._log.warning("%s: the central system answers %s %s", call.action, code[:40], str(frame[3:4])[:80])
            return None, code
        self.answers += 1
        answer = frame[2] if len(frame) > 2 else None
        try:
            self._dispatcher.check_answer(call.action, answer)
        except SchemaError as e:
            # It cannot be refused any more: who reads it takes what is usable.
            self.counters.bad_answers += 1
            self._log.rare("a bad answer to " + call.action + ": %s", str(e))
            self._ocpp.security_event("InvalidMessages", "a bad answer to " + call.action)
        return answer if isinstance(answer, dict) else {}, None

    async def _answer(self, frame, text):
        if self.muted:
            self.counters.ignored += 1
            self._log.rare("not answered while Rejected: %s", shown(text))
            return
        message_id, digest = frame[1], hash(text)
        for kept in self._kept:
            if kept[0] == message_id and kept[1] == digest:
                self.counters.duplicates += 1
                self._log.rare("the CALL %s came twice", message_id)
                self._ocpp.security_event("AttemptedReplayAttacks", "the same CALL came twice")
                await self._send(kept[2])
                return
        try:
            answer, then = await self._handle(frame)
            reply = json.dumps([_CALLRESULT, message_id, answer])
        except MemoryError:
            gc.collect()
            await self._send_error(message_id, CallError("InternalError", NO_MEMORY))
            return
        except CallError as e:
            await self._send_error(message_id, e)
            return
        if len(reply) <= _KEPT_BYTES:
            self._kept.append((message_id, digest, reply))
            del self._kept[:-_KEPT_MAX]
        try:
            await self._send(reply)
        finally:
            if then is not None:
                then()
            self.wake()

    async def _handle(self, frame):
        """The answer to a CALL, and the function to be called once it is sent. Raises CallError.

        While a handler runs the next message waits, unread: so commands are carried out in their order, and
        nothing piles up. The work may take as long as an answer to a CALL of ours; then it is cancelled.
        """
        try:
            result = self._dispatcher.handle(frame)
            if isinstance(result, tuple):
                return result
            return await self._clock.wait_for_ms(self._dispatcher.finish(frame[2], result), self._timeout_ms)
        except asyncio.TimeoutError:
            raise CallError("InternalError", "not done within %d ms" % self._timeout_ms)
        finally:
            self._dispatcher.release()

    async def _send_error(self, message_id, error):
        self.counters.errors_sent += 1
        description = printable(error.description, _DESCRIPTION_MAX)
        self._log.rare("refused a CALL: " + error.code + " %s", description)
        if error.code in INVALID:
            self._ocpp.security_event("InvalidMessages", error.code)
        elif error.description == NO_MEMORY:
            self._ocpp.security_event("MemoryExhaustion", "a CALL of the central system")
        await self._send(json.dumps([_CALLERROR, message_id, error.code, description, {}]))
