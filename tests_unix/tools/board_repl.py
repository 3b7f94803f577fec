"""A board on a serial port, in the unix port: ``micropython board_repl.py ROMFS``, standard input and output a pty.

The charger is the real one, from the ROMFS, started as on an ESP32. Around it stands what ports/esp32/main.c and
shared/runtime/pyexec.c do, as far as mpremote sees it: after main.py comes the prompt; there Ctrl-A begins the raw
REPL, in which code runs in this very MicroPython. machine.reset() ends it with status 3.
"""

import io
import sys
import termios
import vfs

_LFLAG, _CC = 3, 6
_VINTR, _ISIG = 0, 1
_WINDOW = 128


class Machine:
    """What of the module the charger and tools use."""

    def WDT(self, timeout):
        assert 1000 <= timeout < 1 << 31, timeout
        self.watchdog_ms = timeout

    def reset(self):
        say(f"reset, watchdog of {self.watchdog_ms} ms\r\n")
        sys.exit(3)


def keyboard_interrupt(on):
    """Ctrl-C is a KeyboardInterrupt while code runs, a character at the REPL."""
    attributes = termios.tcgetattr(0)
    attributes[_LFLAG] = attributes[_LFLAG] | _ISIG if on else attributes[_LFLAG] & ~_ISIG
    attributes[_CC] = list(attributes[_CC])
    attributes[_CC][_VINTR] = b"\x03" if on else b"\x00"
    termios.tcsetattr(0, termios.TCSANOW, attributes)


def say(text):
    sys.stdout.write(text)


def run_main():
    """What main.py does on a device."""
    keyboard_interrupt(True)
    try:
        names = {"__name__": "main"}
        with open("/rom/main.py") as file:
            exec(file.read(), names)
        names["run_on_device"]()
    except KeyboardInterrupt as e:
        sys.print_exception(e)
    keyboard_interrupt(False)


def run(code, names):
    """Execute what was received, and tell its output and error as the raw REPL does."""
    error = io.StringIO()
    try:
        exec(code, names)
    except Exception as e:
        sys.print_exception(e, error)
    say("\x04" + error.getvalue() + "\x04>")


def paste():
    """The code that comes in raw-paste mode, with its flow control."""
    sys.stdout.buffer.write(b"R\x01" + bytes((_WINDOW & 0xFF, _WINDOW >> 8)) + b"\x01")
    code = b""
    while True:
        key = sys.stdin.buffer.read(1)
        if key == b"\x04":
            say("\x04")
            return code
        code += key
        if len(code) % _WINDOW == 0:
            say("\x01")


def raw(names):
    """The raw REPL until Ctrl-B."""
    say("raw REPL; CTRL-B to exit\r\n>")
    line = b""
    while True:
        key = sys.stdin.buffer.read(1)
        if key == b"\x01" and line == b"\x05A":
            run(paste(), names)
            line = b""
        elif key == b"\x02":
            return
        elif key == b"\x03":
            line = b""
        elif key == b"\x04":
            say("OK")
            run(line, names)
            line = b""
        else:
            line += key


def main(image):
    with open(image, "rb") as file:
        vfs.mount(vfs.VfsRom(memoryview(file.read())), "/rom")
    sys.path[:] = [".frozen", "/rom", "/rom/lib"]
    sys.modules["machine"] = Machine()
    run_main()
    say("MicroPython on a pty\r\n>>> ")
    while True:
        if sys.stdin.buffer.read(1) == b"\x01":
            raw({"__name__": "__main__"})
        say("\r\n>>> ")


main(*sys.argv[1:])
