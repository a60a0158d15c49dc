"""Whose a device is: proved by the application's own server, for the app key is public."""

from __future__ import annotations

import hmac

KEY_BYTES = 32


def proof_of(proof_key: bytes, name: str, value: str) -> str:
    """HMAC-SHA256 in lower-case hex of `external_id:42`, under the key's text as it was shown."""
    return hmac.digest(proof_key, f"{name}:{value}".encode(), "sha256").hex()


def is_right(proof_key: bytes, name: str, value: str, proof: str) -> bool:
    return hmac.compare_digest(proof_of(proof_key, name, value), proof)
