"""Makes the parts of this package, in the order in which they need each other; loaded for that.

The classes are imported where they are needed once: their names would stay in the heap.
"""

from core.loading import unload


def connection(ocpp, ca_file, o):
    """(writes, actions, rpc, trust, link, boot)."""
    from .access import Access
    from .actions import Actions
    from .boot import Boot
    from .link import Counters, Link
    from .rpc import Rpc
    from .trust import Trust
    from .wear import WriteBudget

    log, on_demand = ocpp.log, ocpp.on_demand
    counters = Counters()
    ocpp.writes = writes = WriteBudget(ocpp, o["writes_burst"], o["writes_per_hour"])
    actions = Actions(log, o["strict"], writes.run, on_demand)
    rpc = Rpc(ocpp, counters, actions, o["call_timeout_ms"])
    trust = Trust(ocpp.clock, ocpp.store, log, ca_file, on_demand)
    access = Access(o["url"], o["id"], o["auth_key"], ca_file)
    link = Link(ocpp, rpc, access, trust, o["max_message"])
    return writes, actions, rpc, trust, link, Boot(ocpp, rpc, o, link.believes)


def messages(ocpp, vendor_id):
    """(delivery, status, core, outbox): what is sent and asked, and who answers."""
    from .core_profile import CoreProfile
    from .delivery import Delivery
    from .keys import CORE
    from .sources import Outbox, Turns, authorizing
    from .status import StatusReporter

    boot, rpc, station, count = ocpp.boot, ocpp.rpc, ocpp.station, len(ocpp.outlets)
    delivery = Delivery(ocpp, rpc)
    status = StatusReporter(ocpp, boot, ocpp.link)
    station.connect(ocpp.online, rpc.wake, status.waiting, ocpp.step)
    core = CoreProfile(ocpp, boot, vendor_id)
    ocpp.add_profile("core", core, "Core", CORE)
    unload("components.ocpp.keys")
    if count > 1:
        _fix_count(ocpp.configuration, count)
    outbox = Outbox(ocpp.log, station.online, rpc.wake, boot.pending, 7 + count)
    if vendor_id:
        from .vendor import VendorMessages  # few sites have it

        for outlet in ocpp.outlets:
            vendor = VendorMessages(ocpp, outlet, outbox, vendor_id)
            station.watch_transactions(None, None, vendor.ended)
            ocpp.add_step(vendor.step)
    others = (status.next_call, outbox.next_call, delivery.next_aligned)
    turns = Turns(delivery.next_call, delivery.pressing, status.next_before, *others)
    authorize = authorizing(station.authorization, ocpp.log)
    rpc.add_sources(boot.next_call, authorize, turns.next_call, boot.next_heartbeat)
    return delivery, status, core, outbox


def _fix_count(configuration, count):
    """Keys of a charge point with several connectors."""
    rotations = ["%d.NotApplicable" % number for number in range(count + 1)]
    configuration.fix("NumberOfConnectors", count)
    configuration.fix("ConnectorPhaseRotationMaxLength", count + 1)
    configuration.fix("ConnectorPhaseRotation", ",".join(rotations))
