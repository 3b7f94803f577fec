"""Tests of the web page in Chromium, over the real firmware; run by ``make test-web``.

What drives the browser is imported in fixtures: whoever runs other tests need not have it.
"""

import shutil

import pytest
import pytest_asyncio
from charging_site import Site
from visitor import PASSWORDS, Visitor, free_port, password_hash

from tools.toolchain import BuildError, need

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    """The path of the browser; Debian's is installed where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        try:
            need(["chromium"])
        except BuildError as error:
            pytest.fail(str(error))
        found = shutil.which("chromium")
    assert found, "there is no Chromium on this machine"
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium):
    """A headless browser with an empty profile of its own."""
    from playwright.async_api import async_playwright

    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(request, tmp_path_factory):
    """A charging site whose firmware serves the page; a module may have a SITE of its own, and SETTINGS for it."""
    web = {"port": free_port(), **{role: password_hash(word) for role, word in PASSWORDS.items()}}
    settings = {"web": web, **getattr(request.module, "SETTINGS", {})}
    kind = getattr(request.module, "SITE", Site)
    async with kind(tmp_path_factory.mktemp("home"), settings=settings) as site:
        await site.boot()
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser, request):
    """``await visit(site, role="operator", width=360)``: somebody looks at the page, and nothing goes wrong in it.

    site: the Site whose page that is, or a port.
    """
    visitors = []

    async def visit(site, **how):
        visitor = Visitor(browser, site if isinstance(site, int) else site.settings["web"]["port"])
        visitors.append(visitor)
        await visitor.open(**how)
        return visitor

    yield visit
    failed = request.node.rep_call.failed if hasattr(request.node, "rep_call") else False
    for number, visitor in enumerate(visitors):
        if failed:
            await visitor.shot(f"failed_{request.node.name}_{number}")
        await visitor.close()
    assert not [line for visitor in visitors for line in visitor.wrong]


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Let a fixture know whether its test has failed."""
    outcome = yield
    if call.when == "call":
        item.rep_call = outcome.get_result()
