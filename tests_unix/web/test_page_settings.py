"""Settings, variables and passwords are changed in the browser; what is wrong is told while one types."""

import json

import pytest
from charging_site import eventually
from visitor import PASSWORDS, VIEWS

pytestmark = pytest.mark.asyncio(loop_scope="module")


def kept(site):
    """What settings.json has."""
    return json.loads((site.home / "settings.json").read_text(encoding="utf-8"))


async def test_wrong_settings_are_told_while_one_types_and_are_not_saved(site, visit):
    visitor = await visit(site, role="installer")
    await visitor.go("settings")
    before = kept(site)
    size, url = (visitor.page.locator(f'[name="ocpp.{name}"]') for name in ("max_message", "url"))
    await size.fill("12")
    assert await size.get_attribute("aria-invalid") == "true"  # at once: the page knows the bounds
    assert "to 1048576" in (await visitor.describes("ocpp.max_message")).splitlines()[-1]
    await size.fill("a lot")
    assert "A whole number" in await visitor.describes("ocpp.max_message")
    await size.fill("9000")
    assert await size.get_attribute("aria-invalid") == "false"
    await url.fill("http://central.example")
    await visitor.expect('[name="ocpp.url"]').to_have_attribute("aria-invalid", "true")  # the charger knows the rest
    assert "ws" in await visitor.describes("ocpp.url")
    await visitor.shot("wrong_settings_1280")
    await visitor.button("Save").click()
    await visitor.expect('[name="ocpp.url"]').to_be_focused()
    assert kept(site) == before
    await visitor.button("Discard").click()
    await visitor.expect('[name="ocpp.url"]').to_have_value(before["ocpp"]["url"])


async def test_right_settings_are_in_force_after_the_restart(site, visit):
    visitor = await visit(site, role="installer", width=360)
    await visitor.go("settings")
    await visitor.page.locator('[name="ocpp.max_message"]').fill("9001")
    await visitor.page.locator('[name="wifi.password"]').fill("another horse")
    await visitor.button("Save").click()
    starts, since = site.firmware.starts, site.mark()
    await visitor.button("Restart now").click()
    await eventually(lambda: site.firmware.starts > starts, "it restarts")
    await site.booted(since)
    assert kept(site)["ocpp"]["max_message"] == 9001
    assert kept(site)["wifi"]["password"] == "another horse"
    await visitor.sign_in("installer")  # its session ended with the firmware
    await visitor.go("settings")
    await visitor.expect('[name="ocpp.max_message"]').to_have_value("9001")


async def test_a_restart_is_confirmed_before(site, visit):
    visitor = await visit(site, role="installer")
    await visitor.go("service")
    starts, since = site.firmware.starts, site.mark()
    dialog = visitor.page.get_by_role("dialog")
    await visitor.button("Restart at once").click()
    await visitor.page.keyboard.press("Escape")
    await dialog.wait_for(state="hidden")
    assert site.firmware.starts == starts and site.firmware.returncode is None
    await visitor.button("Restart at once").click()
    await dialog.get_by_role("button", name="Restart").click()
    await eventually(lambda: site.firmware.starts > starts, "it restarts")
    await site.booted(since)
    await visitor.is_signed_out()


async def test_no_secret_reaches_the_browser(site, visit):
    visitor = await visit(site)
    bodies = []

    async def keep(response):
        if "/api/" in response.url and not response.url.endswith("/events"):
            bodies.append(await response.text())

    visitor.page.on("response", keep)
    await visitor.sign_in("installer")
    for view in VIEWS["installer"]:
        await visitor.go(view)
    await visitor.go("settings")
    await visitor.expect('[name="wifi.password"]').to_have_value("")
    assert "never shown" in await visitor.describes("wifi.password")
    secrets = [kept(site)["wifi"]["password"], *[kept(site)["web"][role] for role in PASSWORDS]]
    assert len(bodies) >= len(VIEWS["installer"])
    assert not [secret for secret in secrets if any(secret in body for body in bodies)]


async def test_a_variable_of_ocpp(site, visit):
    visitor = await visit(site, role="installer")
    await visitor.go("variables")
    await visitor.field("Filter").fill("heartbeatint")
    await visitor.expect("tbody tr:visible").to_have_count(1)
    await visitor.field("HeartbeatInterval").fill("200")
    await visitor.page.keyboard.press("Enter")
    await visitor.expect("#notice").to_have_text("HeartbeatInterval: accepted")
    assert await site.configured("HeartbeatInterval") == "200"
    await visitor.field("HeartbeatInterval").fill("often")
    await visitor.page.keyboard.press("Enter")
    await visitor.expect("#notice.bad").to_contain_text("HeartbeatInterval: ")
    assert await site.configured("HeartbeatInterval") == "200"
    await visitor.field("Filter").fill("NumberOfConnectors")
    assert not await visitor.field("NumberOfConnectors").count(), "it is read-only"


async def test_a_password_is_changed_and_ends_the_sessions_of_its_role(site, visit):
    driver = await visit(site, role="driver")
    visitor = await visit(site, role="installer")
    await visitor.go("service")
    await visitor.field("New password").fill("short")
    await visitor.button("Change password").click()
    await visitor.expect(".wrong:not(:empty)").to_have_text(["At least 8 characters", "It differs from the first one"])
    await visitor.field("New password").fill("drives again")
    await visitor.field("Again").fill("drives again")
    await visitor.button("Change password").click()
    await visitor.expect("#notice").to_have_text("The password is changed")
    await driver.is_signed_out()
    assert "drives again" not in json.dumps(kept(site))
    await driver.sign_in("driver", "drives again")
    await driver.expect(".state").to_have_text("Free")
