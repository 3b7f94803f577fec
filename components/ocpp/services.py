"""What the kernel injects, in one object for the parts of this package."""


class Services:
    """The services of the component, and ``stamps`` and ``configuration``, which every part needs."""

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


def no_event(type, info=""):
    """Nobody keeps a log of security events."""
