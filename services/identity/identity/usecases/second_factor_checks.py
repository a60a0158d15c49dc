"""Whether a second factor is asked for and right: codes of the app, recovery codes, trusted devices."""

from __future__ import annotations

from datetime import datetime, timedelta

from chassis.database import Session
from chassis.secrets import SecretError, Vault
from identity.domain import recovery, tokens, totp
from identity.models import Account, User
from identity.store import second_factors, users


def is_on(user: User) -> bool:
    """Whether the user has a second factor, and has confirmed it."""
    return user.totp_secret is not None and user.totp_confirmed_at is not None


def accepts(session: Session, vault: Vault, user: User, code: str, now: datetime) -> bool:
    """Whether `code` is right, as a code of the app or as a recovery code; a right one is used up."""
    if user.totp_secret is None:
        return False
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        hashed = recovery.code_hash(user.id, code)
        return second_factors.use_recovery_code(session, user_id=user.id, code_hash=hashed, now=now)
    secret = vault.decrypt(user.totp_secret).decode()
    step = totp.matching_step(secret, code, now, last_step=user.totp_last_step)
    return step is not None and users.use_totp_step(session, user_id=user.id, step=step)


def device_is_trusted(session: Session, user: User, account: Account, token: str | None, now: datetime) -> bool:
    """Whether this device was trusted within the days that the account allows today."""
    if not token:
        return False
    trusted_at = second_factors.device_trusted_at(
        session, user_id=user.id, token_hash=tokens.token_hash(token), now=now
    )
    return trusted_at is not None and now < trusted_at + timedelta(days=account.trusted_device_days)


def trust(session: Session, user: User, account: Account, name: str | None, now: datetime) -> str | None:
    """Trust the device: its token, or None where the account allows no trust."""
    if account.trusted_device_days == 0:
        return None
    token = tokens.new_token(tokens.DEVICE)
    second_factors.trust_device(
        session,
        user_id=user.id,
        token_hash=tokens.token_hash(token),
        name=name,
        now=now,
        expires_at=now + timedelta(days=account.trusted_device_days),
    )
    return token


def would_accept(vault: Vault, sealed_secret: bytes | None, last_step: int, code: str | None, now: datetime) -> bool:
    """Whether `code` is right as a code of the app; it is not used up."""
    if sealed_secret is None or not code:
        return False
    try:
        secret = vault.decrypt(sealed_secret).decode()
    except SecretError:
        return False
    return totp.matching_step(secret, code, now, last_step=last_step) is not None
