"""One request: which route it takes, whether its sender may take it, and what becomes of errors.

Loaded while somebody is connected; the module of a route only while a request takes it.
"""

from micropython import const

from core.loading import drop_unmade, unload
from uhttpd.pool import Pool
from uhttpd.refusal import Refusal
from uhttpd.request import Request

from .access import is_first_run, role_of
from .routes import FIRST_RUN, INSTALLER, find
from .wire import refuse

_FIELDS = const(("content-type", "cookie", "authorization", "origin", "sec-fetch-site", "if-none-match"))
_UPLOAD = const("/api/firmware")
_UPLOAD_FIELDS = const(("x-signature", "x-certificate"))
_UPLOAD_MAX = const(3072)  # bytes: a certificate, in base64


async def serve(web, sock):
    """Serve who is connected, until nobody is."""
    pool = pool_of(web)
    await pool.run(pool.accept(sock))


def pool_of(web):
    """What serves the connections."""
    context = None
    if web.secure:
        from .tls import context_of

        unload("components.web.tls")
        context = context_of(web.home, *web.files)

    async def handle(connection):
        await _serve(web, connection)

    def report(error):
        if isinstance(error, MemoryError):
            drop_unmade()
            web.log.rare("no memory for a request")
        else:
            web.log.exception("a request failed: %r" % error, error)

    return Pool(handle, web.most, max(2, web.most - 1), report, context, web.kernel.urgent.block)


async def _serve(web, connection):
    """Serve the request of a connection."""
    request = Request(connection)
    try:
        try:
            await request.read_line()
            if request.path == _UPLOAD:
                await request.read_fields(_FIELDS + _UPLOAD_FIELDS, _UPLOAD_MAX)
            else:
                await request.read_fields(_FIELDS)
            await _take(web, request)
        except Exception as refusal:
            if type(refusal).__name__ != "Refusal":  # of that name there are two if others have unloaded its module
                raise
            await refuse(request, refusal)
    except EOFError:
        pass  # the client has gone


async def _take(web, request):
    host = request.fields["host"] if "host" in request.fields else ""
    if web.provisioning is not None and web.provisioning.active.value and _is_foreign(host):
        if request.method != "GET":  # its DNS leads every page's name here, so its Origin and Host are equal
            raise Refusal(403, "origin", "a page from elsewhere may not do that")
        place = "http://%s/" % web.provisioning.address
        await request.answer(302, b"", "", (("Location", place), ("Cache-Control", "no-store")))
        return
    row = _row_of(request)
    if request.method != "GET":
        _check_origin(request, host)
    await _check_role(web, request, row[2])
    await _run(web, request, row[3], row[4])


def _row_of(request):
    rows = find(request.path)
    if not rows:
        raise Refusal(404, "path", "there is nothing at this path")
    for row in rows:
        if row[1] == request.method:
            return row
    methods = ", ".join([row[1] for row in rows])
    raise Refusal(405, "method", "it takes " + methods, (("Allow", methods),))


def _is_foreign(host):
    """Whether a name is none of ours: what a phone looks up to see whether there is an internet."""
    name = host.partition(":")[0].lower()
    is_address = name.replace(".", "").isdigit() or name.startswith("[")
    return "." in name and not is_address and not name.endswith(".local")


def _check_origin(request, host):
    """What changes something is refused where a page from elsewhere has sent it."""
    origin, site = request.fields.get("origin"), request.fields.get("sec-fetch-site")
    if origin is not None and origin.partition("://")[2] != host:
        raise Refusal(403, "origin", "a page from elsewhere may not do that")
    if site not in (None, "same-origin", "none"):
        raise Refusal(403, "origin", "a page from elsewhere may not do that")


async def _check_role(web, request, needed):
    request.user = role = await role_of(web, request)
    if needed == FIRST_RUN:
        if is_first_run(web, request):
            return
        needed = INSTALLER
    if role >= needed:
        return
    if role:
        raise Refusal(403, "role", "this role may not do that")
    fields = () if "sec-fetch-site" in request.fields else (("WWW-Authenticate", 'Basic realm="charger"'),)
    raise Refusal(401, "login", "a login is needed", fields)


async def _run(web, request, module, function):
    """Run the function of a route; its module is unloaded after the last request that takes it."""
    name = "components.web." + module
    loaded = web.loaded = web.loaded or []
    loaded.append(name)
    try:
        await getattr(_load(module), function)(web, request)
    finally:
        loaded.remove(name)
        if name not in loaded and module != "access":
            unload(name)


def _load(module):
    """The module of a route. The imports are written out: they tell what an image has to have."""
    if module == "state":
        from . import state

        return state
    if module == "events":
        from . import events

        return events
    if module == "control":
        from . import control

        return control
    if module == "metrics":
        from . import metrics

        return metrics
    if module == "sending":
        from . import sending

        return sending
    return _load_seldom(module)


def _load_seldom(module):
    if module == "settings":
        from . import settings

        return settings
    if module == "records":
        from . import records

        return records
    if module == "firmware":
        from . import firmware

        return firmware
    if module == "passwords":
        from . import passwords

        return passwords
    if module == "setup":
        from . import setup

        return setup
    from . import access

    return access
