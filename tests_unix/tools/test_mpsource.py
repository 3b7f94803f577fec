"""Where MicroPython's source comes from: the environment, or an entry made of the machine's own apt configuration."""

import pytest

from tools import aptsource, mpsource
from tools.toolchain import BuildError

DEB822 = """\
# the archive
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://comment.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://list.example/debian bookworm main # x
deb https://tool.example/apt tool-bookworm main
deb https://other.example/apt bookworm tool
deb-src broken
"""


@pytest.fixture
def etc(tmp_path):
    """A folder like /etc/apt."""
    parts = tmp_path / "etc" / "sources.list.d"
    parts.mkdir(parents=True)
    (parts / "debian.sources").write_text(DEB822)
    (parts / "ignored.sources.bak").write_text(DEB822.replace("mirror", "backup"))
    (tmp_path / "etc" / "sources.list").write_text(ONE_LINE)
    return tmp_path / "etc"


def test_the_archive_of_the_own_release_is_found_in_both_notations(etc):
    found = list(aptsource.archives(etc, "bookworm"))
    assert [entry["URIs"] for entry in found] == ["https://list.example/debian", "http://mirror.example/debian"]
    assert found[0]["Signed-By"] == "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert found[1]["Signed-By"].splitlines()[1:3] == [" -----BEGIN PGP PUBLIC KEY BLOCK-----", " ."]


def test_a_machine_without_the_archive_is_reported(etc, tmp_path):
    for path in (etc / "sources.list", etc / "sources.list.d/debian.sources"):
        path.write_text("deb https://tool.example/apt tool-bookworm main\n" if path.suffix == ".list" else "")
    with pytest.raises(BuildError, match="has no Debian archive with micropython of trixie"):
        aptsource.fetch("micropython", "trixie", tmp_path, etc)


def test_the_entry_for_apt_is_its_own_and_requests_sources(etc, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(aptsource, "run", lambda command, **_: calls.append(command))
    monkeypatch.setattr(aptsource, "own_release", lambda: "bookworm")
    with pytest.raises(BuildError, match=r"no \.dsc of micropython"):
        aptsource.fetch("micropython", "trixie", tmp_path, etc)
    written = list(aptsource.stanzas((tmp_path / "parts/one.sources").read_text()))
    assert written[0]["Types"] == "deb-src" and written[0]["Suites"] == "trixie"
    assert written[0]["URIs"] == "http://mirror.example/debian", "the last one tried"
    assert "-----END PGP" in written[0]["Signed-By"]
    assert all(f"--option=Dir::State::Lists={tmp_path / 'lists'}" in command for command in calls)
    assert all("--option=Dir::Etc::SourceList=/dev/null" in command for command in calls)


def header(folder, *numbers):
    (folder / "py").mkdir(parents=True)
    lines = [f"#define MICROPY_VERSION_{n} {v}\n" for n, v in zip(("MAJOR", "MINOR", "MICRO"), numbers)]
    (folder / "py/mpconfig.h").write_text("".join(lines))
    return folder


def test_micropython_dir_is_taken_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(header(tmp_path, 1, 26, 0)))
    assert mpsource.micropython_source() == tmp_path


def test_a_micropython_dir_that_is_too_old_or_none_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(header(tmp_path / "old", 1, 24, 1)))
    with pytest.raises(BuildError, match=r"old is MicroPython 1\.24\.1, wanted is 1\.25\.0 or newer"):
        mpsource.micropython_source()
    monkeypatch.setenv("MICROPYTHON_DIR", str(tmp_path))
    with pytest.raises(BuildError, match="has no MicroPython source"):
        mpsource.micropython_source()
