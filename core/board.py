"""The form of a board's declaration: its entries, checked without its classes."""

from core.nearest import did_you_mean
from core.parts import DeclarationError

BUILT_IN = ("clock", "log", "kernel", "home", "pulse", "scope")
_ENTRY_KEYS = ("name", "use", "options", "bind", "critical", "early")
_SCOPE_KEYS = ("scope", "components")


def entries(board):
    """[(scope, entry)] of all components in the order of the board; the scope is "" outside of all."""
    found = []
    for entry in board.COMPONENTS:
        if "scope" in entry:
            found.extend([(entry["scope"], one) for one in entry["components"]])
        else:
            found.append(("", entry))
    return found


def full_name(scope, entry):
    """The name by which other entries refer to it."""
    return scope + "/" + entry["name"] if scope else entry["name"]


def check_board(board):
    """Check the names and types of a board's attributes. Raises DeclarationError."""
    where = "board %s: " % getattr(board, "NAME", getattr(board, "__name__", "?"))
    for key, kind in (("NAME", str), ("COMPONENTS", (tuple, list)), ("SETTINGS", dict)):
        value = getattr(board, key, {} if key == "SETTINGS" else None)
        if value is None:
            raise DeclarationError(where + key + " is missing")
        if not isinstance(value, kind):
            comma = ": a single entry needs a comma, (entry,)" if key == "COMPONENTS" else ""
            raise DeclarationError(where + "%s is a %s%s" % (key, type(value).__name__, comma))
    for section, keys in getattr(board, "SETTINGS", {}).items():
        if not isinstance(keys, dict):
            raise DeclarationError(where + "SETTINGS: section %r is no dict" % section)


def names_of(board):
    """{full name: class} of all entries. Raises DeclarationError for a malformed one."""
    names, scopes = {}, []
    for entry in board.COMPONENTS:
        if isinstance(entry, dict) and "scope" in entry:
            problem = _scope_problem(entry, scopes, names)
        else:
            problem = _entry_problem("", entry, names)
        if problem:
            raise DeclarationError("board %s: %s" % (board.NAME, problem))
    return names


def _entry_problem(scope, entry, names):
    """What is wrong with it, "" for nothing; then it is one of `names`."""
    if not isinstance(entry, dict):
        return "entry %r is no dict%s" % (entry, ": is a comma missing?" if isinstance(entry, str) else "")
    for key in ("name", "use"):
        if not isinstance(entry.get(key), str):
            return "entry %r: %r is missing" % (entry, key)
    name = full_name(scope, entry)
    problem = _keys_problem(entry)
    if "/" in entry["name"] or "." in entry["name"]:
        problem = _separator_problem(entry["name"])
    elif entry["name"] in BUILT_IN:
        problem = "the kernel itself provides a service of this name"
    elif name in names:
        problem = "two providers: %s and %s" % (names[name], entry["use"])
    names[name] = entry["use"]
    return problem and "component %s: %s" % (name, problem)


def _keys_problem(entry):
    problem = ""
    for key, value in entry.items():
        if key not in _ENTRY_KEYS:
            problem = "unknown entry key %r%s" % (key, did_you_mean(key, _ENTRY_KEYS))
        elif key in ("options", "bind") and not isinstance(value, dict):
            problem = "%s is a %s, no dict" % (key, type(value).__name__)
        elif key in ("critical", "early") and not isinstance(value, bool):
            problem = "%s is neither True nor False: %r" % (key, value)
    return problem


def _scope_problem(scope, scopes, names):
    """What is wrong with it, or with what is in it."""
    name, inside = scope["scope"], scope.get("components")
    problem = ""
    if not isinstance(name, str) or not name:
        problem = "its name is no text: %r" % (name,)
    elif "/" in name or "." in name:
        problem = _separator_problem(name)
    elif name in scopes:
        problem = "it is declared twice"
    elif not isinstance(inside, (tuple, list)):
        kind = "are missing" if inside is None else "are a %s" % type(inside).__name__
        problem = "its components %s: a single entry needs a comma, (entry,)" % kind
    elif not inside:
        problem = "its components are empty"
    for key in scope:
        if key not in _SCOPE_KEYS:
            problem = "unknown key %r%s" % (key, did_you_mean(key, _SCOPE_KEYS))
    scopes.append(name)
    for entry in () if problem else inside:
        if isinstance(entry, dict) and "scope" in entry:
            problem = "%r is a scope in a scope" % (entry["scope"],)
        else:
            problem = problem or _entry_problem(name, entry, names)
    return problem and "scope %s: %s" % (name, problem)


def _separator_problem(name):
    return "its name has a %r in it" % ("/" if "/" in name else ".")
