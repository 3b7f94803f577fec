"""Options: what a class declares of them, what its entry and settings.json give, and what is wrong with that."""

from core.board import BUILT_IN
from core.nearest import did_you_mean
from core.parts import DeclarationError

_NUMBERS = (int, float)


def check_class(declared, bound):
    """Check what a class declares: a missing comma, a default outside its own bounds.

    bound: what its entry binds.
    """
    problem = _options_problem(declared.options) or _services_problem(declared)
    if problem:
        raise DeclarationError("%s: %s" % (declared.use, problem))
    for service in bound:
        if service not in declared.requires and service not in declared.uses:
            raise DeclarationError("binds %r, which %s neither requires nor uses" % (service, declared.use))


def _services_problem(declared):
    options, taken = declared.options, ()
    for kind in ("requires", "uses", "collects", "provides"):
        names = getattr(declared, kind)
        if names == ():
            continue  # most have none
        wrong = not isinstance(names, (tuple, list))
        for name in () if wrong else names:
            if not isinstance(name, str):
                wrong = True
            elif kind != "provides" and (name in options or name in taken):
                return "%r in %s is another argument's name, too" % (name, kind)
            elif kind == "collects" and name in BUILT_IN:
                return "collects %r, of which the kernel provides one: require it" % name
        if wrong:
            return "%s is no tuple of names: %r" % (kind, names)
        taken += tuple(names)
    return ""


def _options_problem(options):
    if not isinstance(options, dict):
        return "options is a %s, no dict" % type(options).__name__
    for name, spec in options.items():
        problem = _spec_problem(spec)
        if problem:
            return "option %r%s" % (name, problem)
    return ""


def _spec_problem(spec):
    size = len(spec) if isinstance(spec, tuple) else 0
    if not 2 <= size <= 4 or not isinstance(spec[0], type):
        return " is no (type, default, ...): %r" % (spec,)
    if size == 3 and not isinstance(spec[2], (tuple, list)):
        return ": its values are no tuple: %r" % (spec[2],)
    if size == 4 and not (isinstance(spec[2], _NUMBERS) and isinstance(spec[3], _NUMBERS)):
        return ": its bounds are no numbers: %r, %r" % (spec[2], spec[3])
    problem = spec[1] is not ... and check_value(spec, spec[1])
    return ": its own default: " + problem if problem else ""


def check_given(declared):
    """What the entry gives to the options."""
    for name, value in declared.given.items():
        if name not in declared.options:
            raise DeclarationError("unknown option %r%s" % (name, did_you_mean(name, declared.options)))
        problem = check_value(declared.options[name], value)
        if problem:
            raise DeclarationError("option %r: %s" % (name, problem))


def fill_in(board, declared):
    """The defaults of what was not given."""
    given = declared.given
    for name, spec in declared.options.items():
        if name not in given:
            if spec[1] is ...:
                words = "board %s: component %s: option %r is required%s"
                hint = _hint(board, declared.name, name)
                raise DeclarationError(words % (board.NAME, declared.name, name, hint))
            given[name] = spec[1]
        if spec[0] is float:
            given[name] = float(given[name])


def _hint(board, part_name, option):
    for section, keys in sections(board).items():
        for key, target in keys.items():
            if target == part_name + "." + option:
                path = (section + "." + key).split(".")
                return ": set %s...%s in settings.json" % ('"%s"' % '": {"'.join(path) + ": ", "}" * (len(path) - 1))
    return ""


def _is_of(kind, value):
    """Whether it is of that kind without being of that very type."""
    if kind is float:
        kind = _NUMBERS
    return isinstance(value, kind) and not (kind in (int, _NUMBERS) and isinstance(value, bool))


def check_value(spec, value):
    """What is wrong with `value` under an option's `spec`, or None."""
    kind = spec[0]
    if type(value) is not kind and not _is_of(kind, value):
        shown = "what is given" if kind is str else repr(value)  # for it may be a password
        return "%s is not of type %s" % (shown, kind.__name__)
    if len(spec) == 3:
        return None if value in spec[2] else _choices(spec, value)
    if len(spec) == 4:
        size = len(value) if isinstance(value, str) else value
        if not spec[2] <= size <= spec[3]:
            return _bounds(spec, size)
    return None


def _choices(spec, value):
    return "%r is none of %s" % (value, ", ".join([repr(choice) for choice in spec[2]]))


def _bounds(spec, size):
    return "%s%r is not within %r..%r" % ("length " if spec[0] is str else "", size, spec[2], spec[3])


def sections(board):
    """{section: {key: target}} of a board's SETTINGS; section "1" within "can" is "can.1"."""
    known = getattr(board, "SETTINGS", {})
    for section in known:
        for key in known[section]:
            if isinstance(known[section][key], dict):
                return _flat(known)
    return known


def _flat(known):
    flat = {}
    for section, keys in known.items():
        flat[section] = plain = {}
        for key, target in keys.items():
            if isinstance(target, dict):
                flat[section + "." + key] = target
            else:
                plain[key] = target
    return flat


def section_of(settings, section):
    """The dictionary of a section of settings.json, "can.1" too: made where it is missing, None where it is none."""
    for name in section.split("."):
        if not isinstance(settings, dict):
            return None
        settings = settings.setdefault(name, {})
    return settings if isinstance(settings, dict) else None


def chosen_by(board, settings):
    """{component: {option: (section, key, value)}} of what settings.json sets; the values are still to be checked."""
    known, chosen = sections(board), {}

    def choose(section, values):
        if not isinstance(values, dict):
            raise DeclarationError("board %s: settings: section %r is not an object" % (board.NAME, section))
        for key, value in values.items():
            if section + "." + key in known:
                choose(section + "." + key, value)
            else:
                name, option = _target(board, known, section, key)
                chosen.setdefault(name, {})[option] = section, key, value

    for section, values in settings.items():
        _check_section(board, getattr(board, "SETTINGS", {}), section)
        choose(section, values)
    return chosen


def _check_section(board, known, section):
    if section not in known:
        where = "board %s: settings: unknown section %r%s"
        raise DeclarationError(where % (board.NAME, section, did_you_mean(section, known)))


def target_of(board, section, key):
    """(component, option) that a setting is for. Raises DeclarationError for one that the board does not have."""
    return _target(board, sections(board), section, key)


def _target(board, known, section, key):
    _check_section(board, known, section)
    if key not in known[section]:
        words = "board %s: settings: %r in section %r is unknown" % (board.NAME, key, section)
        within = sorted([name for name in known if name.startswith(section + ".")])
        meant = did_you_mean(key, list(known[section]) + [name[len(section) + 1 :] for name in within])
        if within and not meant:
            meant = ", which has the sections " + ", ".join(within)
        raise DeclarationError(words + meant)
    name, _, option = split_target(known[section][key])
    return name, option


def check_setting(board, section, key, spec, value):
    """Raise DeclarationError for a value that its option, of which `spec` is the declaration, does not take."""
    problem = check_value(spec, value)
    if problem:
        where = "board %s: settings: %r in section %r (component %s, option %s): %s"
        raise DeclarationError(where % ((board.NAME, key, section) + target_of(board, section, key) + (problem,)))


def split_target(target):
    """("component", ".", "option") of what a setting is for; empty for what is no text."""
    return target.partition(".") if isinstance(target, str) else ("", "", "")
