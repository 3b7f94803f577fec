"""Reservations: an outlet is kept for one idTag; a feature that a board may leave out.

========  ==========================================
requests  what a dialect asks for; loaded for that
========  ==========================================
"""

from micropython import const

from core.isotime import format_utc

KEYS = (
    ("ReservationEnabled", "bool", True, None, None, "RW"),  # ours: "configured not to accept reservations" (5.13)
    ("ReserveConnectorZeroSupported", "bool", True, None, None, "R"),
)
RESERVED = "ocpp/reserved"  # and RESERVED/2 ...: [reservationId, connectorId, idTag, parentIdTag or None, expiry in ms]
_ID = const(0)
_CONNECTOR = const(1)
_TAG = const(2)
_PARENT = const(3)
_EXPIRY = const(4)  # UTC
_ENDING = const(("Faulted", "Unavailable"))  # states of the connector that end a reservation
_FREE = const(("Available", "Reserved"))


class Reservation:
    """Reservations of single connectors, and of the charge point (0): such a one holds any connector, so while it lasts
    one that can be used stays free for it. So many at most as there are connectors.

    ``held`` has a place for each: () or the reservation, or None: it has ended, and the journal has it still.

    It is journaled, and ends with a transaction that uses it (in the same record of the journal), when it expires, when
    it is cancelled, and when its connector becomes Faulted or Unavailable; of the charge point: when all are. While
    the time is unknown, after a power cut, it holds.

    Option ``connector_zero``: reservations of connector 0 are taken.

    A dialect finds this as the station's feature "reservation", and uses

    - `requests`: the module for what is asked, whose functions have this object as their first argument: `reserve`
      (ReserveNow: OCPP 1.6, 5.13; 2.0.1, H01) and `cancel` (CancelReservation: 5.1; H02). They take the central
      system's id of the reservation, ids of outlets, 0 for any, idTags as texts, and the expiry as UTC in ms.
    - what the journal has with the start of a transaction: the id of the reservation that it used (see `use`).
    - ``store.Error``, raised by `reserve` and `cancel`: the journal refuses, and nothing has changed.

    OCPP 2.0.1 has the same: evseId is the id of the outlet, absent: 0; groupIdToken is the parent. That a reservation
    ended by itself is only logged: OCPP 1.6 has no message for it.
    """

    requires = ("station", "clock", "log", "store")
    keeps = ("ocpp/reserved", "ocpp/reserved/")
    options = {"connector_zero": (bool, True)}

    def __init__(self, station, clock, log, store, connector_zero):
        self.clock = clock
        self.log = log
        self.store = store
        self.station = station
        self._same = station.authorization.same_tag
        self.held = [()] * len(station.outlets)  # type: list
        station.configuration.add(KEYS)
        station.configuration.fix("ReserveConnectorZeroSupported", connector_zero)
        station.add_feature("reservation", self)
        station.add_step(self._step)
        station.reserve_by(self)
        station.watch_transactions(None, self._begun)

    def requests(self):
        """The module of what a dialect asks, which has the station's ``on_demand`` in use. Raises MemoryError."""
        from . import requests

        return requests

    async def start(self):
        """Read the journal."""
        for at in range(len(self.held)):
            record = self.store.get(self.key(at)) or ()
            self.held[at] = record if not record or record[_CONNECTOR] <= len(self.held) else None

    def key(self, at):
        """Where the journal has the reservation in this place."""
        return RESERVED if at == 0 else "%s/%d" % (RESERVED, at + 1)

    # --- what the transactions ask (see optional.Absent) ---------------------------------------------------

    def active(self, outlet):
        """Is it reserved?"""
        return not self.admits(outlet, None, None)

    def admits(self, outlet, tag, parent):
        """Is it free, or reserved for this idTag or for its parentIdTag?"""
        held = self._holding(outlet)
        for record in held:
            if self._matches(record, tag, parent):
                return True
        return not held

    def closed_to(self, outlet, tag):
        """Is it reserved for others, whatever the parentIdTag of `tag` may be?"""
        if self.admits(outlet, tag, None):
            return False
        for record in self._holding(outlet):
            if record[_PARENT] is not None:
                return False
        return True

    def use(self, transaction, changes):
        """A transaction starts: `changes`, which are journaled with it, end the reservation; returns its id or None."""
        at = self._used_by(transaction)
        if at is None:
            return None
        changes[self.key(at)] = None
        return self.held[at][_ID]

    def _holding(self, outlet):
        """The reservations that close an outlet to strangers: its own, or those of the charge point if it is the last
        one for them.
        """
        own, any_one, free = [], [], 0
        for record in self.held:
            if record:
                (any_one if record[_CONNECTOR] == 0 else own if record[_CONNECTOR] == outlet.id else []).append(record)
        for other in self.station.outlets if any_one else ():
            free += other is not outlet and self.is_free(other.id)
        return own or (any_one if free < len(any_one) else [])

    def is_free(self, connector, but=None):
        """Could a reservation of the charge point have it? `but`: the id of a reservation that does not count."""
        for record in self.held:
            if record and record[_CONNECTOR] == connector and record[_ID] != but:
                return False
        return self.station.outlet(connector).connector.state.value in _FREE

    def _used_by(self, transaction):
        """The place of the reservation that a transaction uses, or None: that of its outlet before any."""
        for connector in (transaction.outlet.id, 0):
            for at, record in enumerate(self.held):
                if record and record[_CONNECTOR] == connector:
                    if self._matches(record, transaction.id_tag, transaction.parent):
                        return at
        return None

    def _begun(self, transaction):
        at = self._used_by(transaction)
        if at is not None:
            self.log.info("reservation %d: used", self.held[at][_ID])
            self.held[at] = ()

    # --- as time goes by ------------------------------------------------------------------------------------------

    def _step(self):
        utc_ms = self.clock.utc_ms()
        for at, record in enumerate(self.held):
            if record:
                which = record[_CONNECTOR]
                states = [one.connector.state.value for one in self.station.outlets if which in (0, one.id)]
                if all(state in _ENDING for state in states):
                    self._end(at, "ended, the connector is " + states[0])
                elif utc_ms is not None and utc_ms >= record[_EXPIRY]:
                    self._end(at, "expired")
            if self.held[at] is None:
                self._forget(at)

    def _end(self, at, why):
        self.log.info("reservation %d: %s", self.held[at][_ID], why)
        self.held[at] = None

    def _forget(self, at):
        """Each step tries, until the journal has taken it."""
        try:
            self.store.delete(self.key(at))
            self.held[at] = ()
        except self.store.Error as e:
            self.log.rare("the end of a reservation cannot be journaled: %s", str(e))

    def page(self):
        """What the console shows."""
        text = "Reservation %(id)d of connector %(connector)d: for idTag %(id_tag)s, parent %(parent)s, until %(until)s"
        none = True
        for held in self.held:
            if held:
                none = False
                yield "reservation/%d" % held[_CONNECTOR], text, {
                    "id": held[_ID],
                    "connector": held[_CONNECTOR],
                    "id_tag": held[_TAG],
                    "parent": held[_PARENT] or "none",
                    "until": format_utc(held[_EXPIRY]),
                }
        if none:
            yield "reservation", "Reservation: none", None

    def _matches(self, record, tag, parent):
        return self._same(tag, record[_TAG]) or self._same(parent, record[_PARENT])
