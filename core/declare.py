"""Declarations: what a board asks for, checked in full before anything is built.

A board is a module (or any object) with

    NAME        str
    COMPONENTS  a tuple of entries, dictionaries with the keys
        "name"      the service that this instance is to the others
        "use"       "package.module:Class"
        "options"   {option: value}, optional
        "bind"      {required service: instance that shall be it}, optional
        "critical"  True: charging is only possible while it is alive, optional
        "early"     True: it is built, and its ``begin()`` called if it has one, before the classes of the others are
                    loaded, which takes seconds; what it requires is early and comes before it. Optional
    SETTINGS    {section: {key: "instance.option"}}, optional: what settings.json may set

A class declares what it needs as data:

    requires = ("can", "clock")                     services, passed as keyword arguments
    options = {"timeout_ms": (int, 5000, 100, 60000),     type, default, lowest, highest (of a str: its length)
               "factor": (float, 1.0),                    an int is taken as well
               "mode": (str, "a", ("a", "b")),            type, default, the allowed values
               "url": (str, ...)}                         no default: the board or the settings must give it
    keeps = ("register", "lock/")                   names of what it keeps in the service "store"; one with a slash at
                                                    its end stands for all names that begin with it
"""

from core.nearest import did_you_mean
from core.options import check_class, check_given, check_setting, chosen_by, fill_in, split_target
from core.parts import DeclarationError, Part, described

BUILT_IN = ("clock", "log", "kernel", "home", "pulse")
_ENTRY_KEYS = ("name", "use", "options", "bind", "critical", "early")


class Declared:
    """What is declared of one part: it is gone when the part is built."""

    def __init__(self, entry, cls):
        self.name = entry["name"]
        self.use = entry["use"]
        self.cls = cls
        self.bind = entry.get("bind", {})
        self.given = dict(entry.get("options", {}))
        self.requires = getattr(cls, "requires", ())  # the services that it needs
        self.options = getattr(cls, "options", {})  # what may be set: {option: specification}
        self.part = Part(self.name, entry.get("critical", False))


def load_class(path):
    """``"package.module:Class"`` -> the class. Raises DeclarationError."""
    module_name, _, class_name = path.partition(":")
    try:
        module = __import__(module_name, None, None, (class_name,))
    except ImportError as e:
        raise DeclarationError("class %r not found: %s" % (path, e))
    except Exception as e:
        raise DeclarationError("class %r: its module cannot be loaded: %s" % (path, described(e))).because(e)
    try:
        return getattr(module, class_name)
    except AttributeError:
        raise DeclarationError("class %r not found: module %s has no %s" % (path, module_name, class_name))


def read(board, settings, begin=None):
    """Check the whole declaration; return what is declared of each part, in the order in which they are to be built.

    ``begin(declared)`` is called of each early one, in the order of the board, before a class after it is loaded.
    """
    _check_board(board)
    names = _names(board)
    chosen = chosen_by(board, settings)
    parts = {}
    for early in (True, False):
        for entry in board.COMPONENTS:
            if entry.get("early", False) is early:
                declared = _declared(board, entry, names, chosen)
                parts[declared.name] = declared
                if early:
                    _check_early(board, declared, parts)
                    if begin is not None:
                        begin(declared)
    _check_targets(board, parts)
    _check_keeps(board, parts)
    return _in_order(board, parts)


def _declared(board, entry, names, chosen):
    """What an entry declares, checked, with the options that the part is to have."""
    try:
        declared = Declared(entry, load_class(entry["use"]))
        check_class(declared)
        _check_services(declared, names)
        check_given(declared)
    except DeclarationError as e:
        raise DeclarationError("board %s: component %s: %s" % (board.NAME, entry["name"], e)).because(e)
    for option, (section, key, value) in chosen.get(declared.name, {}).items():
        if option in declared.options:  # else `_check_targets` tells
            check_setting(board, section, key, declared.options[option], value)
            declared.given[option] = value
    fill_in(board, declared)
    return declared


def _check_board(board):
    where = "board %s: " % getattr(board, "NAME", getattr(board, "__name__", "?"))
    for key, kind in (("NAME", str), ("COMPONENTS", (tuple, list)), ("SETTINGS", dict)):
        value = getattr(board, key, {} if key == "SETTINGS" else None)
        if value is None:
            raise DeclarationError(where + key + " is missing")
        if not isinstance(value, kind):
            comma = ": of a single entry, too, it is (entry,) with a comma" if key == "COMPONENTS" else ""
            raise DeclarationError(where + "%s is a %s%s" % (key, type(value).__name__, comma))
    for section, keys in getattr(board, "SETTINGS", {}).items():
        if not isinstance(keys, dict):
            raise DeclarationError(where + "SETTINGS: section %r is no dict" % section)


