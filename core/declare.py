"""Declarations: what a board asks for, checked in full before anything is built.

A board is a module (or any object) with

    NAME        str
    COMPONENTS  a tuple of entries, dictionaries with the keys
        "name"      the service that this instance is to the others
        "use"       "package.module:Class"
        "options"   {option: value}, optional
        "bind"      {required service: instance that shall be it}, optional
        "critical"  True: charging is only possible while it is alive, optional
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

import gc

from core.nearest import did_you_mean
from core.parts import DeclarationError, Part, described

BUILT_IN = ("clock", "log", "kernel", "home", "pulse")
_ENTRY_KEYS = ("name", "use", "options", "bind", "critical")


def load_class(path):
    """``"package.module:Class"`` -> the class. Raises DeclarationError."""
    module_name, _, class_name = path.partition(":")
    try:
        module = __import__(module_name, None, None, (class_name,))
    except ImportError as e:
        raise DeclarationError("class %r not found: %s" % (path, e))
    except Exception as e:
        raise DeclarationError("class %r: its module cannot be loaded: %s" % (path, described(e)))
    try:
        return getattr(module, class_name)
    except AttributeError:
        raise DeclarationError("class %r not found: module %s has no %s" % (path, module_name, class_name))


def read(board, settings):
    """Check the whole declaration; return its parts in the order in which they are to be built."""
    parts = {}
    _check_board(board)
    for entry in board.COMPONENTS:
        gc.collect()  # what is loaded stays for ever: side by side, and not in small pieces between what is thrown away
        _check_entry(board, entry, parts)
        try:
            part = Part(entry, load_class(entry["use"]))
        except DeclarationError as e:
            raise DeclarationError("board %s: component %s: %s" % (board.NAME, entry["name"], e))
        _check_class("board %s: component %s: %s: " % (board.NAME, part.name, part.use), part)
        parts[part.name] = part
    _check_targets(board, parts)
    _apply_settings(board, parts, settings)
    for part in parts.values():
        where = "board %s: component %s: " % (board.NAME, part.name)
        _check_services(where, part, parts)
        _check_options(where, part, board)
    _check_keeps(board, parts)
    return _in_order(board, parts)


def _check_board(board):
    where = "board %s: " % getattr(board, "NAME", getattr(board, "__name__", "?"))
    for key, kind in (("NAME", str), ("COMPONENTS", (tuple, list)), ("SETTINGS", dict)):
        value = getattr(board, key, {} if key == "SETTINGS" else None)
        if value is None:
            raise DeclarationError(where + key + " is missing")
        if not isinstance(value, kind):
            comma = ": of a single entry, too, it is (entry,) with a comma" if key == "COMPONENTS" else ""
            raise DeclarationError(where + "%s is a %s%s" % (key, type(value).__name__, comma))


def _check_class(where, part):
    """What a class declares: whoever wrote it forgot a comma, or the default does not fit its own bounds."""
    requires, options = part.requires, part.options
    if not isinstance(requires, (tuple, list)) or any(not isinstance(service, str) for service in requires):
        raise DeclarationError(where + "requires is no tuple of names: %r" % (requires,))
    if not isinstance(options, dict):
        raise DeclarationError(where + "options is a %s, no dict" % type(options).__name__)
    for name, spec in options.items():
        if not isinstance(spec, tuple) or not 2 <= len(spec) <= 4 or not isinstance(spec[0], type):
            raise DeclarationError(where + "option %r is no (type, default, ...): %r" % (name, spec))
        if len(spec) == 3 and not isinstance(spec[2], (tuple, list)):
            raise DeclarationError(where + "option %r: its values are no tuple: %r" % (name, spec[2]))
        if len(spec) == 4 and not (isinstance(spec[2], (int, float)) and isinstance(spec[3], (int, float))):
            raise DeclarationError(where + "option %r: its bounds are no numbers: %r, %r" % (name, spec[2], spec[3]))
        problem = spec[1] is not ... and check_value(spec, spec[1])
        if problem:
            raise DeclarationError(where + "option %r: its own default: %s" % (name, problem))


def _check_targets(board, parts):
    """Each setting is for an option that is there, whether settings.json has it or not."""
    for section, keys in getattr(board, "SETTINGS", {}).items():
        if not isinstance(keys, dict):
            raise DeclarationError("board %s: SETTINGS: section %r is no dict" % (board.NAME, section))
        for key, target in keys.items():
            name, _, option = target.partition(".") if isinstance(target, str) else ("", "", "")
            if name not in parts or option not in parts[name].options:
                where = "board %s: SETTINGS: %r in section %r" % (board.NAME, key, section)
                raise DeclarationError(where + " is for %s, which is not there" % (target,))


def _check_entry(board, entry, parts):
    if not isinstance(entry, dict):
        comma = ": is a comma missing?" if isinstance(entry, str) else ""
        raise DeclarationError("board %s: entry %r is no dict%s" % (board.NAME, entry, comma))
    for key in ("name", "use"):
        if not isinstance(entry.get(key), str):
            raise DeclarationError("board %s: entry %r: %r is missing" % (board.NAME, entry, key))
    where = "board %s: component %s: " % (board.NAME, entry["name"])
    for key in entry:
        if key not in _ENTRY_KEYS:
            raise DeclarationError(where + "unknown entry key %r%s" % (key, did_you_mean(key, _ENTRY_KEYS)))
    for key in ("options", "bind"):
        if not isinstance(entry.get(key, {}), dict):
            raise DeclarationError(where + "%s is a %s, no dict" % (key, type(entry[key]).__name__))
    if entry["name"] in BUILT_IN:
        raise DeclarationError(where + "the kernel itself provides a service of this name")
    if entry["name"] in parts:
        raise DeclarationError(where + "two providers: %s and %s" % (parts[entry["name"]].use, entry["use"]))


def _check_services(where, part, parts):
    for service in part.bind:
        if service not in part.requires:
            raise DeclarationError(where + "binds %r, which %s does not require" % (service, part.use))
    for service in part.requires:
        name = part.bind.get(service, service)
        if name not in parts and name not in BUILT_IN:
            bound = "" if name == service else " (bound to %r)" % name
            raise DeclarationError(where + "service %r%s is missing: no component provides it" % (service, bound))


def _check_keeps(board, parts):
    """Two instances that kept their state in one store under one name would take each other's for their own."""
    kept = []
    for entry in board.COMPONENTS:  # dictionaries have no order in MicroPython
        part = parts[entry["name"]]
        store = part.bind.get("store", "store")
        for name in getattr(part.cls, "keeps", ()):
            for other_store, other, owner in kept:
                if store == other_store and _overlap(name, other):
                    words = "board %s: components %s and %s: both keep %r in %s: bind one of them to a store of its own"
                    raise DeclarationError(words % (board.NAME, owner, part.name, name, store))
        kept.extend([(store, name, part.name) for name in getattr(part.cls, "keeps", ())])


