"""wss://: a session over it. Whom the charger does not believe: test_certification_security.py."""

import ssl

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


def test_wss_without_a_certificate_to_check_against_is_refused(tmp_path):
    from test_settings import changed, refusal

    assert "ca_file" in refusal(tmp_path, changed("ocpp", "url", "wss://127.0.0.1:9000/ocpp"))
