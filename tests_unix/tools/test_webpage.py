"""The web page's module is made of the files beside it, and of nothing else."""

import base64
import gzip
import hashlib
import json
import re
import runpy
from types import SimpleNamespace

import pytest

from tools import webpage

packed = SimpleNamespace(**runpy.run_path(str(webpage.MODULE)))  # its package is MicroPython's
SOURCES = sorted(webpage.FOLDER.glob("*.js"))
# What makes markup, or code, out of text; and what would take something from elsewhere.
MARKUP = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML"
CODE = r"\beval\b|\bFunction\(|setTimeout\(\s*[\"'`]|setInterval\(\s*[\"'`]|\bimport\("


def served():
    return gzip.decompress(packed.PAGE).decode()


def test_the_module_is_that_of_the_sources():
    """All but the compressed bytes, which depend on the version of zlib."""
    made = webpage.module()
    assert served() == webpage.page()[0], "out of date: python -m tools.webpage"
    assert webpage.MODULE.read_text().partition("PAGE = ")[0] == made.partition("PAGE = ")[0]


def test_the_same_sources_make_the_same_module():
    assert webpage.module() == webpage.module()
    assert packed.PAGE[3] == 0 and packed.PAGE[4:8] == bytes(4)  # gzip's flags: no name of a file; no time


def test_the_page_is_small():
    assert len(packed.PAGE) < 25_000


def test_the_policy_permits_this_script_and_style_and_nothing_from_elsewhere():
    def source(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    policy = dict(rule.strip().split(" ", 1) for rule in packed.CSP.split(";"))
    scripts = re.findall(r"<script>(.*?)</script>", served(), re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", served(), re.DOTALL)
    assert policy["script-src"] == " ".join(map(source, scripts))
    assert policy["style-src"] == " ".join(map(source, styles))
    assert policy["default-src"] == "'none'" and policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'" and policy["trusted-types"] == "'none'"
    markup = re.sub(r"<script>.*?</script>", "", served(), flags=re.DOTALL)
    assert not re.search(r"\s(?:style|on\w+)=", markup)  # a policy with hashes refuses both


def test_the_page_takes_nothing_from_the_internet():
    addresses = set(re.findall(r"\b(?:https?|wss?):/+[^\s\"'`]*", served()))
    assert addresses <= {"http://www.w3.org/2000/svg", "wss://"}  # a namespace, and what a field looks like


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_text_becomes_markup_or_code(source):
    assert not re.search(f"{MARKUP}|{CODE}", source.read_text(encoding="utf-8"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_source_is_one_idea(source):
    assert len(source.read_text(encoding="utf-8").splitlines()) <= 300


def test_every_row_of_the_languages_is_used():
    """Its English text is one of the page's, or one of the charger's."""
    page = "".join(source.read_text(encoding="utf-8") for source in SOURCES)
    charger = "".join(path.read_text(encoding="utf-8") for path in (webpage.ROOT / "components").rglob("*.py"))
    for text, *_ in webpage.languages():
        assert json.dumps(text, ensure_ascii=False) in page or text in charger, text


def test_too_large_a_page_is_refused(monkeypatch):
    monkeypatch.setattr(webpage, "MAX_BYTES", len(packed.PAGE) // 2)
    with pytest.raises(webpage.PageError, match="allowed are less than"):
        webpage.packed()


@pytest.mark.parametrize(
    "rows, wrong",
    [
        ('[["Card", "Karte"]]', "wanted are 3 texts"),
        ('[["Card", "Karte", ""]]', "wanted are 3 texts"),
        ('[["{0} A", "{0} A", "A"]]', "differ in their"),
        ('[["Card", "Karte", "कार्ड"], ["Card", "Ausweis", "कार्ड"]]', "twice"),
    ],
)
def test_a_wrong_table_of_languages_is_refused(rows, wrong, monkeypatch, tmp_path):
    (tmp_path / "languages.json").write_text(rows, encoding="utf-8")
    monkeypatch.setattr(webpage, "FOLDER", tmp_path)
    with pytest.raises(webpage.PageError, match=wrong):
        webpage.languages()
