"""pytest collector for device tests: the files ``test_*.py`` below ``tests_unix/upy/`` run inside MicroPython.

A file's functions are found by ``ast`` (CPython never imports the file) and each one is a pytest item. One MicroPython
process serves a file: it starts at the first item that is run, gets one command an item, and is replaced after it
died or hung. A device test file may set two module constants: ``HEAPSIZE = "128K"`` (the process's heap) and
``TIMEOUT_S = 180`` (the time each of its functions may take).
"""

import ast
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

RUNNER = Path(__file__).with_name("upy_runner.py")
DEFAULT_TIMEOUT_S = 180
INTERRUPT_GRACE_S = 3
FRAME = re.compile(r'  File "(?P<file>[^"]+)", line (?P<line>\d+)')


def pytest_pycollect_makemodule(module_path, parent):
    """Take the files below ``upy/`` away from pytest's own Python collector."""
    if device_tests(module_path):
        return DeviceFile.from_parent(parent, path=module_path)
    return None


def device_tests(path):
    """The folder of all device tests, if ``path`` is below it, else None."""
    return next((folder for folder in path.parents if folder.parts[-2:] == ("tests_unix", "upy")), None)


def module_folders(top):
    """``top`` and its folders of tests: modules that tests share are found in each of them."""
    return [top, *sorted({path.parent for path in top.rglob("test_*.py")} - {top})]


class DeviceFailure(Exception):
    """A device test failed; the text is the whole explanation."""


class DeviceFile(pytest.File):
    """One file of device tests and the MicroPython process that runs them."""

    process = None

    def collect(self):
        try:
            tree = ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))
        except SyntaxError as error:
            raise self.CollectError(f"{self.path}:{error.lineno}: {error.msg}") from None
        self.heapsize = module_constant(tree, "HEAPSIZE", None)
        self.timeout_s = module_constant(tree, "TIMEOUT_S", DEFAULT_TIMEOUT_S)
        seen = {}
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                self.check(node, seen.setdefault(node.name, node))
                yield DeviceTest.from_parent(self, name=node.name, node=node)

    def check(self, node, first):
        """Refuse what could only be run wrongly: a hidden duplicate, an unknown parameter."""
        where = f"{self.path}:{node.lineno}: {node.name}"
        if first is not node:
            raise self.CollectError(f"{where} is defined a second time (first in line {first.lineno})")
        if ast.unparse(node.args) not in ("", "tmp"):
            raise self.CollectError(f"{where}({ast.unparse(node.args)}): a device test may only have the parameter tmp")

    def run_test(self, command):
        if self.process is None:
            self.process = DeviceProcess(self.path, self.heapsize)
        try:
            return self.process.run(command, self.timeout_s)
        finally:
            if self.process.ended:
                self.process = None

    def teardown(self):
        if self.process is not None:
            self.process.end()
            self.process = None


class DeviceTest(pytest.Item):
    """One function of a device test file."""

    def __init__(self, *, node, **kwargs):
        super().__init__(**kwargs)
        self.line = node.lineno - 1
        self.wants_tmp = bool(node.args.args)
        self.is_async = isinstance(node, ast.AsyncFunctionDef)

    def runtest(self):
        with tempfile.TemporaryDirectory(prefix="upy-") as directory:
            tmp = directory if self.wants_tmp else None
            failure, output = self.parent.run_test({"name": self.name, "async": self.is_async, "tmp": tmp})
        if output:
            self.add_report_section("call", "MicroPython", output)
        if failure:
            raise DeviceFailure(failure)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, DeviceFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, self.line, self.name


