"""wss://: the central system is believed only with a certificate that the installer's authority gave to its name."""

import ssl

import pytest
import trustme
from rig import Site


def served_by(authority, name):
    """A server's TLS context with a certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def site_of(tmp_path, context, trusted):
    """A site whose central system speaks wss; the firmware trusts one authority, in a file of its home."""
    trusted.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Site(tmp_path, central={"tls": context}, settings={"ocpp": {"ca_file": "ca.pem"}})


async def test_a_session_over_tls(tmp_path):
    authority = trustme.CA()
    async with site_of(tmp_path, served_by(authority, "127.0.0.1"), authority) as site:
        await site.boot()
        assert site.central.url.startswith("wss://")
        await site.plug_in()
        await site.start_session("CARD-TLS")
        await site.stop_session("CARD-TLS")


@pytest.mark.parametrize("name, own", [("127.0.0.2", True), ("127.0.0.1", False)], ids=["wrong name", "unknown"])
async def test_a_central_system_that_may_be_anybody_is_refused(tmp_path, name, own):
    authority = trustme.CA()
    context = served_by(authority if own else trustme.CA(), name)
    async with site_of(tmp_path, context, authority) as site:
        await site.firmware.start()
        await site.printed("connection: ConnectionClosed.*certificate")
        assert not site.central.calls()
        assert await site.answer("status", "OCPP: Disconnected")


def test_wss_without_a_certificate_to_check_against_is_refused(tmp_path):
    from test_settings import changed, refusal

    assert "ca_file" in refusal(tmp_path, changed("ocpp", "url", "wss://127.0.0.1:9000/ocpp"))
