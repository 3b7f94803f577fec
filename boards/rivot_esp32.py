"""The reference board: ESP32 with one CAN bus on its own controller, Wi-Fi, console on UART0 (115200 baud).

The other ESP32 boards are made of the same parts: ONE_BUS is what is on the bus, COMMON all that has no pins.
"""

NAME = "rivot_esp32"
HOME = "/"
IDENTITY = "drivers.nvs:read_identity"

LIMITS = {
    "min_voltage_mv": 56000,
    "max_voltage_mv": 85500,
    "max_current_ma": 300000,
    "max_temperature_mdeg": 70000,
    "current_scale": 10,
}

ONE_BUS = (
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
    {"name": "bms", "use": "components.bms:Bms", "critical": True},
    {
        "name": "charger",
        "use": "components.charger:Charger",
        "options": dict(LIMITS, heartbeat=False),  # a single bus: 0x18FF50E5 on it is our own feedback
        "critical": True,
    },
    {"name": "feedback", "use": "components.feedback:Feedback", "critical": True},
)

COMMON = (
    {"name": "watchdog", "use": "drivers.wdt:Wdt", "early": True},  # first: it watches the start of the others
    {"name": "heap", "use": "drivers.gcheap:GcHeap"},
    {
        "name": "store",
        "use": "components.persistence:Persistence",
        "options": {"max_bytes": 81920},  # twice that, while it is compacted, of 256 KB: partitions-4MB.csv
        "critical": True,
    },
    {"name": "gate", "use": "components.evse.gate:Gate"},
    {"name": "meter", "use": "components.meter.terminal:TerminalMeter"},
    {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
    {"name": "evse", "use": "components.evse:Evse"},
    {"name": "wifi_driver", "use": "drivers.wlan:Wlan", "early": True},  # it associates while the rest is loaded
    {"name": "wifi", "use": "components.wifi:Wifi", "bind": {"driver": "wifi_driver"}, "early": True},
    {"name": "access_point", "use": "drivers.wlan_ap:AccessPoint"},
    {"name": "nvs", "use": "drivers.nvs:Nvs"},
    {"name": "register", "use": "components.meter.kept:KeptRegister"},  # before "station", which reads it
    {"name": "station", "use": "components.station:Station", "critical": True},
    {
        "name": "ocpp",
        "use": "components.ocpp:Ocpp",
        "options": {
            "url": "",  # without one it waits to be provisioned
            "id": "",
            "vendor_id": "RivotMotors",
            "max_message": 8192,  # as a whole in some 100 KB of heap
        },
        "critical": True,
    },
    {"name": "local_list", "use": "components.station.local_list:LocalList"},
    {"name": "reservation", "use": "components.station.reservation:Reservation"},
    {"name": "smart_charging", "use": "components.station.limits:SmartCharging"},
    {"name": "remote_trigger", "use": "components.ocpp.v16.triggers:RemoteTrigger"},
    {"name": "extended_trigger", "use": "components.ocpp.v16.triggers:ExtendedTrigger"},
    {"name": "certificates", "use": "components.ocpp.certificates:Certificates"},
    {"name": "security", "use": "components.ocpp.security:Security"},
    {
        "name": "health",
        "use": "components.health:Health",
        "options": {"heap_bytes": 130000},  # both areas of boards/ports/shared/gc_heap.h
        "bind": {"store": "nvs"},
    },
    {"name": "system_heap", "use": "drivers.idfheap:IdfHeap"},
    {"name": "memory", "use": "components.memory:Memory"},
    {"name": "sink", "use": "drivers.ota:OtaSink"},
    {"name": "trial", "use": "components.trial:Trial"},
    {"name": "firmware", "use": "components.ocpp.firmware:Firmware"},
    {"name": "signed_firmware", "use": "components.ocpp.signed_firmware:SignedFirmware"},
    {"name": "log_upload", "use": "components.ocpp.log_upload:LogUpload"},
    {"name": "auto_authorize", "use": "components.station.auto_authorize:AutoAuthorize"},
    {"name": "provisioning", "use": "components.provisioning:Provisioning"},
    {"name": "limits", "use": "components.budget.limits:Limits"},
    {"name": "charge_log", "use": "components.charge_log:ChargeLog"},
    {"name": "operator", "use": "components.operator:Operator"},
    {"name": "terminal", "use": "drivers.terminal:Terminal"},
    {"name": "improv", "use": "components.improv:Improv"},
    {"name": "console", "use": "components.console:Console", "bind": {"terminal": "improv"}},
    {"name": "web", "use": "components.web:Web", "options": {"port": 80}},
)

CAN_DRIVER = {
    "name": "can_driver",
    "use": "drivers.can.twai_esp32:TwaiEsp32",
    "options": {"tx": 21, "rx": 22, "bitrate": 250000},
}

COMPONENTS = COMMON + (CAN_DRIVER,) + ONE_BUS

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
    "budget": {"fail_safe_ma": "limits.fail_safe_ma"},
    "wifi": {
        "ssid": "wifi.ssid",
        "password": "wifi.password",
        "hostname": "wifi_driver.hostname",
        "ip": "wifi_driver.ip",
        "netmask": "wifi_driver.netmask",
        "gateway": "wifi_driver.gateway",
        "dns": "wifi_driver.dns",
    },
    "web": {
        "port": "web.port",
        "driver": "web.driver_password",
        "operator": "web.operator_password",
        "installer": "web.installer_password",
        "certificate": "web.certificate",
        "key": "web.key",
    },
    "station": {"auto_tag": "auto_authorize.tag"},
    "setup": {
        "name": "provisioning.name",
        "password": "provisioning.password",
        "open": "provisioning.open",
        "after_s": "provisioning.after_s",
        "idle_s": "provisioning.idle_s",
    },
}
