"""A charger with two outlets and a budget: each outlet has its words, plots and buttons; limits say which one rules."""

import re

import pytest
from charging_site import eventually
from two_outlet_site import TwoOutlets

pytestmark = pytest.mark.asyncio(loop_scope="module")

SITE = TwoOutlets
SETTINGS = {"budget": {"limit_ma": 250000, "fail_safe_ma": 20000}}


@pytest.fixture
def site(shared):
    return shared


async def test_each_outlet_is_started_and_limited_by_itself(site, visit):
    visitor = await visit(site, role="operator")
    cards = [visitor.page.locator("section.card").filter(has=visitor.page.get_by_role("heading", name=name))
             for name in ("Outlet 1", "Outlet 2")]  # fmt: skip
    await site.charge(1)
    await visitor.expect(".state").to_contain_text(["Charging", "Free"])
    site.outlets[1].vehicle.plug()
    await visitor.expect(".state").to_contain_text(["Charging", "Preparing"])
    since = site.mark()
    await cards[1].get_by_label("Card").fill("TAG-9")
    await cards[1].get_by_role("button", name="Start").click()
    await site.received("StartTransaction", since, connectorId=2, idTag="TAG-9")
    await site.flows(2)
    await visitor.expect("figure.w").to_have_count(2)
    module = site.outlets[1].module
    row = visitor.page.locator("tbody tr").filter(has_text="api")
    await visitor.field("Limit in A").fill("x")
    await visitor.button("Set limit").click()
    await visitor.expect(".wrong:not(:empty)").to_have_text("A number, please")
    await visitor.field("Limit in A").fill("30.5")
    await visitor.field("For minutes").fill("10")
    await visitor.field("Where").select_option("2")
    await visitor.button("Set limit").click()
    await row.wait_for()
    cells = await row.locator("td").all_inner_texts()
    assert cells[1:3] == ["Outlet 2", "30.5\u00a0A"] and cells[4:] == ["20.0\u00a0A", "rules"]
    assert re.match(r"0:(10:00|09:5\d)$", cells[3])
    await eventually(lambda: module.current_a < 31, "the current is limited")
    assert site.outlets[0].module.current_a > 50
    await visitor.shot("two_outlets_1280")
    await visitor.button("Remove limit").click()
    await row.wait_for(state="detached")
    await eventually(lambda: module.current_a > 31, "the current is not limited any more")
    await cards[1].get_by_role("button", name="Stop").click()
    await site.received("StopTransaction", since)
    await visitor.expect(".state").to_contain_text(["Charging", "Finished"])
    assert site.outlets[0].module.current_a > 1


async def test_two_outlets_on_a_phone(site, visit):
    visitor = await visit(site, role="operator", width=360, language="de", scheme="dark")
    await visitor.expect(".state").to_have_count(2)
    await visitor.fits()
    await visitor.is_accessible()
    await visitor.shot("two_outlets_360")
