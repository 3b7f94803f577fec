"""The kernel: builds what a board declares, starts it, watches over it, and stops it."""

import asyncio
import gc
import time
from micropython import const

from core import ticks
from core.log import DEBUG
from core.parts import DeclarationError, exception_text
from core.signals import Untimed
from core.urgent import Urgent

STOPPED, RESTART = 0, 3  # what `Kernel.run` returns, and the process's exit status
_BACK_OFF_MS = const(1000)  # the first; it doubles
_BACK_OFF_MAX_MS = const(60000)
_STEADY_MS = const(60000)  # a component that ran this long starts over with the first back-off
_STOP_MS = const(2000)  # what each component may take to stop
_STOP_ALL_MS = const(10000)
_POLL_MS = const(5)

# A collection comes once this part of the free heap is allocated; building allocates much that is soon freed again.
_GARBAGE = const(3)
_GARBAGE_OF_BUILDING = const(2)


class StartError(Exception):
    """A component's ``start`` raised: the message names board, component, and what it was."""


class Kernel:
    """Life of a firmware: ``Kernel(board, settings, ...)`` builds, ``await run()`` runs it until its end.

    Building calls the constructors, which do no I/O, and ``begin()`` of what is early, unless `begin` is False. `run`
    then calls ``start()`` of each component that has it, in dependency order, to read its persistent state: what fails
    here ends the firmware (StartError). Then every ``run()`` becomes a supervised task. At the end ``before_stop()`` is
    awaited of each component that has it, while all still run; then the tasks are cancelled and awaited, and ``stop()``
    is awaited of each that has it: all in the reverse order. All of these are coroutines.

    What has little to do has ``tick(passed)``, a function, in the place of ``run`` or beside it, which is called every
    100 ms (`passed`: periods since the last call). One that raises has failed as a ``run`` does, which ends as well;
    then, and at the end, its ``halt()`` is called, if it has that, to leave behind what holds while it is not called.

    Signals for all components: ``alive``, True while every critical component outside of all scopes (see `Scope`) is
    running, and none was found to be hung; ``emergency_stop``, True while an operator holds everything that moves or
    carries current stopped; ``stop_cleared``, False while a key is pressed that may become the emergency stop;
    ``releases``, how often a person released what waits for one (`release`).
    ``scopes``: those that a part has as a service. ``urgent``: calls what is known to block the loop, see `Urgent`.
    ``stopping``: the end has begun. ``board``: what it was built of, or its module's name once that is forgotten;
    ``board_name``: its NAME. ``building``: the name of the component whose constructor runs, or ran last.
    """

    heap_free = 0  # bytes, after the collection with which the start ends
    name = ""  # it is the service "scope" of what is outside of all scopes
    scopes = ()

    def __init__(self, board, settings, clock, log, home=".", begin=True):
        from core.building import Builder  # see `forget_declarations`

        self.clock = clock
        self.log = log.child("kernel")
        self.home = home
        self.alive = Untimed(False)
        self.emergency_stop = Untimed(False)
        self.stop_cleared = Untimed(True)
        self.releases = Untimed(0)
        self.urgent = Urgent(clock)
        self.exit_reason = ""
        self._exit_code = None
        self._exit = asyncio.Event()
        self.stopping = self._stopped = False
        gc.threshold(gc.mem_free() // _GARBAGE_OF_BUILDING)
        self.parts = ()
        self.board, self.board_name = board, getattr(board, "NAME", "")
        try:
            Builder(self, log, begin).build(board, settings)
        except DeclarationError as e:
            e.parts = self.parts  # some have begun: a watchdog has to be fed
            raise

    def failed(self, part, what, error):
        """The failure in one line; the traceback is in the log at its lowest level."""
        self.log.exception("component %s %s" % (part.name, what), error, DEBUG)
        return "board %s: component %s %s: %s" % (self.board_name, part.name, what, exception_text(error))

    def forget_declarations(self):
        """Free what only building needs: for a device, where nothing is built again."""
        from core.building import free_declarations

        free_declarations(self)

    def __getitem__(self, name):
        """The instance called `name`. Raises KeyError."""
        for part in self.parts:
            if part.name == name:
                return part.instance
        raise KeyError(name)

    def release(self):
        """A person has seen to what waits for one."""
        self.releases.set(self.releases.value + 1)

    def request_exit(self, code, reason):
        """End the firmware orderly: `code` is STOPPED or RESTART. Returns at once; the first caller's code counts."""
        if self._exit_code is None:
            self._exit_code = code
            self.exit_reason = reason
            self.log.info("exit %d: %s", code, reason)
        self._exit.set()

    async def run(self):
        """Run until `request_exit`; returns its code."""
        loop = asyncio.get_event_loop()
        loop.set_exception_handler(self._task_failed)
        try:
            await self._start()
            while not self._exit.is_set():
                await self._wait_for_exit()
        finally:
            await self._stop()
            loop.set_exception_handler(None)
        return self._exit_code

    def _task_failed(self, loop, context):
        """A task that is not awaited has raised: logged, not printed by asyncio on the terminal."""
        try:
            self.log.exception("a task failed: %r" % context["exception"], context["exception"])
        except MemoryError:
            self.log.tail.lost += 1

    async def interrupted(self):
        """`run` was left by a KeyboardInterrupt: stop in its place; returns the code.

        MicroPython drops the task that was running at that moment: it never ends, and a task that awaits it waits for
        ever. So nothing is awaited here without a time limit.
        """
        self.request_exit(STOPPED, "interrupted")
        if self.stopping:
            await self._poll(lambda: self._stopped, _STOP_ALL_MS)
        await self._stop()
        return self._exit_code

    async def _wait_for_exit(self):
        try:
            await asyncio.wait_for_ms(self._exit.wait(), 3600000)
        except asyncio.TimeoutError:
            self.clock.uptime_ms()  # keeps the count through the wrap-around of ticks

    async def _start(self):
        gc.collect()  # what stays from now on goes between what stays of the building, and leaves the rest in one piece
        for part in self.parts:
            part.state = "started"
            if hasattr(part.instance, "start"):
                try:
                    await part.instance.start()
                except Exception as e:
                    raise StartError(self.failed(part, "did not start", e))
        gc.collect()
        self.heap_free = gc.mem_free()
        gc.threshold(self.heap_free // _GARBAGE)
        for part in self.parts:  # each is running before the first one, which may be who watches them, takes a step
            part.state = "running"
            if hasattr(part.instance, "run"):
                part.beat_ms = self.clock.ticks_ms()
                part.task = asyncio.create_task(self._supervise(part))
        ticking = ticks.ticking(self.parts)
        if ticking:
            task = asyncio.create_task(ticks.tick(self, ticking))
            for part in ticking:
                part.beat_ms = self.clock.ticks_ms()
                part.task = part.task or task
        self.update_alive()

    async def _supervise(self, part):
        """One life of a component after the other. (This frame is on the heap as long as it lives: it is small.)"""
        while True:
            try:
                if part.state == "failed":
                    await self.clock.sleep_ms(part.back_off_ms)
                    self.starts_again(part)
                await part.instance.run()
                return self._done(part)
            except BaseException as e:
                if not self.fails(part, e):
                    return

    def starts_again(self, part):
        """Its back-off is over."""
        part.began_ms = self.clock.uptime_ms()
        self._set_state(part, "running")

    def _done(self, part):
        part.task = None
        self._set_state(part, "done")

    def fails(self, part, error):
        """`error` has ended one life; returns whether there is another one. Raises what ends the firmware."""
        ends = self._exit.is_set()
        if part.raised is not None:  # by its tick
            error, part.raised = part.raised, None
        cancelled = isinstance(error, asyncio.CancelledError)  # by us, or it was a task that the component awaited
        if not (isinstance(error, Exception) or cancelled) or (cancelled and ends):
            part.task = None
            raise error
        self._failed(part, error)
        if ends:
            part.task = None
            return False
        if part.began_ms is None or self.clock.uptime_ms() - part.began_ms > _STEADY_MS:
            part.back_off_ms = 0
        part.back_off_ms = min(2 * part.back_off_ms, _BACK_OFF_MAX_MS) or _BACK_OFF_MS
        self.log.error("%s failed (%d times); next try in %d ms", part.name, part.failures, part.back_off_ms)
        return True

    def _failed(self, part, error):
        part.failures += 1
        self._set_state(part, "failed")  # before the words, which need memory
        try:
            part.last_error = repr(error)
            self.log.exception("component %s raised %s" % (part.name, part.last_error), error)
        except MemoryError:
            part.last_error = "MemoryError"  # whatever it was: it must be restarted all the same

    def _set_state(self, part, state):
        part.state = state
        part.beat_ms = self.clock.ticks_ms()
        self._follow()

    def _follow(self):
        """`update_alive`; what a watcher raises, which is another component's, stops no restart and no end."""
        try:
            self.update_alive()
        except MemoryError:
            pass
        except Exception as e:
            self.log.exception("a watcher of alive raised %r" % e, e)

    def update_alive(self):
        """Set ``alive``, each scope's too; to be called when a part is found to be ``hung``, or no longer."""
        error = None
        try:
            self.alive.set(not self.stopping and self.all_run(""))
        except Exception as e:
            error = e
        for scope in self.scopes:
            try:
                scope.update()
            except Exception as e:
                error = error or e
        if error:
            raise error

    def all_run(self, scope):
        """Whether every critical component of a scope runs, and is not hung; "": outside of all."""
        for part in self.parts:
            if part.critical and (part.hung or part.state != "running") and part.scope == scope:
                return False
        return True

    async def _stop(self):
        if self.stopping:
            return
        self.stopping = True
        self._exit.set()
        self._follow()  # closes the gates first
        for part in reversed(self.parts):
            if part.state == "running":
                await self._end_part(part, "before_stop")
        for part in reversed(self.parts):
            if part.task is not None and hasattr(part.instance, "tick"):
                ticks.end(self, part)
            if part.task is not None and hasattr(part.instance, "run"):
                part.task.cancel()
                if not await self._poll(lambda part=part: part.task is None, _STOP_MS):
                    self.log.error("component %s did not end within %d ms", part.name, _STOP_MS)
            if part.state != "built":
                await self._end_part(part, "stop")
            part.state = "stopped"
        self._stopped = True

    async def _end_part(self, part, what):
        if not hasattr(part.instance, what):  # "before_stop" or "stop"
            return
        task = asyncio.create_task(getattr(part.instance, what)())
        if not await self._poll(task.done, _STOP_MS):
            self.log.error("component %s: %s took more than %d ms", part.name, what, _STOP_MS)
            return
        try:
            await task
        except Exception as e:
            self.log.exception("component %s raised %r while stopping" % (part.name, e), e)

    async def _poll(self, condition, limit_ms):
        """Wait until ``condition()``; False if it did not come true within `limit_ms` of real time."""
        began = time.ticks_ms()
        while not condition():
            if time.ticks_diff(time.ticks_ms(), began) > limit_ms:
                return False
            await asyncio.sleep_ms(_POLL_MS)
        return True
