"""Makes the parts of this dialect, in the order in which they need each other; loaded for that."""

from core.loading import unload


def messages(ocpp, o):
    """(boot, delivery, status, core, outbox): what is sent and asked, and who answers. See the package."""
    from ..sources import CallScheduler, Outbox
    from .boot import Boot
    from .core_profile import CoreProfile
    from .delivery import Delivery
    from .keys import CORE
    from .payloads import authorizing
    from .status import StatusReporter

    rpc, station, count, vendor_id = ocpp.rpc, ocpp.station, len(ocpp.outlets), o["vendor_id"]
    boot = Boot(ocpp, o)
    delivery = Delivery(ocpp, rpc)
    status = StatusReporter(ocpp, boot, ocpp.link)
    station.connect(ocpp.online, rpc.wake, status.waiting, ocpp.step, 20)  # CiString20Type
    core = CoreProfile(ocpp, vendor_id)
    ocpp.add_profile("core", core, CORE)
    unload("components.ocpp.v16.keys")
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
    turns = CallScheduler(delivery.next_call, delivery.pressing, status.next_before, *others)
    authorize = authorizing(station.authorization, ocpp.log)
    rpc.add_sources(boot.next_call, authorize, turns.next_call, boot.next_heartbeat)
    return boot, delivery, status, core, outbox


def _fix_count(configuration, count):
    """Keys of a charge point with several connectors."""
    rotations = ["%d.NotApplicable" % number for number in range(count + 1)]
    configuration.fix("NumberOfConnectors", count)
    configuration.fix("ConnectorPhaseRotationMaxLength", count + 1)
    configuration.fix("ConnectorPhaseRotation", ",".join(rotations))
