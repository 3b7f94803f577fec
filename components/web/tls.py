"""TLS of the server: the device's certificate. Loaded for that."""


def context_of(home, certificate, key):
    """The SSLContext of a certificate and its private key, files in PEM or DER. Raises OSError, ValueError."""
    import tls  # not every port has it, and an image need not freeze the module ssl over it

    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_content(home, certificate), _content(home, key))
    return context


def _content(home, path):
    with open(path if path.startswith("/") else home + "/" + path, "rb") as file:
        return file.read()
