"""What main.py makes of the end of the firmware on an ESP32: a reset, or the REPL."""

import sys

from esp32_standins import Device, Module
from esp32_standins.machine import Reset

import main
from core.kernel import RESTART, STOPPED

ENDING = {"name": "ending", "use": "test_esp32_start:Shutdown"}


class Shutdown:
    """A component with which the firmware ends in a certain way."""

    def __init__(self, kernel, by=0):
        self._kernel = kernel
        self._by = by

    async def start(self):
        if self._by < 0:
            raise OSError("the journal cannot be read")
        self._kernel.request_exit(self._by, "test")


class Image:
    BOARD = "boards.esp32start"
    VERSION = "1"
    BUILT = 1790000000  # UTC in s


def end_of(*components, **more):
    """ "reset" or "REPL", after this firmware. more: what its board defines besides."""

    name = "boards.esp32start"
    sys.modules[name] = Module(__name__=name, NAME="esp32start", COMPONENTS=components, **more)
    Shutdown.options = {"by": (int, 0)}  # a device forgets both, once it is built
    Shutdown.requires = ("kernel",)
    Device().install()
    main.image = Image
    main._PAUSE_S = 0
    try:
        main.run_on_device()
    except Reset:
        return "reset"
    finally:
        main.image = None
    return "REPL"


def ending(by):
    return dict(ENDING, options={"by": by})


def test_a_reset_that_was_requested_is_one_and_ctrl_c_leads_to_the_repl():
    assert end_of(ending(RESTART), HOME="/") == "reset"
    assert end_of(ending(STOPPED), HOME="/") == "REPL"


def test_a_board_that_names_no_home_keeps_its_files_in_the_root_of_the_device():
    """It starts, and ends as it was asked to; a start without a home would end with a reset."""
    assert end_of(ending(STOPPED)) == "REPL"
    assert end_of(ending(STOPPED), HOME="/nowhere/") == "REPL"


def test_a_new_image_that_does_not_start_is_reset_for_the_bootloader_to_take_it_back():
    assert end_of(ending(-1)) == "reset"  # it raises
    assert end_of(dict(ENDING, options={"unknown": 1})) == "reset"  # its declaration is wrong
    assert end_of(dict(ENDING, use="test_esp32_start:Missing")) == "reset"


class Esp32:
    """The module sys of an ESP32."""

    platform = "esp32"

    def __getattr__(self, name):
        return getattr(sys, name)


def end_of_start(interrupt=False):
    """ "reset" or "REPL", after main.py has run on an ESP32 whose module core.clock does not load."""

    def sleep(seconds):
        if interrupt:
            raise KeyboardInterrupt

    with open(main.__file__) as file:
        source = file.read()
    kept = {name: sys.modules.get(name) for name in ("sys", "time", "core.clock")}
    Device().install()
    sys.modules.update({"sys": Esp32(), "time": Module(sleep=sleep), "core.clock": Module()})
    try:
        exec(source, {"__name__": "__main__", "__file__": main.__file__})
    except Reset:
        return "reset"
    except ImportError:
        return "REPL"
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    raise AssertionError("it started")


def test_an_image_with_a_module_that_does_not_load_is_reset():
    assert end_of_start() == "reset"
    assert end_of_start(interrupt=True) == "REPL"


def test_ctrl_c_in_the_pause_before_leads_to_the_repl():
    import time

    class Interrupted:
        def __getattr__(self, name):
            return getattr(time, name)

        def sleep(self, seconds):
            raise KeyboardInterrupt

    sys.modules["time"] = Interrupted()
    try:
        assert end_of(dict(ENDING, options={"unknown": 1})) == "REPL"
    finally:
        sys.modules["time"] = time


def test_the_declarations_leave_the_heap():
    __import__("boards.esp32_bench")  # which imports another board
    assert "boards" in sys.modules and "boards.rivot_esp32" in sys.modules
    end_of(ending(RESTART))
    assert not [name for name in sys.modules if name.startswith("boards")]
