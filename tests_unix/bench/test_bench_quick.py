"""The measurements work on this machine, and a row says honestly whether it reaches its target."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.table import LOWER, Row, percentile, render

ROOT = Path(__file__).parents[2]


def bench(path, *names):
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "--quick", "--json", str(path), *names]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    document = json.loads(path.read_text())
    for row in document["rows"]:
        assert row["name"] in result.stdout
    return {row["name"]: row for row in document["rows"]}, document["machine"]


def test_frames_are_handled_without_allocation_beside_cantools(tmp_path):
    rows, machine = bench(tmp_path / "bench.json", "frames")
    assert rows["CAN frames"]["ours"] > 0 and rows["CAN frames"]["peer"] > 0
    allocated = rows["allocated for a frame"]
    assert allocated["ours"] == 0 and allocated["met"] is True
    assert allocated["peer"] > 0
    assert machine["cores"] >= 1 and machine["micropython"]


def test_both_charge_points_are_registered_and_have_round_trips(tmp_path):
    rows, _ = bench(tmp_path / "bench.json", "roundtrips")
    for name in ("Heartbeat round trips", "MeterValues round trips"):
        row = rows[name]
        assert row["ours"] > 0 and row["peer"] > 0
        assert row["ratio"] == pytest.approx(row["ours"] / row["peer"])


def test_both_charge_points_take_a_list_and_tell_of_their_heap(tmp_path):
    rows, _ = bench(tmp_path / "bench.json", "lists")
    assert len(rows) == 5
    for row in rows.values():
        assert row["ours"] > 0 and row["peer"] > 0, row


def test_both_charge_points_come_back_after_each_fault_of_the_network(tmp_path):
    rows, _ = bench(tmp_path / "bench.json", "reconnects")
    assert len(rows) == 5
    for row in rows.values():
        assert row["ours"] > 0 and row["peer"] > 0, row
    assert 2.9 < rows["connected again after 503 with Retry-After: 3"]["ours"] < 30


def test_stops_on_a_slow_medium_wait_for_one_flush_at_most_and_erases_are_counted(tmp_path):
    rows, _ = bench(tmp_path / "bench.json", "latency", "erases")
    slow = "BMS stop to our stop frame, flush of 60 ms, "
    *most, slowest = sorted(rows[slow + "max"]["runs"]["ours"])  # the host may be late once
    assert 0 < rows[slow + "median"]["ours"] <= slowest == rows[slow + "max"]["ours"]
    assert max(most) < 120  # of two flushes
    assert 300 < rows["erases per charging hour, samples of 60 s"]["ours"] < 500
    assert 100 < rows["erases per charging hour, samples of 60 s, register in NVS"]["ours"] < 140


def test_an_unknown_measurement_is_refused(tmp_path):
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "nonsense"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "nonsense" in result.stderr and "latency" in result.stderr


def test_a_missed_target_says_by_how_much():
    assert Row("g", "n", "1/s", 300, 100, target=5, of_ratio=True).verdict == ">= 5.00 x peer: MISSED by 2.00 (40%)"
    assert Row("g", "n", "1/s", 500, 100, target=5, of_ratio=True).verdict == ">= 5.00 x peer: met"
    assert Row("g", "n", "ms", 12, 1, LOWER, target=10).verdict == "<= 10.0: MISSED by 2.00 (20%)"
    assert Row("g", "n", "B", 32, 1, LOWER, target=0).verdict == "<= 0: MISSED by 32.0"
    assert Row("g", "n", "B", None, None, LOWER, target=0).met is None


def test_the_table_shows_ratio_and_notes():
    text = render([Row("g", "frames", "1/s", 300, 100, note="first"), Row("g", "other", "ms", 1.5, None)])
    assert "| frames [1] | 1/s  |  300 |  100 |      3.00 |" in text
    assert text.endswith("[1] first")


def test_a_percentile_is_one_of_the_values():
    values = [float(value) for value in range(1, 201)]
    assert percentile(values, 99) == 198
    assert percentile(values, 50) == 100
    assert percentile([7.0], 99) == 7
