"""Somebody who looks at the page of a charger in a browser."""

import base64
import hashlib
import os
import re
import socket
from pathlib import Path

SCREENSHOTS = Path(__file__).parents[2] / "build/web"
PASSWORDS = {"driver": "drive-and-see", "operator": "operates-it", "installer": "puts-it-up"}
VIEWS = {
    "driver": ("overview", "sessions"),
    "operator": ("overview", "sessions", "log", "service"),
    "installer": ("overview", "sessions", "log", "service", "settings", "variables", "setup"),
}
TIMEOUT_MS = 15000
# Contrast, names, roles and labels by the rules of WCAG 2.1, AA.
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations", "passes"]}


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def password_hash(password, iterations=200):
    """What settings.json keeps of a password. A real one has more iterations."""
    salt = os.urandom(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    return f"pbkdf2-sha256${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


class Visitor:
    """A browser's window with cookies of its own. ``wrong``: what must not happen in a page."""

    def __init__(self, browser, port):
        self.browser = browser
        self.url = f"http://127.0.0.1:{port}/"
        self.wrong = []

    async def open(self, role=None, width=1280, height=800, language="en-GB", scheme="light", **options):
        """Open the page; with a role, sign in."""
        self.context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme=scheme,
            reduced_motion="reduce",
            **options,
        )
        self.context.set_default_timeout(TIMEOUT_MS)
        self.page = await self.context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)
        await self.page.goto(self.url)
        if role is not None:
            await self.sign_in(role)

    async def close(self):
        await self.context.close()

    def _heard(self, message):
        """An answer that is none with status 200, or no answer, is the business of the test."""
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request):
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.wrong.append(f"a request elsewhere: {request.url}")

    def expect(self, selector):
        """What playwright expects of what a selector finds: ``await visitor.expect(".state").to_have_text("Free")``."""
        from playwright.async_api import expect

        expect.set_options(timeout=TIMEOUT_MS)
        return expect(self.page.locator(selector), f"{selector} of {self.url}")

    async def sign_in(self, role, password=None):
        form = self.page.locator("main form")
        await form.locator("select").select_option(role)
        await form.locator("input[type=password]").fill(password or PASSWORDS[role])
        await form.locator("button[type=submit]").click()
        if password is None:
            await self.page.locator("nav").wait_for()

    async def is_signed_out(self):
        """The page asks for a password."""
        await self.page.get_by_role("heading", name="Sign in").wait_for()

    async def go(self, view):
        """Choose a view in the navigation."""
        await self.page.locator(f'nav a[href="#/{view}"]').click()
        await self.page.locator(f'nav a[href="#/{view}"][aria-current=page]').wait_for()
        await self.expect("main [aria-busy]").to_have_count(0)

    def field(self, label):
        """The input with a label."""
        return self.page.get_by_label(label, exact=True)

    def button(self, text):
        return self.page.get_by_role("button", name=text, exact=True)

    async def describes(self, name):
        """What a screen reader says besides the name of a field of the settings: its hint and what is wrong."""
        ids = await self.page.locator(f'[name="{name}"]').get_attribute("aria-describedby")
        return " ".join([await self.page.locator("#" + one).inner_text() for one in ids.split()])

    async def plotted(self, name):
        """The last value of a plot, as it is said."""
        said = await self.page.get_by_role("slider", name=name).get_attribute("aria-valuetext")
        return float(re.match(r"[\d.]+", said)[0])

    async def fits(self):
        """Nothing is wider than the window."""
        width = await self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"{self.page.url} is {width[0]} pixels wide in a window of {width[1]}"

    async def slow_down(self, upload):
        """From now on the page sends so many bytes a second."""
        session = await self.context.new_cdp_session(self.page)
        how = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
        await session.send("Network.emulateNetworkConditions", how)

    async def shot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    async def is_accessible(self):
        """axe finds nothing wrong, and something right."""
        from axe_playwright_python.async_playwright import Axe

        found = (await Axe().run(self.page, options=AXE)).response
        wrong = [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]
        assert not wrong, f"{self.page.url}: {wrong}"
        assert {"color-contrast", "button-name"} <= {one["id"] for one in found["passes"]}
