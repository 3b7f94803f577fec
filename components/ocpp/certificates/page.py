"""What the console shows of the certificates."""

from core.isotime import format_utc


def lines(certificates):
    """One line, or two."""
    files = certificates.files()
    found = [
        "Certificates: %d roots of the central system, %d of the manufacturer; %s"
        % (len(files.names("c-")), len(files.names("m-")), _own(certificates, files))
    ]
    if certificates.own_replaced or certificates.replaced[0]:
        found.append("  a new one is on trial, connections failed meanwhile: %d" % certificates.attempt)
    return found


def _own(certificates, files):
    pending = ", one requested" if files.names("pending") else ""
    if certificates.ends is None:
        return "no certificate of our own" + pending
    return "our own certificate until %s%s" % (format_utc(certificates.ends[1] * 1000)[:10], pending)
