"""Secrets at rest: AES-256-GCM with versioned keys from the environment.

`WICI_SECRET_KEYS` is `k2:BASE64,k1:BASE64` (32 bytes each). The first key encrypts; all of them decrypt, so a key is
rotated by putting a new one in front and encrypting again at leisure.
"""

from __future__ import annotations

import os
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.config import ConfigError, load, setting

NONCE_BYTES = 12

# Of the tests and of the overlay for trials.
PUBLISHED_KEYS = (
    b"dev-only-32-bytes-dev-only-32-by",
    b"0123456789abcdef0123456789abcdef",
    b"abcdef0123456789abcdef0123456789",
    b"0123456789fedcba0123456789fedcba",
    b"fedcbafedcbafedcbafedcbafedcbafe",
    b"fedcba9876543210fedcba9876543210",
)


@dataclass(frozen=True)
class _Config:
    is_development: bool = setting("WICI_DEVELOPMENT", default=False)


class SecretError(Exception):
    """A key is malformed, or a secret was not encrypted with any key that is configured."""


class Vault:
    """Encrypts and decrypts short secrets; the result names its key: `k2:` + nonce + ciphertext."""

    def __init__(self, keys: str) -> None:
        ring = key_ring(keys)
        self._ciphers = {name: AESGCM(key) for name, key in ring.items()}
        self._current = next(iter(ring))

    def encrypt(self, secret: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        name = self._current.encode()
        return name + b":" + nonce + self._ciphers[self._current].encrypt(nonce, secret, name)

    def decrypt(self, sealed: bytes) -> bytes:
        """Raises `SecretError` when the key is unknown or the bytes were changed."""
        name, _, rest = bytes(sealed).partition(b":")
        cipher = self._ciphers.get(name.decode("ascii", "replace"))
        if cipher is None:
            raise SecretError("the secret's key is not configured")
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], name)
        except (InvalidTag, ValueError):
            raise SecretError("the secret does not decrypt") from None


def key_ring(keys: str) -> dict[str, bytes]:
    """Keys of 32 bytes by name, the current one first, from `k2:BASE64,k1:BASE64`.

    :raises SecretError: one is malformed, or there is none.
    """
    pairs = (part.strip().partition(":") for part in keys.split(",") if part.strip())
    ring = {name: _key(name, encoded) for name, _, encoded in pairs}
    if not ring:
        raise SecretError("no secret key is configured")
    return ring


def unnamed_keys(name: str, keys: str) -> list[bytes]:
    """Keys of at least 16 bytes from the comma list of base64 in the setting `name`, the current one first.

    :raises ConfigError: one is malformed, or there is none.
    """
    try:
        found = [b64decode(key.strip(), validate=True) for key in keys.split(",") if key.strip()]
    except (Base64Error, ValueError):
        raise ConfigError(f"{name} is not a comma list of base64 keys") from None
    if not found or any(len(key) < 16 for key in found):
        raise ConfigError(f"{name} needs keys of at least 16 bytes")
    if any(map(_is_known, found)):
        raise ConfigError(f"{name} holds a key that everybody knows; WICI_DEVELOPMENT=1 allows it on a trial system")
    return found


def _is_known(key: bytes) -> bool:
    """Whether the key stands in this repository, where it may not be used."""
    return key in PUBLISHED_KEYS and not load(_Config, os.environ).is_development


def derived(ring: Mapping[str, bytes], purpose: bytes) -> list[bytes]:
    """Keys for `purpose` (32 bytes, HKDF-SHA256, RFC 5869), one from each key of the ring, in their order."""
    return [
        HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"wici:" + purpose).derive(key)
        for key in ring.values()
    ]


def _key(name: str, encoded: str) -> bytes:
    try:
        key = b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        raise SecretError(f"secret key {name!r} is not base64") from None
    if len(key) != 32:
        raise SecretError(f"secret key {name!r} is {len(key)} bytes long, not 32")
    if _is_known(key):
        raise SecretError(f"secret key {name!r} is known to everybody; WICI_DEVELOPMENT=1 allows it on a trial system")
    return key
