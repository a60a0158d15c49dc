"""What identity reads from its environment beyond what the chassis does."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting


@dataclass(frozen=True, kw_only=True)
class Config:
    """`WICI_SECRET_KEYS` seals TOTP seeds; `ARGON2_*` lets a test machine hash cheaply."""

    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    argon2_memory_kib: int = setting("ARGON2_MEMORY_KIB", default=19_456)
    argon2_rounds: int = setting("ARGON2_ROUNDS", default=2)
