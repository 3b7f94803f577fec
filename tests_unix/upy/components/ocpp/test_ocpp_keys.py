"""The configuration keys of the Core profile (OCPP 1.6, sections 5.3, 5.8, 9.1)."""

from ocpp_site import Site, booted

from components.ocpp.v16.keys import CORE
from components.station.configuration import Configuration
from components.station.keys import KEYS

SPECIFIED = {
    "AllowOfflineTxForUnknownId": "RW", "AuthorizationCacheEnabled": "RW", "AuthorizeRemoteTxRequests": "RW",
    "ClockAlignedDataInterval": "RW", "ConnectionTimeOut": "RW", "ConnectorPhaseRotation": "RW",
    "ConnectorPhaseRotationMaxLength": "R", "GetConfigurationMaxKeys": "R", "HeartbeatInterval": "RW",
    "LocalAuthorizeOffline": "RW", "LocalPreAuthorize": "RW", "MaxEnergyOnInvalidId": "RW",
    "MeterValuesAlignedData": "RW", "MeterValuesAlignedDataMaxLength": "R", "MeterValuesSampledData": "RW",
    "MeterValuesSampledDataMaxLength": "R", "MeterValueSampleInterval": "RW", "MinimumStatusDuration": "RW",
    "NumberOfConnectors": "R", "ResetRetries": "RW", "StopTransactionOnEVSideDisconnect": "RW",
    "StopTransactionOnInvalidId": "RW", "StopTxnAlignedData": "RW", "StopTxnAlignedDataMaxLength": "R",
    "StopTxnSampledData": "RW", "StopTxnSampledDataMaxLength": "R", "SupportedFeatureProfiles": "R",
    "SupportedFeatureProfilesMaxLength": "R", "TransactionMessageAttempts": "RW",
    "TransactionMessageRetryInterval": "RW", "UnlockConnectorOnEVSideDisconnect": "RW", "WebSocketPingInterval": "RW",
}  # fmt: skip
OURS = {"StopTransactionOnPowerLoss": "RW"}
LAMPS = (("BlinkRepeat", "int", 3, 0, 100, "RW"), ("LightIntensity", "int", 100, 0, 100, "RW"))


async def test_all_keys_of_the_specification_with_their_access(tmp):
    site = await booted(tmp)
    for ask in ({}, {"key": []}):
        answer = await site.central.call("GetConfiguration", ask)
        got = {entry["key"]: "R" if entry["readonly"] else "RW" for entry in answer["configurationKey"]}
        for key in OURS:
            assert got.pop(key) == OURS[key]
        assert got == SPECIFIED and "unknownKey" not in answer
        assert all(isinstance(entry["value"], str) for entry in answer["configurationKey"])


async def test_one_known_one_unknown_and_too_many(tmp):
    site = await booted(tmp)
    answer = await site.central.call("GetConfiguration", {"key": ["SupportedFeatureProfiles", "Nonsense"]})
    assert answer == {
        "configurationKey": [{"key": "SupportedFeatureProfiles", "value": "Core", "readonly": True}],
        "unknownKey": ["Nonsense"],
    }
    answer = await site.central.call("GetConfiguration", {"key": ["k%d" % i for i in range(51)]})
    assert answer == "OccurenceConstraintViolation"


