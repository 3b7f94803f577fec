"""A source package of another Debian release, fetched with apt from where this machine gets its own packages.

The machine's configuration is read and never changed: apt is given private lists and a source entry of its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from tools.toolchain import BuildError, run

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
Entry = dict[str, str]  # fields of a deb822 stanza


def fetch(package: str, suite: str, folder: Path, etc: Path = Path("/etc/apt")) -> Path:
    """Download the source package of a Debian release into the folder; returns its .dsc. Raises BuildError."""
    candidates = list(archives(etc, own_release()))
    if not candidates:
        raise BuildError(f"apt on this machine has no Debian archive with {package} of {suite}")
    problems = []
    for entry in candidates:
        try:
            return _fetch(package, {**entry, "Types": "deb-src", "Suites": suite, "Components": "main"}, folder)
        except BuildError as error:
            problems.append(str(error))
    raise BuildError("\n".join(problems))


def _fetch(package: str, entry: Entry, folder: Path) -> Path:
    for name in ("lists/partial", "parts", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "parts/one.sources").write_text("".join(f"{key}: {value}\n" for key, value in entry.items()))
    options = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": folder / "parts",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",  # the folder is this user's
        "Acquire::Retries": "2",
    }
    apt = ["apt-get", "--quiet", *(f"--option={key}={value}" for key, value in options.items())]
    run([*apt, "--error-on=any", "update"], cwd=folder)
    run([*apt, "--download-only", "source", package], cwd=folder)
    found = sorted(folder.glob(f"{package}_*.dsc"))
    if not found:
        raise BuildError(f"apt brought no .dsc of {package}")
    return found[-1]


def own_release() -> str:
    """The code name of the release this machine runs: "bookworm"; "" if it has none."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return fields.get("VERSION_CODENAME", "").strip('"')


def archives(etc: Path, release: str) -> Iterator[Entry]:
    """The entries for the release itself, component main, of the machine's apt; those with Debian's key first."""
    wanted = {release, "stable", "testing", "unstable", "sid"} - {""}
    found = []
    for entry in entries(etc):
        suites, components = entry.get("Suites", "").split(), entry.get("Components", "").split()
        if entry.get("Enabled", "yes").lower() != "no" and wanted.intersection(suites) and "main" in components:
            kept: Entry = {key: entry[key] for key in ("URIs", "Signed-By", "Trusted") if key in entry}
            if "Signed-By" not in kept and Path(_KEYRING).exists():
                kept["Signed-By"] = _KEYRING
            if kept not in found:
                found.append(kept)
    yield from sorted(found, key=lambda entry: "debian-archive" not in entry.get("Signed-By", ""))


def entries(etc: Path) -> Iterator[Entry]:
    """All source entries of the machine's apt, in either of its two notations."""
    parts = sorted((etc / "sources.list.d").glob("*"))
    for path in [etc / "sources.list", *parts]:
        if path.suffix == ".sources" and path.is_file():
            yield from stanzas(path.read_text(encoding="utf-8"))
        elif path.suffix == ".list" and path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = one_line(line)
                if entry:
                    yield entry


def stanzas(text: str) -> Iterator[Entry]:
    """The stanzas of a deb822 file; a field of several lines keeps its line ends, as a key given in full has them."""
    entry: Entry = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if entry:
                yield entry
            entry = {}
        elif line[0] in " \t" and key in entry:
            entry[key] += "\n" + line
        else:
            name, _, value = line.partition(":")
            key = {"signed-by": "Signed-By", "uris": "URIs"}.get(name.lower(), name.capitalize())
            entry[key] = value.strip()


def one_line(line: str) -> Entry | None:
    """The entry of a line ``deb [signed-by=FILE] URI SUITE COMPONENT...``; None for any other line."""
    text = line.partition("#")[0].strip()
    kind, _, rest = text.partition(" ")
    if kind not in ("deb", "deb-src"):
        return None
    entry: Entry = {"Types": kind}
    rest = rest.strip()
    if rest.startswith("["):
        inside, _, rest = rest[1:].partition("]")
        names = {"signed-by": "Signed-By", "trusted": "Trusted"}
        for option in shlex.split(inside):
            name, _, value = option.partition("=")
            if name.lower() in names:
                entry[names[name.lower()]] = value
    words = rest.split()
    if len(words) < 3:
        return None
    entry["URIs"], entry["Suites"], entry["Components"] = words[0], words[1], " ".join(words[2:])
    return entry
