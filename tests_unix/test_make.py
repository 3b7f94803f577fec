"""What a newcomer types first."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


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
def test_what_is_missing_is_told(target):
    result = make(target, "BOARD=", "PORT=", "BASE=")
    assert result.returncode == 2
    assert result.stderr.startswith(f"usage: make {target} ") and "Traceback" not in result.stderr
