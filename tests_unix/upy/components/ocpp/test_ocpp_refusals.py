"""A refusal says why: in the log, on the console, and with a configuration key to whoever sets it."""

from charging_profiles import profile
from ocpp_site import Central, booted
from reservation_site import PROFILE, reserve

SMART = ("components.station.limits:SmartCharging", {"max_profiles": 10, "max_periods": 24, "max_level": 8})


async def told(site, action, payload, words, status="Rejected"):
    """A CALL is refused; the log and the console's page say so with these words."""
    await site.run(61000)  # of like lines the log tells one a minute
    assert (await site.central.call(action, payload))["status"] == status, payload
    lines = site.lines(action)
    assert lines and lines[-1].endswith(": " + words), (words, lines)
    pages = [line for line in site.ocpp.describe() if line.startswith("Refused last: " + action)]
    assert len(pages) == 1 and pages[0].endswith(": " + words), (words, pages)


async def test_each_obstacle_to_a_remote_start_is_named(tmp):
    site = await booted(tmp, profiles=PROFILE + (SMART,))
    start = {"idTag": "TAG"}
    assert not any("Refused" in line for line in site.ocpp.describe())
    await told(site, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 2}, "there is no connector 2")
    await told(site, "RemoteStartTransaction", {"idTag": ""}, "an idTag has 1 to 20 printable ASCII characters")
    wrong = dict(start, chargingProfile=profile(1, 10))  # a TxDefaultProfile
    await told(site, "RemoteStartTransaction", wrong, "its chargingProfile cannot be taken")
    await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    await told(site, "RemoteStartTransaction", start, "the connector is out of service")
    await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    site.gate.emergency_stop.set(True)
    await told(site, "RemoteStartTransaction", start, "the connector is faulted: emergency stop")
    site.gate.emergency_stop.set(False)
    await site.run(500)
    await reserve(site)
    await told(site, "RemoteStartTransaction", start, "the connector is reserved")
    await site.central.call("CancelReservation", {"reservationId": 7})
    site.ocpp.set("ConnectionTimeOut", "300")
    site.ocpp.present_tag("FIRST")
    await told(site, "RemoteStartTransaction", start, "idTag FIRST is authorized and waits for the plug")
    site.plug_in()
    await site.run(500)
    await told(site, "RemoteStartTransaction", start, "a transaction runs")
    site.ocpp.present_tag("FIRST")
    await site.run(500)
    site.central.answers["Authorize"] = None
    site.ocpp.rpc._timeout_ms = 600000
    site.ocpp.present_tag("SLOW")
    await told(site, "RemoteStartTransaction", start, "idTag SLOW is being checked")


async def test_a_charge_point_that_is_not_registered_is_reported(tmp):
    central = Central()
    central.answers["BootNotification"] = {"status": "Pending", "currentTime": "2026-11-22T10:00:00Z", "interval": 600}
    site = await booted(tmp, central)
    why = "the central system has not accepted this charge point yet"
    await told(site, "RemoteStartTransaction", {"idTag": "TAG"}, why)
    await told(site, "RemoteStopTransaction", {"transactionId": 1}, why)


async def test_each_obstacle_to_a_remote_stop_is_named(tmp):
    site = await booted(tmp)
    await told(site, "RemoteStopTransaction", {"transactionId": 1}, "no transaction runs")
    site.central.answers["StartTransaction"] = None
    site.ocpp.present_tag("TAG")
    site.plug_in()
    await site.run(1000)
    await told(site, "RemoteStopTransaction", {"transactionId": 1}, "another transaction runs: its id is not known yet")
    del site.central.answers["StartTransaction"]
    await site.run(400000)
    number = site.ocpp.transaction.id
    why = "another transaction runs: %d" % number
    await told(site, "RemoteStopTransaction", {"transactionId": number + 1}, why)
    assert (await site.central.call("RemoteStopTransaction", {"transactionId": number}))["status"] == "Accepted"


