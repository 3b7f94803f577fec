"""Runs device tests inside MicroPython; started and driven by ``upy_collect.py`` on the host.

``micropython upy_runner.py COMMAND_FD REPLY_FD MODULE PATH...``: every line read from COMMAND_FD is a JSON object
``{"name", "async", "tmp"}`` that names one function of MODULE; every line written to REPLY_FD is the JSON answer
``{"name", "trace"}``, where ``trace`` is null when the function returned. The two descriptors are ours alone, so
whatever a test prints cannot disturb them. The process ends when COMMAND_FD is closed.
"""

import asyncio
import gc
import io
import json
import micropython
import sys


def release_heap():
    """Undo the ``micropython.heap_lock()`` that a test left behind, else nothing can be reported; return if it did."""
    locked = False
    while True:
        try:
            bytearray(16)
            return locked
        except MemoryError:  # the build has no micropython.heap_locked() to ask
            locked = True
            micropython.heap_unlock()


def run_test(module, command):
    """Import MODULE if it is not yet, and call the function that ``command`` names."""
    function = getattr(__import__(module), command["name"])
    arguments = () if command["tmp"] is None else (command["tmp"],)
    if command["async"]:
        asyncio.new_event_loop()  # tasks that an earlier test left are not ours
        asyncio.run(function(*arguments))
    else:
        function(*arguments)


def traceback_of(module, command):
    """Run one test; return None, or the traceback of whatever it raised."""
    try:
        run_test(module, command)
    except BaseException as error:  # SystemExit and KeyboardInterrupt fail the test, too, and must be reported
        release_heap()
        gc.collect()
        text = io.StringIO()
        sys.print_exception(error, text)
        return text.getvalue()
    if release_heap():
        return "the test returned with the heap locked\n"
    return None


def main():
    commands = open(int(sys.argv[1]), "r")
    replies = open(int(sys.argv[2]), "w")
    module = sys.argv[3]
    sys.path[:] = sys.argv[4:] + [".frozen"]
    while True:
        line = commands.readline()
        if not line:
            return
        command = json.loads(line)
        gc.collect()
        trace = traceback_of(module, command)
        gc.collect()
        replies.write(json.dumps({"name": command["name"], "trace": trace}) + "\n")


main()
