"""A board with a power module's protocol on a virtual clock, and a model of the module at the other end of the bus.

For module_contract.py and setpoint_contract.py. An implementation comes with a model of its module, a class that is
written from the protocol's document, never from the firmware:

    USE                 "package.module:Class"
    OPTIONS             {option: value} of the component
    STOP                (identifier, data) of the stop, if it is one frame, else None
    on, mv, ma          what the module was told: switched on (None: not yet), limits
    hear(identifier, data)     a frame that the controller sends: takes it, returns the frames of the reply, as `says`
    says(volts, amps)   {identifier: data}: what makes it online with this at its terminals, said every 100 ms
    impossible()        [(identifier, data), ...]: its frames cut short, or with a value that cannot be
    fault()             {identifier: data}: what tells that its hardware fails; None: its protocol has nothing like it
    able(amps)          {identifier: data}: what tells that it can no more now; None: its protocol has nothing like it
"""

from bus import Rig


class Bench:
    """A board with the protocol, and the model of its module at the other end of the bus."""

    def __init__(self, kind, tmp, **options):
        self.model = kind()
        self.rig = Rig(tmp, module=kind.USE, charger=kind.OPTIONS, feedback=False, **options)
        self.takes = True  # does the bus take what is sent?
        self.starts = self.stops = 0  # how often the model was told
        self._replies = []

    async def start(self):
        await self.rig.start()
        self._send = self.rig.driver.send
        self.rig.driver.send = self.send
        return self

    def send(self, identifier, data, flags):
        """As the driver's: the module has it when this returns."""
        if not self.takes:
            return None
        before = self.model.on
        self._replies.extend(self.model.hear(identifier, bytes(data)).items())
        if self.model.on is not before:
            self.starts += self.model.on is True
            self.stops += self.model.on is False
        return self._send(identifier, data, flags)

    async def advance(self, ms):
        """Let time pass; the module replies within 50 ms."""
        while ms > 0:
            step = min(ms, 50)
            replies, self._replies = self._replies, []
            for identifier, data in replies:
                self.rig.wire.send(identifier, data)
            await self.rig.advance(step)
            ms -= step

    def says(self, volts, amps):
        self.rig.say.update(self.model.says(volts, amps))

    def handle(self, identifier, data):
        """Have a frame handled now: nothing else runs and no time passes. Returns whether it was refused."""
        refused = self.rig.can.refused
        self.dispatch([identifier, memoryview(data), self.rig.driver.FLAG_EXT_ID, 0])
        return self.rig.can.refused > refused

    def dispatch(self, frame):
        """As if the driver had received it: a handler may ask for its identifier."""
        can = self.rig.can
        can._frame = frame
        can._dispatch(frame)

    async def ready(self):
        """All but the transaction is there."""
        self.rig.vehicle()
        self.says(76, 0)
        await self.advance(3000)
        self.rig.gate.limit("transaction", 200000)

    async def charge(self, amps=50):
        await self.ready()
        self.rig.gate.transaction.set(True)
        assert self.rig.gate.enabled.value, self.rig.gate.blocking()
        self.says(76, amps)
        await self.advance(1500)
        assert self.rig.gate.enabled.value and self.model.on is True, self.rig.gate.blocking()
        return self

    async def stop(self):
        await self.rig.stop()
