"""TLS to a carrier: whom we believe, and what we are known by."""

from __future__ import annotations

import hashlib
import os
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

# TypeError: of a key that has a passphrase.
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
_DER, _SUBJECT_KEY = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo


class TlsInvalid(Exception):
    """A setting that cannot be used. `name` of the setting; `detail` in words."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name, self.detail = name, detail


class PinMismatch(ConnectionError):
    """The carrier has another certificate than the pinned one."""


@dataclass(frozen=True)
class Tls:
    """How a carrier is known: by a name that an authority vouches for, or by the certificate itself.

    :param ca: PEM of the authorities that are believed instead of the system's.
    :param pin: SHA-256 of the carrier's own certificate (DER), 64 hex digits in lower case. It says more than a name:
        the name is not compared then, and no authority asked unless there is a `ca`.
    :param server_name: what the certificate is for, where that is not the host; it is sent as SNI too (RFC 6066).
    :param certificate: PEM of ours, followed by those that lead to an authority. :param key: its key, PEM.
    """

    ca: str | None = None
    pin: str | None = None
    server_name: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Reads files, so it is made off the loop. :raises ssl.SSLError: OpenSSL does not take a certificate."""
        context = ssl.create_default_context(cadata=self.ca)
        if self.ca is not None:
            # A carrier may give its server's own certificate for an authority.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self.pin is not None:
            context.check_hostname = False
            if self.ca is None:
                context.verify_mode = ssl.CERT_NONE
        if self.certificate is not None and self.key is not None:
            _load_own(context, self.certificate, self.key)
        return context

    def check_pin(self, connection: Any) -> None:
        """:param connection: an `ssl.SSLObject` after its handshake. :raises PinMismatch: another certificate."""
        if self.pin is None:
            return
        found = hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()
        if found != self.pin:
            raise PinMismatch(f"the carrier's certificate is not the pinned one: its SHA-256 is {found}")

    def check(self) -> None:
        """:raises TlsInvalid: something that no connection could be made with."""
        if self.ca is not None:
            _certificates("tls_ca", self.ca)
        if (self.certificate is None) != (self.key is None):
            missing = "tls_key" if self.key is None else "tls_certificate"
            raise TlsInvalid(missing, "A client certificate and its key go together.")
        if (
            self.certificate is not None
            and self.key is not None
            and _certified_key(self.certificate) != _public_key(self.key)
        ):
            raise TlsInvalid("tls_key", "The key is not that of the first certificate.")
        try:
            _ = self.context
        except ssl.SSLError as error:
            name = "tls_certificate" if self.certificate else "tls_ca"
            raise TlsInvalid(name, f"Not usable: {error.reason}") from error


def pins_of(name: str, pem: str) -> list[str]:
    """SHA-256 of each certificate (DER), in hex. :raises TlsInvalid: they are none, or OpenSSL does not take them."""
    found = _certificates(name, pem)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=pem)
    except ssl.SSLError as error:
        raise TlsInvalid(name, f"Not usable: {error.reason}") from error
    return [hashlib.sha256(each.public_bytes(_DER)).hexdigest() for each in found]


def _certificates(name: str, pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except _UNREADABLE:
        raise TlsInvalid(name, "Not a certificate in PEM.") from None


def _certified_key(pem: str) -> bytes:
    (own, *_) = _certificates("tls_certificate", pem)
    try:
        return own.public_key().public_bytes(_DER, _SUBJECT_KEY)
    except _UNREADABLE:
        raise TlsInvalid("tls_certificate", "A key of a kind that is not known.") from None


def _public_key(pem: str) -> bytes:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except _UNREADABLE:
        raise TlsInvalid("tls_key", "Not a private key in PEM without a passphrase.") from None
    return key.public_key().public_bytes(_DER, _SUBJECT_KEY)


def _load_own(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL's binding takes files alone: this one is memory, and gone once it is read."""
    descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "w", closefd=False) as file:
            file.write(f"{key.strip()}\n{certificate.strip()}\n")
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