async def test_values_that_are_taken_and_refused(tmp):
    site = await booted(tmp)
    cases = (
        ("HeartbeatInterval", "600", "Accepted"), ("HeartbeatInterval", " 600 ", "Accepted"),
        ("HeartbeatInterval", "0", "Rejected"), ("HeartbeatInterval", "-1", "Rejected"),
        ("HeartbeatInterval", "1.5", "Rejected"), ("HeartbeatInterval", "", "Rejected"),
        ("HeartbeatInterval", "99999999999999999999", "Rejected"), ("HeartbeatInterval", "0x10", "Rejected"),
        ("MeterValueSampleInterval", "0", "Accepted"), ("ClockAlignedDataInterval", "900", "Accepted"),
        ("LocalPreAuthorize", "true", "Accepted"), ("LocalPreAuthorize", "FALSE", "Accepted"),
        ("LocalPreAuthorize", "1", "Rejected"),
        ("MeterValuesSampledData", "SoC,Voltage", "Accepted"), ("MeterValuesSampledData", "", "Accepted"),
        ("MeterValuesSampledData", "SoC, Voltage", "Accepted"), ("MeterValuesSampledData", "SoC,SoC", "Rejected"),
        ("MeterValuesSampledData", "SoC,", "Rejected"), ("metervaluesampleINTERVAL", "0", "Accepted"),
        ("MeterValuesSampledData", "Frequency", "Rejected"), ("StopTxnAlignedData", "Voltage.L1", "Rejected"),
        ("ConnectorPhaseRotation", "0.RST,1.RTS", "Accepted"), ("ConnectorPhaseRotation", "2.RST", "Rejected"),
        ("ConnectorPhaseRotation", "1.ABC", "Rejected"), ("ConnectorPhaseRotation", "", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"), ("SupportedFeatureProfiles", "Core", "Rejected"),
        ("WebSocketPingInterval", "-1", "Rejected"), ("WebSocketPingInterval", "0", "Accepted"),
        ("Nonsense", "1", "NotSupported"), ("", "1", "NotSupported"),
    )  # fmt: skip
    for key, value, status in cases:
        answer = await site.central.call("ChangeConfiguration", {"key": key, "value": value})
        assert answer == {"status": status}, (key, value, answer)
    assert site.ocpp.configuration["MeterValuesSampledData"] == "SoC,Voltage"


async def test_every_writable_key_takes_its_own_value_and_keeps_it(tmp):
    site = await booted(tmp)
    values = {"ResetRetries": "2", "ConnectorPhaseRotation": "1.Unknown"}
    for key, value, readonly in site.ocpp.get():
        if not readonly:
            flipped = {"true": "false", "false": "true"}.get(value)
            values.setdefault(key, flipped or (value if not value.isdigit() else str(int(value) + 1)))
            assert site.ocpp.set(key, values[key]) == "Accepted", key
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    kept = {key: value for key, value, readonly in site.ocpp.get() if not readonly}
    assert kept == values and len(kept) == 24


def configuration_of(site, *tables):
    configuration = Configuration(site.store, site.log, site.ocpp.on_demand)
    for table in tables:
        configuration.add(table)
    configuration.start()
    return configuration


async def test_a_key_that_needs_a_reboot(tmp):
    site = await booted(tmp)
    table = (("Colour", "int", 1, 0, 9, "RB"),)
    configuration = configuration_of(site, KEYS + CORE, table)
    assert configuration.set("Colour", "5") == "RebootRequired"
    assert configuration["Colour"] == 1 and configuration.read("Colour") == ("Colour", "5", False)
    assert configuration.set("Colour", "10") == "Rejected"
    again = configuration_of(site, KEYS + CORE, table)
    assert again["Colour"] == 5
    without = configuration_of(site, KEYS + CORE)  # a board that left the profile out
    assert without.read("Colour") is None and site.lines("Colour")


async def test_a_journal_with_nonsense_falls_back_to_the_default(tmp):
    site = await booted(tmp)
    site.store.put("ocpp/c/HeartbeatInterval", "many")
    site.store.put("ocpp/c/LocalPreAuthorize", 5)
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    assert site.ocpp.configuration["HeartbeatInterval"] == 300
    assert site.ocpp.configuration["LocalPreAuthorize"] is False


async def test_watchers_are_called_for_changes_only(tmp):
    site = await booted(tmp)
    heard = []
    site.ocpp.configuration.watch(heard.append)
    site.ocpp.set("ResetRetries", "50")
    site.ocpp.set("ResetRetries", "50")
    site.ocpp.set("ResetRetries", "500")
    assert heard == ["ResetRetries"]


async def test_the_keys_of_lamps_are_there_only_where_a_component_takes_them(tmp):
    site = await booted(tmp)
    ask = site.central.call
    for key, _, _, _, _, _ in LAMPS:
        assert await ask("ChangeConfiguration", {"key": key, "value": "5"}) == {"status": "NotSupported"}
        assert await ask("GetConfiguration", {"key": [key]}) == {"unknownKey": [key]}
    site.ocpp.configuration.add(LAMPS)
    lit = []
    site.ocpp.configuration.watch(lambda name: lit.append((name, site.ocpp.configuration[name])))
    assert await ask("ChangeConfiguration", {"key": "LightIntensity", "value": "5"}) == {"status": "Accepted"}
    assert await ask("ChangeConfiguration", {"key": "LightIntensity", "value": "101"}) == {"status": "Rejected"}
    assert lit == [("LightIntensity", 5)]
