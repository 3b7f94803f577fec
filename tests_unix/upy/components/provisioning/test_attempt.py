"""What is changed is tried before it is kept; and the scan for it."""

import asyncio
import gc
import json
import socket
import sys

from dns_peer import DnsServer
from provisioning_site import AIR, HOME, NEW, SETUP, Unit, with_label
from scarce_heap import Scarce

from core.kernel import RESTART

ENDS = (StopIteration, MemoryError)  # made in an except clause it would need memory

async def test_a_scan_has_each_network_once_the_strongest_first(tmp):
    air = dict(AIR, **{"": ("", -20), "depot": ("other secret", -40)})
    for number in range(30):
        air["far %d" % number] = ("x", -80 - number)
    unit = await Unit(tmp, with_label({}), air=air).start()
    task = asyncio.create_task(unit.provisioning.scan())
    await unit.site.run(1000)
    found = await task
    assert found[:3] == [["depot", -40, True], ["guests", -50, False], ["home", -61, True]] and len(found) == 20
    json.dumps(found)
    await unit.site.stop()


async def test_a_wrong_password_leaves_all_as_it_was(tmp):
    unit = await Unit(tmp, with_label(HOME)).start()
    await unit.site.run(3000)
    why = await unit.apply(dict(NEW, **{"wifi.password": "wrong"}))
    assert why == unit.provisioning.error == "depot: the access point refuses the password"
    assert unit.provisioning.state == "failed" and unit.saved() == with_label(HOME)
    await unit.site.run(5000)
    assert unit.kernel["wifi"].online.value and unit.station.used == ("home", "secret")
    assert not unit.kernel.stopping and not any("wrong" in line for line in unit.site.tail.lines)
    await unit.site.stop()


