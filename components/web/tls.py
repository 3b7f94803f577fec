"""TLS of the server: the device's certificate. Loaded for that."""

from binascii import a2b_base64

from core.parts import error_text


def context_of(home, certificate, key):
    """The SSLContext of a certificate and its private key, files in PEM or DER. Raises ValueError."""
    import tls  # not every port has it, and an image need not freeze the module ssl over it

    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_der(home, certificate, b"CERTIFICATE"), _der(home, key, b" KEY"))
    return context


def _der(home, path, label):
    """What is in a file, of PEM the first block of that label, as DER, which is what every port takes."""
    try:
        with open(path if path.startswith("/") else home + "/" + path, "rb") as file:
            data = file.read()
    except OSError as e:
        raise ValueError("%s, of the settings web.certificate and web.key: %s" % (path or "no file", error_text(e)))
    block = data.partition(label + b"-----")[2]
    return a2b_base64(block.partition(b"-----")[0]) if block else data
