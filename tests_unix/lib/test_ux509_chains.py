"""Chains of certificates, made by the ``cryptography`` package, verified by ux509 inside MicroPython."""

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ObjectIdentifier
from ux509_process import UTC


@pytest.mark.parametrize("kind, pss", [("P256", False), ("RSA2048", False), ("RSA2048", True)])
def test_a_good_chain_is_verified(ux509, kind, pss):
    root = pki.Authority("Root", key=kind, pss=pss)
    upper = root.authority("Upper", key=kind, pss=pss)
    lower = upper.authority("Lower", path_length=0)
    leaf = lower.issue("CP-1", pss=False)
    others = pki.Authority("Root"), pki.Authority("Another", key="RSA2048")
    assert ux509.chain(leaf, lower, upper, roots=(*others, root)) == root.der
    assert ux509.chain(leaf, root, upper, others[0], lower, roots=(root, *others)) == root.der  # in any order
    assert ux509.chain(leaf, lower, roots=(upper,)) == upper.der
    assert ux509.chain(leaf, lower, upper, roots=others) == "unknown issuer (certificate 2)"
    assert ux509.chain(leaf, upper, roots=(root,)) == "unknown issuer (certificate 0)"


def test_what_runs_out_or_has_not_begun_is_refused(ux509, root):
    good = root.issue("CP-1")
    for options, reason in ((pki.expired(), "expired"), (pki.not_yet(), "not yet valid")):
        leaf = root.issue("CP-1", **options)
        assert ux509.chain(leaf, roots=(root,)) == f"{reason} (certificate 0)"
        assert ux509.chain(leaf, roots=(root,), utc=None) == root.der  # who does not know the time cannot tell
        middle = root.authority("Middle", **options)
        assert ux509.chain(middle.issue("CP-1"), middle, roots=(root,)) == f"{reason} (certificate 1)"
        old = pki.Authority("Old root", **options)
        assert ux509.chain(old.issue("CP-1"), roots=(old,)) == f"{reason} (certificate 1)"
    begin = int(good.certificate.not_valid_before_utc.timestamp())
    end = int(good.certificate.not_valid_after_utc.timestamp())
    for utc, taken in ((begin - 1, False), (begin, True), (end, True), (end + 1, False)):
        assert (ux509.chain(good, roots=(root,), utc=utc) == root.der) is taken, utc - begin


def test_a_signature_by_another_key_is_refused(ux509, root):
    other = pki.new_key()
    leaf = root.issue("CP-1", signed_by=other)
    assert ux509.chain(leaf, roots=(root,)) == "bad signature (certificate 0)"
    middle = root.authority("Middle")
    assert ux509.chain(middle.issue("CP-1", signed_by=other), middle, roots=(root,)) == "bad signature (certificate 0)"
    middle = root.authority("Middle", signed_by=other)
    assert ux509.chain(middle.issue("CP-1"), middle, roots=(root,)) == "bad signature (certificate 1)"
    changed = root.issue("CP-1").der.replace(b"CP-1", b"CP-2")
    answer = ux509.ask("chain", chain=[changed.hex()], roots=[root.der.hex()], utc=UTC)
    assert answer["text"] == "bad signature (certificate 0)"


def test_only_a_ca_issues(ux509, root):
    leaf = root.issue("CP-1")
    forger = pki.Authority("CP-1", root, key=leaf.key, ca=False, usage=("digital_signature", "key_cert_sign"))
    assert ux509.chain(forger.issue("CP-2"), forger, roots=(root,)) == "issued by what is not a CA (certificate 1)"
    forger = pki.Authority("Forger", root, basic=None, usage=None)
    assert ux509.chain(forger.issue("CP-2"), forger, roots=(root,)) == "issued by what is not a CA (certificate 1)"
    forger = root.authority("Not for certificates", usage=("digital_signature",))
    assert ux509.chain(forger.issue("CP-2"), forger, roots=(root,)) == "issued by what is not a CA (certificate 1)"


def test_path_lengths(ux509):
    root = pki.Authority("Root", path_length=1)
    upper = root.authority("Upper", path_length=0)
    assert ux509.chain(upper.issue("CP-1"), upper, roots=(root,)) == root.der
    lower = upper.authority("Lower")
    assert ux509.chain(lower.issue("CP-1"), lower, upper, roots=(root,)) == "path too long (certificate 2)"
    upper = root.authority("Upper")
    lower = upper.authority("Lower")
    assert ux509.chain(lower.issue("CP-1"), lower, upper, roots=(root,)) == "path too long (certificate 3)"
    leaf = root.issue("CP-1")
    assert ux509.chain(leaf, *[root] * 6, roots=(root,)) == "path too long (certificate 0)"


def test_critical_extensions_that_nobody_here_knows(ux509, root):
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert ux509.chain(root.issue("CP-1", extensions=((unknown, False),)), roots=(root,)) == root.der
    leaf = root.issue("CP-1", extensions=((unknown, True),))
    assert ux509.chain(leaf, roots=(root,)) == "unknown critical extension (certificate 0)"
    only = x509.NameConstraints([x509.DNSName("example.org")], None)
    middle = root.authority("Middle", extensions=((only, True),))
    assert ux509.chain(middle.issue("CP-1"), middle, roots=(root,)) == "unknown critical extension (certificate 1)"


def test_algorithms_that_nobody_here_can_compute(ux509, root):
    leaf = root.issue("CP-1", digest=hashes.SHA384())
    assert ux509.chain(leaf, roots=(root,)) == "unsupported algorithm or key (certificate 0)"
    for key in ("P384", "RSA1024"):
        other = pki.Authority("Other", key=key)
        assert ux509.chain(other.issue("CP-1"), roots=(other,)) == "unsupported algorithm or key (certificate 0)"


def test_a_root_whose_key_was_renewed_under_the_same_name(ux509):
    first, second = pki.Authority("Root"), pki.Authority("Root")
    for roots in ((first, second), (second, first)):
        assert ux509.chain(second.issue("CP-1"), roots=roots) == second.der


def test_roots_that_are_no_certificates_are_passed_over(ux509, root):
    answer = ux509.ask("chain", chain=[root.issue("CP-1").der.hex()], roots=["", "3000", root.der.hex()], utc=UTC)
    assert answer == root.der.hex()
