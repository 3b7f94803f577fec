"""GetConfiguration and ChangeConfiguration: the keys of the Core profile (OCPP 1.6 edition 2, section 9.1)."""

import pytest
import pytest_asyncio
from charging_site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

# key: (read-only, type); the types are the specification's
CORE_KEYS = {
    "AllowOfflineTxForUnknownId": (False, "boolean"),
    "AuthorizationCacheEnabled": (False, "boolean"),
    "AuthorizeRemoteTxRequests": (None, "boolean"),  # R or RW, as the vendor chooses
    "ClockAlignedDataInterval": (False, "integer"),
    "ConnectionTimeOut": (False, "integer"),
    "ConnectorPhaseRotation": (False, "list"),
    "ConnectorPhaseRotationMaxLength": (True, "integer"),
    "GetConfigurationMaxKeys": (True, "integer"),
    "HeartbeatInterval": (False, "integer"),
    "LocalAuthorizeOffline": (False, "boolean"),
    "LocalPreAuthorize": (False, "boolean"),
    "MaxEnergyOnInvalidId": (False, "integer"),
    "MeterValuesAlignedData": (False, "list"),
    "MeterValuesAlignedDataMaxLength": (True, "integer"),
    "MeterValuesSampledData": (False, "list"),
    "MeterValuesSampledDataMaxLength": (True, "integer"),
    "MeterValueSampleInterval": (False, "integer"),
    "MinimumStatusDuration": (False, "integer"),
    "NumberOfConnectors": (True, "integer"),
    "ResetRetries": (False, "integer"),
    "StopTransactionOnEVSideDisconnect": (False, "boolean"),
    "StopTransactionOnInvalidId": (False, "boolean"),
    "StopTransactionOnPowerLoss": (False, "boolean"),  # our own
    "StopTxnAlignedData": (False, "list"),
    "StopTxnAlignedDataMaxLength": (True, "integer"),
    "StopTxnSampledData": (False, "list"),
    "StopTxnSampledDataMaxLength": (True, "integer"),
    "SupportedFeatureProfiles": (True, "list"),
    "SupportedFeatureProfilesMaxLength": (True, "integer"),
    "TransactionMessageAttempts": (False, "integer"),
    "TransactionMessageRetryInterval": (False, "integer"),
    "UnlockConnectorOnEVSideDisconnect": (False, "boolean"),
    "WebSocketPingInterval": (False, "integer"),
}

