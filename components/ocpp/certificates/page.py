"""What the console shows of the certificates."""

from core.isotime import format_utc


def pieces(certificates):
    """One, or two."""
    files = certificates.files()
    text = "Certificates: %(central)d roots of the central system, %(manufacturer)d of the manufacturer; %(own)s"
    roots = {"central": len(files.names("c-")), "manufacturer": len(files.names("m-"))}
    roots["own"] = _own(certificates, files)
    found = [("certificates", text, roots)]
    if certificates.own_replaced or certificates.replaced[0]:
        text = "  a new one is on trial, connections failed meanwhile: %(failed)d"
        found.append(("certificates/trial", text, {"failed": certificates.attempt}))
    return found


def _own(certificates, files):
    pending = ", one requested" if files.names("pending") else ""
    if certificates.ends is None:
        return "no certificate of our own" + pending
    return "our own certificate until %s%s" % (format_utc(certificates.ends[1] * 1000)[:10], pending)
