"""Queries on prepared contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from email_gateway.models import Content


def keep(session: Session, *, content_hash: str, account_id: UUID, document: dict[str, Any]) -> None:
    """Store the content unless it is there already: the hash says that it would be the same."""
    session.execute(
        insert(Content)
        .values(content_hash=content_hash, account_id=account_id, document=document)
        .on_conflict_do_nothing()
    )


def ensure(session: Session, *, content_hash: str, account_id: UUID, document: Mapping[str, Any]) -> None:
    """As `keep`, for a content that is almost always there: it is not sent to the database then."""
    if not session.scalar(select(exists().where(Content.content_hash == content_hash))):
        keep(session, content_hash=content_hash, account_id=account_id, document=dict(document))


def document(session: Session, *, account_id: UUID, content_hash: str) -> dict[str, Any] | None:
    return session.scalar(
        select(Content.document).where(Content.account_id == account_id, Content.content_hash == content_hash)
    )


def erase_account(session: Session, *, account_id: UUID) -> None:
    session.execute(delete(Content).where(Content.account_id == account_id))


def sender_of(session: Session, *, content_hash: str) -> Any:
    """`account_id` and `sender` (the From address) of a content; None where there is none."""
    return session.execute(
        select(Content.account_id, Content.document["from_email"].astext.label("sender")).where(
            Content.content_hash == content_hash
        )
    ).one_or_none()
