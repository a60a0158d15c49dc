"""User names and passwords of SMTP accounts."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from ipaddress import ip_network
from uuid import UUID

_NAME = re.compile(r"smtp_([0-9a-f]{32})\Z")
NOBODY = UUID(int=0)
_NO_PASSWORD = hashlib.sha256(secrets.token_bytes(32)).digest()


def username_of(smtp_account_id: UUID) -> str:
    return f"smtp_{smtp_account_id.hex}"


def id_of(username: str) -> UUID:
    """The SMTP account that a user name is of; nobody's for any other."""
    found = _NAME.match(username.strip().lower())
    return UUID(found[1]) if found else NOBODY


def new_password() -> str:
    """192 bits: nobody guesses it, so a plain hash of it is enough (as for API keys)."""
    return secrets.token_urlsafe(24)


def hash_of(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "surrogateescape")).digest()


def is_right(password: str, secret_hash: bytes | None) -> bool:
    """Takes as long where there is no such account."""
    return hmac.compare_digest(hash_of(password), secret_hash or _NO_PASSWORD) and secret_hash is not None


def canonical(listed: Iterable[str]) -> list[str]:
    """Networks as they are kept. :raises ValueError: its argument is the place of one that is none."""
    networks: dict[str, None] = {}
    for number, each in enumerate(listed):
        try:
            networks[str(ip_network(each.strip(), strict=False))] = None
        except ValueError:
            raise ValueError(number) from None
    return list(networks)
