"""Links sent by mail."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from identity.models import OneTimeLink


def insert_link(
    session: Session,
    *,
    token_hash: bytes,
    purpose: str,
    user_id: UUID,
    now: datetime,
    expires_at: datetime,
    email: str | None = None,
) -> None:
    """Add a link; earlier ones of the same purpose live on: whoever asks once more takes nothing from who has one."""
    session.add(
        OneTimeLink(
            token_hash=token_hash, purpose=purpose, user_id=user_id, email=email, created_at=now, expires_at=expires_at
        )
    )


def drop_links(session: Session, *, user_id: UUID, purpose: str | None = None) -> None:
    statement = delete(OneTimeLink).where(OneTimeLink.user_id == user_id)
    session.execute(statement if purpose is None else statement.where(OneTimeLink.purpose == purpose))


def has_link(session: Session, *, user_id: UUID, purpose: str, since: datetime) -> bool:
    """Whether a link was made for the user since then."""
    query = select(OneTimeLink.user_id).where(
        OneTimeLink.user_id == user_id, OneTimeLink.purpose == purpose, OneTimeLink.created_at > since
    )
    return session.scalar(query.limit(1)) is not None


def link(session: Session, *, token_hash: bytes, purpose: str, now: datetime) -> OneTimeLink | None:
    """The link while it is valid."""
    return session.scalar(
        select(OneTimeLink).where(
            OneTimeLink.token_hash == token_hash, OneTimeLink.purpose == purpose, OneTimeLink.expires_at > now
        )
    )


def use_link(session: Session, *, token_hash: bytes, purpose: str, now: datetime) -> tuple[UUID, str | None] | None:
    """Use the link up: its user and address. None when it does not exist, has expired, or somebody was first."""
    statement = (
        delete(OneTimeLink)
        .where(OneTimeLink.token_hash == token_hash, OneTimeLink.purpose == purpose, OneTimeLink.expires_at > now)
        .returning(OneTimeLink.user_id, OneTimeLink.email)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(statement).first()
    return None if row is None else (row.user_id, row.email)
