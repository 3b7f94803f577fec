"""A whole session is watched and steered in the browser, over the real firmware and a simulated vehicle and module."""

import re
import signal
import time

import pytest
from charging_site import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHARGING = re.compile(r"^Charging, \d+\.\d\skW, \d+\s%$")


async def begin(site, visitor):
    """Plug in, type the number of a card, press Start."""
    since = site.mark()
    site.vehicle.plug()
    await visitor.expect(".state").to_contain_text("Preparing")
    await site.condition("in_limits", "ok")
    await visitor.field("Card").fill("TAG-1")
    await visitor.button("Start").click()
    begun = await site.received("StartTransaction", since)
    await site.current_flows()
    await visitor.expect(".state").to_have_text(CHARGING)
    return begun


async def test_a_session_from_the_plug_to_the_bill(site, visit):
    visitor = await visit(site, role="operator")
    await visitor.expect(".state").to_have_text("Free")
    await visitor.expect(".why li.bad").to_contain_text(["no transaction runs", "no vehicle is plugged in"])
    begun = await begin(site, visitor)
    assert begun.payload["idTag"] == "TAG-1"
    await visitor.expect(".why li.bad").to_have_count(0)
    await visitor.expect("section.card").to_contain_text(["card TAG-1"])

    for kind in "vaws":  # voltage, current, power, charge
        await visitor.expect(f"figure.{kind} .line").to_have_attribute("d", re.compile(r"^M[^L]*(L[^LM]*){4}"))
    assert await visitor.plotted("Current over the session") == pytest.approx(site.module.current_a, abs=1)
    assert await visitor.plotted("Voltage over the session") == pytest.approx(site.module.voltage_v, abs=1)
    await visitor.is_accessible()
    await visitor.shot("session_1280")
    plot = visitor.page.get_by_role("slider", name="Power over the session")
    now = await plot.get_attribute("aria-valuetext")
    await plot.focus()
    await visitor.page.keyboard.press("Home")  # the first sample, in all plots
    assert re.match(r"\d\d:\d\d:\d\d +[\d.]+\skW$", await plot.get_attribute("aria-valuetext"))
    await visitor.expect("figcaption b").to_contain_text([":"] * 4)
    await visitor.page.keyboard.press("Escape")
    assert len(await plot.get_attribute("aria-valuetext")) <= len(now) + 1
    since = site.mark()
    await visitor.button("Stop").click()
    ended = await site.received("StopTransaction", since)
    assert ended.payload["reason"] == "Local"
    await visitor.expect(".state").to_contain_text("Finished")
    await site.settled()
    await site.unplug()
    await visitor.expect(".state").to_have_text("Free")


async def test_what_a_card_has_on_it_is_text(site, visit):
    tag = "<img src=x onerror=1"
    await site.plug_in()
    visitor = await visit(site, role="operator")
    await visitor.field("Card").fill(tag)
    await visitor.button("Start").click()
    await site.current_flows()
    await visitor.expect("section.card").to_contain_text([f"card {tag}"])
    await visitor.button("Stop").click()
    await visitor.go("log")
    await visitor.expect("main pre").to_contain_text(tag)
    assert not await visitor.page.locator("img").count()


async def test_the_emergency_stop_by_the_keyboard(site, visit):
    visitor = await visit(site, role="operator", width=360, height=740)
    await begin(site, visitor)
    await visitor.shot("session_360")
    stop = visitor.button("Emergency stop")
    await stop.focus()
    await visitor.page.keyboard.press("Enter")
    await eventually(lambda: not site.module.charging, "the power module is off", timeout=2)
    await visitor.expect("footer [role=alert]").to_have_text("The emergency stop is pressed")
    await visitor.expect(".why li.bad").to_contain_text(["the emergency stop is pressed"])
    await site.condition("emergency_stop", "BLOCKS")
    await visitor.shot("emergency_stop_360")
    await visitor.button("Release").click()
    dialog = visitor.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Cancel").click()
    await site.condition("emergency_stop", "BLOCKS")
    await visitor.button("Release").click()
    await dialog.get_by_role("button", name="Release").click()
    await stop.wait_for()
    await site.condition("emergency_stop", "ok")


