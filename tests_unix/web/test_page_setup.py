"""The first run: a charger without a network, a central system or a password is set up with a phone."""

import json

import pytest
import pytest_asyncio
from charging_site import Site, eventually
from visitor import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")
NETWORKS = {"depot": ["correct horse", -61], "guests": ["", -70]}
TRIAL_MS = 60_000
PASSWORD = "puts-it-up"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def new(tmp_path_factory):
    """A charger as it comes out of its box, at its access point."""
    home = tmp_path_factory.mktemp("home")
    (home / "radio").mkdir()
    (home / "radio/networks.json").write_text(json.dumps(NETWORKS))
    settings = {
        "web": {"port": free_port()},
        "wifi": {"ssid": None, "password": None, "radio": "radio"},
        "setup": {"password": "on the label"},
        "ocpp": {"url": None, "id": None},
    }
    async with Site(home, settings=settings) as site:
        await site.firmware.start()
        await eventually(lambda: (home / "radio/access_point.json").exists(), "the access point is open", 60)
        yield site


def kept(site):
    return json.loads((site.home / "settings.json").read_text(encoding="utf-8"))


async def fill(visitor, site, password):
    await visitor.field("Network").select_option("depot")
    await visitor.field("Password of the network").fill(password)
    await visitor.field("Address of the central system").fill(site.central.url)
    await visitor.field("Identity of this charger").fill("CP-1")
    await visitor.field("Password of the installer").fill(PASSWORD)
    await visitor.field("Again").fill(PASSWORD)
    await visitor.button("Try and save").click()


async def test_what_fails_is_told_and_not_kept(new, visit):
    visitor = await visit(new, width=360, height=740)
    await visitor.page.get_by_role("heading", name="First setup").wait_for()
    await visitor.expect("select option").to_contain_text(["depot", "guests", "another one"])
    await visitor.fits()
    await visitor.is_accessible()
    before = kept(new)
    await visitor.button("Try and save").click()
    await visitor.expect(".wrong:not(:empty)").to_have_text("At least 8 characters")
    await fill(visitor, new, "wrong horse")
    await visitor.expect(".box.bad").to_contain_text("It did not work: ", timeout=TRIAL_MS)
    await visitor.shot("first_setup_failed_360")
    assert kept(new) == before
    await visitor.field("Address of the central system").fill("http://central.example")
    await visitor.button("Try and save").click()
    await visitor.expect(".wrong:not(:empty)").to_contain_text("ws")
    await visitor.expect("#notice").to_be_visible()
    await visitor.expect(".box").to_be_hidden()  # what it tells is of the time before
    await visitor.field("Address of the central system").fill("ftp://central.example")
    await visitor.button("Try and save").click()  # also while the notice is there
    await visitor.expect(".wrong:not(:empty)").to_contain_text("ftp")
    assert kept(new) == before


async def test_a_new_charger_is_set_up_and_dials(new, visit):
    visitor = await visit(new, width=360, height=740, language="hi-IN")
    await visitor.page.get_by_label("भाषा").select_option("en")
    late = await visit(new)
    await late.expect("select option").to_contain_text(["depot", "guests", "another one"])
    since = new.mark()
    await fill(visitor, new, "correct horse")
    await visitor.page.get_by_text("Done. The charger restarts").wait_for(timeout=TRIAL_MS)
    await visitor.shot("first_setup_done_360")
    await new.booted(since)
    assert kept(new)["wifi"]["ssid"] == "depot" and kept(new)["ocpp"]["id"] == "CP-1"
    assert PASSWORD not in json.dumps(kept(new))
    await visitor.is_signed_out()  # it asks for the password as soon as the charger is back
    await visitor.expect("main form select").to_have_value("installer")
    await fill(late, new, "correct horse")
    await late.is_signed_out()  # somebody else has set it up
    await visitor.sign_in("installer", PASSWORD)
    await visitor.expect(".state").to_have_text("Free")
    await visitor.go("setup")  # later it changes the network
    await visitor.page.get_by_role("heading", name="Network").wait_for()
    assert not await visitor.field("Password of the installer").count()
