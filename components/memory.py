"""The system's heap, beside Python's, where a device has one: shown, and kept for what needs it most."""

import gc
from micropython import const

_REFUSED_MAX = const(7)  # attempts in a row


class Memory:
    """Has `health` watch the system's heap, and lets TLS begin only while that has room for a handshake.

    With less than `handshake` + `reserve` bytes free, or no piece of `piece` bytes, garbage is collected first: closed
    TLS sockets and their certificates keep their memory until then. If less than `handshake` bytes, or no such piece,
    are free after that, the attempt does not begin: it fails like one that the network refused, and is made again after
    the same pause. What is open stays open. How much a handshake takes is an estimate, which must not keep a charger
    from its central system for good: after 7 refused attempts in a row the next one begins all the same, and mbedTLS
    ends it with an error if there is no memory.

    The defaults are mbedTLS's on an ESP32: records of 16 KB in and 4 KB out, each in one piece, with the certificates
    and the arithmetic of a handshake 45 KB; the reserve is Wi-Fi's and the sockets'.
    ``collections`` counts attempts that had to wait for one, ``refused`` those that did not begin.
    """

    requires = ("kernel", "log", "health", "ocpp", "system_heap")
    provides = ("page",)
    options = {
        "handshake": (int, 46080, 0, 1048576),
        "reserve": (int, 15360, 0, 1048576),
        "piece": (int, 17408, 0, 1048576),
    }
    collections = refused = 0
    _in_row = 0  # of those refused

    def __init__(self, kernel, log, health, ocpp, system_heap, handshake, reserve, piece):
        self._urgent = kernel.urgent
        self._log = log
        self._heap = system_heap
        self._handshake = handshake
        self._reserve = reserve
        self._piece = piece
        health.add_heap(system_heap)
        ocpp.trust.ask_first(self.make_room)

    def make_room(self):
        """Raises OSError if a TLS handshake has no room."""
        free, longest, _ = self._heap.measure()
        if free >= self._handshake + self._reserve and longest >= self._piece:
            self._in_row = 0
            return
        self.collections += 1
        self._urgent.block("collection", gc.collect)
        free, longest, _ = self._heap.measure()
        if free >= self._handshake and longest >= self._piece or self._in_row == _REFUSED_MAX:
            self._in_row = 0
            return
        self._in_row += 1
        self.refused += 1
        self._log.rare("no room for TLS: %d bytes of the system's heap free, %d in one piece", free, longest)
        raise OSError("no room for TLS in the system's heap")

    def page(self):
        """What there is to see, see `components.operator`."""
        data = dict(zip(("free", "longest", "least"), self._heap.measure()))
        yield "heap", "System heap: %(free)d bytes free, %(longest)d in one piece, at least %(least)d free", data
        data = {"collections": self.collections, "refused": self.refused}
        yield "tls", "TLS: %(collections)d times after a collection, %(refused)d times no room for it", data
