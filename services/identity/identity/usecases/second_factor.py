"""Asking for the second factor at log-in (A12)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from chassis.secrets import Vault
from identity.domain import totp
from identity.models import User
from identity.store import users

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def is_on(user: User) -> bool:
    return user.totp_secret is not None and user.totp_confirmed_at is not None


def accepts(session: Session, vault: Vault, user: User, code: str, now: datetime) -> bool:
    """Whether `code` is right; a right code is used up."""
    if user.totp_secret is None:
        return False
    secret = vault.decrypt(user.totp_secret).decode()
    step = totp.matching_step(secret, code, now, last_step=user.totp_last_step)
    return step is not None and users.use_totp_step(session, user_id=user.id, step=step)