async def test_a_module_that_did_not_stop_is_released_in_the_page(site, visit):
    visitor = await visit(site, role="operator")
    await begin(site, visitor)
    assert not await visitor.button("Release").count()
    site.module.runs_on = True
    await visitor.button("Stop").click()
    await visitor.expect(".box.bad").to_contain_text(["The power module does not stop"])
    await visitor.button("Emergency stop").wait_for()
    site.clear_faults()
    await eventually(lambda: site.module.current_a < 0.1, "it stops")
    told = "not released"
    while "not" in told:  # until no current has flowed for some seconds
        since = site.firmware.mark
        await visitor.button("Release").click()
        await visitor.page.get_by_role("dialog").get_by_role("button", name="Release").click()
        told = (await site.printed("not released|failure to stop is released", since))[0]
    await visitor.expect(".state").not_to_contain_text("Fault")
    await visitor.button("Release").wait_for(state="detached")


async def test_what_the_central_system_decides_of_a_card_is_told(site, visit):
    site.central.books.tags["BAD"] = "Blocked"
    visitor = await visit(site, role="operator")
    await visitor.field("Card").fill("BAD")
    await visitor.button("Present card").click()
    await visitor.expect("#notice.bad").to_have_text("Card BAD: refused: its status is Blocked")


async def test_a_card_that_is_presented_starts_and_ends_a_session(site, visit):
    visitor = await visit(site, role="operator")
    await visitor.button("Present card").click()
    await visitor.expect("#notice.bad").to_have_text("Type the number of a card first")
    since = site.mark()
    await visitor.field("Card").fill("TAG-5")
    await visitor.button("Present card").click()  # before the plug
    await visitor.expect("#notice").to_contain_text("Card TAG-5: ")
    await site.checked("TAG-5", since)
    site.vehicle.plug()
    await site.received("StartTransaction", since, idTag="TAG-5")
    await visitor.expect(".state").to_have_text(CHARGING)
    await visitor.expect("#spoken").to_have_text(CHARGING)  # what a screen reader speaks
    await visitor.button("Present card").click()
    await site.received("StopTransaction", since)
    await visitor.expect("#notice").to_have_text("Card TAG-5: transaction ended")
    await visitor.expect("#spoken").to_contain_text("Finished")


async def test_a_driver_may_stop_but_not_start(site, visit):
    visitor = await visit(site, role="driver")
    assert not await visitor.button("Start").count() and not await visitor.field("Card").count()
    await visitor.button("Emergency stop").click()
    await visitor.expect("footer [role=alert]").to_be_visible()
    assert not await visitor.button("Release").count()
    assert await visitor.page.locator("nav a").count() == 2
    await site.type("s")
    await visitor.button("Emergency stop").wait_for()


async def test_a_connection_that_is_dead_or_silent_is_shown_within_5_s(site, visit):
    visitor = await visit(site, role="driver")
    dead = visitor.page.locator("#dead")
    await visitor.expect("#dead").to_be_hidden()
    site.firmware._signal(signal.SIGSTOP)  # as if it were out of reach: nothing is closed
    try:
        began = time.monotonic()
        await dead.wait_for(timeout=5000)
        assert time.monotonic() - began < 5
        await visitor.shot("dead_1280")
    finally:
        site.firmware._signal(signal.SIGCONT)
    await dead.wait_for(state="hidden")
    since = site.mark()
    await site.firmware.kill()
    await dead.wait_for(timeout=5000)
    await site.firmware.start()
    await site.booted(since)
    await dead.wait_for(state="hidden")
    await visitor.sign_in("driver")  # its session ended with the firmware
    await visitor.expect(".state").to_have_text("Free")
