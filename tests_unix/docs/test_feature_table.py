"""The tables of docs/conformance.md name every message and every configuration key; each row has tests that exist."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests_unix"
PATHS = {("upy/" if TESTS / "upy" in path.parents else "") + path.name: path for path in TESTS.rglob("test_*.py")}
TEXT = (ROOT / "docs/conformance.md").read_text()


def rows(title):
    """{first cell: whole row} of the table below a heading of the page."""
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return {line.split("|")[1].strip(): line for line in lines}


def named_in(text):
    """[(file, test)] as a text names them: `file.py::test_a`, `::test_b`; the test is "" where a file stands alone."""
    found, file = [], ""
    for name, test in re.findall(r"`((?:upy/)?test_\w+\.py)?(?:::(test_\w+))?`", text):
        file = name or file
        if name or test:
            found.append((file, test))
    return found


def missing(text):
    """The tests of a text that there are not. A file is named without the folders between: upy/test_x.py, test_x.py."""
    lost = []
    for file, test in named_in(text):
        path = PATHS.get(file)
        source = path.read_text() if path else ""
        if not re.search(rf"def {test or 'test_'}", source) or (test and f"def {test}(" not in source):
            lost.append(f"{file}::{test}")
    return lost


def test_every_message_of_the_schemas_has_a_row():
    names = {path.name[:-5] for path in (files("ocpp.v16") / "schemas").iterdir() if path.name.endswith(".json")}
    assert set(rows("Messages")) == {name for name in names if not name.endswith("Response")}


@pytest.mark.parametrize("title", ["Messages", "Configuration keys"])
def test_every_row_names_tests_that_there_are(title):
    for row in rows(title).values():
        assert named_in(row) and not missing(row), row


@pytest.mark.parametrize("title", ["OCA's test cases", "Central systems in the field"])
def test_the_other_tables_name_tests_that_there_are(title):
    text = "\n".join(rows(title).values())
    assert len(named_in(text)) > 30 and not missing(text)


@pytest.mark.asyncio(loop_scope="module")
async def test_every_key_of_the_charge_point_has_a_row(site):
    told = {entry["key"]: entry["readonly"] for entry in (await site.order("GetConfiguration")).configuration_key}
    table = rows("Configuration keys")
    assert set(told) == set(table)
    access = {key: row.split("|")[2].strip() for key, row in table.items()}
    assert {key for key, readonly in told.items() if readonly} == {key for key, how in access.items() if how == "R"}
