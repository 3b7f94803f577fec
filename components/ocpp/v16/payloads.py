"""Transaction messages, made of the records in the journal (see `Journal` of the station); Authorize, and the idTagInfo
of the answers to both.
"""

from micropython import const

from core.isotime import parse_utc

from ..rpc import CLOSED, TIMEOUT, Call

_TX = const(2)
_STAMP = const(3)
_WH = const(4)
_BOUNDED = "ocpp/bounded"  # [number of the message, the number that it is sent with, bound of its stamps: UTC in ms]
_INVALID = const("Invalid")
_STATUSES = const(("Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"))
_UNKNOWN_ID = const(-1)  # stands for the transactionId of a StartTransaction that the central system never took


class Payloads:
    """Of the message that is sent now, the oldest of the queue. `transaction_id(transaction)`: the id of one, or None.

    What a strict central system refuses for its time is sent anew with a plausible one. A stamp in the future was made
    while the clock was wrong, one from before the firmware was made, too. The message that was refused is over; the one
    with other stamps is another message, with an id of its own, and is journaled as such: it is the same again after a
    restart.
    """

    def __init__(self, ocpp, transaction_id):
        self._journal = ocpp.station.journal
        self._stamps = ocpp.stamps
        self._store = ocpp.store
        self._clock = ocpp.clock
        self._transaction_id = transaction_id
        self._latest_ms = None

    def begin(self, number):
        """The message with this number is sent next; returns the number that its id is made of."""
        there = self._store.get(_BOUNDED)
        if there is None or there[0] != number:
            self._latest_ms = None
            return number
        self._latest_ms = there[2]
        return there[1]

    def correct(self, number, stamp):
        """A message of this stamp was refused: is it sent anew with another? Raises the store's Error."""
        if self._latest_ms is not None or not self._stamps.doubtful(stamp):
            return False
        self._store.put(_BOUNDED, [number, self._stamps.number(), self._clock.utc_ms()])
        return True

    def end(self, changes):
        """The message is over: `changes` are journaled."""
        if self._latest_ms is not None:
            changes[_BOUNDED] = None
            self._latest_ms = None

    def of(self, record, outlet, every):
        """(action, payload) of a record; `every`: which samples go into transactionData (see `StopData.of`), `outlet`:
        whose these are.
        """
        if record[0] == "S":
            return "StartTransaction", self._start(record)
        if record[0] == "M":
            return "MeterValues", self._meter_values(record)
        return "StopTransaction", self._stop(record, outlet.data.of(record[_TX], every) if outlet is not None else ())

    def _start(self, record):
        payload = {
            "connectorId": self._journal.outlet_of(record),
            "idTag": record[5],
            "meterStart": record[_WH],
            "timestamp": self._stamps.fixed(record[_STAMP], self._latest_ms),
        }
        if record[6] is not None:
            payload["reservationId"] = record[6]
        return payload

    def meter_value(self, sample):
        """A MeterValue of a compact sample."""
        timestamp = self._stamps.fixed(sample[0], self._latest_ms)
        return {"timestamp": timestamp, "sampledValue": sampled_values(self._journal, sample)}

    def _meter_values(self, record):
        payload = {"connectorId": self._journal.outlet_of(record), "meterValue": [self.meter_value(record[_STAMP])]}
        transaction_id = self._transaction_id(record[_TX])
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        return payload

    def _stop(self, record, samples):
        transaction_id = self._transaction_id(record[_TX])
        payload = {
            "transactionId": _UNKNOWN_ID if transaction_id is None else transaction_id,
            "meterStop": record[_WH],
            "timestamp": self._stamps.fixed(record[_STAMP], self._latest_ms),
            "reason": record[5],
        }
        if record[6] is not None:
            payload["idTag"] = record[6]
        values = [self.meter_value(sample) for sample in samples]
        if values:
            payload["transactionData"] = values
        return payload


def id_in(answer):
    """The transactionId of an answer: an integer, which JSON may also write as 7.0; None if there is none."""
    value = answer.get("transactionId")
    if type(value) is int or (isinstance(value, float) and value % 1 == 0):  # True is no integer
        return int(value)
    return None


def sampled_values(journal, sample):
    """The sampledValue list of a compact sample, never empty (see `Metering.sample`)."""
    context, rendered = journal.context(sample), []
    for name, number, unit, at_vehicle in journal.values(sample):
        value = {"value": thousandths(number), "context": context, "measurand": name, "unit": unit}
        if at_vehicle:
            value["location"] = "EV"
        rendered.append(value)
    return rendered


def thousandths(value):
    """1234567 -> ``1234.567``."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 1000)
    return "%s%d.%03d" % (sign, whole, part)


def authorizing(authorization, log):
    """A source of Authorize, for the idTags that `authorization` wants to know of."""

    def on_answer(answer, error):
        if error in (TIMEOUT, CLOSED):
            authorization.unanswered()
        else:
            authorization.answered(None if error is not None else verdict_in(answer, authorization, log))

    def next_call():
        tag = authorization.asked()
        return None if tag is None else Call("Authorize", {"idTag": tag}, on_answer)

    return next_call


def verdict_in(answer, authorization, log):
    """The idTagInfo of an answer (OCPP 1.6, section 7.27) as a verdict, see `Authorization`; None if it has none. An
    unknown status is Invalid.
    """
    info = answer.get("idTagInfo")
    if not isinstance(info, dict) or info.get("status") is None:
        return None
    status, expiry, parent = info["status"], info.get("expiryDate"), info.get("parentIdTag")
    try:
        expiry_ms = 0 if expiry is None else parse_utc(expiry)
    except (TypeError, ValueError):
        expiry_ms = 0
        log.rare("no usable expiryDate: %s", str(expiry)[:40])
    return status if status in _STATUSES else _INVALID, expiry_ms, parent if authorization.is_tag(parent) else None
