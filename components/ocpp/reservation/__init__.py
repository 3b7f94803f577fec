"""The Reservation profile: the connector is kept for one idTag (OCPP 1.6, sections 5.1 and 5.13)."""

from micropython import const

from core.isotime import format_utc

from ..authorization import same_tag

KEYS = (
    ("ReservationEnabled", "bool", True, None, None, "RW"),  # ours: "configured not to accept reservations" (5.13)
    ("ReserveConnectorZeroSupported", "bool", True, None, None, "R"),
)
RESERVED = "ocpp/reserved"  # [reservationId, connectorId, idTag, parentIdTag or None, expiry as UTC in ms]
_ID = const(0)
_CONNECTOR = const(1)
_TAG = const(2)
_PARENT = const(3)
_EXPIRY = const(4)
_ENDING = const(("Faulted", "Unavailable"))  # states of the connector that end a reservation


class Reservation:
    """One reservation at most: with a single connector, one of the charge point (0) takes the connector, too.

    It is journaled, and ends with a transaction that uses it (in the same record of the journal), when it expires, when
    it is cancelled, and when the connector becomes Faulted or Unavailable. While nobody knows the time, after a power
    cut, it holds.

    Option ``connector_zero``: reservations of connector 0 are taken.
    """

    held = ()  # type: list | tuple
    over = False  # the journal still has one that has ended

    requires = ("ocpp", "clock", "log", "store")
    keeps = ("ocpp/reserved",)
    options = {"connector_zero": (bool, True)}

    def __init__(self, ocpp, clock, log, store, connector_zero=True):
        self.clock = clock
        self.log = log
        self.store = store
        self.configuration = ocpp.configuration
        self.connector = ocpp.connector
        ocpp.add_profile("reservation", self, "Reservation", KEYS)
        ocpp.configuration.fix("ReserveConnectorZeroSupported", connector_zero)
        ocpp.add_step(self._step)
        ocpp.transactions.reservation = self
        ocpp.transactions.begun += (self._begun,)

    def calls(self):
        """See `Actions`."""
        from . import calls

        return calls

    async def start(self):
        """Read the journal."""
        self.held = self.store.get(RESERVED) or ()

    # --- what the transactions ask (see optional.Absent) ---------------------------------------------------

    def active(self):
        """Is the connector reserved?"""
        return bool(self.held)

    def admits(self, tag, parent):
        """Is the connector free, or reserved for this idTag or for its parentIdTag?"""
        held = self.held
        return not held or same_tag(tag, held[_TAG]) or same_tag(parent, held[_PARENT])

    def closed_to(self, tag):
        """Is the connector reserved for others, whatever the parentIdTag of `tag` may be?"""
        return not self.admits(tag, None) and self.held[_PARENT] is None

    def use(self, changes):
        """A transaction starts: `changes`, which are journaled with it, end the reservation; returns its id or None."""
        if not self.held:
            return None
        changes[RESERVED] = None
        return self.held[_ID]

    def _begun(self, transaction):
        if self.held:
            self.log.info("reservation %d: used", self.held[_ID])
            self.held = ()

    # --- as time goes by ------------------------------------------------------------------------------------------

    def _step(self):
        if self.held:
            utc_ms = self.clock.utc_ms()
            state = self.connector.state.value
            if state in _ENDING:
                self._end("ended, the connector is " + state)
            elif utc_ms is not None and utc_ms >= self.held[_EXPIRY]:
                self._end("expired")
        if self.over:
            self._forget()

    def _end(self, why):
        self.log.info("reservation %d: %s", self.held[_ID], why)
        self.held = ()
        self.over = True

    def _forget(self):
        """Each step tries, until the journal has taken it."""
        try:
            self.store.delete(RESERVED)
            self.over = False
        except self.store.Error as e:
            self.log.rare("the end of a reservation cannot be journaled: %s", str(e))

    def page(self):
        """What the console shows."""
        held = self.held
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
