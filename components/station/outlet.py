"""One outlet: what OCPP 1.6 calls a connector; and what is reported of its energy register."""

from .connector import Connector
from .journal import StopData
from .metering import Metering
from .transactions import Transactions

_TOLD = "ocpp/told"  # whole Wh: what the last start or end of a transaction had


class Outlet:
    """Connector ``id`` (1..n) to the central system: its ``evse``, and the parts of this package that each has for
    itself: ``register``, ``data`` (samples for transactionData), ``metering``, ``transactions`` and ``connector``
    (its state).
    """

    def __init__(self, station, evse, several, stop_ms, data_bytes):
        self._several = several
        self.id = evse.id
        self.evse = evse
        self.mark = [] if evse.id == 1 else [evse.id]  # the end of its records in the journal
        self.register = Register(station.store, self)
        self.data = StopData(station.store, data_bytes, self.key("ocpp/data"))
        self.metering = Metering(station, self)
        self.transactions = Transactions(station, self, stop_ms)
        self.connector = Connector(station, self)

    def key(self, name):
        """Where this outlet has `name` in the journal: outlet 1 as a charge point with one outlet has it."""
        return name if self.id == 1 else "%s/%d" % (name, self.id)

    def words(self):
        """What distinguishes it from the others in a message; "" where it is the only one."""
        return " of connector %d" % self.id if self._several else ""


class Register:
    """What is reported never decreases, though it is reported in two units.

    StartTransaction and StopTransaction have whole Wh (OCPP 1.6, sections 6.45, 6.49), MeterValues thousandths. Whole
    Wh are rounded up: so meterStop is not below any value that was sent before it. A value that would be below one that
    was sent is sent as that. A bill is off by less than 1 Wh either way, and that never adds up from bill to bill.
    """

    def __init__(self, store, outlet):
        self._store = store
        self._meter = outlet.evse.meter
        self._key = outlet.key(_TOLD)
        self._told_mwh = 0
        self._new_told_mwh = 0  # once what was returned last is journaled
        self._mwh = 0  # the meter's own, of what `changes` returned last

    def start(self):
        """Read the journal."""
        self._told_mwh = self._new_told_mwh = 1000 * self._store.get(self._key, 0)

    def changes(self):
        """(mWh, {key: value}): what is to be sent, and to be journaled with it. After the commit: `saved`."""
        self._mwh, changes = self._meter.changes()
        self._new_told_mwh = self._told_mwh
        return max(self._mwh, self._told_mwh), changes

    def whole(self):
        """(Wh, mWh, {key: value}) as `changes`: for StartTransaction and StopTransaction. After the commit: `saved`."""
        mwh, changes = self.changes()
        wh = (mwh + 999) // 1000
        changes[self._key] = wh
        self._new_told_mwh = 1000 * wh
        return wh, mwh, changes

    def saved(self):
        """What was returned last is journaled."""
        self._told_mwh = self._new_told_mwh
        self._meter.saved(self._mwh)

    def read(self):
        """mWh, journaled. Raises the store's Error."""
        return max(self._meter.read(), self._told_mwh)
