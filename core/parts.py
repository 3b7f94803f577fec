"""What the kernel keeps of a declaration while it runs: the parts; and the text of an error."""

import errno
import io
import sys
import time
from micropython import const

from core.log import Log

# What the system's errors mean where something is opened or dialled. By name: the numbers differ between ports.
_MEANINGS = const(
    (
        ("ENOENT", "no such file or device"),
        ("ENODEV", "no such device"),
        ("EACCES", "permission denied"),
        ("EISDIR", "is a directory"),
        ("EINVAL", "no serial device, or no such bit rate"),
        ("ECONNREFUSED", "connection refused: no server there"),
        ("ECONNRESET", "the peer has closed it"),
        ("EHOSTUNREACH", "no route"),
        ("ETIMEDOUT", "timed out"),
    )
)


class DeclarationError(Exception):
    """A board, or the settings for it, cannot be built: the message names board, component and option.

    ``parts``: what there is of the kernel all the same; those that are early may have begun.
    ``passes``: whether it may be right at the next start: not if declaration or settings are what is wrong.
    """

    parts = ()
    passes = False

    def because(self, error):
        """Itself, raised because of `error`: a ValueError is of options and settings, others of memory and hardware."""
        self.passes = error.passes if isinstance(error, DeclarationError) else not isinstance(error, ValueError)
        return self


def exception_text(error):
    """A raised exception in one line: a message for an operator as it is; others with type and place."""
    if isinstance(error, (ValueError, DeclarationError)):
        return str(error)
    out = io.StringIO()
    sys.print_exception(error, out)
    places = [line.strip()[5:] for line in out.getvalue().split("\n") if line.startswith("  File ")]
    text = "%s: %s" % (type(error).__name__, error)
    return text + " (%s)" % places[-1] if places else text


def error_text(error):
    """The text of an error of opening or dialling something: its meaning, not the bare number of an OSError."""
    args = error.args
    if not args or not isinstance(error, (OSError, ValueError)):
        return repr(error)
    if isinstance(args[-1], str):  # alone, or behind the number
        return args[-1]
    name = errno.errorcode.get(args[0])
    for known, meaning in _MEANINGS:
        if known == name:
            return "%s (%s)" % (meaning, name)
    return name or "error %s of the system" % args[0]


class Part(Log):
    """One instance, its log and, while it runs, its state."""

    # Of the class until they are set, which saves memory: most parts never fail.
    critical = False
    instance = None
    state = "built"  # built, started, running, failed (waits to be restarted), done, stopped
    beat_ms = 0
    failures = 0
    back_off_ms = 0  # how long it waited, or waits, after the last failure
    began_ms = None  # uptime, of the start after that
    last_error = ""
    raised = None  # by its tick, until its end is noted
    hung = False  # it runs, but makes no progress
    task = None
    scope = ""  # the one that it is in; "": outside of all
    ticks_ms = staticmethod(time.ticks_ms)  # a test's clock has another one

    def __init__(self, local, critical, scope=""):
        self.local = local
        if critical:
            self.critical = True
        if scope:
            self.scope = scope

    @property
    def name(self):  # made when it is needed: it would be a string for each part in a scope
        return self.scope + "/" + self.local if self.scope else self.local

    def log_to(self, tail):
        """Have its own log, the service "log" of the instance."""
        self._tail = tail
        return self

    def beat(self):
        """The service "pulse" of the instance, to be called to show that it makes progress."""
        self.beat_ms = self.ticks_ms()
