"""How many starts of a device have failed in a row, or that its settings are to be changed."""

from micropython import const

SETTINGS_REQUESTED = 255  # in place of a number: the next start opens the settings prompt and nothing else
_KEPT = const(b"ucharge failed starts ")  # before the number


def failures(number=None):
    """Their number, or SETTINGS_REQUESTED, after keeping `number` as such: in the RTC's memory, which outlives a reset.

    It wears nothing; a power cut may lose it. Where there is no such memory it is 0.
    """
    try:
        from machine import RTC

        memory = RTC().memory
    except (ImportError, AttributeError):
        return 0
    if number is not None:
        memory(_KEPT + bytes((number,)))
    kept = memory()
    return kept[-1] if len(kept) == len(_KEPT) + 1 and kept.startswith(_KEPT) else 0


def clear(alive):
    """For the kernel's Signal `alive`: a start has succeeded."""
    if alive:
        try:
            failures(0)
        except MemoryError:
            pass  # the caller that set the Signal continues
