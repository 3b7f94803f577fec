"""Makes the parts of this package, in the order in which they need each other; loaded for that.

The classes are imported where they are needed once: their names would stay in the heap.
"""

from core.loading import unbind, unload

from . import v16 as dialect  # the one place that says which it is


def connection(ocpp, ca_file, o):
    """(writes, dispatcher, rpc, trust, link)."""
    from .access import Access
    from .dispatcher import CallDispatcher
    from .link import Counters, Link
    from .rpc import Rpc
    from .trust import Trust
    from .wear import WriteBudget

    counters = Counters()
    ocpp.writes = writes = WriteBudget(ocpp, o["writes_burst"], o["writes_per_hour"])
    dispatcher = CallDispatcher(ocpp, dialect, o["strict"])
    rpc = Rpc(ocpp, counters, dispatcher, o["call_timeout_ms"])
    trust = Trust(ocpp.clock, ocpp.store, ocpp.log, ca_file, ocpp.on_demand)
    access = Access(o["url"], o["id"], o["auth_key"], ca_file)
    link = Link(ocpp, rpc, access, trust, o["max_message"])
    return writes, dispatcher, rpc, trust, link


def messages(ocpp, o):
    """(boot, delivery, status, core, outbox) of the dialect."""
    from .v16.assembly import messages

    parts = messages(ocpp, o)
    unload(dialect.__name__ + ".assembly")
    unbind(dialect.__name__)
    return parts
