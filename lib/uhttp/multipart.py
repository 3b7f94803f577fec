"""A file as a web form uploads it: multipart/form-data (RFC 7578)."""

import binascii
import os


class Multipart:
    """``request("POST", url, **Multipart("file", "log.txt", body, length).arguments())``.

    `body` and `length` as for `request`; `name` is the form's field, `filename` what the file is called.
    """

    def __init__(self, name, filename, body, length=None, content_type="text/plain"):
        for text in (name, filename):
            if any(char in '"\r\n\\' or not " " <= char <= "~" for char in text):
                raise ValueError("bad character in the name of a form's field or file")
        self._boundary = binascii.hexlify(os.urandom(16)).decode()
        self._head = '--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n' % (
            self._boundary,
            name,
            filename,
            content_type,
        )
        self._tail = "\r\n--%s--\r\n" % self._boundary
        self._body = body
        self._length = length

    def arguments(self):
        """What `request` has to be given."""
        length = None if self._length is None else len(self._head) + self._length + len(self._tail)
        kind = "multipart/form-data; boundary=" + self._boundary
        return {"body": self._parts, "length": length, "headers": (("Content-Type", kind),)}

    def _parts(self):
        yield self._head
        for part in self._body():
            yield part
        yield self._tail
