"""From a frame to its handler, and what is kept of those without a handler."""

from micropython import const
from struct import pack_into

from core.loading import unload

# The frames that are kept, three words each: key, ticks, how often << 4 | length. First those without a handler, behind
# them those that a handler refused. (components/can/shown.py has these, too: constants without a name take no memory.)
_WORDS = const(3)
_REFUSED = const(18)
_END = const(30)
_DIGITS = const(4)  # of the length
_MOST = const(0xFFFFFF)


class Dispatch:
    """The handlers of a bus, and the last frames that none of them took: see `kept`."""

    unknown = refused = rx_overruns = 0
    _turn = 0  # the entry that is replaced next
    _noted = False  # whether the reason is kept for which the frame that is being handled is refused
    receives_all = False  # whether the controller's filters are open
    _more = ()  # what is received besides what has a handler
    _masked = ()  # (key, mask, handler) of each that has a mask, see components/can/rules.py

    def __init__(self, driver, kernel, clock, filters):
        from array import array

        self.driver = driver
        self._clock = clock
        self._filtered = False  # the driver has the filters for what is wanted now
        if filters:
            from components.can import rules

            self._more = rules.checked(filters)
        self._kernel = kernel
        self._handlers = {}  # key: handler, see components/can/rules.py
        self._owners = {}  # rule: the name of the component; None when all are built
        self._frame = [0, b"", 0, 0]  # type: list
        self._words = array("i", [0] * _END)
        self._data = bytearray(_END // _WORDS * 8)
        self._reasons = [None] * (_END - _REFUSED)
        self._extended = driver.FLAG_EXT_ID
        self._overrun = driver.RECV_ERR_OVERRUN

    def on(self, identifier, handler, mask=0x1FFFFFFF, extended=True):
        """Have ``handler(data, length)`` called for each frame whose identifier is `identifier` where `mask` has ones.

        `extended`: identifiers of 29 bits, else of 11. `data` is valid during the call only; so is `identifier`. The
        handler returns False for a frame that it refuses, and must not block. Raises ValueError if a frame would have
        two handlers.
        """
        from components.can import rules

        rules.declare(self, rules.rule(identifier, mask, extended), handler)

    def receive_all(self, on):
        """Whether frames without a handler are received, too, to be shown. A controller with filters leaves the bus for
        a moment to change them: it does when charging is not enabled, within half a second.
        """
        self.receives_all = on
        self._filtered = False

    def _set_filters(self):
        """Have a controller with filters receive what is wanted. Raises OSError."""
        filters = None
        if not self.receives_all and hasattr(self.driver, "fit_filters"):
            try:
                from components.can import rules

                filters = rules.filters(self, self._extended)
            except MemoryError:
                filters = None  # no wanted frame may be lost
            unload("components.can.rules")
        self.driver.set_filters(filters)
        self._filtered = True

    @property
    def identifier(self):
        """Of the frame that is being handled."""
        return self._frame[0]

    def _dispatch(self, frame):
        handler = self._handlers.get(frame[0])
        if handler is None or frame[2] != self._extended:
            handler = self._find(frame[0], frame[2])
        if handler is None:
            self.unknown += 1
            self._keep(0, _REFUSED)
        elif handler(frame[1], len(frame[1])) is False:
            self.refused += 1
            if not self._noted:
                self._reasons[self._keep(_REFUSED, _END) - _REFUSED] = None
            self._noted = False
        if frame[3]:
            self.rx_overruns += frame[3] & self._overrun != 0

    def _find(self, key, flags):
        """The handler of a frame that has no handler of its own among those of extended identifiers, or None."""
        if flags == self._extended:
            return self._match(key)
        if flags:
            return None  # a remote frame
        return self._handlers.get(~key) or self._match(~key)

    def _match(self, key):
        for rule in self._masked:  # few locals: a larger frame of this function would come from the heap
            if key & rule[1] == rule[0]:
                return rule[2]
        return None

    # -- to be shown

    def refuse(self, what, value, limit):
        """For a handler: ``return can.refuse("max_voltage_mv", 90100, 85500)`` refuses the frame and gives the reason.

        `what` is the option, or the part of the frame, that the value is compared with: constant text, whose ending
        has the unit (_mv, _ma, _mdeg), or marks it as hexadecimal (_0x, which is left out). Both numbers
        are below 2**30. Allocates nothing.
        """
        self.note(what, value, limit)
        self._noted = True
        return False

    def note(self, what, value, limit):
        """As `refuse`, for a handler that takes the frame: why it stops the charging."""
        at = self._keep(_REFUSED, _END) - _REFUSED
        reasons = self._reasons
        reasons[at] = what
        reasons[at + 1] = value
        reasons[at + 2] = limit

    def _keep(self, first, end):
        """Keep the frame that is being handled in one of the entries, and return which: its own, or another's turn."""
        frame = self._frame
        at = self._entry(frame[0] if frame[2] & self._extended else ~frame[0], first, end)
        self._words[at + 1] = self._clock.ticks_ms()
        self._count(at, frame[1])
        return at

    def _entry(self, key, first, end):
        words = self._words
        at = first
        while at < end and words[at + 2]:
            if words[at] == key:
                return at
            at += _WORDS
        if at == end:
            self._turn = self._turn + 1 & 0xFF
            at = first + self._turn * _WORDS % (end - first)
        words[at] = key
        words[at + 2] = 0
        return at

    def _count(self, at, data):
        words = self._words
        words[at + 2] = min((words[at + 2] >> _DIGITS) + 1, _MOST) << _DIGITS | len(data)
        pack_into("8s", self._data, at // _WORDS * 8, data)

    def kept(self):
        """The last frames without a handler (six identifiers), and those that were refused (four), each as a tuple.

        (identifier, extended, data, how often, age in ms, why). `why` is None of a frame without a handler, else (what,
        value, limit) as in `refuse`, or () if the handler gave no reason. Of an identifier the last frame is kept.
        """
        from components.can import shown

        found = shown.kept(self)
        unload("components.can.shown")
        return found

    def describe(self):
        """What is kept as lines, as an iterator."""
        from components.can import shown

        lines = shown.lines(self)
        unload("components.can.shown")
        return lines
