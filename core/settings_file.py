"""settings.json, as it is changed: what a board lets it set, what is wrong with it, and how it is written.

While a charger runs it is loaded for that, and let go of by an `OnDemand`, with what it loads besides: on a device the
board and the options of its classes were let go of once the kernel was built::

    with on_demand:
        from core.settings_file import change_settings

        wrong = change_settings(kernel, {"ocpp.url": "wss://example.com/ocpp"})

A setting is called "section.key", or "section.section.key".
"""

import json
import os
import sys
from micropython import const

from core.board import entries, full_name
from core.declare import load_class
from core.files import flush_dir, make_private
from core.nearest import did_you_mean
from core.options import check_value, section_of, sections, split_target, target_of
from core.parts import DeclarationError, error_text
from core.settings import MAX_BYTES, lay, lay_identity_over, read_settings
from core.text import bare_url

_SECRETS = const(("key", "password", "secret", "token"))  # how the names of settings end that are never shown
_OF_IDENTITY = const("the identity of this device sets it, which has precedence over settings.json")


# --- what a board lets it set -------------------------------------------------------------------------------------


def declared_class(use):
    """The class of ``"package.module:Class"`` with its options, also where `Kernel.forget_declarations` has deleted
    them: then it is another one, of a module that is imported anew and not kept. Raises DeclarationError.
    """
    cls = load_class(use)
    if hasattr(cls, "options"):
        return cls
    classes, kept = [cls], []
    for one in classes:
        classes.extend([base for base in one.__bases__ if base is not object])
        kept.extend([(name, sys.modules[name]) for name in _modules_with(one, use)])
    try:
        for name, _ in kept:
            sys.modules.pop(name, None)
        return load_class(use)
    except DeclarationError as e:
        if not e.passes:
            raise
        raise MemoryError(str(e))  # nothing else can keep it from being loaded again
    finally:
        for name, module in kept:  # in their places, which are free: it allocates nothing
            sys.modules[name] = module
        for name, module in kept:
            package, _, own = name.rpartition(".")
            if hasattr(sys.modules.get(package), own):
                setattr(sys.modules[package], own, module)


def _modules_with(cls, use):
    """The names of the modules that have a class: in an image it has no ``__module__``, see drivers/gcheap.py."""
    name = cls.__name__
    first = use.partition(":")[0]
    names = [first] if use == first + ":" + name else sys.modules  # all: 3 ms
    return [one for one in names if getattr(sys.modules.get(one), "__dict__", {}).get(name) is cls]


def setting(board, name):
    """(the option's specification, its value without the setting, whether that is never shown) of a setting.

    Raises DeclarationError for one that the board does not have.
    """
    section, _, key = name.rpartition(".")
    part, option = target_of(board, section, key)
    for scope, entry in entries(board):
        if full_name(scope, entry) == part:
            return _specification(declared_class(entry["use"]), entry, option, name)
    raise DeclarationError("board %s: no component %s" % (board.NAME, part))


def _specification(cls, entry, option, name):
    spec = cls.options[option]
    secret = name.endswith(_SECRETS) or option.endswith(_SECRETS) or option in getattr(cls, "secrets", ())
    return spec, entry.get("options", {}).get(option, spec[1]), secret


def _parts(board, urgent):
    """Generator of (scope, entry, class, [(option, name of its setting)]) of each component that has settings.

    ``urgent()`` is called before each: to load a class blocks the loop for some ms.
    """
    targets = {}
    for section, keys in sections(board).items():
        for key, target in keys.items():
            part, _, option = split_target(target)
            targets.setdefault(part, []).append((option, section + "." + key))
    for scope, entry in entries(board):
        settings = targets.get(full_name(scope, entry))
        if settings:
            urgent()
            yield scope, entry, declared_class(entry["use"]), settings


def _board_of(kernel):
    """What the kernel was built of."""
    board = kernel.board
    return __import__(board, None, None, ("NAME",)) if isinstance(board, str) else board


def _path_of(kernel):
    return kernel.home + "/settings.json"


# --- what is set --------------------------------------------------------------------------------------------------


def rows(kernel):
    """Generator of a dict for each setting. What it takes is read at once. Raises DeclarationError for a file that
    cannot be read, or an identity.

    ``name`` ("ocpp.url", "can.1.port"); ``type`` ("str", "int", "bool", "float"); ``default``; ``required``: there is
    none; ``choices``: a list of all values, or None; ``lowest``, ``highest`` (of a str: of its length), or None;
    ``secret``: it is never shown; ``set``: it is in settings.json, or in the identity of the device; ``fixed``: it is
    in the identity, so that settings.json cannot change it; ``value``: what the next start has; None of a secret, and
    of one that is required and not set; a URL is without its password.
    """
    board = _board_of(kernel)
    settings, identity = read_settings(_path_of(kernel)), lay_identity_over({}, board)
    lay(identity, settings)
    found = []
    for _, entry, cls, targets in _parts(board, kernel.urgent):
        for option, name in targets:
            found.append((name,) + _specification(cls, entry, option, name))
    return _rows(found, settings, identity)


