"""Logs of the bus as safety tests: each file of can_logs/ is played to the firmware's CAN side; see can_log.py."""

import dataclasses
import re

import pytest
from can_log import Condition, expectation, judge, logs
from test_can_wire import Firmware

from tools.control import Control
from tools.hub import Hub
from tools.replay import FAST, LogError, play, read
from tools.slcan import Frame
from tools.station import Station

AT = 1000.0


async def played(home, path, speed=1.0):
    """(frames of the bus while the log was played, what the firmware printed at its end)."""
    hub = await Hub().start()
    firmware = await Firmware().start(hub.url, str(home))
    try:
        await hub.wait_frame(0x068181FE, 20)
        since = hub.frames
        log = read(path)
        assert await play(log, hub, speed) == len(log.entries)
        return hub.log.after(since), await firmware.end()
    finally:
        await firmware.kill()
        await hub.close()


@pytest.mark.parametrize("path", logs(), ids=lambda path: path.name)
async def test_a_log_never_enables_the_power_module_while_it_must_not(tmp_path, path):
    expected = expectation(path)
    frames, output = await played(tmp_path, path)
    assert not judge(frames, expected), output
    for pattern in expected.told:
        assert re.search(pattern, output), output
    assert "Traceback" not in output


async def test_as_fast_as_possible_every_frame_arrives(tmp_path):
    path = next(path for path in logs() if path.name == "over_current.log")
    frames, output = await played(tmp_path, path, FAST)
    received = int(re.search(r"(\d+) frames received", output)[1])
    assert received == len([frame for frame in frames if frame.source == 0]) == 183
    assert frames[-1].time - frames[0].time < 4, "the log has 8 s"


# -- whoever judges is judged: a firmware that does the wrong thing is found


def bus(*frames):
    """Frames of the hub's log: (seconds, source, identifier, data in hexadecimal)."""
    return [Frame(n, AT + at, source, can_id, bytes.fromhex(text)) for n, (at, source, can_id, text)
            in enumerate(frames)]  # fmt: skip


START, STOP, LIMIT = "0132000000000000", "0132000100000000", "0103000000000100"
HIGH, RIGHT = "42b4333300000000", "4298666600000000"  # 90.1 V, 76.2 V
CONTROL, POWER, REQUEST = 0x068181FE, 0x00433F01, 0x1806E5F4


@pytest.mark.parametrize("frames, wrong", [
    (((0, 1, CONTROL, START), (1, 0, POWER, HIGH), (1.05, 1, CONTROL, STOP)), 0),
    (((0, 1, CONTROL, START), (1, 0, POWER, HIGH), (1.15, 1, CONTROL, START), (1.18, 1, CONTROL, STOP)), 0),
    (((0, 1, CONTROL, START), (1, 0, POWER, HIGH), (1.3, 1, CONTROL, START)), 1),
    (((0, 1, CONTROL, START), (1, 0, POWER, HIGH), (1.1, 0, POWER, HIGH), (1.25, 1, CONTROL, LIMIT)), 1),
    (((0, 1, CONTROL, START), (1, 0, POWER, HIGH), (1.2, 0, POWER, RIGHT), (3, 1, CONTROL, START)), 0),
    (((0, 0, POWER, RIGHT), (1, 1, CONTROL, STOP)), 1),  # it never charged: nothing is proven
    (((0, 1, CONTROL, START), (1, 0, POWER, HIGH), (2, 0, CONTROL, START)), 0),  # another controller's, in the log
])  # fmt: skip
def test_a_start_while_the_voltage_is_too_high_is_found(frames, wrong):
    expected = expectation(next(path for path in logs() if path.stem == "over_voltage"))
    assert len(judge(bus(*frames), expected)) == wrong


def test_a_start_while_the_vehicle_is_silent_is_found():
    expected = expectation(next(path for path in logs() if path.stem == "silent_vehicle"))
    asked = [(at, 0, REQUEST, "034801f400000000") for at in (0, 1)]
    assert not judge(bus(*asked, (5.9, 1, CONTROL, START), (6.4, 1, CONTROL, STOP)), expected)
    assert len(judge(bus(*asked, (6.6, 1, CONTROL, START)), expected)) == 1
    never = dataclasses.replace(expected, charges=False)
    assert len(judge(bus(*asked, (2, 1, CONTROL, START)), never)) == 1


@pytest.mark.parametrize("spec", [
    {"message": "TerminalPower", "signal": "Voltage", "above": 85.5},
    {"message": "Nothing", "signal": "TerminalVoltage", "above": 85.5},
    {"message": "TerminalPower", "signal": "TerminalVoltage", "over": 85.5},
    {"message": "TerminalPower", "signal": "TerminalVoltage"},
    {"silent": "ChargeRequest", "seconds": 5},
])  # fmt: skip
def test_a_condition_that_means_nothing_is_an_error(spec):
    with pytest.raises((KeyError, ValueError, AssertionError)):
        Condition(spec, AT)


