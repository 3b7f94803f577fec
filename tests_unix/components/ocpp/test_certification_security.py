"""OCA's test cases of the security profiles and the AuthorizationKey: one charger, from profile 1 to profile 3.

The tests follow each other: what one has set is what the next one begins with.
"""

import json
import ssl

import pki
import pytest
import pytest_asyncio
from charging_site import Site, eventually

from tools.central import Central

INITIAL = "initial-key-00-of-CP-1"
TWENTY = "a-key-of-20-letters!"
DIGITS = "0123456789abcdefABCDEF000102030405060708"
TOLD = "SecurityEventNotification"


class Charger(Site):
    """A site whose operator has two central systems, one of them behind TLS."""

    def __init__(self, home, root):
        self.root = root
        self.good = root.issue("central", hosts=("127.0.0.1",)).server_context()
        self.plain = self.secure = None
        self.keys = {"CP-1": INITIAL}  # of both
        self.passwords = [INITIAL]
        (home / "ca.pem").write_text(root.pem)
        super().__init__(home, central={"keys": self.keys})

    async def start(self):
        self.plain = self.central
        self.secure = await Central(keys=self.keys, tls=self.good).start()
        more = {"auth_key": INITIAL, "ca_file": "ca.pem", "url_tls": self.secure.url}
        self._settings = {"ocpp": more}
        return await super().start()

    async def stop(self):
        if self.secure is not None:
            await self.secure.stop()
        self.central = self.plain or self.central
        await super().stop()

    async def set(self, key, value):
        return (await self.order("ChangeConfiguration", key=key, value=value)).status

    async def new_key(self, value, known_as):
        """Set the AuthorizationKey, which the central system expects from then on; wait for the connection."""
        before = self.central.connections
        self.passwords.append(value)
        self.keys["CP-1"] = known_as
        assert await self.set("AuthorizationKey", value) == "Accepted"
        await self.reconnected(before)

    async def serve(self, context):
        """The central system behind TLS goes away and comes back with another certificate."""
        await self.secure.stop()
        self.secure.tls = context
        await self.secure.start()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    async with Charger(tmp_path_factory.mktemp("home"), pki.Authority("Root")) as site:
        await site.boot()
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    since = shared.mark()
    yield shared
    # A connection that is cut leaves a CALL unanswered, which no longer keeps others waiting on the next one.
    assert [line for line in shared.wrong_messages(since) if "is outstanding" not in line] == []
    shared.check_calm()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_start_is_a_security_event(site):
    event = await site.received(TOLD, type="StartupOfTheDevice")
    assert event.payload["timestamp"].endswith("Z")
    assert await site.configured("SecurityProfile") == "1"


async def test_tc_085_basic_authentication_with_a_wrong_key_and_with_the_right_one(site):
    since, before = site.mark(), site.central.connections
    site.keys["CP-1"] = "something else entirely"
    await site.central.close_socket(abort=True)
    await site.printed("connection: HandshakeError.*401")
    assert site.central.connections == before
    site.keys["CP-1"] = INITIAL
    await site.reconnected(before)
    event = await site.received(TOLD, since, type="FailedToAuthenticateAtCentralSystem")
    await site.configured("SecurityProfile")
    assert "401" in event.payload["techInfo"]


@pytest.mark.parametrize(
    "value, known_as",
    [(TWENTY, TWENTY), (DIGITS, bytes.fromhex(DIGITS)), (DIGITS[::-1], DIGITS[::-1])],
    ids=["20 characters", "40 digits, 20 bytes", "40 digits, text"],
)
async def test_tc_073_the_password_is_changed(site, value, known_as):
    since = site.mark()
    await site.new_key(value, known_as)
    await site.received(TOLD, since, type="ReconfigurationOfSecurityParameters")
    assert await site.configured("SecurityProfile") == "1"


async def test_a_password_that_the_central_system_refuses_afterwards(site):
    before = site.central.connections
    site.passwords.append("never-known-to-anybody")
    assert await site.set("AuthorizationKey", "never-known-to-anybody") == "Accepted"
    await site.reconnected(before)  # the keys of the central system are what they were
    await site.printed("back to security profile 1")


async def test_a_password_that_is_none(site):
    before = site.central.connections
    for value in ("too short", "x" * 41, "with a\nline break in it"):
        assert await site.set("AuthorizationKey", value) == "Rejected"
    assert site.central.connections == before


async def test_tc_084_a_security_profile_is_rejected(site):
    assert await site.set("SecurityProfile", "0") == "Rejected"  # lower
    assert await site.set("SecurityProfile", "3") == "Rejected"  # no certificate of its own
    assert await site.set("SecurityProfile", "4") == "Rejected"
    assert await site.configured("SecurityProfile") == "1"


async def test_a_security_profile_that_cannot_connect(site):
    """The central system behind TLS is not there: three attempts, and back."""
    before = site.central.connections
    await site.secure.stop()
    assert await site.set("SecurityProfile", "2") == "Accepted"
    await site.reconnected(before)
    assert await site.configured("SecurityProfile") == "1"
    await site.secure.start()


