"""The unix port: the whole charger on a developer's machine, one CAN bus over an SLCAN stream.

Everything below the home directory. The limits are those of the reference board.
"""

NAME = "unix"
PORT = "unix"

CAN_DRIVER = {"name": "can_driver", "use": "drivers.can.slcan:Slcan", "options": {"bitrate": 250000}}

METER = {
    "name": "meter",
    "use": "components.meter.terminal:TerminalMeter",
    "options": {"register_pause_ms": 1000},  # nothing wears out here
}

# What is on the bus
ONE_BUS = (
    CAN_DRIVER,
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
    {"name": "bms", "use": "components.bms:Bms", "critical": True},
    {
        "name": "charger",
        "use": "components.charger:Charger",
        "options": {
            "min_voltage_mv": 56000,
            "max_voltage_mv": 85500,
            "max_current_ma": 300000,
            "max_temperature_mdeg": 70000,
            "current_scale": 10,
            "heartbeat": False,  # a single bus: 0x18FF50E5 on it is our own feedback
        },
        "critical": True,
    },
    METER,
    {"name": "feedback", "use": "components.feedback:Feedback", "critical": True},
)

# The vehicle's bus, where it has one of its own, and the ports of both
VEHICLE_BUS = (
    {"name": "vehicle_can_driver", "use": "drivers.can.slcan:Slcan", "options": {"bitrate": 250000}},
    {"name": "vehicle_can", "use": "components.can:Can", "bind": {"driver": "vehicle_can_driver"}, "critical": True},
    {"name": "feedback", "use": "components.feedback:Feedback", "bind": {"can": "vehicle_can"}, "critical": True},
)
TWO_PORTS = {"port": "can_driver.port", "vehicle_port": "vehicle_can_driver.port"}

# What every board of the unix port has
COMMON = (
    {"name": "store", "use": "components.persistence:Persistence", "critical": True},
    {"name": "gate", "use": "components.evse.gate:Gate"},
    {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
    {"name": "evse", "use": "components.evse:Evse"},
    {"name": "wifi_driver", "use": "drivers.simradio:SimRadio"},
    {"name": "wifi", "use": "components.wifi:Wifi", "bind": {"driver": "wifi_driver"}},
    {"name": "access_point", "use": "drivers.simradio:SimAccessPoint", "bind": {"driver": "wifi_driver"}},
    {"name": "station", "use": "components.station:Station", "critical": True},
    {
        "name": "ocpp",
        "use": "components.ocpp:Ocpp",
        "options": {"url": "", "id": ""},  # without them it waits to be provisioned
        "critical": True,
    },
    {"name": "sntp", "use": "components.sntp:Sntp"},
    {"name": "local_list", "use": "components.station.local_list:LocalList", "options": {"max_update": 250}},
    {"name": "reservation", "use": "components.station.reservation:Reservation"},
    {"name": "smart_charging", "use": "components.station.limits:SmartCharging"},
    {"name": "auto_authorize", "use": "components.station.auto_authorize:AutoAuthorize"},
    {"name": "remote_trigger", "use": "components.ocpp.v16.triggers:RemoteTrigger"},
    {"name": "extended_trigger", "use": "components.ocpp.v16.triggers:ExtendedTrigger"},
    {"name": "certificates", "use": "components.ocpp.certificates:Certificates"},
    {
        "name": "sink",
        "use": "drivers.filesink:FileSink",
        "options": {"magic": "7f454c46", "marker": "ucharge image of the unix port"},  # ELF; frozen with this module
    },
    {"name": "trial", "use": "components.trial:Trial"},
    {"name": "firmware", "use": "components.ocpp.firmware:Firmware"},
    {"name": "signed_firmware", "use": "components.ocpp.signed_firmware:SignedFirmware"},
    {"name": "log_upload", "use": "components.ocpp.log_upload:LogUpload"},
    {"name": "security", "use": "components.ocpp.security:Security"},
    {"name": "watchdog", "use": "drivers.hostwatchdog:HostWatchdog"},
    {"name": "health", "use": "components.health:Health"},
    {"name": "provisioning", "use": "components.provisioning:Provisioning", "options": {"dns_port": 0}},  # 53 is root's
    {"name": "blackbox", "use": "components.blackbox:BlackBox"},
    {"name": "limits", "use": "components.budget.limits:Limits"},
    {"name": "charge_log", "use": "components.charge_log:ChargeLog"},
    {"name": "operator", "use": "components.operator:Operator"},
    {"name": "terminal", "use": "drivers.terminal:Terminal"},
    {"name": "improv", "use": "components.improv:Improv"},
    {"name": "console", "use": "components.console:Console", "bind": {"terminal": "improv"}},
    {"name": "web", "use": "components.web:Web"},
)

COMPONENTS = COMMON + ONE_BUS

SETTINGS = {
    "ocpp": {
        "url": "ocpp.url",
        "id": "ocpp.id",
        "vendor": "ocpp.vendor",
        "model": "ocpp.model",
        "serial": "ocpp.serial",
        "firmware_version": "ocpp.firmware_version",
        "vendor_id": "ocpp.vendor_id",
        "auth_key": "ocpp.auth_key",
        "ca_file": "ocpp.ca_file",
        "url_tls": "security.url_tls",
        "profile": "security.profile",
        "max_message": "ocpp.max_message",
        "local_transfers": "ocpp.local_transfers",
        "unsigned_firmware": "signed_firmware.unsigned",
        "strict": "ocpp.strict",
    },
    "sntp": {"servers": "sntp.servers"},
    "station": {"auto_tag": "auto_authorize.tag"},
    "can": {"port": "can_driver.port"},
    "web": {
        "port": "web.port",
        "address": "web.address",
        "driver": "web.driver_password",
        "operator": "web.operator_password",
        "installer": "web.installer_password",
        "certificate": "web.certificate",
        "key": "web.key",
    },
    "budget": {"fail_safe_ma": "limits.fail_safe_ma"},
    "wifi": {
        "ssid": "wifi.ssid",
        "password": "wifi.password",
        "dns": "wifi_driver.dns",
        "radio": "wifi_driver.radio",
    },
    "setup": {
        "name": "provisioning.name",
        "password": "provisioning.password",
        "open": "provisioning.open",
        "after_s": "provisioning.after_s",
        "idle_s": "provisioning.idle_s",
        "dns_port": "provisioning.dns_port",
    },
}
