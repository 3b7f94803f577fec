"""The Reservation profile: the connector is kept for one idTag (OCPP 1.6, sections 5.1 and 5.13)."""

from micropython import const

from core.isotime import format_utc, parse_utc

from ..actions import CallError
from ..authorization import is_tag, same_tag
from . import schemas

NAME = "Reservation"
KEYS = (
    ("ReservationEnabled", "bool", True, None, None, "RW"),  # ours: "configured not to accept reservations" (5.13)
    ("ReserveConnectorZeroSupported", "bool", True, None, None, "R"),
)
_RESERVED = const("ocpp/reserved")  # [reservationId, connectorId, idTag, parentIdTag or None, expiry as UTC in ms]
_ID = const(0)
_CONNECTOR = const(1)
_TAG = const(2)
_PARENT = const(3)
_EXPIRY = const(4)
_REFUSING = const(("Faulted", "Unavailable"))  # states of the connector that end a reservation, and refuse one


class Reservation:
    """One reservation at most: with a single connector, one of the charge point (0) takes the connector, too.

    It is journaled, and ends with a transaction that uses it (in the same record of the journal), when it expires, when
    it is cancelled, and when the connector becomes Faulted or Unavailable. While nobody knows the time, after a power
    cut, it holds.

    Option ``connector_zero``: reservations of connector 0 are taken.
    """

    requires = ("ocpp", "clock", "log", "store")
    keeps = ("ocpp/reserved",)
    options = {"connector_zero": (bool, True)}

    def __init__(self, ocpp, clock, log, store, connector_zero=True):
        self._clock = clock
        self._log = log
        self._store = store
        self._configuration = ocpp.configuration
        self._connector = ocpp.connector
        self._held = ()  # type: list | tuple
        self._over = False  # the journal still has one that has ended
        handlers = {"CancelReservation": self._cancel, "ReserveNow": self._reserve}
        ocpp.add_profile(NAME, handlers, schemas, KEYS)
        ocpp.configuration.fix("ReserveConnectorZeroSupported", connector_zero)
        ocpp.add_step(self._step)
        ocpp.add_page(self._page)
        ocpp.transactions.reservation = self
        ocpp.transactions.begun += (self._begun,)

    async def start(self):
        """Read the journal."""
        self._held = self._store.get(_RESERVED) or ()

    # --- what the central system asks ----------------------------------------------------------------------------

    def _reserve(self, payload):
        try:
            expiry_ms = parse_utc(payload["expiryDate"])
        except ValueError as e:
            raise CallError("PropertyConstraintViolation", "expiryDate: %s" % e)
        if not self._acceptable(payload, expiry_ms):
            return {"status": "Rejected"}
        number = payload["reservationId"]
        self._connector.step()  # what is so now, not at the last step
        state = self._connector.state.value
        if state in _REFUSING:
            return {"status": state}
        if state != "Available" and not (self._held and self._held[_ID] == number):
            return {"status": "Occupied"}
        held = [number, payload["connectorId"], payload["idTag"], payload.get("parentIdTag"), expiry_ms]
        if self._over or held != self._held:
            self._store.put(_RESERVED, held)
        self._held = held
        self._over = False
        self._log.info("reservation %d: for idTag %s until %s", number, held[_TAG], format_utc(expiry_ms))
        return {"status": "Accepted"}, self._connector.event

    def _acceptable(self, payload, expiry_ms):
        """Not a connector that is not there, nor for nobody, nor for a time that is over."""
        lowest = 0 if self._configuration["ReserveConnectorZeroSupported"] else 1
        utc_ms = self._clock.utc_ms()
        return (
            self._configuration["ReservationEnabled"]
            and lowest <= payload["connectorId"] <= 1
            and is_tag(payload["idTag"])
            and (not payload.get("parentIdTag") or is_tag(payload["parentIdTag"]))
            and (utc_ms is None or utc_ms < expiry_ms)
        )

    def _cancel(self, payload):
        if not self._held or self._held[_ID] != payload["reservationId"]:
            return {"status": "Rejected"}
        self._store.delete(_RESERVED)
        self._log.info("reservation %d: cancelled", self._held[_ID])
        self._held = ()
        return {"status": "Accepted"}, self._connector.event

    # --- what the transactions ask (see optional.NoReservation) ---------------------------------------------------

    def active(self):
        """Is the connector reserved?"""
        return bool(self._held)

    def admits(self, tag, parent):
        """Is the connector free, or reserved for this idTag or for its parentIdTag?"""
        held = self._held
        return not held or same_tag(tag, held[_TAG]) or same_tag(parent, held[_PARENT])

    def closed_to(self, tag):
        """Is the connector reserved for others, whatever the parentIdTag of `tag` may be?"""
        return not self.admits(tag, None) and self._held[_PARENT] is None

    def use(self, changes):
        """A transaction starts: `changes`, which are journaled with it, end the reservation; returns its id or None."""
        if not self._held:
            return None
        changes[_RESERVED] = None
        return self._held[_ID]

    def _begun(self, transaction):
        if self._held:
            self._log.info("reservation %d: used", self._held[_ID])
            self._held = ()

    # --- as time goes by ------------------------------------------------------------------------------------------

    def _step(self):
        if self._held:
            utc_ms = self._clock.utc_ms()
            state = self._connector.state.value
            if state in _REFUSING:
                self._end("ended, the connector is " + state)
            elif utc_ms is not None and utc_ms >= self._held[_EXPIRY]:
                self._end("expired")
        if self._over:
            self._forget()

    def _end(self, why):
        self._log.info("reservation %d: %s", self._held[_ID], why)
        self._held = ()
        self._over = True

    def _forget(self):
        """Each step tries, until the journal has taken it."""
        try:
            self._store.delete(_RESERVED)
            self._over = False
        except self._store.Error as e:
            self._log.rare("the end of a reservation cannot be journaled: %s", str(e))

    def _page(self):
        """What the console shows."""
        held = self._held
        if held:
            yield "Reservation %d of connector %d: for idTag %s, parent %s, until %s" % (
                held[_ID],
                held[_CONNECTOR],
                held[_TAG],
                held[_PARENT] or "none",
                format_utc(held[_EXPIRY]),
            )
        else:
            yield "Reservation: none"