def _overlap(name, other):
    return name == other or _is_below(name, other) or _is_below(other, name)


def _is_below(name, prefix):
    return prefix.endswith("/") and name.startswith(prefix)


def _check_options(where, part, board):
    for name in part.given:
        if name not in part.options:
            raise DeclarationError(where + "unknown option %r%s" % (name, did_you_mean(name, part.options)))
    for name, spec in part.options.items():
        if name not in part.given:
            if spec[1] is ...:
                raise DeclarationError(where + "option %r is required%s" % (name, _hint(board, part.name, name)))
            part.given[name] = spec[1]
        else:
            problem = check_value(spec, part.given[name])
            if problem:
                raise DeclarationError(where + "option %r: %s" % (name, problem))
        if spec[0] is float:
            part.given[name] = float(part.given[name])


def _hint(board, part_name, option):
    for section, keys in getattr(board, "SETTINGS", {}).items():
        for key, target in keys.items():
            if target == part_name + "." + option:
                return ': set "%s": {"%s": ...} in settings.json' % (section, key)
    return ""


def check_value(spec, value):
    """What is wrong with `value` under an option's `spec`, or None."""
    kind = spec[0]
    kinds = (int, float) if kind is float else kind
    if not isinstance(value, kinds) or (kind in (int, float) and isinstance(value, bool)):
        shown = "what is given" if kind is str else repr(value)  # for it may be a password
        return "%s is not of type %s" % (shown, kind.__name__)
    if len(spec) == 3 and value not in spec[2]:
        return "%r is none of %s" % (value, ", ".join([repr(choice) for choice in spec[2]]))
    if len(spec) == 4:
        size = len(value) if isinstance(value, str) else value
        if not spec[2] <= size <= spec[3]:
            what = "length " if kind is str else ""
            return "%s%r is not within %r..%r" % (what, size, spec[2], spec[3])
    return None


def _apply_settings(board, parts, settings):
    """Give the parts the options that settings.json sets."""
    for section, values in settings.items():
        _check_section(board, section)
        if not isinstance(values, dict):
            raise DeclarationError("board %s: settings: section %r is not an object" % (board.NAME, section))
        for key, value in values.items():
            name, option = target_of(board, section, key)
            check_setting(board, section, key, parts[name].options[option], value)
            parts[name].given[option] = value


def _check_section(board, section):
    known = getattr(board, "SETTINGS", {})
    if section not in known:
        where = "board %s: settings: unknown section %r%s"
        raise DeclarationError(where % (board.NAME, section, did_you_mean(section, known)))


def target_of(board, section, key):
    """(component, option) that a setting is for. Raises DeclarationError for one that the board does not have."""
    _check_section(board, section)
    known = board.SETTINGS[section]
    if key not in known:
        where = "board %s: settings: %r in section %r is unknown%s"
        raise DeclarationError(where % (board.NAME, key, section, did_you_mean(key, known)))
    name, _, option = known[key].partition(".")
    return name, option


def check_setting(board, section, key, spec, value):
    """Raise DeclarationError for a value that its option, of which `spec` is the declaration, does not take."""
    problem = check_value(spec, value)
    if problem:
        where = "board %s: settings: %r in section %r (component %s, option %s): %s"
        raise DeclarationError(where % ((board.NAME, key, section) + target_of(board, section, key) + (problem,)))


def _in_order(board, parts):
    """Parts in dependency order: whatever a part requires comes before it."""
    ordered = []

    def visit(part, path):
        if part in ordered:
            return
        if part.name in path:
            cycle = path[path.index(part.name) :] + [part.name]
            raise DeclarationError("board %s: component %s: cycle: %s" % (board.NAME, part.name, " -> ".join(cycle)))
        for service in part.requires:
            name = part.bind.get(service, service)
            if name in parts:
                visit(parts[name], path + [part.name])
        ordered.append(part)

    for entry in board.COMPONENTS:  # dictionaries have no order in MicroPython
        visit(parts[entry["name"]], [])
    return ordered
