"""A component that looks up in the Local Authorization List, and watches the heap while messages are handled."""

import gc
import time


class Lists:
    """Answers DataTransfers of the vendor "bench", each with a number as data.

    ``lookups`` (data "COUNT TAG", TAG with a place for a number): µs for each look-up of all entries in turn.
    ``watch``: from now on the heap is collected and read whenever a request has been read and an answer is to be sent.
    ``peak``: the most bytes that were in use then, less those before.
    """

    requires = ("ocpp", "local_list")
    options = {}

    def __init__(self, ocpp, local_list):
        self._ocpp = ocpp
        self._list = local_list
        self._handle = ocpp.dispatcher.handle
        self._send = ocpp.rpc._send
        self._base = self._peak = 0
        for name in ("lookups", "watch", "peak"):
            ocpp.core.set_data_transfer_handler("bench", name, getattr(self, "_on_" + name))

    def _on_lookups(self, data):
        count, form = data.split()
        tags = [form % number for number in range(int(count))]
        began = time.ticks_us()
        for tag in tags:
            if self._list.find(tag) != ("Accepted", "PARENT-OF-20-LETTERS"):
                raise ValueError(tag + " is not in the list")
        return "Accepted", str(time.ticks_diff(time.ticks_us(), began) / len(tags))

    def _on_watch(self, data):
        self._ocpp.dispatcher.handle = self._watched_handle
        self._ocpp.rpc._send = self._watched_send
        gc.collect()
        self._base = self._peak = gc.mem_alloc()
        return "Accepted", None

    def _on_peak(self, data):
        return "Accepted", str(self._peak - self._base)

    def _watched_handle(self, frame):
        if frame[2] != "DataTransfer":
            self._look()
        return self._handle(frame)

    def _watched_send(self, text):
        self._look()
        return self._send(text)

    def _look(self):
        gc.collect()
        self._peak = max(self._peak, gc.mem_alloc())
