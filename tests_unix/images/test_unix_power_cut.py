"""The frozen unix executable keeps its books through power cuts, and speaks TLS, as the sources do."""

import pytest
import trustme
from test_ocpp_tls import served_by, site_of, test_a_central_system_that_may_be_anybody_is_refused  # noqa: F401
from test_power_cut import *  # noqa: F403

pytestmark = pytest.mark.usefixtures("frozen")


async def test_a_session_over_tls(tmp_path):
    """By its name: Debian 12's mbedTLS 2.28 compares no addresses of a certificate, so 127.0.0.1 would be refused."""
    authority = trustme.CA()
    async with site_of(tmp_path, served_by(authority, "localhost"), authority) as site:
        settings = tmp_path / "settings.json"
        settings.write_text(settings.read_text().replace("wss://127.0.0.1:", "wss://localhost:"))
        await site.boot()
        await site.plug_in()
        await site.start_session("CARD-TLS")
        await site.stop_session("CARD-TLS")
