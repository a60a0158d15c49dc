"""System ids and passwords of SMPP accounts: made here, never chosen, and kept as a hash.

A password of SMPP 3.4 has at most 8 octets (section 5.2.2), so its hash has to be dear: scrypt (RFC 7914), 16 MiB and
some 50 ms.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

# Without those that are taken for one another.
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_SYSTEM_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_SALT = 16


def new_password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def new_system_id() -> str:
    """Ten characters that nobody else has, or could find by asking."""
    return "w" + "".join(secrets.choice(_SYSTEM_ALPHABET) for _ in range(9))


def hashed(password: str) -> bytes:
    """Salt and hash, 48 octets."""
    salt = secrets.token_bytes(_SALT)
    return salt + _scrypt(password, salt)


def fits(password: str, kept: bytes) -> bool:
    return hmac.compare_digest(_scrypt(password, kept[:_SALT]), kept[_SALT:])


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=2**14, r=8, p=1, dklen=32)


NOBODYS = bytes(_SALT + 32)
"""The hash of an account that is not there: whoever asks for one waits as long as for one that is."""
