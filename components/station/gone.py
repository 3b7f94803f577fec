"""Transactions of outlets that this board has not: it had more of them when the power failed. Loaded where there are.

The central system would wait for their end for ever, and they would never be billed.
"""

from .journal import QUEUE
from .transaction import RUNNING, Transaction


def end(station, key):
    """Journal the end of the one in the journal under `key`: PowerLoss, unless it was stopped before."""
    number = key[len(RUNNING) + 1 :]
    try:
        _end(station, key, number)
    except (station.store.Error, MemoryError) as e:  # it is there at the next start
        station.log.error("the transaction of connector %s cannot be ended: %s", number, str(e) or "no memory")


def _end(station, key, number):
    store, stamps = station.store, station.stamps
    transaction = Transaction(store.get(key), None)
    wh = max(transaction.meter_start_wh, store.get("ocpp/told/" + number, 0), _register_wh(store, number))
    stopped = stamps.now() if transaction.stopped is None else transaction.stopped
    reason = transaction.reason or "PowerLoss"
    message = ["E", stamps.number(), transaction.number, stopped, wh, reason, transaction.stop_tag, int(number)]
    samples = "ocpp/data/" + number
    pop = (samples,) * len(store.queue(samples))
    store.commit({key: None, "ocpp/told/" + number: wh}, push=((QUEUE, message),), pop=pop)
    words = "transaction %s of connector %s, which this board has not, ends: %s, at %d Wh"
    station.log.error(words, transaction.name(), number, reason, wh)


def _register_wh(store, number):
    """What the energy register of that outlet had: the scope of an outlet has its number as a name."""
    mwh = store.get(number + "/register", 0)
    return (mwh + 999) // 1000 if isinstance(mwh, int) else 0
