"""The dates of a server's certificates, while the time is known and while it is not; what a failed handshake means."""

from ocpp_site import NOON, Central, Site, booted

from components.ocpp.access import REFUSED
from components.ocpp.dates import Check, validity
from components.ocpp.failures import event_of
from ux509 import der

DAY_S = 86400
NOON_S = NOON // 1000  # 2027-01-15T12:00:00Z


def certificate(begins, ends, version=True):
    """What `validity` reads of a certificate; times as ASN.1 writes them."""
    dates = [der.element(0x17 if len(text) == 13 else 0x18, text) for text in (begins, ends)]
    head = der.element(0xA0, der.integer(2)) if version else b""
    tbs = der.sequence(head, der.integer(7), der.sequence(), der.sequence(), der.sequence(*dates), der.sequence())
    return der.sequence(tbs, der.sequence(), der.bit_string(b"x"))


OF_2027 = certificate(b"270101000000Z", b"271231235959Z")
OF_2026 = certificate(b"260101000000Z", b"261231235959Z")
LONG = certificate(b"200101000000Z", b"20501231235959Z", version=False)


class Socket:
    aborted = False

    def abort(self):
        self.aborted = True


def over_tls(site, *certificates):
    """Its connection is one over TLS, to a server with these certificates."""
    link = site.ocpp.link
    link._ws = Socket()
    link._check = check = Check(site.ocpp.trust._utc_s(), site.store.get("ocpp/tls/utc", 0))
    verdicts = [check.verify(memoryview(der), 0) for der in certificates]
    return check, verdicts


def test_validity():
    assert validity(OF_2027) == (1798761600, 1830297599)
    assert validity(LONG)[1] == 2556143999
    for cut in range(len(OF_2027)):
        try:
            validity(OF_2027[:cut])
            raise AssertionError(cut)
        except ValueError:
            pass


def test_every_certificate_of_the_chain_counts():
    check = Check(NOON_S, 0)
    assert check.verify(memoryview(LONG), 1) == check.verify(memoryview(OF_2027), 0) == 0
    assert check.failure == "" and (check.begins, check.ends) == validity(OF_2027)
    assert check.verify(memoryview(OF_2026), 0) and "expired on 2026-12-31T23:59:59" in check.failure
    check = Check(NOON_S - 20 * DAY_S, 0)
    assert check.verify(memoryview(OF_2027), 0) and "not valid before 2027-01-01" in check.failure
    check = Check(NOON_S, 0)
    assert check.verify(memoryview(b"rubbish"), 0) and "not readable" in check.failure


def test_while_the_time_is_unknown_it_is_later_than_it_was():
    assert Check(None, 0).verify(memoryview(OF_2026), 0) == 0
    assert Check(None, NOON_S).verify(memoryview(OF_2026), 0) != 0
    assert Check(None, NOON_S - 100 * DAY_S).verify(memoryview(OF_2027), 0) == 0  # may well have begun since


async def test_the_time_that_was_sure_is_remembered_once_a_day(tmp):
    site = await booted(tmp)
    over_tls(site, OF_2027)
    await site.run(1000)
    assert site.store.get("ocpp/tls/utc") == NOON_S
    records = site.store.records
    await site.run(60000)
    assert site.store.records == records
    site.clock.set_utc_ms(NOON + 2 * DAY_S * 1000)
    await site.run(1000)
    assert site.store.get("ocpp/tls/utc") == NOON_S + 2 * DAY_S
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    assert over_tls(site, OF_2026)[1] != [0] and over_tls(site, OF_2027)[1] == [0]


async def test_a_time_beyond_its_own_certificate_is_not_believed_and_ends_the_connection(tmp):
    site = Site(tmp)
    await site.power_on()
    events = []
    site.ocpp.report_to(lambda type, info="": events.append(type))
    check, verdicts = over_tls(site, OF_2026)
    assert verdicts == [0]
    await site.connect(Central())  # it is 2027 there
    assert site.ocpp.link._ws.aborted and events == ["InvalidCentralSystemCertificate"]
    assert site.clock.utc_ms() is None and not site.ocpp.online() and site.ocpp.boot.bad_times == 1
    assert site.store.get("ocpp/tls/utc") is None


async def test_a_wrong_time_later_on_is_left_alone(tmp):
    site = await booted(tmp)
    over_tls(site, OF_2027)
    site.central.start_ms += 400 * DAY_S * 1000
    await site.run(400000)  # a Heartbeat brings it
    assert site.clock.utc_ms() // 1000 == NOON_S + 400 and not site.ocpp.link._ws.aborted and site.ocpp.online()
    assert site.lines("at which the certificate is not valid")


async def test_no_roots_no_context(tmp):
    site = Site(tmp)
    for url in ("ws://h/", "http://h/"):
        assert site.ocpp.trust.context(url) is None
    assert not site.ocpp.trust.has_root() and not site.ocpp.trust.has_client()
    for url in ("wss://h/", "https://h/"):
        try:
            site.ocpp.trust.context(url)
            raise AssertionError(url)
        except ValueError as e:
            assert "no root certificate" in str(e)


class Refusal(Exception):
    status = 401


def test_what_a_failure_means():
    check = Check(None, 0)
    assert event_of(Refusal(), None, False) == REFUSED
    assert event_of(OSError(104), None, True) is None
    for text, login, event in (
        (
            "The certificate Common Name (CN) does not match with the expected CN",
            True,
            "InvalidCentralSystemCertificate",
        ),
        ("(-28288, 'MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION')", True, "InvalidTLSVersion"),
        ("-28288", True, "InvalidTLSVersion"),
        ("(-28160, 'MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE')", True, "InvalidTLSCipherSuite"),
        ("(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')", True, REFUSED),
        ("(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')", False, None),
        ("(-29312, 'MBEDTLS_ERR_SSL_CONN_EOF')", True, None),
        ("(-29184, 'MBEDTLS_ERR_SSL_INVALID_RECORD')", False, "CentralSystemFailedToAuthenticate"),
        ("(-10368, 'MBEDTLS_ERR_X509_ALLOC_FAILED')", True, None),  # memory that ran out says nothing of the server
        ("(-19840, 'MBEDTLS_ERR_ECP_ALLOC_FAILED')", True, None),
        ("104", True, None),
    ):
        assert event_of(OSError(text), check, login) == event, text
    check.failure = "certificate expired"
    assert event_of(OSError(-12288), check, True) == "InvalidCentralSystemCertificate"
