"""URLs of the schemes http and https (RFC 3986)."""


class Url:
    """A URL in its parts: ``secure`` (https), ``host``, ``port``, ``path`` (with query), ``credentials`` (bytes
    ``user:password``, or None). Raises ValueError if it is not one of http or https.
    """

    def __init__(self, text):
        scheme, mark, rest = text.partition("://")
        scheme = scheme.lower()
        if not mark or scheme not in ("http", "https"):
            raise ValueError("not an http:// or https:// URL")
        if any(not "!" <= char <= "~" for char in text):  # a line break would be one of the request's
            raise ValueError("bad character in a URL")
        self.secure = scheme == "https"
        rest = rest.partition("#")[0]
        authority = rest
        for end in "/?":
            authority = authority.partition(end)[0]
        path = rest[len(authority) :]
        self.path = path if path.startswith("/") else "/" + path
        user, mark, self.host_port = authority.rpartition("@")  # the last: what the field Host says
        self.credentials = percent_decoded(user if ":" in user else user + ":") if mark else None
        self.host, self.port = _host_and_port(self.host_port, 443 if self.secure else 80)

    def __str__(self):
        """The URL without what may be secret: credentials, and the query."""
        return "%s://%s%s" % (
            "https" if self.secure else "http",
            self.host_port,
            self.path.partition("?")[0],
        )

    def same_server(self, other):
        """Is `other` the same scheme, host and port? Only such a one may see the credentials."""
        return (self.secure, self.host.lower(), self.port) == (other.secure, other.host.lower(), other.port)

    def joined(self, reference):
        """The Url that a ``Location`` means (RFC 3986, section 5.2). Raises ValueError."""
        reference = reference.strip()
        scheme = "https" if self.secure else "http"
        if reference.startswith("//"):
            return Url(scheme + ":" + reference)
        if "://" in reference.partition("?")[0]:
            return Url(reference)
        path = self.path.partition("?")[0]
        if reference.startswith("/"):
            path = reference
        elif reference.startswith("?"):
            path += reference
        else:
            path = path.rpartition("/")[0] + "/" + reference
        return Url("%s://%s%s" % (scheme, self.host_port, _without_dots(path)))


def _host_and_port(text, default):
    if text.startswith("["):  # an IPv6 address
        host, bracket, port = text[1:].partition("]")
        host = host if bracket else ""
    else:
        host, colon, port = text.partition(":")
        port = colon + port
    number = default
    if port:
        number = int(port[1:]) if port[0] == ":" and port[1:].isdigit() and len(port) < 7 else 0
    if not host or not 0 < number < 65536:
        raise ValueError("no host, or a bad port, in a URL")
    return host, number


def _without_dots(path):
    """RFC 3986, section 5.2.4."""
    path, mark, query = path.partition("?")
    kept = []
    parts = path.split("/")[1:]
    for i, part in enumerate(parts):
        if part == "..":
            if kept:
                kept.pop()
        elif part != ".":
            kept.append(part)
        if part in (".", "..") and i == len(parts) - 1:
            kept.append("")
    return "/" + "/".join(kept) + mark + query


def percent_decoded(text):
    """The bytes of a text with %XX in it. Raises ValueError."""
    out = bytearray()
    at = 0
    while at < len(text):
        if text[at] == "%":
            if len(text) < at + 3:
                raise ValueError("bad percent-encoding in a URL")
            out.append(int(text[at + 1 : at + 3], 16))
            at += 3
        else:
            out.append(ord(text[at]))
            at += 1
    return bytes(out)
