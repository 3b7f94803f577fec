"""What the charger keeps, for a person to read and to take away: sessions, black boxes."""

import csv
import io
import re

import pytest
from charging_site import eventually, metered_wh

from tools.control import Control

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def downloaded(visitor, text):
    """The bytes of what a link with this text gives."""
    async with visitor.page.expect_download() as waiting:
        await visitor.page.get_by_role("link", name=text).click()
    download = await waiting.value
    with open(await download.path(), "rb") as file:
        return download.suggested_filename, file.read()


async def test_the_sessions_are_a_table_and_a_file(site, visit):
    visitor = await visit(site, role="driver")
    await visitor.go("sessions")
    await visitor.expect("main").to_contain_text("No session yet.")
    bills = []
    for tag in ("TAG-1", "TAG-2"):
        begun, before = await site.start_session(tag), site.module.delivered_wh
        await eventually(lambda before=before: site.module.delivered_wh > before + 20, "energy is delivered")
        ended = await site.stop_session(tag)
        bills.append(ended.payload["meterStop"] - begun.payload["meterStart"])
        assert bills[-1] == pytest.approx(metered_wh(ended), abs=1)
    await visitor.go("overview")
    await visitor.go("sessions")
    await visitor.expect("tbody tr").to_have_count(2)
    rows = [await row.locator("td").all_inner_texts() for row in await visitor.page.locator("tbody tr").all()]
    assert [row[2] for row in rows] == ["TAG-2", "TAG-1"]  # the newest first
    assert [row[3] for row in rows] == [f"{wh / 1000:.2f}\u00a0kWh" for wh in reversed(bills)]
    assert all(re.match(r"0:0\d:\d\d$", row[5]) and row[6] == "Ended here" for row in rows)
    await visitor.shot("sessions_two_1280")
    name, data = await downloaded(visitor, "Download as CSV")
    assert name == "sessions.csv"
    table = list(csv.DictReader(io.StringIO(data.decode())))
    assert {(row["id_tag"], int(row["wh"])) for row in table} == {("TAG-1", bills[0]), ("TAG-2", bills[1])}


async def test_a_black_box_is_there_after_a_fault(site, visit):
    visitor = await visit(site, role="operator")
    await site.start_session()
    since = site.firmware.mark
    control = Control(site)
    await control.execute("over-temperature")
    await visitor.go("overview")
    await visitor.expect(".box.bad").to_contain_text(["Too hot"])
    await visitor.shot("fault_1280")
    kept = (await site.printed(r"black box (\S+): ", since, 30))[1]
    await visitor.go("service")
    name, data = await downloaded(visitor, kept)
    assert name == kept and 100 < len(data) <= 32768
    assert (site.home / "blackbox" / name).read_bytes() == data
