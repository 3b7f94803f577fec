"""What the diagnostics need of the operator's snapshot beside what OCPP has; loaded for them."""

from micropython import const

from components.operator.snapshot import page_of

_DIAGNOSTICS = const((
    ("boot", "boot %(boot_count)d, reason: %(reset_cause)s"),
    ("loop", "loop: %(lag_ms)d ms late, at most %(lag_max_ms)d ms, %(blocked)d times blocked"),
    ("heap", "Python's heap: %(heap_free)s bytes free, at least %(heap_low)s, in one piece %(heap_longest)s"),
    ("watchdog", "watchdog not fed for: %(hung)r"),
))  # fmt: skip


def diagnostics(operator):
    """Generator of (name, text, data): ``text % data`` is a line."""
    snapshot = operator.snapshot()
    for name, text in _DIAGNOSTICS:
        yield name, text, snapshot[name]
    for part in operator.kernel.parts:
        if part.instance in operator.pages and part.instance is not operator.ocpp:
            for piece in page_of(part):
                yield piece
