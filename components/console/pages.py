"""The console's pages, as generators of lines over the operator's snapshot.

Loaded when a line is typed, see `Console`.
"""

from micropython import const

from components.console.figures import each_outlet, fixed, text_of

_HOUR_MS = const(3600000)
_SHORT_MS = const(60000)  # too short for a rate per hour


class Pages:
    """The pages of the whole. With several outlets each has its lines, which begin with its number."""

    def __init__(self, operator, snapshot):
        self._operator = operator
        self._snapshot = snapshot

    def start(self):
        return self._started(self._operator.release())

    def _started(self, released):
        if released:
            yield "the emergency stop is released"
        names = "", "gate", "transaction"
        for (of, outlet), (_, gate), (_, transaction) in zip(*[each_outlet(self._snapshot, name) for name in names]):
            if gate["enabled"]:
                yield of + "charging is enabled"
                continue
            blocking = [text for _, text, holds in gate["conditions"] if not holds]
            yield of + "charging is not allowed now: " + ", ".join(blocking)
            if transaction is None:
                if not outlet["plugged"]:
                    yield of + "plug the vehicle in, and"
                elif of and outlet["state"] == "Finishing":  # which of several vehicles a card is for is not known
                    yield of + "unplug the vehicle, plug it in again, and"
                yield of + "present a tag to start a transaction: auth TAG"

    def status(self):
        from components.console.overview import status_lines

        snapshot = self._snapshot
        for line in status_lines(snapshot):
            yield line
        for of, transaction in each_outlet(self._snapshot, "transaction"):
            yield of + "Transaction: %s" % ("none" if transaction is None else _transaction(transaction))
        yield "Boot %(boot_count)d, reason: %(reset_cause)s" % snapshot["boot"]
        loop = snapshot["loop"]
        yield "Loop: %(lag_ms)d ms late, at most %(lag_max_ms)d ms, %(blocked)d times blocked" % loop
        longest = loop["longest"]
        yield "  at most, in ms: " + (", ".join(["%s %d" % (name, longest[name]) for name in sorted(longest)]) or "-")
        heap = snapshot["heap"]
        heap = text_of(heap["heap_free"]), text_of(heap["heap_low"]), text_of(heap["heap_longest"])
        yield "Heap: %s bytes free, at least %s, in one piece %s" % heap
        yield "Watchdog: %s" % (snapshot["watchdog"]["hung"] or "fed")
        network = snapshot["network"]
        network["rssi"] = text_of(network["rssi"])
        yield "WiFi: %(rssi)s dBm, %(attempts)d attempts, %(connects)d connects, %(losses)d losses" % network
        for _, piece, text in snapshot.pages():
            yield text % piece if piece else text
        for line in self._buses():
            yield line
        for line in _journal(snapshot["journal"]):
            yield line

    def bus(self, text):
        """The last unknown, refused and invalid frames of each bus; "all" and "wanted" change what is received."""
        if text in ("all", "wanted"):
            self._operator.receive_all(text == "all")
        return self._buses(True)

    def _buses(self, frames=False):
        for path in self._snapshot.buses():
            bus = self._snapshot[path]
            yield _name(path) + ": %(state)s, %(rx)d received, %(tx)d sent, %(tx_dropped)d not sent" % bus
            yield (
                "  %(unknown)d unknown, %(refused)d refused, %(garbage)d garbage, %(rx_overruns)d overruns, "
                "%(bus_offs)d times bus-off, %(guard_stops)d stops by interrupt" % bus
            )
            if bus["error"]:
                yield "  " + bus["error"]
            for line in self._snapshot.frames(path) if frames else ():
                yield line

    def why(self):
        """Every condition of the gate, and what there is besides."""
        several = "outlet/2" in list(self._snapshot.outlets())
        for outlet, lines in self._operator.why():
            of = "%d: " % outlet if outlet and several else ""
            for line in lines:
                yield "  " + of + line if line is not lines[-1] or not outlet else of + line

    def components(self):
        for path in self._snapshot.components():
            it = self._snapshot[path]
            text = "  %s: %s%s" % (path.partition("/")[2], it["state"], ", critical" if it["critical"] else "")
            if it["beat_ms"] is not None:
                text += ", beat %s s ago" % fixed(it["beat_ms"], 1000)
            if it["failures"]:
                text += ", failed %d times, last: %s" % (it["failures"], it["error"])
            yield text


def _name(path):
    name = path.partition("/")[2]
    return "CAN" if name == "can" else name


def _transaction(transaction):
    number = transaction["id"]
    name = "not yet known to the central system" if number is None else str(number)
    return "%s, idTag %s, from %d Wh" % (name, transaction["id_tag"], transaction["meter_start_wh"])


def _journal(journal):
    yield (
        "Journal: %(records)d records, %(bytes)d bytes, %(compactions)d compactions, about %(erases)d erases, "
        "%(torn)d torn bytes, %(lost)d records lost" % journal
    )
    if journal["fault"]:
        yield "  fault: " + journal["fault"]
    if journal["doubts"]:
        yield "  in doubt, until s releases it: " + ", ".join(journal["doubts"])
    yield "  in this run: " + _per_hour(*journal["run"])
    yield "  while charging: " + _per_hour(*journal["charging"])


def _per_hour(ms, size, erases):
    """What the journal wrote: flash lasts 100,000 erases."""
    if ms < _SHORT_MS:
        return "%d bytes, %d erases" % (size, erases)
    text = "%d bytes, %d erases in %s h: " % (size, erases, fixed(ms, _HOUR_MS, 2))
    return text + "%d bytes, %d erases per hour" % (size * _HOUR_MS // ms, erases * _HOUR_MS // ms)
