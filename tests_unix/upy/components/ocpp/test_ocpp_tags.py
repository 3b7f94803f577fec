"""What an idTag may be: the same at the reader, in remote starts, reservations, lists and answers (CiString20Type)."""

from ocpp_site import NOON, Site, booted

from core.isotime import format_utc

PROFILES = (
    ("components.station.reservation:Reservation", {}),
    ("components.station.local_list:LocalList", {"file": "list"}),
)
NO_TAGS = ("", "TAG\n", "\rTAG", "\x1b[2J", "TA\0G", "TAG\x7f", "TAG\x9b", "TAG\u2028", "T\xc4G", "\U0001f50c")


def test_what_an_idtag_may_be(tmp):
    is_tag = Site(tmp).station.authorization.is_tag
    for value in ("A", "04E91C2A8F", "x" * 20, "with blank", "~!|%s"):
        assert is_tag(value), value
    for value in NO_TAGS + ("x" * 21, None, 5, ["TAG"], True):
        assert not is_tag(value), value


async def test_no_tag_starts_reserves_or_is_listed(tmp):
    site = await booted(tmp, profiles=PROFILES)
    site.plug_in()
    await site.run(500)
    for tag in NO_TAGS:
        if tag.strip() == tag:  # a reader leaves out blanks at the ends
            assert "printable ASCII" in site.ocpp.present_tag(tag), tag
        assert await site.central.call("RemoteStartTransaction", {"idTag": tag}) == {"status": "Rejected"}, tag
        for fields in ({"idTag": tag}, {"idTag": "TAG", "parentIdTag": tag}):
            if fields.get("parentIdTag") == "":
                continue
            payload = {"connectorId": 1, "reservationId": 7, "expiryDate": format_utc(NOON + 3600000)}
            payload.update(fields)
            assert await site.central.call("ReserveNow", payload) == {"status": "Rejected"}, fields
        entries = [{"idTag": tag, "idTagInfo": {"status": "Accepted"}}]
        payload = {"listVersion": 1, "updateType": "Full", "localAuthorizationList": entries}
        assert await site.central.call("SendLocalList", payload) == {"status": "Failed"}, tag
    assert site.central.of("Authorize", "StartTransaction") == [] and site.ocpp.transaction is None


async def test_a_parentIdTag_that_is_none_does_not_count(tmp):
    """Cut to 20 characters, it could be that of another group."""
    site = await booted(tmp)
    info = {"status": "Accepted", "parentIdTag": "GROUP-OF-20-LETTERS-AND-MORE"}
    for action in ("Authorize", "StartTransaction"):
        site.central.answers[action] = {"idTagInfo": info, "transactionId": 5}
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert site.ocpp.transaction.id == 5 and site.ocpp.transaction.parent is None
