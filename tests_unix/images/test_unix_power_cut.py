"""The frozen unix executable keeps its books through power cuts, and speaks TLS, as the sources do."""

import pytest
import trustme
from test_ocpp_tls import served_by, site_of
from test_power_cut import *  # noqa: F403

pytestmark = pytest.mark.usefixtures("frozen")


def by_name(home):
    settings = home / "settings.json"
    settings.write_text(settings.read_text().replace("wss://127.0.0.1:", "wss://localhost:"))


@pytest.mark.parametrize("trusted, name", [(False, "localhost"), (True, "elsewhere.example")])
async def test_a_server_that_may_be_anybody_is_refused(tmp_path, trusted, name):
    authority = trustme.CA()
    async with site_of(tmp_path, served_by(authority, name), authority if trusted else trustme.CA()) as site:
        by_name(tmp_path)
        await site.firmware.start()
        await site.printed(r"security event InvalidCentralSystemCertificate")
        assert site.central.calls() == []


async def test_a_session_over_tls(tmp_path):
    """By its name: Debian 12's mbedTLS 2.28 compares no addresses of a certificate, so 127.0.0.1 would be refused."""
    authority = trustme.CA()
    async with site_of(tmp_path, served_by(authority, "localhost"), authority) as site:
        by_name(tmp_path)
        await site.boot()
        await site.plug_in()
        await site.start_session("CARD-TLS")
        await site.stop_session("CARD-TLS")
