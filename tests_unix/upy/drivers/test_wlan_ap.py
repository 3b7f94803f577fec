"""The ESP32's access point, and what the station finds: over a radio that refuses what the ESP32's refuses."""

from construct import construct
from esp32_standins import Device

from drivers.wlan import Wlan
from drivers.wlan_ap import AccessPoint


def device(air=None):
    made = Device().install()
    made.radio.air = air or {}
    return made


def raises(call, *args):
    try:
        call(*args)
    except OSError as e:
        return str(e)
    raise AssertionError("no OSError")


def test_it_is_on_air_with_its_password_and_off_again():
    radio = device().radio
    access_point = construct(AccessPoint)
    assert access_point.mac() == b"\x24\x6f\x28\x12\xab\x01" and not radio.access_point.on
    assert access_point.open("ucharge-AB01", "label-password") == "192.168.4.1"
    assert radio.access_point.on and radio.access_point.on_air[-1] == ("ucharge-AB01", "label-password", 3)
    access_point.close()
    access_point.close()
    assert not radio.access_point.on
    assert access_point.open("ucharge-AB01", "") == "192.168.4.1"
    assert radio.access_point.on_air[-1] == ("ucharge-AB01", "", 0)


def test_one_that_could_not_be_configured_is_not_left_open():
    """Fails where the system's own is left on air: open, and with a name of its own."""
    radio = device().radio
    access_point = construct(AccessPoint)
    assert raises(access_point.open, "ucharge-AB01", "short") == "Wifi Invalid Password"
    assert not radio.access_point.on
    radio.access_point.unknown_error = 0x101
    assert "0x0101" in raises(access_point.open, "ucharge-AB01", "label-password")
    assert "0x0101" in raises(access_point.close)
    radio.memory = False
    assert "0x0101" in raises(access_point.mac)


def test_it_is_on_air_under_the_systems_own_name_no_longer_than_the_system_insists():
    ours = ("ucharge-AB01", "label-password", 3)
    for takes_early, on_air in ((True, [ours]), (False, [("ESP_12AB00", "", 0), ours])):
        radio = device().radio
        radio.access_point.takes_early = takes_early
        construct(AccessPoint).open("ucharge-AB01", "label-password")
        assert radio.access_point.on_air == on_air


def test_the_station_goes_on_beside_it():
    radio = device({"home": ("secret", -61)}).radio
    wlan = construct(Wlan)
    wlan.active(True)
    wlan.connect("home", "secret")
    assert wlan.isconnected()
    access_point = construct(AccessPoint)
    access_point.open("ucharge-AB01", "label-password")
    assert wlan.isconnected()
    access_point.close()
    assert wlan.isconnected() and radio.station.tries == 1


def test_a_scan_names_what_is_in_range():
    air = {"depot": ("secret", -70), "guests": ("", -50), b"\xff\xfe": ("", -40), "stra\u00dfe": ("x", -80)}
    device(air)
    wlan = construct(Wlan)
    raises(wlan.scan)  # it is off
    wlan.active(True)
    assert sorted(wlan.scan()) == [("depot", -70, True), ("guests", -50, False), ("stra\u00dfe", -80, True)]


def test_why_an_attempt_failed_is_told():
    made = device({"depot": ("secret", -70)})
    wlan = construct(Wlan)
    assert wlan.failure() == ""
    wlan.active(True)
    assert wlan.failure() == ""
    for ssid, key, why in (
        ("depot", "wrong", "the access point refuses the password"),
        ("nowhere", "x", "no such network is in range"),
        ("depot", "secret", ""),
    ):
        wlan.connect(ssid, key)
        for _ in range(5):
            wlan.isconnected()
        assert wlan.failure() == why, (ssid, wlan.failure())
    made.radio.station.state, made.radio.station.reason = 1, 210
    assert wlan.failure() == "the network requires another kind of security"
    made.radio.station.unknown_error = 0x300F
    assert wlan.failure() == ""
