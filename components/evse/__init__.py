"""One outlet: the gate, whether a vehicle is plugged in, the connector's lock, and `Evse`, which bundles them.

The contract Evse, which is all of an outlet that others use:

``id``       its number (int, from 1): OCPP 1.6 calls it a connector.
``gate``     the one place where it is enabled: see `components.evse.gate.Gate`.
``vehicle``  what is plugged in: the contract Vehicle, in ``components.bms``.
``module``   what delivers: the contract PowerModule, in ``components.charger``.
``meter``    what is billed: the contract Meter, in ``components.meter``.
``plug``     ``plugged`` (Signal, bool), and ``reason`` (str), why it was last unplugged: `components.evse.plug.Plug`.
``lock``     what holds the cable, see `components.evse.lock.Lock`; None where the cable is fixed.

A board with one outlet lists an `Evse` beside its parts; one with several has a scope for each, and the `Evse` in it;
a gate without one is refused.
Whoever needs all outlets of a station collects ``evse``: they come in the order of the board, and their ids are 1, 2,
... in that order.
"""


class Evse:
    """The parts of one outlet under its number. Option: id."""

    requires = ("gate", "bms", "charger", "meter", "plug")
    uses = ("lock",)
    options = {"id": (int, 1, 1, 9)}

    def __init__(self, gate, bms, charger, meter, plug, id, lock=None):
        self.id = id
        self.gate = gate
        self.vehicle = bms
        self.module = charger
        self.meter = meter
        self.plug = plug
        self.lock = lock
