"""The CAN side of a firmware with its black box, on a virtual clock."""

from bus import Rig

from components.blackbox import reading

ENTRIES = (
    {"name": "evse", "use": "components.evse:Evse"},
    {"name": "blackbox", "use": "components.blackbox:BlackBox"},
)


def entries(**options):
    return ENTRIES[:1] + (dict(ENTRIES[1], options=options),)


async def started(tmp, extra=(), **options):
    """A Rig whose ``blackbox`` has these options."""
    return await Rig(tmp, extra=entries(**options) + tuple(extra)).start()


def path_of(rig, name):
    return rig.blackbox.folder + "/" + name


def read(path):
    """(header, events) of a box."""
    with open(path, "rb") as file:
        box = reading.Box(file)
        return box.header, list(box.events())


def of(events, kind):
    return [event for event in events if event[1] == kind]


async def over_current(rig):
    """A session in which the module delivers more than it is told; returns when its box is written."""
    rig.vehicle(amps=20.0)
    rig.module()
    await rig.advance(1500)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    assert rig.gate.enabled.value, rig.gate.blocking()
    rig.module(amps=20.0, charging=True)
    await rig.advance(1000)
    rig.module(amps=80.0, charging=True)
    await rig.advance(1500)
    assert not rig.gate.enabled.value
    rig.module()
    rig.gate.transaction.set(False)
    await rig.advance(10000)
