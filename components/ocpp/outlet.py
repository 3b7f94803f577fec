"""One outlet: what OCPP 1.6 calls a connector."""

from .connector import Connector
from .metering import Metering
from .register import Register
from .stop_data import StopData
from .transactions import Transactions


class Outlet:
    """Connector ``id`` (1..n) to the central system: its ``evse``, and the parts of this package that each has for
    itself: ``register``, ``data`` (samples for transactionData), ``metering``, ``transactions`` and ``connector``
    (its state).
    """

    def __init__(self, services, evse, stop_ms, data_bytes):
        self._services = services
        self.id = evse.id
        self.evse = evse
        self.mark = [] if evse.id == 1 else [evse.id]  # the end of its records in the journal
        self.register = Register(services.store, self)
        self.data = StopData(services.store, data_bytes, self.key("ocpp/data"))
        self.metering = Metering(services, self)
        self.transactions = Transactions(services, self, stop_ms)
        self.connector = Connector(services, self)

    def key(self, name):
        """Where this outlet has `name` in the journal: outlet 1 as a charge point with one outlet has it."""
        return name if self.id == 1 else "%s/%d" % (name, self.id)

    def words(self):
        """What distinguishes it from the others in a sentence for people; "" where it is the only one."""
        return " of connector %d" % self.id if self._services.several else ""
