"""DataTransfers for payment-first sites: the vehicle's data before a transaction, a summary after it, the BMS's alerts.

``data`` is a JSON text. They are not journaled: what cannot be sent soon is of no use later.
"""

import json
from micropython import const

_FIRST_MS = const(3000)  # after the plug is in
_PERIOD_MS = const(5000)


class VendorMessages:
    """VehicleInfo, SessionSummary and BMSAlert of one outlet for one vendor id; a board without one does not make this
    object. With several outlets the data have a ``connectorId``.
    """

    def __init__(self, ocpp, outlet, outbox, vendor_id):
        self._ocpp = ocpp
        self._clock = ocpp.clock
        self._outlet = outlet
        self._outbox = outbox
        self._vendor_id = vendor_id
        self._next_ms = None
        outlet.evse.vehicle.permitted.watch(self._on_permitted)

    def _send(self, message_id, fields):
        """Fields: (name, str or int or None for what is not known, divisor of an int or 1)."""
        if len(self._ocpp.outlets) > 1:
            fields = (("connectorId", self._outlet.id, 1),) + fields
        data = ", ".join([_member(*field) for field in fields if field[1] is not None])
        payload = {"vendorId": self._vendor_id, "messageId": message_id, "data": "{" + data + "}"}
        self._outbox.add("DataTransfer", payload)

    def step(self):
        """VehicleInfo: 3 s after the plug went in, then every 5 s, until a transaction starts."""
        transactions = self._outlet.transactions
        if not self._outlet.evse.gate.plugged.value or transactions.current is not None:
            self._next_ms = None
            return
        now = self._clock.uptime_ms()
        if self._next_ms is None:
            self._next_ms = now + _FIRST_MS
        elif now >= self._next_ms:
            self._next_ms += _PERIOD_MS
            if self._ocpp.online() and not transactions.finished:
                self._send("VehicleInfo", self.vehicle_info())

    def vehicle_info(self):
        """What is known of the vehicle, as fields; in %, A, km, V, A, degrees Celsius."""
        bms, charger = self._outlet.evse.vehicle, self._outlet.evse.module
        return (
            ("soc", bms.soc_permille.value, 10),
            ("maxCurrent", bms.max_current_ma.value, 1000),
            ("model", bms.model.value, 1),
            ("range", bms.range_m.value, 1000),
            ("voltage", charger.terminal_voltage_mv.value, 1000),
            ("current", charger.terminal_current_ma.value, 1000),
            ("temperature", charger.temperature_mdeg.value, 1000),
        )

    def ended(self, transaction, meter_stop_wh):
        """SessionSummary: see `Ocpp.watch_transactions`."""
        if transaction.outlet is not self._outlet:
            return
        began_ms = self._ocpp.stamps.utc_of(transaction.started)
        ended_ms = self._ocpp.stamps.utc_of(transaction.stopped)
        fields = (
            ("finalSoc", self._outlet.evse.vehicle.soc_permille.value, 10),
            ("energyDelivered", meter_stop_wh - transaction.meter_start_wh, 1),
            ("durationMinutes", max(0, ended_ms - began_ms) // 60000, 1),
        )
        self._send("SessionSummary", fields)

    def _on_permitted(self, permitted):
        if permitted is None:
            alert, message = "BMSSilent", "no charge request from the BMS"
        elif permitted:
            alert, message = "ChargingPermitted", "the BMS permits charging"
        else:
            alert, message = "ChargingStopped", "the BMS does not permit charging"
        self._send("BMSAlert", (("alertType", alert, 1), ("message", message, 1)))


def _member(name, value, divisor):
    """A member of a JSON object; a fraction is written from integers, for a float would show its rounding."""
    if divisor == 1:
        return "%s: %s" % (json.dumps(name), json.dumps(value))
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), divisor)
    return "%s: %s%d.%s" % (json.dumps(name), sign, whole, str(divisor + part)[1:])
