"""The simulator's page in the browser: its buttons act, it shows what becomes of it, and it fits and can be read."""

import asyncio
import re

import pytest
import pytest_asyncio
from visitor import Visitor

from tools.control import Control
from tools.simpage import SimulatorPage
from tools.station import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETUP = {"Network": "depot", "Password of the network": "correct horse"}


@pytest_asyncio.fixture(loop_scope="module")
async def station(tmp_path):
    async with Station(tmp_path, firmware=False, board="unix_two") as station:
        yield station


@pytest_asyncio.fixture(loop_scope="module")
async def simulator(browser, station):
    """``await simulator(width=360)``: somebody looks at the page, and nothing goes wrong in it; ``simulator.page``."""
    control = Control(station)
    facts = {"board": "unix_two", "outlets": 2, "charger": "http://127.0.0.1:1/", "setup": SETUP, "password": ""}
    page = SimulatorPage(control, lambda: facts).start()
    visitors = []

    async def visit(**how):
        visitors.append(Visitor(browser, page.server_port))
        await visitors[-1].open(**how)
        await visitors[-1].expect("#connection").to_have_text("live")
        return visitors[-1]

    visit.page = page
    yield visit
    for visitor in visitors:
        await visitor.close()
    await asyncio.to_thread(page.stop)
    await control.close()
    assert not [line for visitor in visitors for line in visitor.wrong]


async def test_buttons_of_an_outlet_act_there_and_show_that_they_last(station, simulator):
    visitor = await simulator()
    panel = visitor.page.locator(".outlet").nth(1)
    await visitor.expect(".outlet >> nth=1 >> .words").to_contain_text("Unplugged")
    await panel.get_by_role("button", name="Plug in").click()
    await visitor.expect(".outlet >> nth=1 >> .words").to_have_text("Plugged in, not being charged")
    assert [outlet.vehicle.plugged for outlet in station.outlets] == [False, True]
    await visitor.expect("#answer").to_contain_text("Plug in: plugged in")
    await visitor.expect("#step-plug").to_have_class(re.compile("done"))

    await panel.get_by_label("Set charge: percent").fill("62")
    await visitor.page.keyboard.press("Enter")
    await visitor.expect(".outlet >> nth=1 >> .soc").to_have_text("62.0 %")
    await panel.get_by_label("Set charge: percent").fill("much")
    await visitor.page.keyboard.press("Enter")
    await visitor.expect("#answer.wrong").to_contain_text("'much' is not a state of charge in per cent: 0 to 100")

    await panel.get_by_text("Faults", exact=True).click()
    await panel.get_by_role("button", name="Over-temperature").click()
    await visitor.expect(".outlet >> nth=1 >> button.active").to_have_text(["Plug in", "Over-temperature"])
    assert [outlet.module.over_temperature for outlet in station.outlets] == [False, True]
    await visitor.button("Clear all faults").click()
    await visitor.expect("button.active").to_have_text(["Plug in"])


async def test_the_central_system_answers_or_says_why_not(station, simulator):
    visitor = await simulator()
    await visitor.field("Answer for a card: tag").fill("LOST")
    await visitor.field("Answer for a card: status").select_option("Expired")
    await visitor.button("Answer for a card").click()
    await visitor.expect("#central-words").to_contain_text("LOST is Expired")
    assert station.central.books.tag_info("LOST") == {"status": "Expired"}
    await visitor.field("Remote start: outlet").select_option("2")
    await visitor.button("Remote start").click()
    await visitor.expect("#answer.wrong").to_contain_text("is not connected")
    await visitor.button("Go offline").click()
    await visitor.expect("#central-words").to_contain_text("Offline")
    await visitor.button("Close").click()
    await visitor.expect("#answer").to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
async def test_it_fits_and_can_be_read(simulator, width, scheme):
    visitor = await simulator(width=width, scheme=scheme)
    await visitor.expect("#setup dd").to_have_text(list(SETUP.values()))
    for summary in await visitor.page.locator("summary").all():
        await summary.click()
    await visitor.button("Wrong voltage").first.click()
    await visitor.expect("button.active").to_have_text(["Wrong voltage"])
    await visitor.fits()
    await visitor.is_accessible()
    await visitor.shot(f"simulator_{width}_{scheme}")


async def test_it_says_within_five_seconds_that_the_simulation_has_ended(simulator):
    visitor = await simulator()
    await asyncio.to_thread(simulator.page.stop)
    await visitor.expect("#connection.lost").to_have_text("the simulation has ended", timeout=5000)
    await visitor.button("Clear all faults").click()
    await visitor.expect("#answer.wrong").to_contain_text("the simulation does not answer")
