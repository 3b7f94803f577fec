"""Declarations: what a board declares, checked in full before anything is built.

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
                or scopes, ``{"scope": "1", "components": (entry, ...)}``: see below
    SETTINGS    {section: {key: "instance.option"}}, optional: what settings.json may set. A section may have sections,
                {"can": {"1": {"port": "1/can_driver.port"}}}, which settings.json then has, too

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

    secrets = ("code",)                             options whose values are never shown, besides those whose names end
                                                    with key, password, secret or token
    check_settings = staticmethod(function)         ``function(options, of)`` raises ValueError("option 'NAME': ...")
                                                    for options that do not go together, as the constructor does: so
                                                    settings are checked while a charger runs. ``of("ocpp")``: the
                                                    options of what it gets as that service

What is required, used or collected is built, and started, before. Every option is passed: its default is nowhere else.

A scope is a group of components that a board can repeat. The full name of what is in scope "1" is "1/bms": so it is
called in the log, in SETTINGS, and by a ``bind`` from elsewhere. Inside, a name is looked up in the scope first and
then outside. What is outside of all scopes collects from everywhere, what is inside one from there and from outside. A
component inside that takes an instance from outside which has a method ``scoped(scope, first)`` is given what that
returns: a store so has each scope's keys under a name of their own (`first`: this is the first scope of the board).
"""

from core.board import BUILT_IN, check_board, entries, full_name, names_of
from core.nearest import did_you_mean
from core.options import check_class, check_given, check_setting, chosen_by, fill_in, sections, split_target
from core.parts import DeclarationError, Part, exception_text

_NOTHING: dict = {}


class Declared:
    """What is declared of one part: it is gone when the part is built."""

    uses = collects = provides = collected = ()  # of the class: most have none, which saves memory
    in_first = False  # whether it is in the first scope of the board
    bind = _NOTHING  # {service: full name of the instance that it gets, None: there is none} where they differ

    def __init__(self, scope, entry, cls):
        self.scope = scope
        self.local = entry["name"]
        self.use = entry["use"]
        self.cls = cls
        self.given = dict(entry.get("options", _NOTHING))
        self.requires = getattr(cls, "requires", ())
        self.options = getattr(cls, "options", _NOTHING)
        for kind in ("uses", "collects", "provides"):
            names = getattr(cls, kind, ())
            if names != ():
                setattr(self, kind, names)
        self.part = Part(self.local, entry.get("critical", False), scope)
        self.name = self.part.name

    def find(self, bound, names):
        """Have in ``bind`` what it gets, by its scope first. Raises DeclarationError for what is not there."""
        scope, requires = self.scope, self.requires
        for services in (requires, self.uses):
            for service in services:
                wanted = bound.get(service, service)
                name = wanted if wanted in names or wanted in BUILT_IN else None
                if scope and scope + "/" + wanted in names:
                    name = scope + "/" + wanted
                if name is not service:
                    if name is None and (services is requires or service in bound):
                        raise DeclarationError(_missing(service, wanted, names))
                    self.bind = self.bind or {}
                    self.bind[service] = name

    def others(self):
        """The full names of what it uses and collects."""
        found = [self.bind.get(service, service) for service in self.uses] if self.uses else []
        for names in self.collected:
            found += names
        return found

    def collect(self, in_board_order):
        """Have in ``collected`` a tuple of full names for each of ``collects``."""
        for service in self.collects:
            found = []
            for one in in_board_order:
                reached = not one.scope or self.scope in ("", one.scope)
                if reached and (service == one.local or service in one.provides):
                    found.append(one.name)
            self.collected += (tuple(found),)


def load_class(path):
    """``"package.module:Class"`` -> the class. Raises DeclarationError."""
    module_name, _, class_name = path.partition(":")
    try:
        module = __import__(module_name, None, None, (class_name,))
    except ImportError as e:
        raise DeclarationError("class %r not found: %s" % (path, e))
    except Exception as e:
        raise DeclarationError("class %r: its module cannot be loaded: %s" % (path, exception_text(e))).because(e)
    try:
        return getattr(module, class_name)
    except AttributeError:
        raise DeclarationError("class %r not found: module %s has no %s" % (path, module_name, class_name))


