"""What components do ten times a second: one task calls all of them, for one of its own takes 250 bytes of each."""

import time
from micropython import const

from core.tasks import Pace

TICK_MS = const(100)


def ticking(parts):
    """Those that have a ``tick``, in their order; what says ``ticks_first = True`` in its class is before others."""
    found = ()
    for part in parts:
        if hasattr(part.instance, "tick"):
            found = (part,) + found if hasattr(part.instance, "ticks_first") else found + (part,)
    return found


async def tick(kernel, parts):
    """Call ``tick(passed)`` of each of `parts` every 100 ms, in their order, as the kernel's docstring says.

    Where nothing fails nothing is allocated: what catches exceptions is in this frame, which is there already.
    """
    pace = Pace(kernel.clock, TICK_MS)
    while True:
        for part in parts:
            try:
                try:
                    if _is_due(kernel, part):
                        part.instance.tick(pace.passed)
                except Exception as e:
                    part.raised = e
                    end(kernel, part)
            except MemoryError:
                kernel.log.tail.lost += 1  # that it failed could not be noted: it is its turn again
        await pace.next()


def _is_due(kernel, part):
    now = kernel.clock.ticks_ms()
    if part.raised is not None:
        raise part.raised  # again: see above
    if part.state == "failed" and time.ticks_diff(now, part.beat_ms) >= part.back_off_ms:
        if not hasattr(part.instance, "run"):  # else it is started again with that
            kernel.starts_again(part)
    if part.state != "running":
        return False
    part.beat_ms = now
    return True


def end(kernel, part):
    """It is not called any more: by the kernel's will, or, if it raised, until its next start."""
    try:
        if hasattr(part.instance, "halt"):
            part.instance.halt()
    except Exception as e:
        part.raised = part.raised or e
    if part.raised is not None:
        if hasattr(part.instance, "run"):
            part.task.cancel()
        else:
            kernel.fails(part, part.raised)
