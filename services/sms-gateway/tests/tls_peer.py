"""Certificates made on the spot, and a carrier behind TLS: blocking sockets on threads, so that alerts do arrive."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import RESPONSE, Command

PEM = serialization.Encoding.PEM


@dataclass
class Identity:
    """A certificate with its key, both PEM as text."""

    certificate: str
    key: str
    made: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.made.public_bytes(serialization.Encoding.DER)).hexdigest()


def identity(*names: str, by: Identity | None = None, is_authority: bool = False, until: int = 2050) -> Identity:
    """For `names` (hosts or addresses); signed by itself where `by` nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0] if names else "Carrier CA")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.made.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(until, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(each) for each in names]), critical=False)
    made = builder.sign(by.private if by else key, hashes.SHA256())
    plain = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(made.public_bytes(PEM).decode(), plain.decode(), made, key)


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class TlsCarrier:
    """Answers binds. `asked_for` has the names of SNI, `commands` what came through."""

    def __init__(self, folder: Path, own: Identity, *, clients_of: Identity | None = None, speaks_tls: bool = True):
        path = folder / "carrier.pem"
        path.write_text(own.key + own.certificate)
        self._context = ssl.create_default_context(
            ssl.Purpose.CLIENT_AUTH, cadata=clients_of.certificate if clients_of else None
        )
        self._context.load_cert_chain(path)
        self._context.sni_callback = lambda _socket, name, _context: self.asked_for.append(name)
        if clients_of:
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._speaks_tls = speaks_tls
        self.asked_for: list[str | None] = []
        self.commands: list[int] = []
        self.clients: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, smpp.PduError), connection:
            if not self._speaks_tls:
                connection.recv(100)
                connection.sendall(smpp.encode(smpp.Pdu(Command.GENERIC_NACK, 0, 2)))
                return
            with self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
                self._shake_hands(tls)
                client = tls.getpeercert(binary_form=True)
                self.clients += [hashlib.sha256(client).hexdigest()] if client else []
                while head := tls.recv(16):
                    length, command, _, sequence = smpp.unpack_header(head, 0)
                    tls.recv(length - 16)
                    self.commands.append(command)
                    tls.sendall(smpp.encode(smpp.Pdu(Command(command | RESPONSE), sequence)))

    @staticmethod
    def _shake_hands(tls: ssl.SSLSocket) -> None:
        try:
            tls.do_handshake()
        except ssl.SSLError:
            # What lies unread when a socket is closed makes a reset of it, which overtakes the alert.
            socket.socket.shutdown(tls, socket.SHUT_WR)
            while os.read(tls.fileno(), 1_000):
                pass
            raise

    def stop(self) -> None:
        self._listener.close()


@contextlib.contextmanager
def tls_carrier(folder: Path, own: Identity, **settings: object) -> Iterator[TlsCarrier]:
    carrier = TlsCarrier(folder, own, **settings)  # type: ignore[arg-type]
    try:
        yield carrier
    finally:
        carrier.stop()
