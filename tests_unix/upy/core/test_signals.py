"""A change of a Signal reaches all who watch it, in the order that they are to hear of it."""

from virtual_clock import VirtualClock

from core.signals import Signal


def test_signal_calls_watchers_at_once_and_only_on_change():
    seen = []
    signal = Signal(0, VirtualClock())
    signal.watch(seen.append)
    for value in (1, 1, 2, None, None):
        signal.set(value)
    assert seen == [1, 2, None]


def test_the_last_thing_that_each_watcher_gets_is_the_value():
    signal = Signal(False, VirtualClock())
    seen = []
    signal.watch(lambda value: value and signal.set(False))  # as a start frame that finds the bus broken
    signal.watch(seen.append)
    signal.set(True)
    assert signal.value is False and (not seen or seen[-1] is False), seen


def test_a_watcher_that_raises_hides_the_change_from_no_other():
    """Two gates watch one emergency stop."""
    signal = Signal(False, VirtualClock())
    seen = []

    def fails(value):
        raise MemoryError("full")

    for watcher in (seen.append, fails, seen.append):
        signal.watch(watcher)
    try:
        signal.set(True)
        raise AssertionError("the failure is hidden")
    except MemoryError:
        pass
    assert signal.value is True and seen == [True, True]


def test_of_several_watchers_that_raise_the_first_ones_error_is_raised():
    signal = Signal(0, VirtualClock())

    def raising(error):
        def watcher(value):
            raise error

        return watcher

    signal.watch(raising(ValueError("second")))
    signal.watch(raising(KeyError("third")))
    signal.watch(raising(OSError("first")), first=True)
    try:
        signal.set(1)
        raise AssertionError("the failures are hidden")
    except OSError as e:
        assert "first" in str(e)


def test_what_stops_something_is_called_before_all_who_watched_before():
    signal = Signal(True, VirtualClock())
    seen = []
    signal.watch(lambda value: seen.append("lamp"))
    signal.watch(lambda value: seen.append("log"))
    signal.watch(lambda value: seen.append("stop"), first=True)
    signal.watch(lambda value: seen.append("count"))
    signal.set(False)
    assert seen == ["stop", "lamp", "log", "count"]
