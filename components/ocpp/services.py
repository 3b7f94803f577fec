"""What the kernel injects, in one object for the parts of this package."""

from .register import Register


class Services:
    """The services of the component, and ``stamps``, ``configuration``, ``register`` and ``writes`` for its parts."""

    def __init__(self, clock, log, store, gate, bms, charger, plug, wifi):
        self.clock = clock
        self.log = log
        self.store = store
        self.gate = gate
        self.bms = bms
        self.charger = charger
        self.plug = plug
        self.wifi = wifi
        self.stamps = None
        self.configuration = None
        self.register = Register(store, charger)
        self.writes = None


def no_event(type, info=""):
    """Nobody keeps a log of security events."""
