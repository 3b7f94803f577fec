"""The table of OCA's test cases names every case of the document, and the tests that are named by its number."""

import re
from pathlib import Path

from test_feature_table import missing, named_in

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/conformance.md").read_text()
# The numbers of OCA's test-case document for an OCPP 1.6 charge point (2024-04), in its order
NUMBERS = """
    001 002 003 004_1 004_2 068 069 005_1 005_2 005_3 007 061 010 011_1 011_2 012 013 014 015 016 017_1 017_2
    018_1 018_2 019 021 070 071 023 024 026 027 028 030 031 032_1 032_2 034 036 037_1 037_2 037_3 038 039 040_1
    040_2 041 042_1 042_2 043 043_1 043_3 008 044_1 044_2 044_3 045_2 046_1 046_2 047 048_1 048_2 048_3 048_4 049
    050_1 050_2 050_3 050_4 051 052 053 054 055 056 057 058_1 058_2 082 066 067 072 059 060 073 074 075_1 075_2
    076 078 079 080 081 083 084 085 086 087
""".split()


def rows():
    """[(number, what stands for it)]"""
    table = TEXT.partition("## OCA's test cases\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| TC_(\w+) \| (.*) \|$", table, re.MULTILINE)


def numbers_of(name):
    """The cases that the name of a test has."""
    return re.findall(r"tc_(\d{3}(?:_\d(?=_|$))?)", name)


def test_there_is_a_row_for_every_case_and_for_no_other():
    assert len(NUMBERS) == len(set(NUMBERS)) == 98
    assert [number for number, _ in rows()] == NUMBERS


def test_every_row_names_all_tests_of_its_number_or_says_why_there_is_none():
    named: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests_unix").rglob("test_*.py")):
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE):
            for number in numbers_of(name):
                named.setdefault(number, set()).add(name)
    for number, text in rows():
        assert {test for _, test in named_in(text)} == named.get(number, set()), number
        assert not missing(text), number
        assert number in named or re.match(r"not applicable: \w", text), number


def test_no_number_is_used_that_is_not_the_document_s():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "components").rglob("*.md")]
    for path in [*(ROOT / "tests_unix").rglob("*.py"), *pages]:
        text = path.read_text()
        used = numbers_of(" ".join(re.findall(r"\btest_\w*tc_\w+", text))) + re.findall(r"\bTC_(\d\w*)", text)
        assert set(used) <= set(NUMBERS), path
