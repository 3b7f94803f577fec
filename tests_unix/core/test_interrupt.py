"""Ctrl-C is an orderly stop wherever it hits: MicroPython drops the task that runs at that moment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
MICROPYTHON = os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))


def interrupted(delay_s, *arguments):
    """The exit status and what was printed from the interrupt on."""
    command = [MICROPYTHON, str(HERE / "busy_firmware.py"), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "alive\n"
        time.sleep(delay_s)  # no event to wait for: where it hits is meant to vary
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    return process.returncode, rest


def test_an_interrupt_anywhere_closes_the_gate_and_stops_all_components():
    for i in range(15):
        status, text = interrupted(0.003 * i)
        assert status == 0, text
        assert text.count("stopped\n") == 3 and "did not" not in text, text
        assert text.index("closed\n") < text.index("stopped\n"), text


def test_an_interrupt_of_the_garbage_collector_closes_the_gate_at_least():
    for i in range(8):
        status, text = interrupted(0.003 * i, "collect")
        assert status == 0, text
        assert "closed\n" in text, text


def test_a_second_ctrl_c_ends_it():
    command = [MICROPYTHON, str(HERE / "busy_firmware.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "alive\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline()  # what it says of the first one
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, text
