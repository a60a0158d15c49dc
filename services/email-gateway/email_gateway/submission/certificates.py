"""The certificate of the port, read again when its files change: connections that are open keep the one they have."""

from __future__ import annotations

import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.logs import get_logger

log = get_logger()
LIFETIME = timedelta(days=30)


class Certificates:
    """:param certificate, key: paths of PEM files. :raises OSError: they cannot be read; `ssl.SSLError` is one."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self._seen = self._stamps()
        self._context = self._load()

    def current(self) -> ssl.SSLContext:
        return self._context

    def look(self) -> bool:
        """Read the files again if they have changed; files that do not fit (half of them written) change nothing."""
        try:
            stamps = self._stamps()
            if stamps == self._seen:
                return False
            self._context = self._load()
            self._seen = stamps
        except OSError as error:
            log.error("certificate_not_loaded", error=error)
            return False
        log.info("certificate_loaded")
        return True

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        found = [os.stat(path) for path in (self._certificate, self._key)]
        return tuple((each.st_mtime_ns, each.st_ino) for each in found)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._certificate, self._key)
        return context


def self_signed(name: str) -> Certificates:
    """For development: a certificate that nobody vouches for, which goes with the process."""
    certificate, key = self_signed_pem(name)
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        paths[0].write_bytes(certificate)
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(key)
        return Certificates(*paths)


def self_signed_pem(name: str) -> tuple[bytes, bytes]:
    """Certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none)