async def test_a_second_card_does_not_replace_the_one_that_waits(tmp):
    site = await booted(tmp)
    assert site.ocpp.present_tag("FIRST") == "being checked"
    assert site.ocpp.present_tag("SECOND") == "refused: idTag FIRST is being checked"
    await site.run(500)
    assert site.ocpp.present_tag("SECOND") == "refused: idTag FIRST is authorized and waits for the plug"
    assert "SECOND" not in str(site.central.of("Authorize"))
    site.plug_in()
    await site.run(1000)
    assert [payload["idTag"] for payload in site.central.of("StartTransaction")] == ["FIRST"]


async def test_offline_too_the_first_card_stays(tmp):
    site = await booted(tmp)
    await site.disconnect()
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    assert site.ocpp.present_tag("FIRST") == "accepted"
    assert site.ocpp.present_tag("SECOND") == "refused: idTag FIRST is authorized and waits for the plug"
    assert site.ocpp.present_tag("first") == "taken back"
    assert site.ocpp.present_tag("SECOND") == "accepted"


async def test_an_accepted_remote_start_does_not_replace_a_card_that_came_before_it_was_reported(tmp):
    site = await booted(tmp)
    answer, start = site.ocpp.core.remote_start_transaction({"idTag": "REMOTE"})
    assert answer["status"] == "Accepted"
    await site.disconnect()
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    assert site.ocpp.present_tag("CARD") == "accepted"
    start()
    assert site.lines("idTag REMOTE: accepted, but no transaction starts: idTag CARD is authorized and waits")
    site.plug_in()
    await site.run(500)
    assert site.ocpp.transaction.id_tag == "CARD"


async def test_what_is_wrong_with_a_configuration_key(tmp):
    site = await booted(tmp, profiles=(("components.ocpp.security:Security", {}),))
    configuration = site.ocpp.configuration
    for key, text, status, why in (
        ("HeartbeatInterval", "0", "Rejected", "it is 1 to 31536000"),
        ("HeartbeatInterval", "31536001", "Rejected", "it is 1 to 31536000"),
        ("HeartbeatInterval", "9" * 30, "Rejected", "it is 1 to 31536000"),
        ("HeartbeatInterval", "soon", "Rejected", "it is a whole number"),
        ("LocalPreAuthorize", "yes", "Rejected", "it is true or false"),
        ("NumberOfConnectors", "2", "Rejected", "it is read-only"),
        ("HeartbeatIntervall", "2", "NotSupported", "there is no such key; did you mean HeartbeatInterval?"),
        ("Nonsense", "2", "NotSupported", "there is no such key"),
        ("MeterValuesSampledData", "Voltage,Frequency", "Rejected", "there is no measurand 'Frequency'"),
        ("StopTxnSampledData", "Voltage,soc", "Rejected", "there is no measurand 'soc'; did you mean SoC?"),
        ("StopTxnAlignedData", "Voltage,Voltage", "Rejected", "a measurand is there twice"),
        ("MeterValuesAlignedData", ",".join(["SoC"] * 9), "Rejected", "it has 8 items at most"),
        ("SecurityProfile", "4", "Rejected", "it is 0 to 3"),
        ("SecurityProfile", "1", "Rejected", "no AuthorizationKey"),
        ("AuthorizationKey", "short", "Rejected", "it has 16 to 40 printable ASCII characters"),
        ("AuthorizationKey", "x" * 41, "Rejected", "longer than 40 characters"),
    ):
        assert site.ocpp.set(key, text) == status and configuration.refusal == why, (key, text, configuration.refusal)
        await told(site, "ChangeConfiguration", {"key": key, "value": text}, why, status)
    assert site.ocpp.set("ConnectorPhaseRotation", "2.RST") == "Rejected" and "0.RST,1.RST" in configuration.refusal
    assert site.ocpp.set("HeartbeatInterval", "77") == "Accepted" and configuration.refusal == ""
    assert not any("short" in line for line in site.tail.lines), "a password is not told"
