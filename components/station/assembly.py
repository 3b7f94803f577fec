"""Makes the parts of the station, in the order in which they need each other; loaded for that.

The classes are imported where they are needed once: their names would stay in the heap.
"""

from core.loading import unload
from core.parts import DeclarationError


def shared(station, kernel, count, o):
    """(stamps, configuration, authorization, availability, journal, ending)."""
    from .authorization import Authorization
    from .configuration import Configuration
    from .connector import Availability
    from .journal import Journal
    from .keys import KEYS
    from .shutdown import Shutdown
    from .stamps import Stamps

    stamps = Stamps(station.clock, station.store, station.log)
    station.watch_transactions(None, stamps.begun, stamps.ended)
    configuration = Configuration(station.store, station.log, station.on_demand)
    configuration.add(KEYS)
    unload("components.station.keys")
    authorization = Authorization(station, o["cache_size"])
    availability = Availability(station, kernel.emergency_stop, count)
    journal = Journal(station, o["queue_max"])
    return stamps, configuration, authorization, availability, journal, Shutdown(station, kernel)


def outlets(station, evses, gates, o):
    """The tuple of them. Raises DeclarationError."""
    from .outlet import Outlet

    check_gates(evses, gates)
    check_ids(evses)
    made = ()
    for evse in evses:
        outlet = Outlet(station, evse, len(evses) > 1, o["stop_ms"], o["stop_data_bytes"])
        made += (outlet,)
        if evse.lock is not None:
            _serve(station, outlet, evse.lock)
    return made


def _serve(station, outlet, lock):
    """Have a lock hold the cable of an outlet's transactions."""
    lock.serve(outlet.transactions, station.configuration)
    station.watch_transactions(
        None,
        lambda transaction: lock.begun(transaction) if transaction.outlet is outlet else None,
        lambda transaction, wh: lock.ended(transaction, wh) if transaction.outlet is outlet else None,
    )


def check_gates(evses, gates):
    """Raises DeclarationError if a gate belongs to no evse: its outlet would never charge without a word."""
    over = len(gates) - len(evses)
    if over > 0:
        raise DeclarationError("%d of %d gates belong to no evse: each outlet has one" % (over, len(gates)))


def check_ids(evses):
    """Raises DeclarationError unless they are 1, 2 ... in their order."""
    ids = [evse.id for evse in evses]
    if not ids:
        raise DeclarationError("there is no evse")
    if ids != list(range(1, len(ids) + 1)):
        raise DeclarationError("the ids of evse are 1, 2 ... in the order of the board, not %s" % ids)
