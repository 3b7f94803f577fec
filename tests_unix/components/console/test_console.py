"""The firmware's console from outside: on pipes, on a terminal, with input and output that people break."""

import contextlib
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest
from console_firmware import Firmware, process_fields


@pytest.fixture
def on_pipes(tmp_path):
    """(firmware, descriptor to write to, descriptor to read from)."""
    with contextlib.ExitStack() as stack:
        their_in, our_out = os.pipe()
        our_in, their_out = os.pipe()
        firmware = Firmware(tmp_path, their_in, their_out)
        stack.callback(firmware.end)
        os.close(their_in)
        os.close(their_out)
        out, inp = os.fdopen(our_out, "wb", 0), os.fdopen(our_in, "rb", 0)
        stack.enter_context(out)
        stack.enter_context(inp)
        yield firmware, out, inp


@pytest.fixture
def on_terminal(tmp_path):
    """(firmware, our side of its terminal, its own side)."""
    ours, theirs = pty.openpty()
    firmware = Firmware(tmp_path, theirs, theirs)
    yield firmware, ours, theirs
    firmware.end()
    os.close(ours)
    os.close(theirs)


def progresses(home_process, seconds=20):
    """Wait until the process has slept and woken a few times: it is neither blocked in a write nor spinning."""
    path = f"/proc/{home_process.pid}/status"

    def switches():
        with open(path) as file:
            return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.MULTILINE).group(1))

    first, deadline = switches(), time.monotonic() + seconds
    while switches() < first + 20:
        assert time.monotonic() < deadline, "the firmware makes no progress"
        assert home_process.poll() is None
        time.sleep(0.05)


def test_t_acts_without_enter_on_a_pipe(on_pipes):
    firmware, out, inp = on_pipes
    out.write(b"h\n")
    firmware.read_until(inp.fileno(), "reset +restart")
    out.write(b"t")
    firmware.read_until(inp.fileno(), "EMERGENCY STOP")
    out.write(b"\nwhy\n")
    firmware.read_until(inp.fileno(), "BLOCKS  the emergency stop is pressed")
    out.write(b"s\n")
    firmware.read_until(inp.fileno(), "emergency stop is released")


def test_reset_ends_with_status_3_and_the_next_start_knows(on_pipes, tmp_path):
    firmware, out, inp = on_pipes
    out.write(b"reset\n")
    firmware.read_until(inp.fileno(), "restarting")
    assert firmware.process.wait(20) == 3
    again = subprocess.run(
        firmware.process.args, input=b"status\nreset\n", stdout=subprocess.PIPE, timeout=30, check=False
    )
    assert again.returncode == 3 and b"Boot 2, reason: stop: reset on the console" in again.stdout


def test_the_end_of_the_input_is_not_the_end_of_the_firmware(on_pipes):
    firmware, out, inp = on_pipes
    out.close()
    firmware.read_until(inp.fileno(), "the input has ended")
    progresses(firmware.process)
    assert firmware.interrupt() == 0


def test_an_output_that_is_not_read_does_not_hold_the_firmware_up(on_pipes, tmp_path):
    firmware, out, inp = on_pipes
    firmware.read_until(inp.fileno(), "boot 1")
    for _ in range(100):  # about 300 KB of pages; a pipe holds 64
        out.write(b"5\nlog\nh\n" * 5)
        time.sleep(0.005)
    progresses(firmware.process)
    out.write(b"reset\n")  # it still hears
    assert firmware.process.wait(20) == 3


def test_an_output_that_is_closed_does_not_end_the_firmware(on_pipes):
    firmware, out, inp = on_pipes
    firmware.read_until(inp.fileno(), "boot 1")
    inp.close()
    out.write(b"5\nlog\nt")
    progresses(firmware.process)
    out.write(b"\nreset\n")
    assert firmware.process.wait(20) == 3


def test_noise_on_the_input(on_pipes):
    firmware, out, inp = on_pipes
    noise = bytes(byte for byte in range(256) if byte != 3) * 200  # Ctrl-C would end it
    for at in range(0, len(noise), 4096):
        out.write(noise[at : at + 4096])
        if select.select([inp], [], [], 0)[0]:
            inp.read(65536)
    out.write(b"\nstatus\n")
    firmware.read_until(inp.fileno(), "Journal: ")
    assert "Traceback" not in firmware.text and "raised" not in firmware.text


def local_flags(fd):
    return termios.tcgetattr(fd)[3]


def test_ctrl_c_is_a_key_of_a_terminal_and_ends_it_orderly(on_terminal):
    firmware, ours, theirs = on_terminal
    before = termios.tcgetattr(theirs)
    firmware.read_until(ours, "boot 1")
    os.write(ours, b"0\r")  # answered once the terminal gives single keys
    firmware.read_until(ours, "muted")
    os.write(ours, b"half a line\x03")
    assert firmware.process.wait(30) == 0
    assert termios.tcgetattr(theirs) == before


def test_a_terminal_gives_single_keys_and_gets_its_modes_back_after_ctrl_c(on_terminal):
    firmware, ours, theirs = on_terminal
    before = local_flags(theirs)
    assert before & termios.ICANON and before & termios.ECHO
    firmware.read_until(ours, "boot 1")
    os.write(ours, b"0\r")  # no log lines between what we type
    firmware.read_until(ours, "muted")
    os.write(ours, b"t")
    firmware.read_until(ours, "EMERGENCY STOP")
    assert not local_flags(theirs) & (termios.ICANON | termios.ECHO) and local_flags(theirs) & termios.ISIG
    os.write(ours, b"wx\x7fhy\r")  # the terminal makes NL of it
    firmware.read_until(ours, r"wx\x08 \x08hy\r\n")
    firmware.read_until(ours, "charging is disabled")
    assert firmware.interrupt() == 0
    assert local_flags(theirs) == before


def test_a_terminal_edits_recalls_and_completes_lines(on_terminal):
    firmware, ours, theirs = on_terminal
    firmware.read_until(ours, "boot 1")
    os.write(ours, b"0\r")
    firmware.read_until(ours, "muted")
    os.write(ours, b"\r")
    firmware.read_until(ours, r"\r\n> ")
    os.write(ours, b"conf\t")
    firmware.read_until(ours, "config ")
    for key in (b"HeartbeatXInterval", b"\x1b[D" * 8, b"\x1b", b"[D", b"\x1b[", b"3~", b"\r"):
        os.write(ours, key)  # in pieces, as a slow line brings them
        progresses(firmware.process)
    firmware.read_until(ours, r"  HeartbeatInterval = \d+")
    os.write(ours, b"\x1b[A\x1b[F 88\r")
    firmware.read_until(ours, "HeartbeatInterval: Accepted")
    os.write(ours, b"TAG X\r")
    firmware.read_until(ours, "did you mean auth")
    os.write(ours, b"Why\r")
    firmware.read_until(ours, "ok +no emergency stop")


def test_a_terminal_that_hangs_up_does_not_make_it_spin(tmp_path):
    ours, theirs = pty.openpty()
    firmware = Firmware(tmp_path, theirs, theirs)
    try:
        os.close(theirs)
        firmware.read_until(ours, "boot 1")
        os.close(ours)
        progresses(firmware.process)
        before = cpu_s(firmware.process.pid)
        time.sleep(1)
        assert cpu_s(firmware.process.pid) - before < 0.5
    finally:
        firmware.end()


def cpu_s(pid):
    fields = process_fields(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
