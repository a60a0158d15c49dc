"""Why a bind could not be made, or ended, in words that an operator can act on."""

from __future__ import annotations

import socket
import ssl

# Statuses of a refused bind (SMPP 3.4 section 5.1.3).
_REFUSED = {
    0x05: "it is bound already",
    0x0D: "bind failed",
    0x0E: "the password is wrong",
    0x0F: "the system id is wrong",
    0x08: "it has an error of its own",
    0x58: "too many binds for now",
}
# Of X509_verify_cert(3).
_NOT_BELIEVED = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed and nobody vouches for it: set tls_ca, or pin it (tls_pin)",
    19: "the certificate is of an authority that is not believed: set tls_ca to the carrier's",
    20: "the certificate is of an authority that is not believed: set tls_ca to the carrier's",
    21: "the certificate is of an authority that is not believed: set tls_ca to the carrier's",
    62: "the certificate is for another name than the host's: set tls_server_name to that name, or pin it (tls_pin)",
    64: "the certificate is not for this address: set tls_server_name to the name that it is for, or pin it (tls_pin)",
}
_CLOSED = (
    "the carrier closed the connection during the handshake or at once after it: perhaps it does not speak TLS on this"
    " port, or wants another client certificate"
)
_ALERTS = {
    "CERTIFICATE_REQUIRED": "the carrier wants a client certificate: set tls_certificate and tls_key",
    "HANDSHAKE_FAILURE": "the carrier refuses the handshake: no common cipher, or it wants a client certificate",
    "UNKNOWN_CA": "the carrier does not believe the authority of our client certificate",
    "BAD_CERTIFICATE": "the carrier does not take our client certificate",
    "CERTIFICATE_EXPIRED": "our client certificate has expired, says the carrier",
    "CERTIFICATE_REVOKED": "our client certificate is revoked, says the carrier",
    "UNRECOGNIZED_NAME": "the carrier knows no such name: see tls_server_name",
    "PROTOCOL_VERSION": "the carrier speaks no TLS that is safe: 1.2 is the least",
    "UNSUPPORTED_PROTOCOL": "the carrier speaks no TLS that is safe: 1.2 is the least",
    "WRONG_VERSION_NUMBER": "the carrier does not speak TLS on this port",
    "RECORD_LAYER_FAILURE": "the carrier does not speak TLS on this port",
    "UNEXPECTED_EOF": _CLOSED,
}


def bind_refused(status: int) -> str:
    words = _REFUSED.get(status)
    return f"bind refused with status {status:#04x}" + (f": {words}" if words else "")


def in_words(error: BaseException, *, tls: bool = False) -> str:
    """:param tls: whether it happened while a connection by TLS was being made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "TLS: " + _NOT_BELIEVED.get(error.verify_code, error.verify_message)
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        return "TLS: " + next((words for name, words in _ALERTS.items() if name in reason.upper()), reason)
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError) and not str(error):
        return "no connection and no answer to the bind in time"
    if tls and isinstance(error, ConnectionResetError):
        return "TLS: " + _CLOSED
    return str(error) or type(error).__name__