def _names(board):
    """{name: class} of all entries, which are checked for what they are."""
    names = {}
    for entry in board.COMPONENTS:
        problem = _entry_problem(entry, names)
        if problem:
            raise DeclarationError("board %s: %s" % (board.NAME, problem))
        names[entry["name"]] = entry["use"]
    return names


def _entry_problem(entry, names):
    if not isinstance(entry, dict):
        return "entry %r is no dict%s" % (entry, ": is a comma missing?" if isinstance(entry, str) else "")
    for key in ("name", "use"):
        if not isinstance(entry.get(key), str):
            return "entry %r: %r is missing" % (entry, key)
    name, problem = entry["name"], ""
    for key, value in entry.items():
        if key not in _ENTRY_KEYS:
            problem = "unknown entry key %r%s" % (key, did_you_mean(key, _ENTRY_KEYS))
        elif key in ("options", "bind") and not isinstance(value, dict):
            problem = "%s is a %s, no dict" % (key, type(value).__name__)
        elif key in ("critical", "early") and not isinstance(value, bool):
            problem = "%s is neither True nor False: %r" % (key, value)
    if name in BUILT_IN:
        problem = "the kernel itself provides a service of this name"
    elif name in names:
        problem = "two providers: %s and %s" % (names[name], entry["use"])
    return problem and "component %s: %s" % (name, problem)


def _check_early(board, declared, parts):
    for service in declared.requires:
        name = declared.bind.get(service, service)
        if name not in parts and name not in BUILT_IN:
            where = "board %s: component %s: it is early, and what it requires, %r, is not, or is declared after it"
            raise DeclarationError(where % (board.NAME, declared.name, name))


def _check_targets(board, parts):
    """Each setting is for an option that is there, whether settings.json has it or not."""
    for section, keys in getattr(board, "SETTINGS", {}).items():
        for key, target in keys.items():
            name, _, option = split_target(target)
            if name not in parts or option not in parts[name].options:
                where = "board %s: SETTINGS: %r in section %r" % (board.NAME, key, section)
                raise DeclarationError(where + " is for %s, which is not there" % (target,))


def _check_keeps(board, parts):
    """Two instances that kept their state in one store under one name would take each other's for their own."""
    kept = []
    for entry in board.COMPONENTS:  # dictionaries have no order in MicroPython
        declared = parts[entry["name"]]
        names = getattr(declared.cls, "keeps", ())
        store = declared.bind.get("store", "store")
        for name in names:
            for other_store, other, owner in kept:
                if store == other_store and _overlap(name, other):
                    words = "board %s: components %s and %s: both keep %r in %s: bind one of them to a store of its own"
                    raise DeclarationError(words % (board.NAME, owner, declared.name, name, store))
        kept.extend([(store, name, declared.name) for name in names])


def _overlap(name, other):
    if name == other:
        return True
    return other.endswith("/") and name.startswith(other) or name.endswith("/") and other.startswith(name)


def _check_services(declared, names):
    for service in declared.bind:
        if service not in declared.requires:
            raise DeclarationError("binds %r, which %s does not require" % (service, declared.use))
    for service in declared.requires:
        name = declared.bind.get(service, service)
        if name not in names and name not in BUILT_IN:
            bound = "" if name == service else " (bound to %r)" % name
            raise DeclarationError("service %r%s is missing: no component provides it" % (service, bound))


def _in_order(board, parts):
    """Dependency order: whatever a part requires comes before it."""
    ordered = []
    done = set()

    def visit(declared, path):
        name = declared.name
        if name in path:
            cycle = path[path.index(name) :] + (name,)
            raise DeclarationError("board %s: component %s: cycle: %s" % (board.NAME, name, " -> ".join(cycle)))
        for service in declared.requires:
            needed = declared.bind.get(service, service)
            if needed in parts and needed not in done:
                visit(parts[needed], path + (name,))
        done.add(name)
        ordered.append(declared)

    for entry in board.COMPONENTS:  # dictionaries have no order in MicroPython
        if entry["name"] not in done:
            visit(parts[entry["name"]], ())
    return ordered
