"""Declarations: what a board asks for, checked in full before anything is built.

A board is a module (or any object) with

    NAME        str
    COMPONENTS  a tuple of entries, dictionaries with the keys
        "name"      the service that this instance is to the others
        "use"       "package.module:Class"
        "options"   {option: value}, optional
        "bind"      {required or used service: instance that shall be it}, optional
        "critical"  True: charging is only possible while it is alive, optional
        "early"     True: it is built, and its ``begin()`` called if it has one, before the classes of the others are
                    loaded, which takes seconds; what it requires or uses is early and comes before it, and it collects
                    nothing. Optional
    SETTINGS    {section: {key: "instance.option"}}, optional: what settings.json may set

A class declares what it needs as data; each service is passed as the keyword argument of its name:

    requires = ("can", "clock")                     services that must be there
    uses = ("local_list",)                          services that may be there: None if the board has none
    collects = ("evse",)                            a tuple, in the order of the board, of every instance that has this
                                                    name or that provides it
    provides = ("limiter",)                         by which names it is collected, besides its own
    options = {"timeout_ms": (int, 5000, 100, 60000),     type, default, lowest, highest (of a str: its length)
               "factor": (float, 1.0),                    an int is taken as well
               "mode": (str, "a", ("a", "b")),            type, default, the allowed values
               "url": (str, ...)}                         no default: the board or the settings must give it
    keeps = ("register", "lock/")                   names of what it keeps in the service "store"; one with a slash at
                                                    its end stands for all names that begin with it

What is required, used or collected is built, and started, before. Every option is passed: its default is nowhere else.
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
        self.requires = getattr(cls, "requires", ())
        self.uses = getattr(cls, "uses", ())
        self.collects = getattr(cls, "collects", ())
        self.provides = getattr(cls, "provides", ())
        self.options = getattr(cls, "options", {})
        self.services = []  # (argument, name of an instance; None: there is none; or a tuple of names)
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
    in_board_order = [parts[entry["name"]] for entry in board.COMPONENTS]  # dictionaries have no order in MicroPython
    for declared in in_board_order:
        _collect(declared, in_board_order)
    return _in_order(board, in_board_order, parts)


def _declared(board, entry, names, chosen):
    """What an entry declares, checked, with the options that the part is to have."""
    try:
        declared = Declared(entry, load_class(entry["use"]))
        check_class(declared)
        _find_services(declared, names)
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
    where = "board %s: component %s: it is early, and " % (board.NAME, declared.name)
    if declared.collects:
        raise DeclarationError(where + "collects %r, which others may provide" % declared.collects[0])
    for service, name in declared.services:
        if name is not None and name not in parts and name not in BUILT_IN:
            how = "requires" if service in declared.requires else "uses"
            raise DeclarationError(where + "what it %s, %r, is not, or is declared after it" % (how, name))


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


def _find_services(declared, names):
    """What is required and used: what there is of it."""
    requires = tuple(declared.requires)
    takes = requires + tuple(declared.uses)
    for service in declared.collects:
        if service in BUILT_IN:
            raise DeclarationError("collects %r, of which the kernel provides one: require it" % service)
    for service in declared.bind:
        if service not in takes:
            raise DeclarationError("binds %r, which %s neither requires nor uses" % (service, declared.use))
    for service in takes:
        name = declared.bind.get(service, service)
        if name not in names and name not in BUILT_IN:
            if service in requires or service in declared.bind:
                bound = "" if name == service else " (bound to %r)" % name
                raise DeclarationError("service %r%s is missing: no component provides it" % (service, bound))
            name = None
        declared.services.append((service, name))


def _collect(declared, in_board_order):
    for service in declared.collects:
        found = [one.name for one in in_board_order if one.name == service or service in one.provides]
        declared.services.append((service, tuple(found)))


def _in_order(board, in_board_order, parts):
    """Dependency order: whatever a part takes comes before it."""
    ordered = []
    done = set()

    def visit(declared, path):
        name = declared.name
        if name in path:
            cycle = path[path.index(name) :] + (name,)
            raise DeclarationError("board %s: component %s: cycle: %s" % (board.NAME, name, " -> ".join(cycle)))
        for _, needed in declared.services:
            for one in needed if isinstance(needed, tuple) else (needed,):
                if one in parts and one not in done:
                    visit(parts[one], path + (name,))
        done.add(name)
        ordered.append(declared)

    for declared in in_board_order:
        if declared.name not in done:
            visit(declared, ())
    return ordered
