"""Private keys and public ones: whether they are what a provider needs, and new ones for browsers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from channel.providers.google import is_rsa

P256_POINT = 65  # octets of an uncompressed point
AUTH_SECRET = 16  # octets: RFC 8291, section 3.2


def is_p256(pem: bytes) -> bool:
    """Apple's key for provider tokens."""
    key = _private(pem)
    return isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)


def _private(pem: bytes) -> object:
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except Exception:  # whatever a stranger's bytes make of the parser: it is no key
        return None


CHECKS: Mapping[str, Callable[[bytes], bool]] = {"fcm": is_rsa, "apns": is_p256}


def new_vapid() -> tuple[str, bytes]:
    """A key pair of an application for browsers (RFC 8292): the public key as browsers take it, the private as PEM."""
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode(), pem


def decoded(written: str) -> bytes:
    """Base64url, padded or not. :raises ValueError: it is none."""
    return base64.urlsafe_b64decode(written.rstrip("=") + "=" * (-len(written.rstrip("=")) % 4))


def are_of_a_browser(keys: Mapping[str, str]) -> bool:
    """A point of P-256 and a secret, as a PushSubscription has them (RFC 8291)."""
    try:
        point, auth = decoded(keys["p256dh"]), decoded(keys["auth"])
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return len(point) == P256_POINT and len(auth) == AUTH_SECRET