# -- make sim CMD="replay FILE"


async def test_a_simulation_plays_a_log_while_vehicle_and_module_are_silent(tmp_path):
    path = next(path for path in logs() if path.name == "over_current.log")
    async with Station(tmp_path, firmware=False) as station:
        control = Control(station)
        station.vehicle.plug()
        station.vehicle.silent = True  # and stays so
        since = station.hub.frames
        assert await control.execute(f"replay {path} 0") == "replaying 183 frames in 7.9 s"
        await station.hub.wait_frame(0x7E8, 10, since)
        assert station.module.silent
        await station.until(lambda: not station.module.silent, 10)
        assert station.vehicle.silent
        played_frames = [frame for frame in station.hub.log.after(since) if frame.source == 0]
        assert [(frame.can_id, frame.data) for frame in played_frames] == [entry[1:3] for entry in read(path).entries]
        assert await control.execute("replay-end") == "error: no log is being replayed"
        await control.execute(f"replay {path}")
        assert await control.execute(f"replay {path}") == "error: a log is being replayed; replay-end stops it"
        assert await control.execute("replay-end") == "the replay is stopped" and not station.module.silent
        await control.execute(f"replay {path}")
        await control.close()
        assert not station.module.silent


async def test_a_log_of_the_second_outlet_is_played_on_its_bus_only(tmp_path):
    async with Station(tmp_path, firmware=False, board="unix_two") as station:
        control = Control(station)
        first, second = station.outlets
        assert await control.execute(f"replay {logs()[0]} 0 2") == f"replaying {read(logs()[0])}"
        await second.hub.wait_frame(0x7E8, 10, 0)
        assert second.module.silent and not first.module.silent
        await station.until(lambda: not second.module.silent, 10)
        assert not [frame for frame in first.hub.log if frame.source == 0]


async def test_a_wrong_replay_is_one_message_and_plays_nothing(tmp_path):
    async with Station(tmp_path, firmware=False) as station:
        control = Control(station)
        path = logs()[0]
        for command, words in (
            ("replay nowhere.log", "error: nowhere.log: No such file or directory"),
            (f"replay {path} quickly", "error: 'quickly' is not a speed: a number from 0"),
            (f"replay {path} -1", "error: '-1' is not a speed: a number from 0"),
            (f"replay {path} nan", "error: 'nan' is not a speed: a number from 0"),
            (f"replay {path} 1 2", "error: there is no outlet '2': this board has 1"),
            ("replay", "error: usage: replay FILE [SPEED] [OUTLET]"),
        ):
            assert await control.execute(command) == words
        assert not station.module.silent and not [frame for frame in station.hub.log if frame.source == 0]


# -- files that are no logs


@pytest.mark.parametrize("name, content, words", [
    ("field.log", None, "No such file"),
    ("field.log", b"", "no data frames in it"),
    ("field.log", b"this is no log\n", "no log that can be read, behind 0 frames"),
    ("field.log", b"(1.0) can0 123#00\n(x) can0 123#00\n", "no log that can be read, behind 1 frames"),
    ("field.log", b"(1.0) can0 123#R\n(1.1) can0 20000080#0000000000000000\n", "no data frames in it"),
    ("field.asc", b"\xff\xfe\x00 binary", "field.asc: "),
    ("field.trc", b";$FILEVERSION=9.9\n", "field.trc: "),
    ("field.txt", b"(1.0) can0 123#00\n", "unknown log format"),
    ("folder.log", "folder", "Is a directory"),
])  # fmt: skip
def test_a_file_that_is_no_log_is_one_clear_message(tmp_path, name, content, words):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(LogError) as error:
        read(path)
    text = str(error.value)
    assert text.startswith(f"{path}: ") and words in text and "\n" not in text, text


def test_what_is_read_is_what_was_logged():
    """One literal frame of each format, docs/can.md: 84.0 V, 50.0 A; 76.2 V."""
    for path in logs():
        log = read(path)
        assert log.entries[0] == (0.0, REQUEST, bytes.fromhex("034801f400000000"), True), path
        assert log.entries[1][1:] == (POWER, bytes.fromhex(RIGHT), True) and 0.029 < log.entries[1].at < 0.032, path
    log = read(next(path for path in logs() if path.name == "over_current.log"))
    assert (1.011, 0x7E8, b"\x02\x7e\x00", False) in [(round(e.at, 3), *e[1:]) for e in log.entries]
