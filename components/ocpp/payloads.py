"""Payloads of transaction messages, made of the records in the journal (see delivery.py)."""

from micropython import const

from .measurands import sampled_values

_TX = const(2)
_STAMP = const(3)
_WH = const(4)
_UNKNOWN_ID = const(-1)  # stands for the transactionId of a StartTransaction that the central system never took


class Payloads:
    """`stamps`: tells stamps (``fixed``). `transaction_id(transaction)`: that of the central system, or None."""

    def __init__(self, stamps, data, transaction_id):
        self._stamps = stamps
        self._data = data
        self._transaction_id = transaction_id

    def of(self, record, every):
        """(action, payload) of a record; `every`: which samples go into transactionData (see `StopData.of`)."""
        if record[0] == "S":
            return "StartTransaction", self._start(record)
        if record[0] == "M":
            return "MeterValues", self._meter_values(record)
        return "StopTransaction", self._stop(record, every)

    def _start(self, record):
        payload = {
            "connectorId": 1,
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
        payload = {"connectorId": 1, "meterValue": [self.meter_value(record[_STAMP])]}
        transaction_id = self._transaction_id(record[_TX])
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        return payload

    def _stop(self, record, every):
        transaction_id = self._transaction_id(record[_TX])
        payload = {
            "transactionId": _UNKNOWN_ID if transaction_id is None else transaction_id,
            "meterStop": record[_WH],
            "timestamp": self._stamps.fixed(record[_STAMP]),
            "reason": record[5],
        }
        if record[6] is not None:
            payload["idTag"] = record[6]
        values = [self.meter_value(sample) for sample in self._data.of(record[_TX], every)]
        if values:
            payload["transactionData"] = values
        return payload
