"""What the kernel injects, in one object for the parts of this package."""

# security events that a failed attempt to connect may be
REFUSED = "FailedToAuthenticateAtCentralSystem"
BAD_SERVER = "InvalidCentralSystemCertificate"


class Services:
    """The ``station`` and what of it the parts of this package need, ``wifi``, the kernel's ``urgent``, and what these
    parts share: ``writes``, ``online``.

    ``on_demand``: where modules are loaded that are seldom needed.
    """

    def __init__(self, station, log, wifi, kernel, online):
        self.station = station
        self.clock = station.clock
        self.log = log
        self.store = station.store
        self.stamps = station.stamps
        self.configuration = station.configuration
        self.journal = station.journal
        self.authorization = station.authorization
        self.availability = station.availability
        self.outlets, self.outlet = station.outlets, station.outlet
        self.several = station.several
        self.moment = station.moment
        self.on_demand = station.on_demand
        self.wifi = wifi
        self.urgent = kernel.urgent
        self.online = online

    def report(self, type, info=""):
        """A security event: no log of them is kept, unless `report_to` has named one."""

    def report_to(self, function):
        """Have ``function(type, info)`` called with every security event."""
        self.report = function


def notices_of(ocpp, queue, clock, log):
    """The `Notices` of a queue in the store, which are loaded: to be kept and stepped while there are any.

    Raises MemoryError.
    """
    with ocpp.services.on_demand:
        from .notices import Notices

        return Notices(ocpp, clock, log, ocpp.services.store, queue)
