"""What must not wait behind something that blocks the loop."""


class Urgent:
    """Functions ``() -> None`` that whoever is about to block the loop (a flash erase takes 60 ms) has called before.

    They handle what has already come, in bounded time, and raise nothing. A call within a call does nothing.
    """

    _busy = False

    def __init__(self):
        self._functions = ()

    def add(self, function):
        """Have ``function()`` called before the loop is blocked."""
        self._functions += (function,)

    def __call__(self):
        if self._busy:
            return
        self._busy = True
        try:
            for function in self._functions:
                function()
        finally:
            self._busy = False
