"""The ESP32-S3's own CAN controller: that of the ESP32 elsewhere, with a longer prescaler and without its errata."""

from drivers import twai_chip, twai_soc_s3
from drivers.twai import Twai
from drivers.twai_timing import timing

try:
    from drivers import words_viper as words
except (ImportError, SyntaxError, ValueError):  # this build, or this image, has no native code
    from drivers import words_plain as words  # type: ignore[no-redef]


class Registers:
    """Those of the controller by their offset: its address is no small int, so no sum may be made with it."""

    def __init__(self, memory, address):
        self._memory = memory
        self._address = address

    def __getitem__(self, offset):
        return words.peek(self._memory, self._address, offset >> 2)

    def __setitem__(self, offset, value):
        words.poke(self._memory, self._address, offset >> 2, value)


class Chip(twai_chip.Chip):
    """The controller of the ESP32-S3.

    Of the errata that drivers/twai_chip.py works around ESP-IDF names none for it but the dominant bits in listen-only
    mode (components/driver/twai/Kconfig.twai), and that mode is taken only while it is bus-off.
    """

    soc = twai_soc_s3
    address = 0x6002B000
    base = 0

    def __init__(self, memory, pins, filters):
        super().__init__(memory, pins, filters)
        self.memory = Registers(memory, self.address)

    def bit_timing(self, bitrate):
        """(BTR0, BTR1, 0): the jump width is in other bits of BTR0, for the prescaler has 13. Raises ValueError."""
        first, second, _ = timing(bitrate, False)
        return (first >> 6) << 14 | first & 63, second, 0

    def spoils_next(self):
        """No bus error spoils the next message; rearms the capture."""
        super().spoils_next()
        return False


class TwaiS3(Twai):
    """As `drivers.twai.Twai`, on the ESP32-S3.

    Options: GPIO numbers, tx and rx (0..18, 21, 38..42, 45..48); bitrate, bit/s; timer, number.
    """

    chip = Chip
    options = dict(Twai.options, tx=(int, 4, 0, 48), rx=(int, 5, 0, 48))