def read(board, settings, begin=None):
    """Check the whole declaration; return what is declared of each part, in the order in which they are to be built.

    ``begin(declared)`` is called of each early one, in the order of the board, before a class after it is loaded.
    """
    check_board(board)
    names = names_of(board)
    _check_targets(board, names)
    chosen = chosen_by(board, settings)
    parts = {}
    in_order = entries(board)
    first = ([scope for scope, _ in in_order if scope] + [""])[0]
    for early in (True, False):
        for scope, entry in in_order:
            if entry.get("early", False) is early:
                declared = _declared(board, scope, entry, names, chosen)
                declared.in_first = scope == first
                parts[declared.name] = declared
                if early:
                    _check_early(board, declared, parts)
                    if begin is not None:
                        begin(declared)
    _check_targets(board, names, parts)
    in_board_order = [parts[full_name(*one)] for one in in_order]  # dictionaries have no order in MicroPython
    _check_keeps(board, in_board_order, parts)
    for declared in in_board_order:
        declared.collect(in_board_order)
    return _in_order(board, in_board_order, parts)


def _declared(board, scope, entry, names, chosen):
    """What an entry declares, checked, with the options that the part is to have."""
    try:
        declared = Declared(scope, entry, load_class(entry["use"]))
        bound = entry.get("bind", _NOTHING)
        check_class(declared, bound)
        declared.find(bound, names)
        check_given(declared)
    except DeclarationError as e:
        where = "board %s: component %s: %s"
        raise DeclarationError(where % (board.NAME, full_name(scope, entry), e)).because(e)
    for option, (section, key, value) in chosen.get(declared.name, {}).items():
        if option in declared.options:  # else `_check_targets` reports it
            check_setting(board, section, key, declared.options[option], value)
            declared.given[option] = value
    fill_in(board, declared)
    return declared


def _check_early(board, declared, parts):
    where = "board %s: component %s: it is early, and " % (board.NAME, declared.name)
    if declared.collects:
        raise DeclarationError(where + "collects %r, which others may provide" % declared.collects[0])
    for how, services in (("requires", declared.requires), ("uses", declared.uses)):
        for service in services:
            name = declared.bind.get(service, service)
            if name is not None and name not in parts and name not in BUILT_IN:
                raise DeclarationError(where + "what it %s, %r, is not, or is declared after it" % (how, name))


def _check_targets(board, names, parts=None):
    """Each setting is for a component (and, once all are in `parts`, for an option) that is there, also without a value
    in settings.json.
    """
    for section, keys in sections(board).items():
        for key, target in keys.items():
            name, _, option = split_target(target)
            if name not in names or (parts is not None and option not in parts[name].options):
                where = "board %s: SETTINGS: %r in section %r" % (board.NAME, key, section)
                raise DeclarationError(where + " is for %s, which is not there" % (target,))


def _check_keeps(board, in_board_order, parts):
    """Two instances that kept their state in one store under one name would take each other's for their own."""
    kept = {}  # {store: [(name, owner)]}
    for declared in in_board_order:
        names = getattr(declared.cls, "keeps", ())
        if not names:
            continue
        store = declared.bind.get("store", "store")
        if declared.scope and store in parts and declared.scope != parts[store].scope:
            if hasattr(parts[store].cls, "scoped"):
                own = [declared.scope + "/" + name for name in names]
                names = own + list(names) if declared.in_first else own  # the first reads what no scope has written
        others = kept.setdefault(store, [])
        for name in names:
            of_all = name.endswith("/")
            for other, owner in others:
                if name == other or of_all and other.startswith(name) or other.endswith("/") and name.startswith(other):
                    words = "board %s: components %s and %s: both keep %r in %s: bind one of them to a store of its own"
                    raise DeclarationError(words % (board.NAME, owner, declared.name, name, store))
        others.extend([(name, declared.name) for name in names])


def _missing(service, wanted, names):
    scope = wanted.rpartition("/")[0]
    words = "no component provides it"
    inside = [name for name in names if name.endswith("/" + wanted)]
    if inside:
        words = "only scopes have it: bind it to %s" % " or ".join(sorted(inside))
    elif scope and not [name for name in names if name.startswith(scope + "/")]:
        words = "there is no scope %r" % scope
    elif wanted != service:
        words += did_you_mean(wanted, names)
    bound = "" if wanted == service else " (bound to %r)" % wanted
    return "service %r%s is missing: %s" % (service, bound, words)


def _in_order(board, in_board_order, parts):
    """Dependency order: whatever a part takes comes before it."""
    ordered = []
    done = set()

    def visit(declared, path):
        name = declared.name
        if name in path:
            cycle = " -> ".join(path[path.index(name) :] + (name,))
            raise DeclarationError("board %s: component %s: cycle: %s" % (board.NAME, name, cycle))
        for service in declared.requires:
            other = declared.bind.get(service, service)
            if other in parts and other not in done:
                visit(parts[other], path + (name,))
        for other in declared.others():
            if other in parts and other not in done:
                visit(parts[other], path + (name,))
        done.add(name)
        ordered.append(declared)

    for declared in in_board_order:
        if declared.name not in done:
            visit(declared, ())
    return ordered
