"""Adds to the charge log, at a start, what a power cut has kept from it; loaded for that."""

from components.charge_log.record import Record
from components.charge_log.ring import Ring


def reconcile(log, key, words):
    """`key`: of each outlet, where the journal has what its last transaction started with."""
    for outlet in log.station.outlets:
        started = log.station.store.get(outlet.key(key))
        if started is None or outlet.transactions.runs():
            continue
        number, tag, stamp, meter_start_wh = started
        record = Record(log, number, outlet.id, tag, stamp)
        record.end(None, 0, "")
        for event in log.station.journal.events():
            if event[0] == "E" and event[2] == number:
                record = Record(log, number, outlet.id, tag, stamp)
                record.end(event[3], event[4] - meter_start_wh, event[5])
        try:
            Ring(log.dir, log.keep).append(record)
        except OSError as e:
            words.warning("the charge log cannot be written: %s", e)
