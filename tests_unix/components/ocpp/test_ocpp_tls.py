"""wss://: a session over it. Whom the charger does not believe: test_certification_security.py."""

import ssl

import trustme
from charging_site import Site


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


async def test_the_handshake_is_reported_by_its_name(tmp_path):
    """Its steps block the loop: `status` has the longest, under its name, like that of the journal's flushes."""
    authority = trustme.CA()
    async with site_of(tmp_path, served_by(authority, "127.0.0.1"), authority) as site:
        await site.boot()
        found = await site.answer("status", r"at most, in ms: ([^\r\n]+)")
        names = [entry.rpartition(" ")[0] for entry in found[1].split(", ")]
        assert "TLS handshake" in names and "flash" in names and "DNS" not in names, found[1]


def test_wss_without_a_certificate_to_check_against_is_refused(tmp_path):
    from test_settings import changed, refusal

    assert "ca_file" in refusal(tmp_path, changed("ocpp", "url", "wss://127.0.0.1:9000/ocpp"))
