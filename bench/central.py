"""The central system of the measurements: as quick as the websockets library allows, so that it hides little.

One thread a connection, blocking sockets, the library's Sans-I/O protocol. It trusts what it gets and answers at once;
the charge points under test validate. With the path ``/flood/ID`` or ``/ask/ID`` GetConfiguration is asked again and
again, from the accepted BootNotification on.

Prints its port, then ``boot ID TIME`` (time.monotonic()) for each BootNotification that it accepted and
``answers PATH COUNT`` when a connection ends that was asked.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import datetime, timezone

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

_OUTSTANDING = {"flood": 4, "ask": 1}  # path: GetConfiguration that are always on their way
_CALL, _CALLRESULT = 2, 3
_ACCEPTED = {"status": "Accepted"}


def now() -> str:
    """The time as OCPP writes it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer(action: str) -> dict:
    """The payload that answers a charge point's action."""
    if action == "Heartbeat":
        return {"currentTime": now()}
    if action == "BootNotification":
        return {"status": "Accepted", "currentTime": now(), "interval": 300}
    if action in ("Authorize", "StopTransaction"):
        return {"idTagInfo": _ACCEPTED}
    if action == "StartTransaction":
        return {"transactionId": 1, "idTagInfo": _ACCEPTED}
    return _ACCEPTED if action == "DataTransfer" else {}


class Connection:
    """One charge point."""

    def __init__(self, peer: socket.socket):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = peer
        self.protocol = ServerProtocol(subprotocols=[Subprotocol("ocpp1.6")])
        self.path = ""
        self.asked = self.answered = 0

    def serve(self) -> None:
        """Until the connection ends."""
        try:
            while data := self.socket.recv(65536):
                self.protocol.receive_data(data)
                for event in self.protocol.events_received():
                    self._handle(event)
                self._send()
        except OSError:
            pass  # the charge point was ended
        finally:
            self.socket.close()
        if self.asked:
            print("answers", self.path, self.answered, flush=True)

    def _send(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)
            else:
                self.socket.shutdown(socket.SHUT_WR)

    def _handle(self, event) -> None:
        if isinstance(event, Request):
            self.path = event.path
            self.protocol.send_response(self.protocol.accept(event))
        elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            message = json.loads(bytes(event.data))
            if message[0] == _CALL:
                self._answer(message[1], message[2])
            else:
                self.answered += 1
                self._ask()

    def _answer(self, uid: str, action: str) -> None:
        self.protocol.send_text(json.dumps([_CALLRESULT, uid, answer(action)]).encode())
        if action != "BootNotification":
            return
        self._send()
        print("boot", self.path.rpartition("/")[2], time.monotonic(), flush=True)
        for _ in range(_OUTSTANDING.get(self.path.split("/")[1], 0)):
            self._ask()

    def _ask(self) -> None:
        self.asked += 1
        self.protocol.send_text(json.dumps([_CALL, f"flood-{self.asked}", "GetConfiguration", {}]).encode())


def main() -> None:
    """Serve until ended."""
    listener = socket.create_server(("127.0.0.1", 0))
    print("port", listener.getsockname()[1], flush=True)
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=Connection(peer).serve, daemon=True).start()


if __name__ == "__main__":
    main()
