"""What the console shows of the outlets' data, as generators of lines over the operator's snapshot.

Loaded when a line is typed, see `Console`.
"""

from components.console.figures import each_outlet, fixed, text_of


class Outlets:
    """The pages 1 to 5. With several outlets each has its lines, which begin with its number."""

    def __init__(self, operator, snapshot):
        self._operator = operator
        self._snapshot = snapshot

    def bms_data(self):
        for of, vehicle in each_outlet(self._snapshot, "vehicle"):
            yield of + "BMS: %s" % text_of(vehicle["online"], "online", "silent")
            yield "  permits charging: %s, mode: %s" % (text_of(vehicle["permitted"]), text_of(vehicle["mode"]))
            request = fixed(vehicle["max_voltage_mv"], 1000), fixed(vehicle["max_current_ma"], 1000)
            yield "  maximum voltage: %s V, maximum current: %s A" % request
            far = fixed(vehicle["soc_permille"], 10), fixed(vehicle["range_m"], 1000, 0)
            yield "  SoC: %s %%, range: %s km" % far
            held = fixed(vehicle["battery_mah"], 1000), fixed(vehicle["capacity_mah"], 1000), text_of(vehicle["model"])
            yield "  battery: %s of %s Ah, model: %s" % held
            counted = fixed(vehicle["charged_mah"], 1000), fixed(vehicle["discharged_mah"], 1000), vehicle["refused"]
            yield "  lifetime: %s Ah charged, %s Ah discharged; frames refused: %d" % counted

    def charger_data(self):
        for (of, module), (_, meter), (_, outlet) in zip(
            each_outlet(self._snapshot, "module"), each_outlet(self._snapshot, "meter"), each_outlet(self._snapshot, "")
        ):
            yield of + "Charger: %s, %s" % (text_of(module["online"], "online", "offline"), text_of(module["status"]))
            flags = module["flags"]
            shown = module["error"] or "none", "--" if flags is None else "0x%02x" % flags, module["refusals"]
            yield "  error: %s, flags: %s, requests refused: %d" % shown
            setpoint = fixed(module["setpoint_mv"], 1000), fixed(module["setpoint_ma"], 1000)
            enabled = text_of(outlet["enabled"], "enabled", "disabled")
            yield "  setpoint: %s V, %s A; charging %s" % (setpoint + (enabled,))
            if module["available_mv"] is not None or module["available_ma"] is not None:
                available = fixed(module["available_mv"], 1000), fixed(module["available_ma"], 1000)
                yield "  available: %s V, %s A" % available
            register = fixed(meter["energy_mwh"], 1000, 3), text_of(meter["flowing"])
            yield "  register: %s Wh; current may flow: %s" % register
            if meter["counters"]:  # what was wrong with the billing measurement
                yield "  measurement: " + ", ".join(["%d %s" % (count, what) for what, count in meter["counters"]])

    def output_data(self):
        for of, module in each_outlet(self._snapshot, "module"):
            yield of + "Output: %s V, %s A, %s degC" % (
                fixed(module["output_voltage_mv"], 1000),
                fixed(module["output_current_ma"], 1000),
                fixed(module["temperature_mdeg"], 1000),
            )

    def terminal_data(self):
        for of, outlet in each_outlet(self._snapshot, ""):
            yield of + "Terminal: %s V, %s A, %s kW" % (
                fixed(outlet["terminal_voltage_mv"], 1000, 2),
                fixed(outlet["terminal_current_ma"], 1000, 2),
                fixed(outlet["power_mw"], 1000000, 3),
            )
            session = text_of(outlet["plugged"]), fixed(outlet["session_mwh"], 1000, 2)
            yield "  plugged: %s, session: %s Wh" % session

    def everything(self):
        for page in (self.bms_data, self.charger_data, self.output_data, self.terminal_data):
            for line in page():
                yield line
        from components.console.pages import Pages

        for line in Pages(self._operator, self._snapshot).status():
            yield line
