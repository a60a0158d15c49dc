"""What identity reads from its environment beyond what the chassis does."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting


@dataclass(frozen=True, kw_only=True)
class Config:
    """`WICI_SECRET_KEYS` seals TOTP seeds; `ARGON2_*` lets a test machine hash cheaply.

    Links in mails lead to `WICI_PANEL_URL`, or to `WICI_PUBLIC_URL` where there is no panel.
    """

    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    panel_url: str = setting("WICI_PANEL_URL", default="")
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    argon2_memory_kib: int = setting("ARGON2_MEMORY_KIB", default=19_456)
    argon2_rounds: int = setting("ARGON2_ROUNDS", default=2)
