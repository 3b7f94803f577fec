"""Bare metal in QEMU: MPS2_AN385 (Cortex-M3), the whole charger in the heap of an ESP32 without external RAM.

UART 0 is the console, UART 1 speaks SLCAN to the bus hub, UART 2 is the line to the central system; QEMU connects both
with TCP ports. That line is all the network there is, so the profiles that need connections of their own (firmware and
logs) are left out. The limits are those of the reference board.
"""

NAME = "qemu_arm"
PORT = "qemu"
HOME = "/"

COMPONENTS = (
    {"name": "heap", "use": "drivers.gcheap:GcHeap"},
    {"name": "store", "use": "components.persistence:Persistence", "critical": True},
    {"name": "gate", "use": "components.evse.gate:Gate"},
    {"name": "can_driver", "use": "drivers.can.slcan:Slcan", "options": {"port": "uart:1", "bitrate": 250000}},
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
    {
        "name": "meter",
        "use": "components.meter.terminal:TerminalMeter",
        "options": {"register_pause_ms": 1000},  # nothing wears out here
    },
    {"name": "feedback", "use": "components.feedback:Feedback", "critical": True},
    {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
    {"name": "evse", "use": "components.evse:Evse"},
    {"name": "wifi_driver", "use": "drivers.uartnet:UartNetwork", "options": {"uart": 2}, "early": True},
    {"name": "wifi", "use": "components.wifi:Wifi", "bind": {"driver": "wifi_driver"}, "early": True},
    {"name": "station", "use": "components.station:Station", "critical": True},
    {"name": "ocpp", "use": "components.ocpp:Ocpp", "critical": True},
    {"name": "local_list", "use": "components.station.local_list:LocalList"},
    {"name": "reservation", "use": "components.station.reservation:Reservation"},
    {"name": "smart_charging", "use": "components.station.limits:SmartCharging"},
    {"name": "remote_trigger", "use": "components.ocpp.v16.triggers:RemoteTrigger"},
    {"name": "extended_trigger", "use": "components.ocpp.v16.triggers:ExtendedTrigger"},
    {"name": "certificates", "use": "components.ocpp.certificates:Certificates"},
    {"name": "security", "use": "components.ocpp.security:Security"},
    {"name": "watchdog", "use": "drivers.wdt:Wdt"},
    {"name": "health", "use": "components.health:Health"},
    {"name": "operator", "use": "components.operator:Operator"},
    {"name": "terminal", "use": "drivers.terminal:Terminal"},
    {"name": "console", "use": "components.console:Console"},
)

SETTINGS = {
    "ocpp": {
        "url": "ocpp.url",
        "id": "ocpp.id",
        "vendor": "ocpp.vendor",
        "model": "ocpp.model",
        "serial": "ocpp.serial",
        "firmware_version": "ocpp.firmware_version",
        "vendor_id": "ocpp.vendor_id",
        "local_transfers": "ocpp.local_transfers",
        "auth_key": "ocpp.auth_key",
        "ca_file": "ocpp.ca_file",
        "url_tls": "security.url_tls",
        "profile": "security.profile",
        "max_message": "ocpp.max_message",
        "strict": "ocpp.strict",
    },
    "can": {"port": "can_driver.port"},
    "wifi": {"ssid": "wifi.ssid", "password": "wifi.password"},
}