# other than the default, and accepted
ACCEPTED = {
    "AllowOfflineTxForUnknownId": "true",
    "AuthorizationCacheEnabled": "false",
    "AuthorizeRemoteTxRequests": "true",
    "ClockAlignedDataInterval": "900",
    "ConnectionTimeOut": "91",
    "ConnectorPhaseRotation": "0.RST,1.RTS",
    "HeartbeatInterval": "1234",
    "LocalAuthorizeOffline": "false",
    "LocalPreAuthorize": "true",
    "MaxEnergyOnInvalidId": "250",
    "MeterValuesAlignedData": "Voltage",
    "MeterValuesSampledData": "Energy.Active.Import.Register,Current.Import",
    "MeterValueSampleInterval": "17",
    "MinimumStatusDuration": "3",
    "ResetRetries": "2",
    "StopTransactionOnEVSideDisconnect": "false",
    "StopTransactionOnInvalidId": "false",
    "StopTransactionOnPowerLoss": "true",
    "StopTxnAlignedData": "SoC",
    "StopTxnSampledData": "Voltage,SoC",
    "TransactionMessageAttempts": "5",
    "TransactionMessageRetryInterval": "9",
    "UnlockConnectorOnEVSideDisconnect": "false",
    "WebSocketPingInterval": "44",
}
BAD = {
    "boolean": ("maybe", "1", "", "yes"),
    "integer": ("-1", "many", "", "1.5", "99999999999999999999"),
    "list": ("Love,Voltage",),
}
LISTS = ("MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory):
    async with Site(tmp_path_factory.mktemp("home")) as site:
        await site.boot()
        yield site
        assert site.wrong_messages() == []
        site.check_calm()


async def everything(site):
    answer = await site.order("GetConfiguration")
    assert not answer.unknown_key
    return {entry["key"]: (entry["readonly"], entry.get("value")) for entry in answer.configuration_key}


async def test_all_keys_of_core_are_reported(site):
    """More keys than GetConfigurationMaxKeys would have to be asked for in parts."""
    keys = await everything(site)
    assert set(CORE_KEYS) <= set(keys)
    assert int(keys["GetConfigurationMaxKeys"][1]) >= len(keys)
    assert keys["NumberOfConnectors"][1] == "1"
    assert "Core" in keys["SupportedFeatureProfiles"][1].split(",")
    for key, (readonly, _) in CORE_KEYS.items():
        assert readonly in (None, keys[key][0]), key
        assert isinstance(keys[key][1], str), key


@pytest.mark.parametrize("key", CORE_KEYS)
async def test_the_value_has_its_type(site, key):
    value = await site.configured(key)
    if CORE_KEYS[key][1] == "boolean":
        assert value in ("true", "false")
    elif CORE_KEYS[key][1] == "integer":
        assert int(value) >= 0


async def test_unknown_keys_are_distinguished(site):
    answer = await site.order("GetConfiguration", key=["NoSuchKey", "HeartbeatInterval", "Another"])
    assert [entry["key"] for entry in answer.configuration_key] == ["HeartbeatInterval"]
    assert sorted(answer.unknown_key) == ["Another", "NoSuchKey"]


async def test_keys_are_known_in_any_case(site):
    """A key is a CiString (OCPP 1.6, 7.29): its case has no meaning."""
    answer = await site.order("GetConfiguration", key=["heartbeatINTERVAL"])
    assert not answer.unknown_key and len(answer.configuration_key) == 1
    assert (await site.order("ChangeConfiguration", key="connectiontimeout", value="62")).status == "Accepted"
    assert await site.configured("ConnectionTimeOut") == "62"


async def test_an_empty_list_of_keys_requests_all(site):
    """OCPP 1.6, 5.8: "if the list of keys is empty or not provided, all"."""
    answer = await site.order("GetConfiguration", key=[])
    assert len(answer.configuration_key) >= len(CORE_KEYS)


async def test_too_many_keys_do_no_harm(site):
    answer = await site.ask("GetConfiguration", {"key": [f"Key{n}" for n in range(200)]})
    assert answer.kind in (3, 4)
    assert await site.configured("NumberOfConnectors") == "1"


@pytest.mark.parametrize("key", [key for key, (readonly, _) in CORE_KEYS.items() if readonly])
async def test_a_read_only_key_is_rejected(site, key):
    before = await site.configured(key)
    assert (await site.order("ChangeConfiguration", key=key, value="1")).status == "Rejected"
    assert await site.configured(key) == before


async def test_an_unknown_key_is_not_supported(site):
    assert (await site.order("ChangeConfiguration", key="NoSuchKey", value="1")).status == "NotSupported"


@pytest.mark.parametrize("key", ACCEPTED)
async def test_a_bad_value_is_rejected_and_changes_nothing(site, key):
    before = await site.configured(key)
    for value in BAD[CORE_KEYS[key][1]]:
        answer = await site.order("ChangeConfiguration", key=key, value=value)
        assert answer.status == "Rejected", (key, value)
    assert await site.configured(key) == before


@pytest.mark.parametrize("key", LISTS)
async def test_a_list_of_measurands_may_be_empty_but_has_no_gaps(site, key):
    await site.configure(**{key: ""})
    assert await site.configured(key) == ""
    for value in ("Voltage,", ",Voltage", "Voltage,,SoC", "voltage;SoC"):
        assert (await site.order("ChangeConfiguration", key=key, value=value)).status == "Rejected", value
    await site.configure(**{key: "Voltage,SoC"})


@pytest.mark.parametrize("value", ["5.RST", "1.XYZ", "RST", "1.RST.2"])
async def test_phase_rotation_names_connectors_and_phases(site, value):
    assert (await site.order("ChangeConfiguration", key="ConnectorPhaseRotation", value=value)).status == "Rejected"


async def test_what_was_set_survives_a_power_cut(site):
    for key, value in ACCEPTED.items():
        assert (await site.order("ChangeConfiguration", key=key, value=value)).status == "Accepted", key
    before = await everything(site)
    assert {key: before[key][1] for key in ACCEPTED} == ACCEPTED
    site.central.on("BootNotification", {"interval": 1234})
    await site.firmware.kill()
    await site.boot()
    assert await everything(site) == before
    await site.answer("config MeterValueSampleInterval", "17")
