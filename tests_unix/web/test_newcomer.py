"""``make run`` and a browser, and nothing else: from a new charger to a charged vehicle, by what the pages say."""

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from make_run import MakeRun

pytestmark = pytest.mark.asyncio(loop_scope="module")
START_MS = 60_000


async def test_a_newcomer_sees_a_vehicle_being_charged(visit, tmp_path):
    with MakeRun(tmp_path) as run:
        simulator = await visit(urlsplit(run.simulator.url).port)
        await simulator.expect("#guide").to_be_visible()
        told = dict(zip(*[await simulator.page.locator(f"#setup {tag}").all_inner_texts() for tag in ("dt", "dd")]))
        await asyncio.to_thread(run.printed, "web: serves http")
        charger = await visit(urlsplit(run.charger.url).port, width=360, height=740)
        await charger.page.get_by_role("heading", name="First setup").wait_for(timeout=START_MS)
        await charger.field("Network").select_option(told.pop("Network"))
        for label, value in told.items():
            await charger.field(label).fill(value)
        for label in ("Password of the installer", "Again"):
            await charger.field(label).fill("a newcomer's")
        await charger.button("Try and save").click()
        await charger.page.get_by_role("heading", name="Sign in").wait_for(timeout=START_MS)
        await charger.sign_in("installer", "a newcomer's")
        await charger.expect(".state").to_have_text("Free")
        await simulator.expect("#central-words").to_contain_text("CP-1 is connected", timeout=START_MS)
        await simulator.button("Plug in").click()
        await charger.expect(".state").to_contain_text("Preparing")
        await simulator.button("Present card").click()
        await charger.expect(".state").to_have_text(re.compile(r"^Charging, \d+\.\d\skW, \d+\s%$"))
        await simulator.expect("#step-watch").to_have_class("done")
        await charger.expect("figure.w .line").to_have_attribute("d", re.compile(r"^M[^L]*(L[^LM]*){4}"))
        await charger.fits()
        await charger.shot("newcomer_charger_360")
        await simulator.shot("newcomer_simulator_1280")
        assert await asyncio.to_thread(run.end) == 0, run.output
