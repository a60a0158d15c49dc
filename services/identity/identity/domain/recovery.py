"""Recovery codes: ten of 80 random bits, written so that a person can copy them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from uuid import UUID

COUNT = 10
_SEPARATORS = re.compile(r"[\s-]")


def new_codes() -> list[str]:
    """Codes such as `k3xq-7c2m-…`: 16 letters and digits in fours."""
    return [_in_fours(base64.b32encode(secrets.token_bytes(10)).decode().lower()) for _ in range(COUNT)]


def code_hash(user_id: UUID, code: str) -> bytes:
    """What is kept of a code, however its user writes it."""
    return hashlib.sha256(user_id.bytes + _SEPARATORS.sub("", code).lower().encode("utf-8", "replace")).digest()


def _in_fours(letters: str) -> str:
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
