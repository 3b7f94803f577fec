"""The programs of a build: looked up, installed, or named where that cannot be."""

import os

import pytest

from tools import toolchain
from tools.toolchain import BuildError


def program(folder, name, script):
    """A program of this name."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """A machine with Debian's package gcc only; apt-get writes down what it is asked for."""
    program(tmp_path, "dpkg-query", 'case "$*" in *gcc) printf "ii ";; *) exit 1;; esac')
    program(tmp_path, "apt-get", f'echo "$*" >> {tmp_path}/asked')
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_machine_without_apt_gets_a_list_of_packages_and_continues(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    toolchain.need(["gcc", "pkg-config"])
    assert "gcc pkg-config" in capsys.readouterr().out


def test_a_program_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="make: there is no such program"):
        toolchain.run(["make", "-C", "somewhere"])


def test_root_installs_what_is_missing(debian, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    toolchain.need(["gcc"])
    assert not (debian / "asked").exists()
    toolchain.need(["gcc", "pkg-config"])
    assert (debian / "asked").read_text().endswith("install --yes --no-install-recommends pkg-config\n")


def test_without_the_right_to_install_the_command_is_reported(debian, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BuildError, match="sudo apt-get install pkg-config$"):
        toolchain.need(["gcc", "pkg-config"])
