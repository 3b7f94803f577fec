"""How the central system is dialled."""

from core.loading import unload

# security events that a failed attempt to connect may be
REFUSED = "FailedToAuthenticateAtCentralSystem"
BAD_SERVER = "InvalidCentralSystemCertificate"


class Access:
    """By the settings alone. The security extension puts one of its own in this place, which has the same attributes.

    ``url`` is what is dialled, ``auth`` None or (user, password) of HTTP Basic authentication, ``login`` whether TLS
    may show our own certificate. `id` is the last part of the URL and the user. A `url` of "" is none:
    nothing is dialled. Raises ValueError for a wrong `url`.
    """

    def __init__(self, url, id, auth_key, ca_file):
        self.given = (url, id, auth_key)
        self._auth = (id, auth_key) if auth_key else None
        self._url = url
        if not url:
            return
        from .urls import url_of

        unload("components.ocpp.urls")
        self._url = url_of(url, id)
        if url.startswith("wss://") and not ca_file:
            raise ValueError("option 'ca_file': wss:// needs the certificate to verify the server against")

    @property
    def url(self):
        return self._url

    @property
    def auth(self):
        return self._auth

    @property
    def login(self):
        return True

    def begin(self):
        """An attempt to connect begins, with ``url``, ``auth`` and ``login`` as they are now."""

    def opened(self):
        """It worked: a WebSocket is open. Returns whether it is the one that is wanted by now."""
        return True

    def failed(self, event):
        """It did not work; `event` as of `failures.event_of`."""
