"""The settings of a device, which lets go of its declarations once it is built."""

import json
import sys

from console_site import SETTINGS
from virtual_clock import VirtualClock

from boards import unix
from core.kernel import Kernel
from core.loading import unload
from core.log import Log, LogTail


async def test_a_device_that_has_forgotten_its_declarations_reads_them_again_and_keeps_nothing_of_it(tmp):
    with open(tmp + "/settings.json", "w") as file:
        json.dump(SETTINGS, file)
    clock = VirtualClock()
    kernel = Kernel(unix, dict(SETTINGS), clock, Log(LogTail(clock, None), "main"), tmp)
    operator = kernel["operator"]
    expected = list(operator.settings())
    unload("boards.unix")
    kernel.forget_declarations()
    classes = [type(part.instance) for part in kernel.parts]
    assert kernel.board == "boards.unix" and not hasattr(classes[0], "options")
    for name in list(sys.modules):
        if name.partition(".")[0] == "boards":
            unload(name)
    before = {name: sys.modules[name] for name in sys.modules}
    assert list(operator.settings()) == expected
    assert operator.change_settings({"ocpp.id": "CP-9", "wifi.dns": "10.0.0.1"}) == {}
    assert operator.change_settings({"ocpp.url": "http://central"}) != {}
    with open(tmp + "/settings.json") as file:
        assert json.load(file)["ocpp"]["id"] == "CP-9"
    after = {name: sys.modules[name] for name in sys.modules}
    assert sorted(after) == sorted(before), [name for name in after if name not in before]
    for name in before:
        assert after[name] is before[name], name
        package, _, module = name.rpartition(".")
        if package in after and hasattr(after[package], module):
            assert getattr(after[package], module) is after[name], name
    assert [type(part.instance) for part in kernel.parts] == classes and not hasattr(classes[0], "options")
