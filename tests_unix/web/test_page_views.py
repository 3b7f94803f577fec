"""Every view: as wide as a phone and as a screen, in each language, light and dark, and for everybody."""

import asyncio
import json

import pytest
from visitor import VIEWS

from tools import webpage

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKS = [(1280, "en-GB", "light"), (1280, "de-DE", "dark"), (360, "hi-IN", "light"), (360, "en-GB", "dark")]


@pytest.mark.parametrize("width, language, scheme", LOOKS)
async def test_every_view_fits_and_is_accessible(width, language, scheme, site, visit):
    visitor = await visit(site, width=width, language=language, scheme=scheme)
    name = f"{width}_{language[:2]}_{scheme}"
    await visitor.expect("main form").to_be_visible()
    await visitor.fits()
    await visitor.is_accessible()
    await visitor.shot(f"login_{name}")
    await visitor.sign_in("installer")
    for view in VIEWS["installer"]:
        await visitor.go(view)
        await visitor.expect("main .card").not_to_have_count(0)
        await visitor.fits()
        await visitor.is_accessible()
        await visitor.shot(f"{view}_{name}")


@pytest.mark.parametrize("at, language", list(enumerate(webpage.LANGUAGES)))
async def test_the_browser_chooses_the_language(at, language, site, visit):
    visitor = await visit(site, language=language)
    await visitor.expect("html").to_have_attribute("lang", language)
    row = next(row for row in webpage.languages() if row[0] == "Sign in")
    await visitor.expect("main h2").to_have_text(row[at])


async def test_a_language_that_is_chosen_is_kept(site, visit):
    visitor = await visit(site, role="driver")
    await visitor.page.get_by_label("Language").select_option("de")
    await visitor.expect("nav a").to_have_text(["Übersicht", "Ladevorgänge"])
    await visitor.page.reload()
    await visitor.expect("nav a").to_have_text(["Übersicht", "Ladevorgänge"])


async def test_no_text_of_the_page_is_without_its_translation(site, visit):
    """What the page asks for in any view is in the table, or is the charger's own."""
    visitor = await visit(site, role="installer")
    await visitor.page.evaluate("""() => {
        const ask = t
        window.asked = []
        t = (...all) => { asked.push(all[0]); return ask(...all) }
    }""")
    for view in VIEWS["installer"]:
        await visitor.go(view)
    asked = set(await visitor.page.evaluate("asked"))
    assert len(asked) > 80
    sources = "".join(path.read_text(encoding="utf-8") for path in webpage.FOLDER.glob("*.js"))
    own = {text for text in asked if json.dumps(text, ensure_ascii=False) in sources}
    assert own <= {row[0] for row in webpage.languages()}


async def test_the_focus_follows_the_keyboard_into_a_view(site, visit):
    visitor = await visit(site, role="operator")
    await visitor.page.reload()
    await visitor.expect(".state").to_be_visible()
    await visitor.page.keyboard.press("Tab")
    assert await visitor.page.evaluate("document.activeElement.id") == "skip"
    await visitor.page.locator('nav a[href="#/log"]').focus()
    await visitor.page.keyboard.press("Enter")
    await visitor.expect("main pre").to_contain_text("ocpp")
    assert await visitor.page.evaluate("document.activeElement.id") == "main"


async def test_a_wrong_password_is_told_at_its_field(site, visit):
    visitor = await visit(site)
    await visitor.sign_in("operator", "not this one")
    await visitor.expect(".wrong:not(:empty)").to_have_text("The password is wrong")
    assert await visitor.field("Password").get_attribute("aria-invalid") == "true"
    await asyncio.sleep(1.1)  # a wrong one is followed by a pause
    await visitor.sign_in("operator")
    await visitor.button("Sign out").click()
    await visitor.is_signed_out()
