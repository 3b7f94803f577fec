"""DataTransfers for payment-first sites: the vehicle's data before a transaction, a summary after it, the BMS's alerts.

``data`` is a JSON text. They are not journaled: what cannot be sent soon is of no use later.
"""

import json
from micropython import const

_FIRST_MS = const(3000)  # after the plug is in
_PERIOD_MS = const(5000)


class VendorMessages:
    """VehicleInfo, SessionSummary and BMSAlert for one vendor id; a board without one does not make this object."""

    def __init__(self, services, outbox, online, transactions, vendor_id):
        self._clock = services.clock
        self._stamps = services.stamps
        self._outbox = outbox
        self._online = online
        self._transactions = transactions
        self._bms = services.bms
        self._charger = services.charger
        self._plug = services.plug
        self._vendor_id = vendor_id
        self._next_ms = None
        transactions.ended = self._on_ended
        services.bms.permitted.watch(self._on_permitted)

    def _send(self, message_id, content):
        self._outbox.add(
            "DataTransfer", {"vendorId": self._vendor_id, "messageId": message_id, "data": json.dumps(content)}
        )

    def step(self):
        """VehicleInfo: 3 s after the plug went in, then every 5 s, until a transaction starts."""
        if not self._plug.plugged.value or self._transactions.current is not None:
            self._next_ms = None
            return
        now = self._clock.uptime_ms()
        if self._next_ms is None:
            self._next_ms = now + _FIRST_MS
        elif now >= self._next_ms:
            self._next_ms += _PERIOD_MS
            if self._online() and not self._transactions.finished:
                self._send("VehicleInfo", self.vehicle_info())

    def vehicle_info(self):
        """What is known of the vehicle; V, A, percent, km and degrees Celsius."""
        bms, charger = self._bms, self._charger
        fields = (
            ("soc", bms.soc_permille.value, 10),
            ("maxCurrent", bms.max_current_ma.value, 1000),
            ("model", bms.model.value, None),
            ("range", bms.range_m.value, 1000),
            ("voltage", charger.terminal_voltage_mv.value, 1000),
            ("current", charger.terminal_current_ma.value, 1000),
            ("temperature", charger.temperature_mdeg.value, 1000),
        )
        return {name: value / unit if unit else value for name, value, unit in fields if value is not None}

    def _on_ended(self, transaction, meter_stop_wh):
        began_ms = self._stamps.utc_of(transaction.started)
        ended_ms = self._stamps.utc_of(self._stamps.now())
        soc = self._bms.soc_permille.value
        content = {
            "energyDelivered": meter_stop_wh - transaction.meter_start_wh,
            "durationMinutes": max(0, ended_ms - began_ms) // 60000,
        }
        if soc is not None:
            content["finalSoc"] = soc / 10
        self._send("SessionSummary", content)

    def _on_permitted(self, permitted):
        if permitted is None:
            content = {"alertType": "BMSSilent", "message": "no frame from the BMS"}
        elif permitted:
            content = {"alertType": "ChargingPermitted", "message": "the BMS permits charging"}
        else:
            content = {"alertType": "ChargingStopped", "message": "the BMS does not permit charging"}
        self._send("BMSAlert", content)
