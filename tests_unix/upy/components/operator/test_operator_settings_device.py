"""Settings on a device: the classes have lost what they declare, and in our images also the names of their modules."""

import json
import sys

from console_site import SETTINGS, ConsoleSite


def make_a_device_of(kernel):
    """As main.py does once the kernel is built, and drivers/gcheap.py when all run. No kernel can be built then."""
    kernel.forget_declarations()
    classes = [type(part.instance) for part in kernel.parts]
    for cls in classes:
        classes.extend([base for base in cls.__bases__ if base is not object])
        if "__module__" in cls.__dict__:
            delattr(cls, "__module__")


async def test_they_are_read_checked_and_written_all_the_same(tmp):
    """Fails where what a class declares is looked for by its ``__module__``."""
    with open(tmp + "/settings.json", "w") as file:
        file.write(json.dumps(SETTINGS))
    async with ConsoleSite(tmp) as site:
        make_a_device_of(site.kernel)
        before = sorted(sys.modules)
        running = {part.name: type(part.instance) for part in site.kernel.parts}
        operator = site.kernel["operator"]
        assert not hasattr(running["ocpp"], "options") and not hasattr(running["charger"], "options")
        rows = {row["name"]: row for row in operator.settings()}
        assert rows["ocpp.id"]["value"] == "CP-1" and rows["wifi.password"]["value"] is None
        assert "not of type int" in operator.change_settings({"ocpp.max_message": "many"})["ocpp.max_message"]
        assert "is not ws://" in operator.change_settings({"ocpp.url": "http://central"})["ocpp.url"]
        assert operator.change_settings({"ocpp.id": "CP-2", "wifi.ssid": None}) == {}
        with open(tmp + "/settings.json") as file:
            assert json.load(file)["ocpp"]["id"] == "CP-2"
        assert sorted(sys.modules) == before, "nothing that was loaded for it stays"
        for part in site.kernel.parts:
            assert type(part.instance) is running[part.name]
