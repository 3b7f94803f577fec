"""What the kernel injects, in one object for the parts of this package."""

from core.loading import OnDemand

from .optional import Absent

# security events that a failed attempt to connect may be
REFUSED = "FailedToAuthenticateAtCentralSystem"
BAD_SERVER = "InvalidCentralSystemCertificate"


class Services:
    """The services of the component that belong to no outlet, the kernel's ``urgent`` and ``emergency_stop``, and what
    the parts of this package share: ``outlets`` (the tuple of `Outlet`), ``stamps``, ``configuration``, ``writes``,
    ``online``, ``delivery``, ``authorization``, ``availability``, ``ending``.

    ``reservation`` and ``charging`` are those profiles, or `Absent`. ``starting``, ``begun``, ``ended``: see
    `Ocpp.watch_transactions`. ``on_demand``: where modules are loaded that are seldom needed.
    """

    outlets = ()
    several = False  # are there several of them?
    card = ()  # type: tuple  # as in `Transactions`: one that waits for the outlet that is plugged in next
    starting = ()
    begun = ()
    ended = ()

    def __init__(self, clock, log, store, wifi, kernel):
        self.clock = clock
        self.log = log
        self.store = store
        self.wifi = wifi
        self.urgent = kernel.urgent
        self.emergency_stop = kernel.emergency_stop
        self.on_demand = OnDemand()
        self.reservation = self.charging = Absent()

    def report(self, type, info=""):
        """A security event: no log of them is kept, unless `report_to` has named one."""

    def report_to(self, function):
        """Have ``function(type, info)`` called with every security event."""
        self.report = function

    def outlet(self, number):
        """The `Outlet` that is connector `number`, or None: this board has none of it."""
        for outlet in self.outlets:
            if outlet.id == number:
                return outlet
        return None

    def moment(self):
        """The state of any connector may have changed."""
        for outlet in self.outlets:
            outlet.connector.event()


def notices_of(ocpp, queue, clock, log):
    """The `Notices` of a queue in the store, which are loaded: to be kept and stepped while there are any.

    Raises MemoryError.
    """
    with ocpp.services.on_demand:
        from .notices import Notices

        return Notices(ocpp, clock, log, ocpp.services.store, queue)
