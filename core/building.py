"""Building: what a board declares becomes instances. On a device it is unloaded when all is built."""

import time
from micropython import const

from core.declare import read
from core.loading import unload
from core.parts import DeclarationError

_DECLARED = const(("options", "requires", "uses", "collects", "provides", "keeps", "secrets", "check_settings"))
_WITH_CONSTRUCTOR = const((
    "options", "requires", "uses", "collects", "provides", "keeps", "secrets", "check_settings", "__init__",
))  # fmt: skip


class Builder:
    """Makes the parts of a kernel, and gives to each what it declared.

    begin: what is early begins, too; see `core.declare`.
    """

    def __init__(self, kernel, log, begin):
        self._kernel = kernel
        self._log = log
        self._begins = begin

    def build(self, board, settings):
        """All parts, those that are early first. Raises DeclarationError."""
        kernel = self._kernel
        declared = read(board, settings, self._begin)
        kernel.parts = tuple([one.part for one in declared])
        for one in declared:
            if one.part.instance is None:
                self._build(one)
        kernel.building = ""

    def _begin(self, declared):
        """Build an early part, and have it begin what takes its time while the others are loaded and built."""
        part = declared.part
        self._kernel.parts += (part,)
        self._build(declared)
        if self._begins and hasattr(part.instance, "begin"):
            try:
                part.instance.begin()
            except Exception as e:
                raise DeclarationError(self._kernel.failed(part, "cannot begin", e)).because(e)

    def _build(self, declared):
        part = declared.part
        arguments = declared.given
        for services in (declared.requires, declared.uses):
            for service in services:
                arguments[service] = self._service(declared.bind.get(service, service), declared)
        for service, names in zip(declared.collects, declared.collected):
            arguments[service] = tuple([self._service(name, declared) for name in names])
        self._kernel.building = part.name
        try:
            part.instance = declared.cls(**arguments)
        except Exception as e:
            raise DeclarationError(self._kernel.failed(part, "cannot be built", e)).because(e)

    def _service(self, name, declared):
        """The instance of that full name, or what the kernel itself provides; None for None."""
        kernel, part = self._kernel, declared.part
        if name is None:
            return None
        if name == "clock":
            return kernel.clock
        if name == "log":
            return part.log_to(self._log.tail)
        if name == "kernel":
            return kernel
        if name == "home":
            return kernel.home
        if name == "pulse":
            if kernel.clock.ticks_ms is not time.ticks_ms:
                part.ticks_ms = kernel.clock.ticks_ms
            return part.beat
        if name == "scope":
            return self._scope(part.scope)
        instance = kernel[name]
        if part.scope and hasattr(instance, "scoped") and not name.startswith(part.scope + "/"):
            return instance.scoped(part.scope, declared.in_first)
        return instance

    def _scope(self, name):
        if not name:
            return self._kernel
        for scope in self._kernel.scopes:
            if scope.name == name:
                return scope
        from core.scope import Scope  # a board without scopes does not have it

        scope = Scope(name, self._kernel)
        self._kernel.scopes += (scope,)
        return scope


def free_declarations(kernel):
    """Free what only building needs: 6 KB of options and code.

    Components lose their constructors as well; drivers keep theirs, to be constructed at the REPL after a Ctrl-C.
    """
    if isinstance(kernel.board, type(time)):  # a module, which can be imported again
        kernel.board = kernel.board.__name__
    classes = [type(part.instance) for part in kernel.parts]
    for cls in classes:
        own = cls.__dict__
        for name in _WITH_CONSTRUCTOR if cls.__module__.startswith("components.") else _DECLARED:
            if name in own:
                setattr(cls, name, None)  # MicroPython's table of a class keeps the value of what is deleted from it
                delattr(cls, name)
        for base in cls.__bases__:
            if base is not object:
                classes.append(base)
    for name in ("board", "building", "declare", "options", "settings"):
        unload("core." + name)