async def test_tc_083_the_security_profile_is_raised(site):
    site.secure.books = site.plain.books
    assert await site.set("SecurityProfile", "2") == "Accepted"
    site.central = site.secure
    await site.reconnected(0)
    await site.received(TOLD, techInfo="SecurityProfile 2")
    assert await site.configured("SecurityProfile") == "2"
    assert await site.set("SecurityProfile", "1") == "Rejected"
    await eventually(lambda: not site.plain.points, "nobody is on the line without TLS")


def below(root, version):
    """A server that speaks no TLS newer than a version."""
    context = root.issue("central", hosts=("127.0.0.1",)).server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
    return context


BAD = {
    "unknown authority": lambda root: pki.Authority("Root").issue("central", hosts=("127.0.0.1",)).server_context(),
    "another host": lambda root: root.issue("central", hosts=("127.0.0.2",)).server_context(),
    "expired": lambda root: root.issue("central", hosts=("127.0.0.1",), **pki.expired()).server_context(),
    "TLS 1.1": lambda root: below(root, ssl.TLSVersion.TLSv1_1),
}


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
@pytest.mark.parametrize("what", BAD)
async def test_tc_078_a_server_that_is_not_to_be_believed_and_tc_086_one_that_is(site, what):
    since, before, line = site.mark(), site.central.connections, site.firmware.mark
    await site.serve(BAD[what](site.root))
    await site.printed("connection: .*(certificate|-28288)", line)
    assert site.central.connections == before
    await site.serve(site.good)
    await site.reconnected(before)
    type = "InvalidTLSVersion" if what == "TLS 1.1" else "InvalidCentralSystemCertificate"
    await site.received(TOLD, since, type=type)
    await site.configured("SecurityProfile")  # the exchange before is over: the next attempt will come soon


async def test_tc_087_a_client_certificate(site):
    """From the request for a certificate to a connection that nobody has without it."""
    since = site.mark()
    answer = await site.order("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    assert answer.status == "Accepted"
    asked = await site.received("SignCertificate", since)
    own = site.root.answer_csr(asked.payload["csr"])
    before = site.central.connections
    assert (await site.order("CertificateSigned", certificateChain=own.chain_pem)).status == "Accepted"
    await site.reconnected(before)
    mutual = site.root.issue("central", hosts=("127.0.0.1",)).server_context(client_roots=(site.root,))
    site.central.keys = None  # no password: the certificate is what counts
    assert await site.set("SecurityProfile", "3") == "Accepted"
    await site.printed("new credentials work: security profile 3")
    await site.serve(mutual)
    await eventually(lambda: names(site.central) == ["CP-1"], "a connection with a client certificate")
    assert await site.configured("SecurityProfile") == "3"
    assert "Authorization" not in site.central.point().link.websocket.request.headers


def names(central):
    """The common names in the client certificates of those that are connected."""
    peers = [point.link.websocket.transport.get_extra_info("peercert") for point in central.points.values()]
    return [dict(part[0] for part in peer["subject"])["commonName"] for peer in peers if peer]


async def test_after_a_power_cut_all_of_it_is_there_and_a_wrong_time_is_not_believed(site):
    answer = {"status": "Accepted", "interval": 300, "currentTime": "2050-01-01T00:00:00Z"}
    await site.firmware.kill()
    since = site.mark()
    site.central.on("BootNotification", answer)
    await site.firmware.start()
    await site.printed("certificate not valid at the time that the central system sends")
    assert not site.central.calls("StatusNotification", since)
    site.central.on("BootNotification", None)
    await site.booted(since)
    assert await site.configured("SecurityProfile") == "3"
    await site.received(TOLD, since, type="InvalidCentralSystemCertificate")


async def test_a_subprotocol_that_is_not_ours(site):
    site.central.subprotocol = None
    line = site.firmware.mark
    await site.central.close_socket(abort=True)
    await site.printed("wrong subprotocol", line)
    site.central.subprotocol = "ocpp1.6"
    await site.reconnected(site.central.connections)  # the central system counts those that were of no use, too


async def test_the_restart_is_in_the_security_log(site):
    since = site.mark()
    assert (await site.order("Reset", type="Soft")).status == "Accepted"
    await site.booted(since)
    restart = await site.received(TOLD, since, type="ResetOrReboot")
    start = await site.received(TOLD, since, type="StartupOfTheDevice")
    assert restart.payload["techInfo"] == "Reset Soft"
    assert restart.payload["timestamp"] < start.payload["timestamp"]


async def test_no_key_was_ever_shown(site):
    """In nothing that the firmware printed and sent, however it is asked."""
    for line in ("config", "config AuthorizationKey", "log", "status", "components"):
        await site.type(line)
    await site.answer("h", "reset .*restart")
    answer = await site.ask("GetConfiguration", {})
    entries = {entry["key"]: entry for entry in answer.payload["configurationKey"]}
    assert entries["AuthorizationKey"] == {"key": "AuthorizationKey", "readonly": False}
    assert await site.answer("config AuthorizationKey", r"AuthorizationKey = \*\*\*\n")
    said = [site.firmware.text]
    for central in (site.plain, site.secure):
        said += [json.dumps(m.payload) for m in central.messages.after(0) if m.direction == "in"]
    for password in site.passwords:
        assert not [text for text in said if password.lower() in text.lower()], password
    assert "PRIVATE KEY" not in "".join(said)
