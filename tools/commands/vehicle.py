"""Commands for the vehicle at an outlet, and for the driver's card."""

from __future__ import annotations

from tools.commands import CommandError, Commands, command, number_of
from tools.vehicle import HEATING

_MAX_TAG = 20  # characters of an idTag, OCPP 1.6
_FALL_V = 1.8  # a fall of 2 V within a second is an unplugged vehicle for the charger
_FELL = "; its voltage falls so far that the charger may count it as unplugged: unplug, wait 4 s, plug in"


class VehicleCommands(Commands):
    """What a driver and the vehicle's BMS do."""

    group = "vehicle"

    @command("Plug in", active=lambda outlet: outlet.vehicle.plugged)
    def plug(self, outlet: str = "1") -> str:
        """Plug the vehicle in."""
        self._outlet(outlet).vehicle.plug()
        return "plugged in"

    @command("Unplug")
    def unplug(self, outlet: str = "1") -> str:
        """Unplug the vehicle."""
        self._outlet(outlet).vehicle.unplug()
        return "unplugged"

    @command("Set charge")
    def soc(self, percent: str = "80", outlet: str = "1") -> str:
        """Set the battery's state of charge, in per cent."""
        value = number_of(percent, "a state of charge in per cent", 0, 100)
        there = self._outlet(outlet)
        before = there.battery.ocv
        there.battery.soc = value / 100
        there.vehicle.full = False
        falls = there.vehicle.plugged and before - there.battery.ocv > _FALL_V
        return f"the battery is at {value:g} %" + (_FELL if falls else "")

    @command("Request current", active=lambda outlet: outlet.vehicle.max_a is not None)
    def request(self, amps: str = "10", outlet: str = "1") -> str:
        """The BMS requests at most this current, in A."""
        value = number_of(amps, "a current in A", 0, 6000)
        vehicle = self._outlet(outlet).vehicle
        vehicle.max_a = value
        vehicle.request()
        return f"the BMS requests {value:g} A"

    @command("BMS permits")
    def permit(self, outlet: str = "1") -> str:
        """The BMS permits charging (again)."""
        self._outlet(outlet).vehicle.permit()
        return "the BMS permits charging"

    @command("BMS stops", active=lambda outlet: outlet.vehicle.stopped)
    def stop_bms(self, outlet: str = "1") -> str:
        """The BMS stops charging."""
        self._outlet(outlet).vehicle.stop_charging()
        return "the BMS stops charging"

    @command("BMS requests heating", active=lambda outlet: outlet.vehicle.mode == HEATING)
    def heating(self, outlet: str = "1") -> str:
        """The BMS requests battery heating instead of charging."""
        self._outlet(outlet).vehicle.heat()
        return "the BMS requests heating"


class CardCommands(Commands):
    """What a person does at the charger."""

    group = "card"

    @command("Present card")
    async def card(self, tag: str = "CARD-7") -> str:
        """Present a card at the charger (auth on its console)."""
        if not (0 < len(tag) <= _MAX_TAG and tag.isascii() and tag.isprintable() and " " not in tag):
            raise CommandError(f"{tag!r} is not an idTag: 1 to {_MAX_TAG} printable ASCII characters without blanks")
        firmware = self._station.firmware
        if not firmware.runs:
            raise CommandError("the firmware does not run")
        await firmware.type_line(f"auth {tag}")
        return f"card {tag} is presented"
