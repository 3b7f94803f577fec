"""The image of qemu_arm takes a Local Authorization List of a thousand entries while it charges, in an ESP32's heap."""

import pytest
from qemu_site import QemuSite

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENTRIES = 1000
KEPT_FREE = 32 * 1024  # bytes of the heap; measured: 34.5 thousand
FIELDS = {"expiryDate": "2099-01-01T00:00:00.000000+00:00", "parentIdTag": "PARENT-OF-20-LETTERS"}


async def test_a_thousand_entries_come_while_it_charges(qemu_image, tmp_path):
    async with QemuSite(tmp_path) as site:
        await site.boot()
        await site.configure(MeterValueSampleInterval=1)
        await site.start_session("CARD-1")
        assert int(await site.configured("LocalAuthListMaxLength")) >= ENTRIES
        at_once = int(await site.configured("SendLocalListMaxLength"))
        info = dict(FIELDS, status="Accepted")
        entries = [{"idTag": f"CARD-OF-20-LETTER{n * 7 % ENTRIES:03}", "idTagInfo": info} for n in range(ENTRIES)]
        for at in range(0, ENTRIES, at_once):
            kind = "Differential" if at else "Full"
            piece = {"localAuthorizationList": entries[at : at + at_once]}
            answer = await site.order("SendLocalList", listVersion=at + 1, updateType=kind, **piece)
            assert answer.status == "Accepted", at
        await site.answer("status", rf"local list: version \d+, {ENTRIES} of {ENTRIES} entries")
        await site.stop_session("CARD-1")
        since = site.mark()
        await site.configure(LocalPreAuthorize=True)
        await site.answer("auth CARD-OF-20-LETTER777", r"idTag CARD-OF-20-LETTER777 is authorized")
        assert site.central.calls("Authorize", since) == []
        site.check_calm()
        free = await site.lowest_free()
        assert free >= KEPT_FREE, free