def _rows(found, settings, identity):
    for name, spec, given, secret in found:
        value = _value(settings, name)
        row = {"name": name, "type": spec[0].__name__, "secret": secret, "set": value is not ...}
        row["fixed"] = _value(identity, name) is not ...
        row["required"] = given is ...
        default = row["default"] = None if secret or given is ... else given
        row["choices"] = list(spec[2]) if len(spec) == 3 else None
        row["lowest"], row["highest"] = spec[2:] if len(spec) == 4 else (None, None)
        value = default if value is ... else value
        row["value"] = None if secret else bare_url(value) if isinstance(value, str) and "://" in value else value
        yield row


def _value(settings, name):
    """The value of a setting, ``...`` if it is not set."""
    section, _, key = name.rpartition(".")
    values = section_of(settings, section)
    return ... if values is None else values.get(key, ...)


# --- what is wrong ------------------------------------------------------------------------------------------------


def problems(board, settings, urgent):
    """{name: text} of what is wrong with settings over which the identity was laid, as a start would find it; {}:
    nothing. Nothing is built: what a class checks in its constructor is checked by its ``check_settings``, see
    `core.declare`. ``urgent()`` is called between its steps, see `Urgent`.
    """
    wrong = {}  # type: dict
    _find_unknown(board, settings, wrong)
    values, checks = {}, []
    for scope, entry, cls, targets in _parts(board, urgent):
        options = {name: spec[1] for name, spec in cls.options.items()}
        options.update(entry.get("options", {}))
        for option, name in targets:
            value = _value(settings, name)
            problem = check_value(cls.options[option], value) if value is not ... else None
            if value is not ... and not problem:
                options[option] = value
            if problem or options[option] is ...:
                wrong[name] = problem or "it is required"
        values[full_name(scope, entry)] = options
        if hasattr(cls, "check_settings"):
            checks.append((scope, entry.get("bind", {}), cls.check_settings, options, targets))
    for scope, bind, check, options, targets in () if wrong else checks:
        urgent()
        try:
            check(options, lambda name, scope=scope, bind=bind: _options_of(values, scope, bind.get(name, name)))
        except ValueError as e:
            wrong[_blamed(str(e), targets)] = str(e)
    return wrong


def _options_of(values, scope, name):
    """The options of a service, {} if it is not there, or nothing of it can be set."""
    return values.get(scope + "/" + name) or values.get(name) or {}


def _blamed(words, targets):
    """The name of the setting that a message is about: it begins with "option 'NAME'", as a constructor's does."""
    for option, name in targets:
        if words.startswith("option %r" % option):
            return name
    return targets[0][1]


def _find_unknown(board, settings, wrong):
    known, top = sections(board), getattr(board, "SETTINGS", {})

    def look(section, values):
        if not isinstance(values, dict):
            wrong[section] = "it is no object"
            return
        for key in values:
            name = section + "." + key
            if name in known:
                look(name, values[key])
            elif key not in known[section]:
                wrong[name] = "it is unknown" + did_you_mean(key, known[section])

    for section in settings:
        if section in top:
            look(section, settings[section])
        else:
            wrong[section] = "it is unknown" + did_you_mean(section, top)


# --- how it is changed --------------------------------------------------------------------------------------------


def change_settings(kernel, changes, save=True):
    """Change settings.json by ``{name: value, None to remove it}``; it is in force after a restart.

    Returns {} if all is right, and written unless not to be saved; else {name: what is wrong}, "" being the name of the
    whole file; then nothing is changed.
    """
    board, path = _board_of(kernel), _path_of(kernel)
    try:
        settings, identity = read_settings(path), lay_identity_over({}, board)
    except DeclarationError as e:
        return {"": str(e)}
    known, wrong = sections(board), {}
    for name, value in changes.items():
        section, _, key = name.rpartition(".")
        if value is None:
            remove(settings, name)
        elif key not in known.get(section, ()):
            wrong[name] = "it is unknown" + did_you_mean(key, known.get(section, ()))
        elif _value(identity, name) is not ...:
            wrong[name] = _OF_IDENTITY
        else:
            put(settings, name, value)
    text = json.dumps(settings)
    if len(text.encode()) > MAX_BYTES:
        wrong[""] = "the settings are longer than %d bytes" % MAX_BYTES
    merged = json.loads(text)
    lay(identity, merged)
    for name, problem in problems(board, merged, kernel.urgent).items():
        wrong.setdefault(name, problem)
    if save and not wrong:
        try:
            kernel.urgent.block("flash", write_settings, path, text)
        except OSError as e:
            wrong[""] = "the settings cannot be written: %s" % error_text(e)
    return wrong


def put(settings, name, value):
    """Set one setting; what is no section makes room for one."""
    section, _, key = name.rpartition(".")
    for wrong in (section.partition(".")[0], section):
        if section_of(settings, wrong) is None:
            remove(settings, wrong)
    section_of(settings, section)[key] = value


def remove(settings, name):
    """Remove "section", "section.key" or "section.section.key"; returns whether it was there."""
    section, _, key = name.rpartition(".")
    values = section_of(settings, section) if section else settings
    return values is not None and values.pop(key, None) is not None


def write_settings(path, text, broken=False):
    """Write the file beside and rename it, readable for its owner only. Raises OSError.

    broken: the present one is kept as ``settings.bad``.
    """
    fresh = path + ".new"
    with open(fresh, "w") as file:
        make_private(fresh)
        file.write(text)
        file.flush()
    folder = path.rpartition("/")[0] or "/"
    if broken:
        os.rename(path, folder.rstrip("/") + "/settings.bad")
    os.rename(fresh, path)
    flush_dir(folder)
