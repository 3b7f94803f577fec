"""Payloads of transaction messages, made of the records in the journal (see delivery.py)."""

from micropython import const

from .measurands import sampled_values

_TX = const(2)
_STAMP = const(3)
_WH = const(4)
_LENGTH = const(7)  # of a record of outlet 1
_LENGTH_M = const(4)  # ... of MeterValues
_UNKNOWN_ID = const(-1)  # stands for the transactionId of a StartTransaction that the central system never took


class Payloads:
    """`stamps`: gives stamps (``fixed``). `transaction_id(transaction)`: that of the central system, or None."""

    def __init__(self, stamps, transaction_id):
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
            "connectorId": connector_of(record),
            "idTag": record[5],
            "meterStart": record[_WH],
            "timestamp": self._stamps.fixed(record[_STAMP]),
        }
        if record[6] is not None:
            payload["reservationId"] = record[6]
        return payload

    def meter_value(self, sample):
        """A MeterValue of a compact sample."""
        return {"timestamp": self._stamps.fixed(sample[0]), "sampledValue": sampled_values(sample)}

    def _meter_values(self, record):
        payload = {"connectorId": connector_of(record), "meterValue": [self.meter_value(record[_STAMP])]}
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


def connector_of(record):
    """The outlet's number in a record: its last element, unless it is 1."""
    return record[-1] if len(record) > (_LENGTH_M if record[0] == "M" else _LENGTH) else 1
