"""DANE for SMTP (RFC 7672): what a mail host's domain says of its certificate in DNS, and whether a chain fits it.

The records count only where the resolver says that it has validated them (the AD bit), and so do those that lead to
the host: whoever could forge one of them could have the mail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError


class Usage(IntEnum):
    """Which certificate the record speaks of; the other usages mean nothing for SMTP (section 3.1.3)."""

    TRUST_ANCHOR = 2
    END_ENTITY = 3


_CERTIFICATE, _PUBLIC_KEY = 0, 1
_MATCHES = {0: lambda octets: octets, 1: lambda octets: hashlib.sha256(octets).digest(),
            2: lambda octets: hashlib.sha512(octets).digest()}  # fmt: skip


@dataclass(frozen=True)
class Tlsa:
    """One record (RFC 6698 section 2.1). `octets`: of the certificate or its public key, or their digest."""

    usage: int
    selector: int
    matching: int
    octets: bytes

    @property
    def is_usable(self) -> bool:
        return (
            self.usage in (Usage.TRUST_ANCHOR, Usage.END_ENTITY)
            and self.selector in (_CERTIFICATE, _PUBLIC_KEY)
            and self.matching in _MATCHES
        )

    def fits(self, certificate: x509.Certificate) -> bool:
        if self.selector == _CERTIFICATE:
            octets = certificate.public_bytes(Encoding.DER)
        else:
            octets = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return bool(_MATCHES[self.matching](octets) == self.octets)


def usable(records: Iterable[Tlsa]) -> tuple[Tlsa, ...]:
    return tuple(record for record in records if record.is_usable)


def is_fitting(chain: Sequence[bytes], host: str, records: Sequence[Tlsa]) -> bool:
    """Whether the chain that a server has shown is the host's; without usable records any is (section 2.2).

    Of an end entity's record nothing else matters, neither names nor dates (section 3.1.1). What a trust anchor signs
    must be valid now, and the host's own (section 3.1.2). What cannot be judged does not fit: certificates that are
    none, keys of a kind that nobody here knows, names that no certificate can have.

    :param chain: certificates in DER, the server's first.
    """
    known = usable(records)
    if not known:
        return True
    try:
        certificates = [x509.load_der_x509_certificate(each) for each in chain]
        return bool(certificates) and _is_named(certificates, host, known)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _is_named(certificates: Sequence[x509.Certificate], host: str, known: Sequence[Tlsa]) -> bool:
    if any(record.usage == Usage.END_ENTITY and record.fits(certificates[0]) for record in known):
        return True
    anchors = [record for record in known if record.usage == Usage.TRUST_ANCHOR]
    trusted = [each for each in certificates[1:] if any(record.fits(each) for record in anchors)]
    return bool(trusted) and _is_signed_by(trusted, certificates, host)


def _is_signed_by(trusted: Sequence[x509.Certificate], chain: Sequence[x509.Certificate], host: str) -> bool:
    verifier = PolicyBuilder().store(Store(list(trusted))).build_server_verifier(x509.DNSName(host.rstrip(".")))
    try:
        verifier.verify(chain[0], list(chain[1:]))
    except VerificationError:
        return False
    return True
