"""What a newcomer types first."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def environment():
    """What a person's make begins with: nothing of the one that runs the tests, whose ARGS would be its own, too."""
    return {name: value for name, value in os.environ.items() if name != "ARGS" and not name.startswith("MAKE")}


def make(*arguments):
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def test_make_alone_lists_the_targets():
    result = make()
    assert result.returncode == 0, result.stderr
    listed = {line.split()[0]: line for line in result.stdout.splitlines() if line.startswith("  ")}
    assert {"run", "demo", "sim", "test", "bench", "lint", "clean"} <= set(listed)
    assert all(len(line.split()) > 1 for line in listed.values()), "a target without a word of explanation"


@pytest.mark.parametrize("target", ["run", "demo", "sim", "test", "bench", "lint"])
def test_every_target_makes_the_environment_first(target):
    plan = make("--dry-run", "--always-make", target).stdout
    assert plan.index("-m venv .venv") < plan.index("pip install") < plan.index("touch .venv/ready")


def test_the_tests_have_the_strict_central_system_installed_from_its_lock_file():
    plan = make("--dry-run", "--always-make", "test").stdout
    assert plan.index("touch .venv/ready") < plan.index("ci --loglevel") < plan.index("-m pytest")
    assert '"resolved"' not in (ROOT / "tools/strict/package-lock.json").read_text()  # names no registry: npm's own


def test_an_old_python_is_refused_by_name(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for source in ("Makefile", "tools/requirements.txt", "tools/requirements_files.txt"):
        (tmp_path / source).parent.mkdir(exist_ok=True)
        (tmp_path / source).write_bytes((ROOT / source).read_bytes())
    result = make("-C", str(tmp_path), "test", f"PYTHON={old}")
    assert result.returncode != 0
    assert "needs Python 3.10 or newer" in result.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("target", ["firmware", "size", "image", "romfs", "flash", "monitor", "deploy"])
def test_what_is_missing_is_reported(target):
    result = make(target, "BOARD=", "PORT=", "BASE=")
    assert result.returncode == 2
    assert result.stderr.startswith(f"usage: make {target} ") and "Traceback" not in result.stderr


@contextlib.contextmanager
def simulation(root, home, more=""):
    """``make run`` with a home of its own and `more` options, once its commands are heard."""
    process = subprocess.Popen(
        ["make", "-o", ".venv/ready", "run", f"ARGS=--home {home} {more}"],
        cwd=root, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        for line in process.stdout:
            if line.startswith("Messages of the central system:"):
                break
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.stdout.read()
        process.wait(30)


def test_make_run_and_make_sim_find_each_other(tmp_path):
    """In a copy of the sources: what else runs on this machine is none of the test's."""
    root, one, two = tmp_path / "ucharge", tmp_path / "one", tmp_path / "two"
    for name in ("boards", "components", "core", "drivers", "lib", "tools"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "main.py"):
        shutil.copy2(ROOT / name, root)
    (root / ".venv").symlink_to((ROOT / ".venv").resolve())

    def sim(*arguments):
        return make("--no-print-directory", "-C", str(root), "-o", ".venv/ready", "sim", *arguments)

    assert "no simulation runs in" in sim("CMD=status").stderr
    with simulation(root, one):
        assert sim("CMD=plug").stdout == "plugged in\n"
        with simulation(root, two) as second:
            several = sim("CMD=status")
            assert several.returncode != 0
            assert all(f'make sim ARGS="--home {home}" CMD="..."' in several.stderr for home in (one, two))
            assert "unplugged" in sim(f"ARGS=--home {two}", "CMD=status").stdout
            assert " plugged in," in sim(f"ARGS=--home {one}", "CMD=status").stdout
            os.killpg(second.pid, signal.SIGKILL)
            second.wait()
        with simulation(root, two, "--board unix_two"):
            assert sim(f"ARGS=--home {two}", "CMD=plug 2").stdout == "plugged in\n"
            told = sim(f"ARGS=--home {two}", "CMD=status").stdout
            assert "vehicle 1  unplugged" in told and "vehicle 2  plugged in" in told
        assert sim("CMD=unplug").stdout == "unplugged\n"
    assert "no simulation runs in" in sim("CMD=status").stderr
