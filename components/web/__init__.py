"""The web server: a page for a person, a JSON API, live updates and metrics, over `operator`: see docs/api.md.

What is resident is a listener; all the rest is loaded while somebody is connected, or for one request.

===================  ====================================================================================
serving, routes      one request: which route, who may take it, errors
wire                 JSON bodies and answers
access, pbkdf2       passwords, sessions, roles; the slow hash of a password
state, metrics       what there is to see
events               server-sent events
control              start, stop, cards, limits, restart
settings, passwords  settings, variables; passwords
records              log, sessions, black boxes
firmware             an image is uploaded
setup                the first run
page/                the page as it is sent, made by tools/webpage.py
===================  ====================================================================================
"""

from micropython import const

from core.loading import drop_unmade, unload
from core.tasks import together
from uhttpd import listen

_HTTP = const(80)
_HTTPS = const(443)
_LOADED = const((
    "components.web.serving", "components.web.routes", "components.web.wire", "components.web.access",
    "uhttpd.pool", "uhttpd.request", "uhttpd.query", "uhttpd.refusal",
))  # fmt: skip


class Web:
    """Serves HTTP at ``port``, 0: not at all.

    Options: ``driver_password``, ``operator_password``, ``installer_password``: hashes of passwords as
    ``pbkdf2-sha256$ITERATIONS$SALT$HASH`` in base64, "": nobody has that role. Without one of the installer it serves
    only while `provisioning` is active. ``certificate`` and ``key``: files of a certificate and its private key for
    TLS, paths below the home unless they begin with a slash. ``connections``: so many are served at once. ``address``:
    the IPv4 address that it listens at, "": all of this machine.

    The other attributes are for the modules of the package.
    """

    requires = ("operator", "kernel", "clock", "log", "home")
    provides = ("url",)
    options = {
        "port": (int, 0, 0, 65535),
        "address": (str, "", 0, 15),
        "driver_password": (str, "", 0, 160),
        "operator_password": (str, "", 0, 160),
        "installer_password": (str, "", 0, 160),
        "certificate": (str, "", 0, 64),
        "key": (str, "", 0, 64),
        "connections": (int, 4, 2, 16),
    }

    sessions = failures = verified = loaded = ()  # lists once there is any
    hashing = None
    streams = 0  # of events

    def __init__(self, operator, kernel, clock, log, home, **options):
        self.operator = operator
        self.kernel = kernel
        self.clock = clock
        self.log = log
        self.home = home
        self.provisioning = operator.provisioning
        self.port = options["port"]
        self.address = options["address"]
        self.hashes = (options["driver_password"], options["operator_password"], options["installer_password"])
        self.secure = bool(options["certificate"])
        self.files = options["certificate"], options["key"]
        self.most = options["connections"]

    async def run(self):
        if not self.port:
            return
        active = self.provisioning and self.provisioning.active
        while True:
            if self.hashes[2]:
                await self.listen()
            elif not active:
                return
            elif active.value:
                await together(self.listen(), active.until(_is_not))
            else:
                await active.changed()

    async def listen(self):
        """Serve whoever comes. Raises OSError, ValueError: the port, or the certificate."""
        if self.secure:
            from components.web.tls import context_of

            unload("components.web.tls")
            context_of(self.home, *self.files)
        self.log.info("serves %s at port %d", "https" if self.secure else "http", self.port)
        await listen(self.address or "0.0.0.0", self.port, self._serve)

    def url(self, address):
        """Where the page is for who reaches this device at `address`; "": it is served at the access point only."""
        if not self.port or not self.hashes[2]:
            return ""
        port = "" if self.port == (_HTTPS if self.secure else _HTTP) else ":%d" % self.port
        return "http%s://%s%s/" % ("s" if self.secure else "", self.address or address, port)

    async def _serve(self, sock):
        try:
            from components.web.serving import serve

            await serve(self, sock)
        finally:
            self.let_go()

    def let_go(self):
        """Unload what was there for those who were connected."""
        drop_unmade()
        for name in _LOADED:
            unload(name)


def _is_not(value):
    return not value