class DeviceProcess:
    """A MicroPython process that runs the functions of one file, one command at a time."""

    def __init__(self, path, heapsize):
        self.ended = False
        self.received = b""
        self.output = tempfile.TemporaryFile()
        command_fd, self.commands = os.pipe()
        self.replies, reply_fd = os.pipe()
        tests = device_tests(path)
        root = tests.parents[1]
        heap = ["-X", f"heapsize={heapsize}"] if heapsize else []
        search = [str(folder) for folder in (root, root / "lib", root / "tools" / "device", *module_folders(tests))]
        self.popen = subprocess.Popen(
            [interpreter(), *heap, str(RUNNER), str(command_fd), str(reply_fd), path.stem, *search],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            pass_fds=(command_fd, reply_fd),
            umask=0o077,  # else the journal starts a chmod for each of its files: test_private_files.py sees to that
        )
        os.close(command_fd)
        os.close(reply_fd)

    def run(self, command, timeout_s):
        """Run one test; return (None or why it failed, what it printed)."""
        start = self.output.seek(0, os.SEEK_END)
        with suppress(BrokenPipeError):  # the missing reply tells why
            os.write(self.commands, json.dumps(command).encode() + b"\n")
        try:
            failure = self.await_reply(timeout_s)
        except BaseException:  # Ctrl-C
            self.popen.kill()
            self.end()
            raise
        return failure, self.printed_since(start)

    def await_reply(self, timeout_s):
        try:
            line = self.read_line(timeout_s)
        except TimeoutError:
            return self.interrupt(timeout_s)
        if line is None:
            return f"the MicroPython process {self.end()}"
        trace = json.loads(line)["trace"]
        return trace and with_source(trace)

    def interrupt(self, timeout_s):
        """Ask a hanging test where it is, then end the process."""
        self.popen.send_signal(signal.SIGINT)
        try:
            line = self.read_line(INTERRUPT_GRACE_S)
        except TimeoutError:
            line = None
            self.popen.kill()
        self.end()
        trace = json.loads(line)["trace"] if line else None
        return f"no result after {timeout_s} s; " + (f"it was here:\n{with_source(trace)}" if trace else "killed")

    def read_line(self, timeout_s):
        """Return the next reply, or None at the end of the process; raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self.received:
            ready = select.select([self.replies], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise TimeoutError
            chunk = os.read(self.replies, 65536)
            if not chunk:
                return None
            self.received += chunk
        line, self.received = self.received.split(b"\n", 1)
        return line

    def printed_since(self, start):
        if self.output.closed:
            return self.last_output[start:].decode(errors="replace")
        self.output.seek(start)
        return self.output.read().decode(errors="replace")

    def end(self):
        """End the process and return how it ended."""
        if self.ended:
            return "has ended"
        self.ended = True
        os.close(self.commands)
        try:
            status = self.popen.wait(INTERRUPT_GRACE_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            status = self.popen.wait()
        os.close(self.replies)
        self.output.seek(0)
        self.last_output = self.output.read()
        self.output.close()
        return f"died of {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"


def interpreter():
    """Return MICROPYTHON of the environment, or the one installed beside the running Python."""
    return os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))


def module_constant(tree, name, default):
    """Return the literal that a module assigns to ``name`` at its top level."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            return ast.literal_eval(node.value)
    return default


def with_source(trace):
    """Add the source to a MicroPython traceback, which has none; leave the runner's own frames out.

    The error comes first, for pytest's summary shows the first line.
    """
    lines = [trace.rstrip().rsplit("\n", 1)[-1]]
    for line in trace.splitlines():
        frame = FRAME.match(line)
        if frame and frame["file"] == str(RUNNER):
            continue
        lines.append(line)
        if frame:
            lines.extend("    " + text for text in statement_at(frame["file"], int(frame["line"])))
    return "\n".join(lines)


def statement_at(file, line):
    """Return the lines of the innermost statement at ``line`` (of a block: its first line only)."""
    try:
        source = Path(file).read_text(encoding="utf-8")
    except OSError:
        return []  # frozen in the interpreter
    around = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.stmt) and n.lineno <= line <= n.end_lineno]
    if not around:
        return []
    statement = max(around, key=lambda node: node.lineno)
    if hasattr(statement, "body"):
        return [source.splitlines()[line - 1].strip()]
    return source.splitlines()[statement.lineno - 1 : statement.end_lineno]
