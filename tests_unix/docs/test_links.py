"""Links between the Markdown files, and names of documents in the sources, point to files and headings that exist."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = ("http://", "https://", "mailto:")


def files_of(*patterns):
    """The files of the repository, also those that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split() if (ROOT / name).is_file()]


def prose(text):
    """A Markdown text without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", text)


def anchors(text):
    """The anchors of its headings, as GitHub makes them."""
    found: dict[str, int] = {}
    names = set()
    for title in re.findall(r"(?m)^#+ (.*)$", prose(text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        name = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        count = found.get(name, 0)
        found[name] = count + 1
        names.add(f"{name}-{count}" if count else name)
    return names


def broken(path):
    """The relative links of a Markdown file that lead nowhere."""
    lost = []
    for target in LINK.findall(prose(path.read_text())):
        if target.startswith(ELSEWHERE):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists() or (anchor and anchor not in anchors(there.read_text())):
            lost.append(target)
    return lost


@pytest.mark.parametrize("path", files_of("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_points_to_a_file_and_a_heading(path):
    assert not broken(path)


def test_a_broken_link_is_found(tmp_path):
    """A missing file, a missing heading, and the second of two equal headings."""
    page = tmp_path / "page.md"
    page.write_text("# One `a/b`\n\n## Two, too\n\n## Two, too\n\n```\n# no heading\n```\n")
    other = tmp_path / "other.md"
    good = ("page.md#one-ab", "page.md#two-too-1", "page.md", "#here")
    bad = ("page.md#two-too-2", "page.md#no-heading", "no.md")
    other.write_text("# Here\n\n" + " ".join(f"[x]({link})" for link in good + bad))
    assert broken(other) == list(bad)


def test_documents_that_the_sources_name_exist():
    """`docs/can.md` in a docstring or a comment."""
    named = {}
    for path in files_of("*.py", "*.c", "*.h", "*.csv", "Makefile"):
        for name in re.findall(r"\b((?:docs|components|bench|lib)/[\w/]*\.md)\b", path.read_text()):
            named.setdefault(name, path)
    assert "docs/can.md" in named
    assert not {name: path for name, path in named.items() if not (ROOT / name).is_file()}


def test_every_page_is_reached_from_the_readme():
    """By links, over any number of pages."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for target in LINK.findall(prose(path.read_text())):
            there = (path.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there.is_file():
                waiting.append(there)
    pages = {path for path in files_of("*.md") if "former_journals" not in path.parts}
    assert pages <= reached
