"""The frozen unix executable keeps its books through power cuts, and a session over TLS, as the sources do."""

import pytest
from test_ocpp_tls import test_a_central_system_that_may_be_anybody_is_refused, test_a_session_over_tls  # noqa: F401
from test_power_cut import *  # noqa: F403

pytestmark = pytest.mark.usefixtures("frozen")
