"""Recovery codes, trusted devices, and links sent by mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.models import KnownDevice, RecoveryCode, TrustedDevice, User


def replace_recovery_codes(session: Session, *, user_id: UUID, code_hashes: Iterable[bytes]) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": code_hash} for code_hash in code_hashes]
    if rows:
        session.execute(insert(RecoveryCode), rows)


def use_recovery_code(session: Session, *, user_id: UUID, code_hash: bytes, now: datetime) -> bool:
    """Use the code up; False when there is none such, or it has been used."""
    statement = (
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.user_id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(statement) is not None


def trust_device(
    session: Session, *, user_id: UUID, token_hash: bytes, name: str | None, now: datetime, expires_at: datetime
) -> None:
    session.add(TrustedDevice(token_hash=token_hash, user_id=user_id, name=name, created_at=now, expires_at=expires_at))


def device_trusted_at(session: Session, *, user_id: UUID, token_hash: bytes, now: datetime) -> datetime | None:
    """When the user's device was trusted; None when it was not, or no longer is."""
    return session.scalar(
        select(TrustedDevice.created_at).where(
            TrustedDevice.token_hash == token_hash, TrustedDevice.user_id == user_id, TrustedDevice.expires_at > now
        )
    )


def forget_devices(session: Session, *, user_id: UUID) -> None:
    session.execute(delete(TrustedDevice).where(TrustedDevice.user_id == user_id))


def is_new_device(session: Session, *, user_id: UUID, device_hash: bytes, now: datetime) -> bool:
    """Whether the user, who has logged in before, has never done so from there; remembers it."""
    seen = session.execute(select(KnownDevice.device_hash).where(KnownDevice.user_id == user_id).limit(1)).first()
    inserted = session.scalar(
        insert(KnownDevice)
        .values(user_id=user_id, device_hash=device_hash, last_seen_at=now)
        .on_conflict_do_update(index_elements=["user_id", "device_hash"], set_={"last_seen_at": now})
        .returning(literal_column("xmax = 0"))
    )
    return bool(inserted) and seen is not None


def turn_off(session: Session, user: User) -> None:
    """Take the user's second factor away, with its recovery codes and the devices that it made trusted."""
    user.totp_secret = None
    user.totp_confirmed_at = None
    user.totp_last_step = 0
    replace_recovery_codes(session, user_id=user.id, code_hashes=[])
    forget_devices(session, user_id=user.id)
