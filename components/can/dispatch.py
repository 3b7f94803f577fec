"""From a frame to its handler."""

from core.loading import unload


class Dispatch:
    """The handlers of a bus, and what of its frames none of them took."""

    unknown = refused = rx_overruns = 0
    _filtered = False  # the driver has the filters for what is wanted now
    _all = False  # all frames are wanted
    _more = ()  # what is received besides what has a handler
    _masked = ()  # (key, mask, handler) of each that has a mask, see components/can/rules.py

    def __init__(self, driver, kernel, filters):
        self.driver = driver
        if filters:
            self._more = _checked(filters)
        self._kernel = kernel
        self._handlers = {}  # key: handler, see components/can/rules.py
        self._owners = {}  # rule: the name of the component; None when all are built
        self._frame = [0, memoryview(bytearray(8)), 0, 0]
        self._extended = driver.FLAG_EXT_ID
        self._overrun = driver.RECV_ERR_OVERRUN

    def on(self, identifier, handler, mask=0x1FFFFFFF, extended=True):
        """Have ``handler(data, length)`` called for each frame whose identifier is `identifier` where `mask` has ones.

        `extended`: identifiers of 29 bits, else of 11. `data` is valid during the call only; so is `identifier`. The
        handler returns False for a frame that it refuses, and must not block. Raises ValueError if a frame would have
        two handlers.
        """
        from components.can import rules

        key, mask = new = rules.rule(identifier, mask, extended)
        owners = self._rules() if self._owners is None else self._owners
        rules.check(new, owners)
        owners[new] = self._kernel.building
        if mask == rules.EXACT:
            self._handlers[key] = handler
        else:
            self._masked += ((key, mask, handler),)
        self._filtered = False

    def receive_all(self, on):
        """Whether frames without a handler are received, too, for people. A controller with filters leaves the bus for
        a moment to change them: it does when charging is not enabled, within half a second.
        """
        self._all = on
        self._filtered = False

    def _set_filters(self):
        """Have a controller with filters receive what is wanted. Raises OSError."""
        filters = None
        if not self._all and hasattr(self.driver, "fit_filters"):
            try:
                from components.can import rules

                filters = rules.filters(self._rules(), self._more, self._extended)
                filters = self.driver.fit_filters(filters) if filters else None
            except MemoryError:
                filters = None  # nothing that is wanted may be lost
            unload("components.can.rules")
        self.driver.set_filters(filters)
        self._filtered = True

    @property
    def identifier(self):
        """Of the frame that is being handled."""
        return self._frame[0]

    def _rules(self):
        """{rule: ""} of all handlers."""
        found = {(key, -1): "" for key in self._handlers}
        for key, mask, _ in self._masked:
            found[key, mask] = ""
        return found

    def _declared(self):
        """All components are built."""
        self._owners = None
        unload("components.can.rules")

    def _dispatch(self, frame):
        handler = self._handlers.get(frame[0])
        if handler is None or frame[2] != self._extended:
            handler = self._find(frame[0], frame[2])
        if handler is None:
            self.unknown += 1
        elif handler(frame[1], len(frame[1])) is False:
            self.refused += 1
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


def _checked(filters):
    """The option, if it can be. Raises ValueError."""
    from components.can import rules

    for entry in filters:
        try:
            rules.rule(*entry)
        except (TypeError, ValueError) as e:
            raise ValueError("filters: %r is no (identifier, mask, extended): %s" % (entry, e))
    return filters
