"""What the kernel injects, in one object for the parts of this package."""

from core.loading import OnDemand

from .register import Register

# security events that a failed attempt to connect may be
REFUSED = "FailedToAuthenticateAtCentralSystem"
BAD_SERVER = "InvalidCentralSystemCertificate"


class Services:
    """The services of the component, the kernel's ``urgent``, and ``stamps``, ``configuration``, ``register``,
    ``writes`` and ``online`` for its parts.

    ``on_demand``: where modules are loaded that are seldom needed.
    """

    def __init__(self, clock, log, store, gate, bms, charger, meter, plug, wifi, urgent):
        self.clock = clock
        self.log = log
        self.store = store
        self.gate = gate
        self.bms = bms
        self.charger = charger
        self.meter = meter
        self.plug = plug
        self.wifi = wifi
        self.urgent = urgent
        self.on_demand = OnDemand()
        self.stamps = None
        self.configuration = None
        self.register = Register(store, meter)
        self.writes = None
        self.online = None


def notices_of(ocpp, queue, clock, log):
    """The `Notices` of a queue in the store, which are loaded: to be kept and stepped while there are any.

    Raises MemoryError.
    """
    with ocpp.services.on_demand:
        from .notices import Notices

        return Notices(ocpp, clock, log, ocpp.services.store, queue)


def no_event(type, info=""):
    """Nobody keeps a log of security events."""
