"""Memory that runs out at any allocation of a transaction's life, and a medium that fails at any operation of it.

After each step that failed RAM and medium agree, and the life goes on to a right bill.
"""

from flash import Flash, Mounted
from ocpp_site import Site
from scarce_heap import Scarce
from transaction_life import Life

HEAPSIZE = "2M"  # a hole of 23 KB in one piece is needed, also after the tests before
TIMEOUT_S = 600
STEPS = (
    "authorize", "start", "sample", "answer to start", "suspend", "stop", "stop while current flows", "end",
    "answer to stop",
)  # fmt: skip


def attempt(action):
    """Whether it raised what a full memory or a bad medium raises."""
    try:
        action()
    except MemoryError:  # a tuple of both would need memory
        return True
    except OSError:
        return True
    return False


async def test_no_allocation_that_fails_in_any_step_spoils_the_transaction(tmp):
    """For each step 0, 3, 6, ... blocks of 32 bytes are free, until nothing of it fails, what is caught included."""
    await sweep(tmp, 1, 3)


async def test_nor_that_of_a_second_outlet(tmp):
    await sweep(tmp, 2, 11)


async def sweep(tmp, number, more):
    for step in STEPS:
        blocks = failed = calm = 0
        while calm < 4:
            assert blocks < 1000, step
            life = await Life("%s/%d" % (tmp, blocks), number).begin()
            await life.to(step)
            life.agrees()
            action, before = life.prepared(step), life.troubles()
            with Scarce(blocks):
                raised = attempt(action)
            raised = raised or (step == "end" and life.outlet.transactions.closing.transaction is not None)
            try:
                calm = 0 if raised or life.troubles() > before else calm + 1
                life.agrees()
                await life.goes_on()
            except AssertionError as e:
                print(step, "with", blocks, "blocks free", "raised" if raised else "")
                raise e
            await life.site.power_off()
            failed += not calm
            blocks += more
            life.remove()
        assert failed > 5 * 3 // more, (step, failed)


async def test_no_operation_of_the_chip_that_fails_in_any_step_spoils_the_transaction(tmp):
    """For each step the n-th operation of the flash fails, undone, for every n that it has."""
    flash = Flash(24)
    for step in STEPS:
        if step == "suspend":
            continue  # writes nothing
        failed, left = 0, None
        while left is None:
            with Mounted(flash, "/sweep", fresh=True):
                life = await Life("/sweep").begin()
                await life.to(step)
                action = life.prepared(step)
                flash.glitch = failed
                raised = attempt(action)
                left, flash.glitch = flash.glitch, None
                try:
                    life.agrees()
                    await life.goes_on()
                except AssertionError as e:
                    print(step, "operation", failed, "raised" if raised else "")
                    raise e
                await life.site.power_off()
            failed += left is None
        assert failed > 0, step


async def test_no_allocation_that_fails_at_the_start_spoils_a_transaction_that_goes_on(tmp):
    """A start that fails ends the process: the next one finds all, and the transaction goes on to its bill."""
    blocks = failed = 0
    done = False
    while not done:
        life = await Life("%s/%d" % (tmp, blocks)).begin()
        await life.to("stop")
        await life.site.power_off()
        life.central.start_ms += 5000
        site = Site(life.home, vendor_id="")
        await site.store.start()
        site.energy.load()
        starting = site.start_charge_point()
        action = lambda starting=starting: run_to_its_end(starting)  # noqa: E731
        with Scarce(blocks):
            done = not attempt(action)
        site.store.index.records.close()
        await life.begin()
        life.site.plug_in()
        life.site.ocpp.transactions.step()
        life.agrees()
        assert life.site.gate.transaction.value
        await life.goes_on()
        await life.site.power_off()
        failed += not done
        blocks += 5
        life.remove()
    assert failed > 20, failed


def run_to_its_end(coroutine):
    """Of one that awaits nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        pass
