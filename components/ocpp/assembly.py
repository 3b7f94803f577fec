"""Makes the parts of the charge point, in the order in which they need each other; loaded for that.

The classes are imported where they are needed once: their names would stay in the heap.
"""

from core.parts import DeclarationError


def connection(services, ca_file, o):
    """(counters, stamps, configuration, writes, actions, rpc, trust, link, boot)."""
    from .access import Access
    from .actions import Actions
    from .boot import Boot
    from .configuration import Configuration
    from .counters import Counters
    from .link import Link
    from .rpc import Rpc
    from .stamps import Stamps
    from .trust import Trust
    from .wear import WriteBudget

    clock, log, store, on_demand = services.clock, services.log, services.store, services.on_demand
    counters = Counters()
    services.stamps = stamps = Stamps(clock, store, log)
    services.configuration = configuration = Configuration(store, log, on_demand)
    services.writes = writes = WriteBudget(services, o["writes_burst"], o["writes_per_hour"])
    actions = Actions(log, o["strict"], writes.run, on_demand)
    rpc = Rpc(services, counters, actions, o["call_timeout_ms"])
    trust = Trust(clock, store, log, ca_file, on_demand)
    access = Access(o["url"], o["id"], o["auth_key"], ca_file)
    link = Link(services, rpc, access, trust, o["max_message"])
    return counters, stamps, configuration, writes, actions, rpc, trust, link, Boot(services, rpc, o, link.believes)


def charge_point(ocpp, services, kernel, evses, o):
    """(authorization, availability, delivery, status, ending), and ``services.outlets``.

    Raises DeclarationError.
    """
    from .authorization import Authorization
    from .availability import Availability
    from .delivery import Delivery
    from .ending import Ending
    from .outlet import Outlet
    from .status import StatusReporter

    check_ids(evses)
    services.several = len(evses) > 1
    services.online = ocpp.online  # one object for all
    services.authorization = authorization = Authorization(services, o["cache_size"])
    services.availability = availability = Availability(services, len(evses))
    services.delivery = delivery = Delivery(services, ocpp.rpc, o["queue_max"])
    ocpp.watch_transactions(None, services.stamps.begun, services.stamps.ended)
    for evse in evses:
        outlet = Outlet(services, evse, o["stop_ms"], o["stop_data_bytes"])
        services.outlets += (outlet,)
        if evse.lock is not None:
            _serve(ocpp, outlet, evse.lock)
    status = StatusReporter(services, ocpp.boot, ocpp.link)
    services.ending = ending = Ending(services, kernel, status)
    return authorization, availability, delivery, status, ending


def _serve(ocpp, outlet, lock):
    """Have a lock hold the cable of an outlet's transactions."""
    lock.serve(outlet.transactions, ocpp.configuration)
    ocpp.watch_transactions(
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


def sources(ocpp, services, vendor_id):
    """(core, outbox, vendor): who asks, and who answers."""
    from .core_profile import CoreProfile
    from .keys import CORE
    from .sources import Outbox, Turns

    count = len(services.outlets)
    core = CoreProfile(services, ocpp.boot, vendor_id, ocpp.reset)
    ocpp.add_profile("core", core, "Core", CORE)
    if services.several:
        rotations = ["%d.NotApplicable" % number for number in range(count + 1)]
        services.configuration.fix("NumberOfConnectors", count)
        services.configuration.fix("ConnectorPhaseRotationMaxLength", count + 1)
        services.configuration.fix("ConnectorPhaseRotation", ",".join(rotations))
    outbox = Outbox(services.log, services.online, ocpp.rpc.wake, ocpp.boot.pending, 7 + count)
    vendor = ()
    if vendor_id:
        from .vendor import VendorMessages  # few sites have it

        vendor = tuple([VendorMessages(services, outlet, outbox, vendor_id) for outlet in services.outlets])
        for messages in vendor:
            ocpp.watch_transactions(None, None, messages.ended)
    others = [ocpp.status.next_call, outbox.next_call]
    others.extend([outlet.metering.next_call for outlet in services.outlets])
    turns = Turns(ocpp.delivery.next_call, ocpp.delivery.pressing, ocpp.status.next_before, *others)
    boot = ocpp.boot
    ocpp.rpc.add_sources(boot.next_call, ocpp.authorization.next_call, turns.next_call, boot.next_heartbeat)
    return core, outbox, vendor
