"""Make the web page's module: ``python -m tools.webpage`` writes components/web/page/packed.py.

components/web/page/ has the page as one reads it: page.html, with its style sheets and scripts beside it, and
languages.json, a row a text: [English, German, Hindi]. All of it becomes one HTML file, without comments and
indentation, which is compressed. The module has ``PAGE``, the gzip file as it is sent; ``ETAG``, its entity tag; and
``CSP``, the Content-Security-Policy that permits this very script and style, and nothing from elsewhere.

The same sources make the same page; its compressed bytes depend on the version of zlib, too.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "components/web/page"
MODULE = FOLDER / "packed.py"
LANGUAGES = ("en", "de", "hi")
MAX_BYTES = 25_000  # compressed

_STYLE = re.compile(r'(?:<link rel="stylesheet" href="[\w.]+">\s*)+')
_SCRIPT = re.compile(r'(?:<script src="[\w.]+"></script>\s*)+')
_SPACE = re.compile(r"\s*([{}:;,>])\s*")  # of a style sheet, which has none of these in a text
_QUOTED = re.compile(r'("(?:\\.|[^"\\])*"|`[^`]*`)')
_OPERATOR = re.compile(r"\s*([=*<>?:,;|&!(){}]+)\s*")
_NAME = re.compile(r'(?:href|src)="([\w.]+)"')
_LINE = 110  # bytes of the file in a line of the module

_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)

_TEXT = '''"""The web page, compressed: made by tools/webpage.py from the files beside it; do not edit."""
# ruff: noqa: E501
# fmt: off

ETAG = '"{etag}"'
CSP = (
    "{policy}"
)
PAGE = (
{lines}
)
'''


class PageError(Exception):
    """The page cannot be made; the text names the file and the reason."""


def languages() -> list[list[str]]:
    """The rows of languages.json. Raises PageError."""
    rows = json.loads((FOLDER / "languages.json").read_text(encoding="utf-8"))
    for row in rows:
        if len(row) != len(LANGUAGES) or not all(row):
            raise PageError(f"languages.json: {row!r}: wanted are {len(LANGUAGES)} texts")
        if len({tuple(sorted(re.findall(r"\{\d\}", text))) for text in row}) > 1:
            raise PageError(f"languages.json: {row!r}: the languages differ in their {{n}}")
    if len({row[0] for row in rows}) < len(rows):
        raise PageError("languages.json: a text is there twice")
    return rows


def page() -> tuple[str, str, str]:
    """(the page, its script, its style)."""
    html = _without(r"<!--.*?-->", _read("page.html"))
    style = _SPACE.sub(r"\1", "".join(_lines(_without(r"/\*.*?\*/", _joined(_STYLE, html)))))
    table = json.dumps(languages(), ensure_ascii=False, separators=(",", ":"))
    parts = ['"use strict"', f"const TEXTS={table}"]
    parts += [_squeezed(line) for line in _lines(_joined(_SCRIPT, html)) if not line.startswith("//")]
    script = "\n".join(parts)
    if "</" in script:
        raise PageError("a script must not contain </")
    html = _STYLE.sub(lambda _: f"<style>{style}</style>", html)
    html = _SCRIPT.sub(lambda _: "\0", html)
    html = "\n".join(_lines(html)).replace("\0", f"<script>{script}</script>")
    return html, script, style


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _joined(pattern: re.Pattern[str], html: str) -> str:
    """The files that the page names where the pattern is, one after the other."""
    found = pattern.findall(html)
    if len(found) != 1:
        raise PageError(f"page.html: {pattern.pattern} is there {len(found)} times, not once")
    return "\n".join(_read(name) for name in _NAME.findall(found[0]))


def _without(pattern: str, text: str) -> str:
    return re.sub(pattern, "", text, flags=re.DOTALL)


def _lines(text: str) -> list[str]:
    """The lines that have something, without indentation."""
    return [line for line in (line.strip() for line in text.splitlines()) if line]


def _squeezed(line: str) -> str:
    """A line of a script without spaces around operators; as it is, if a slash may begin a regular expression."""
    parts = _QUOTED.split(line)
    if any("/" in part for part in parts[::2]):
        return line
    parts[::2] = [_OPERATOR.sub(r"\1", part) for part in parts[::2]]
    return "".join(parts)


def _source(text: str) -> str:
    """A value of the policy: the hash of an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def packed() -> bytes:
    """The page as a gzip file. Raises PageError if it is too large."""
    data = gzip.compress(page()[0].encode(), 9, mtime=0)
    if len(data) >= MAX_BYTES:
        raise PageError(f"the page has {len(data)} bytes, compressed; allowed are less than {MAX_BYTES}")
    return data


def module() -> str:
    """The text of the module."""
    html, script, style = page()
    data = packed()
    policy = _POLICY.format(script=_source(script), style=_source(style))
    lines = "\n".join(f"    {data[at : at + _LINE]!r}" for at in range(0, len(data), _LINE))
    etag = hashlib.sha256(html.encode()).hexdigest()[:16]
    return _TEXT.format(etag=etag, policy=policy, lines=lines)


def main() -> None:
    """Write the module, or leave with a message and status 1."""
    try:
        text = module()
    except PageError as error:
        sys.exit(f"webpage: {error}")
    MODULE.write_text(text, encoding="utf-8")
    print(f"{MODULE.relative_to(ROOT)}: {len(packed())} bytes, compressed")


if __name__ == "__main__":
    main()