async def test_what_works_is_saved_and_in_force_after_the_restart(tmp):
    unit = await Unit(tmp, with_label({})).start()
    await unit.site.run(2000)
    changes = dict(NEW, **{"ocpp.url": "ws://127.0.0.1:1/ocpp", "ocpp.id": "CP-7"})
    assert await unit.apply(changes, reach=False) == "" and unit.provisioning.state == "done"
    saved = unit.saved()
    assert saved["wifi"] == {"ssid": "depot", "password": "other secret"} and saved["setup"] == SETUP
    assert saved["ocpp"] == {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-7"}
    assert unit.is_open() and not unit.kernel.stopping, "the phone still has to see that it worked"
    await unit.site.run(8000)
    assert await unit.ended() == RESTART and unit.kernel.exit_reason == "provisioned"
    del unit
    gc.collect()
    unit = await Unit(tmp, saved).start()
    await unit.site.run(30000)
    assert unit.station.used == ("depot", "other secret") and unit.kernel["wifi"].online.value
    assert not unit.is_open() and unit.kernel["ocpp"].link.url == "ws://127.0.0.1:1/ocpp/CP-7"
    await unit.site.stop()


async def test_wrong_settings_are_refused_before_anything_is_tried(tmp):
    unit = await Unit(tmp, with_label(HOME)).start()
    await unit.site.run(3000)
    for changes, words in (
        ({"ocpp.url": "http://central"}, "is not ws://"),
        ({"ocpp.id": "x" * 49}, "ocpp.id"),
        ({"wifi.pasword": "x"}, "did you mean password?"),
        ({"setup.password": "short"}, "setup.password"),
        ({"ocpp.url": 7}, "ocpp.url"),
    ):
        why = await unit.apply(dict(NEW, **changes))
        assert words in why and unit.provisioning.state == "failed", (changes, why)
    assert unit.station.used == ("home", "secret") and unit.station.tries == 1 and unit.saved() == with_label(HOME)
    await unit.site.stop()


async def test_an_open_network_needs_no_password_and_forgets_the_former_one(tmp):
    unit = await Unit(tmp, with_label(HOME)).start()
    await unit.site.run(3000)
    assert await unit.apply({"wifi.ssid": "guests"}) == ""
    assert unit.saved()["wifi"] == {"ssid": "guests"} and unit.station.used == ("guests", None)
    await unit.site.stop()


async def test_a_central_system_that_does_not_answer_is_not_kept_unless_it_is_wanted(tmp):
    unit = await Unit(tmp, with_label({})).start()
    probe = DnsServer(lambda query: [])  # finds a port that is free
    probe.socket.close()
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(socket.getaddrinfo("127.0.0.1", probe.port)[0][-1])
    there = "ws://127.0.0.1:%d/ocpp" % probe.port
    nobody = await unit.apply(dict(NEW, **{"ocpp.url": there, "ocpp.id": "CP-7"}))
    assert "the central system at 127.0.0.1 does not answer: connection refused" in nobody, nobody
    assert unit.saved() == with_label({}) and not unit.station.isconnected()
    listening.listen(1)
    assert await unit.apply(dict(NEW, **{"ocpp.url": there, "ocpp.id": "CP-7"})) == ""
    assert unit.saved()["ocpp"]["url"] == there and unit.station.used == ("depot", "other secret")
    listening.close()
    await unit.site.stop()


async def test_a_transaction_that_begins_meanwhile_is_not_disturbed(tmp):
    unit = await Unit(tmp, with_label(HOME)).start(True)
    await unit.site.talk(3000)
    task = asyncio.create_task(unit.provisioning.apply(dict(NEW, **{"wifi.password": "wrong"})))
    await unit.site.talk(1000)
    assert await unit.provisioning.apply(NEW) == "a change is being tried" and await unit.provisioning.scan() == []
    await unit.charge()
    await unit.site.talk(21000)
    assert await task and unit.provisioning.running()
    await unit.end()
    assert await unit.apply(NEW) == ""
    await unit.charge()
    await unit.site.talk(10000)
    assert unit.provisioning.running() and not unit.kernel.stopping and unit.kernel["wifi"].online.value
    unit.operator.present("CARD-1")
    unit.site.amps = 0
    await unit.site.talk(1000)
    await unit.site.run(6000)
    assert await unit.ended() == RESTART and unit.kernel.exit_reason == "provisioned"


async def test_one_that_is_interrupted_leaves_no_trial_behind(tmp):
    unit = await Unit(tmp, with_label(HOME)).start()
    await unit.site.run(3000)
    task = asyncio.create_task(unit.provisioning.apply(dict(NEW, **{"wifi.password": "wrong"})))
    await unit.site.run(2000)
    task.cancel()
    await unit.site.run(5000)
    assert unit.provisioning.state == "failed" and unit.kernel["wifi"].online.value
    assert unit.station.used == ("home", "secret")
    await unit.site.stop()


def test_one_that_lacks_memory_says_so_and_leaves_nothing_behind(tmp):
    """Checking settings loads the board anew: that fails in many places, and then there is enough."""
    unit = Unit(tmp, with_label(HOME))
    provisioning, changes, said = unit.provisioning, {"ocpp.url": "http://central"}, set()
    finish(provisioning.apply(changes))  # what the first one makes for good
    gc.collect()
    before = sorted(sys.modules)
    blocks = 0
    while "ocpp.url: " not in " ".join(said):
        coroutine, scarce = provisioning.apply(changes), Scarce(blocks)
        with scarce:
            finish(coroutine)
        said.add(provisioning.error)
        assert provisioning.state == "failed" and provisioning.error, blocks
        assert sorted(sys.modules) == before, (blocks, [name for name in sys.modules if name not in before])
        blocks += 41
    assert blocks > 400 and len(said) == 2 and "out of memory" in said, said
    assert unit.saved() == with_label(HOME) and unit.station.used == ("home", "secret")


def test_what_could_not_be_loaded_is_the_next_time(tmp):
    """What an import has left without memory would be the end of MicroPython when it is imported again."""
    unit = Unit(tmp, with_label(HOME))
    provisioning, changes = unit.provisioning, {"ocpp.url": "http://central"}
    for blocks in range(30):
        for made in (lambda: provisioning.apply(changes), provisioning._serve):
            coroutine, scarce = made(), Scarce(blocks)
            with scarce:
                finish(coroutine)
            unmade = [name for name in sys.modules if sys.modules.get(name) is None]
            assert unmade == [], (blocks, unmade)
    finish(provisioning.apply(changes))
    assert "ocpp.url: " in provisioning.error


def finish(coroutine):
    """Run one that waits for nothing. Its end may lack memory, too."""
    try:
        coroutine.send(None)
    except ENDS:
        return
    raise AssertionError("it waits")
