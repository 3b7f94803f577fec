"""Payloads of transaction messages, made of the records in the journal (see `Journal` of the station)."""

from micropython import const

_TX = const(2)
_STAMP = const(3)
_WH = const(4)
_UNKNOWN_ID = const(-1)  # stands for the transactionId of a StartTransaction that the central system never took


class Payloads:
    """`journal`: what the records are of. `stamps`: gives stamps (``fixed``). `transaction_id(transaction)`: the id of
    one, or None.
    """

    def __init__(self, journal, stamps, transaction_id):
        self._journal = journal
        self._stamps = stamps
        self._transaction_id = transaction_id

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
            "timestamp": self._stamps.fixed(record[_STAMP]),
        }
        if record[6] is not None:
            payload["reservationId"] = record[6]
        return payload

    def meter_value(self, sample):
        """A MeterValue of a compact sample."""
        return {"timestamp": self._stamps.fixed(sample[0]), "sampledValue": sampled_values(self._journal, sample)}

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
            "timestamp": self._stamps.fixed(record[_STAMP]),
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
