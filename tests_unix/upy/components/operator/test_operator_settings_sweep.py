"""The settings are changed while memory is short: it fails as a whole, or it is done, whichever allocation fails."""

import json
import os
import sys

from console_site import SETTINGS
from scarce_heap import Scarce
from virtual_clock import VirtualClock

from boards import unix
from core.kernel import Kernel
from core.log import Log, LogTail

TIMEOUT_S = 300


def written(home):
    with open(home + "/settings.json") as file:
        return json.load(file)


async def test_whichever_allocation_fails_the_file_is_whole_and_the_modules_are_those_that_run(tmp):
    with open(tmp + "/settings.json", "w") as file:
        json.dump(SETTINGS, file)
    clock = VirtualClock()
    kernel = Kernel(unix, dict(SETTINGS), clock, Log(LogTail(clock, None), "main"), tmp)
    operator = kernel["operator"]
    kernel.forget_declarations()
    assert operator.change_settings({"ocpp.id": "CP-0"}) == {}
    modules = {name: sys.modules[name] for name in sys.modules}
    blocks, failed, wrong = 0, 0, None
    step = 61
    while wrong is None and blocks < 20000:
        before = written(tmp)
        name = "CP-%d" % (1 + blocks)
        changes = {"ocpp.id": name}
        scarce = Scarce(blocks)
        with scarce:
            try:
                wrong = operator.change_settings(changes)
            except MemoryError:
                wrong = None
        after = written(tmp)
        if wrong is None:
            failed += 1
            assert after in (before, dict(before, ocpp=dict(before["ocpp"], id=name))), (blocks, after)
        for module in modules:
            assert sys.modules.get(module) is modules[module], (blocks, module)
        blocks += step
    assert wrong == {} and written(tmp)["ocpp"]["id"] == name, wrong
    for module in list(sys.modules):
        assert module in modules, module
    assert failed > 10, failed
    assert "settings.json.new" not in os.listdir(tmp)
