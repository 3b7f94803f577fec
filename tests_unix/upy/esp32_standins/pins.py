"""machine.Pin of the ESP32 (ports/esp32/machine_pin.c), as far as inputs and outputs go."""

_INPUT_ONLY = (34, 35, 36, 37, 38, 39)
_MISSING = (20, 24, 28, 29, 30, 31)


class Pins:
    """All pins of the device: ``level`` is {number: level}. Use the object as ``machine.Pin``."""

    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2

    def __init__(self):
        self.level = {}
        self.pull = {}
        self.outputs = set()
        self.on_change = lambda number: None

    def __call__(self, number, mode=-1, pull=-1, value=None):
        if number in _MISSING or not 0 <= number < 40:
            raise ValueError("invalid pin")
        if mode == self.OUT:
            if number in _INPUT_ONLY:
                raise ValueError("pin can only be input")
            self.outputs.add(number)
            self.level[number] = 0 if value is None else value
            self.on_change(number)
        elif mode == self.IN:
            self.outputs.discard(number)
            self.pull[number] = pull
            self.level.setdefault(number, 1 if pull == self.PULL_UP else 0)
        return Pin(self, number)


class Pin:
    """One of them."""

    def __init__(self, pins, number):
        self._pins = pins
        self._number = number

    def __call__(self, value=None):
        if value is None:
            return self._pins.level[self._number]
        assert self._number in self._pins.outputs, "an input is not driven"
        self._pins.level[self._number] = 1 if value else 0
        self._pins.on_change(self._number)
