"""Keywords of accounts, and what they answer to a STOP."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Session
from contracts.vocabulary import KeywordMatch
from sms_gateway.domain.keywords import Keyword
from sms_gateway.models import SmsKeyword, StopConfirmation


def of_accounts(cursor: Cursor[Any], account_ids: Collection[UUID]) -> dict[UUID, list[Keyword]]:
    """Those that are enabled."""
    cursor.execute(
        "SELECT account_id, id, phrase, match, number, answer, group_id, grants_consent FROM sms_keywords"
        " WHERE account_id = ANY(%s) AND enabled",
        (list(account_ids),),
    )
    found: dict[UUID, list[Keyword]] = {}
    for account_id, id_, phrase, match, number, *effects in cursor.fetchall():
        keyword = Keyword(id_, tuple(phrase.split()), KeywordMatch(match), number or None, *effects)
        found.setdefault(account_id, []).append(keyword)
    return found


def stop_texts(cursor: Cursor[Any], account_ids: Collection[UUID]) -> dict[UUID, str]:
    """What the accounts answer to a STOP that answer one."""
    cursor.execute(
        "SELECT account_id, text FROM stop_confirmations WHERE account_id = ANY(%s) AND enabled", (list(account_ids),)
    )
    return dict(cursor.fetchall())


def lock(session: Session, account_id: UUID) -> int:
    """How many the account has; nobody else adds or changes one of it until the transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('sms_keywords:' || :account, 0))"),
        {"account": str(account_id)},
    )
    query = text("SELECT count(*) FROM sms_keywords WHERE account_id = :account")
    return int(session.scalar(query, {"account": account_id}) or 0)


def is_taken(session: Session, keyword: SmsKeyword) -> bool:
    """Whether the account has another one that is the same to a message."""
    query = select(SmsKeyword.id).where(
        SmsKeyword.account_id == keyword.account_id,
        SmsKeyword.number == keyword.number,
        SmsKeyword.phrase == keyword.phrase,
        SmsKeyword.match == keyword.match,
        SmsKeyword.id != keyword.id,
    )
    with session.no_autoflush:
        return session.scalar(query) is not None


def add(session: Session, keyword: SmsKeyword) -> None:
    session.add(keyword)
    session.flush()
    session.refresh(keyword)


def keyword(session: Session, account_id: UUID, keyword_id: UUID) -> SmsKeyword | None:
    return session.scalar(select(SmsKeyword).where(SmsKeyword.id == keyword_id, SmsKeyword.account_id == account_id))


def keywords(session: Session, account_id: UUID, *, after: UUID | None, limit: int) -> Sequence[SmsKeyword]:
    query = select(SmsKeyword).where(SmsKeyword.account_id == account_id).order_by(SmsKeyword.id).limit(limit)
    return session.scalars(query if after is None else query.where(SmsKeyword.id > after)).all()


def remove(session: Session, keyword_id: UUID) -> None:
    session.execute(delete(SmsKeyword).where(SmsKeyword.id == keyword_id))


def stop_confirmation(session: Session, account_id: UUID) -> StopConfirmation | None:
    return session.get(StopConfirmation, account_id)


def set_stop_confirmation(session: Session, account_id: UUID, *, said: str, enabled: bool, now: datetime) -> None:
    values = {"text": said, "enabled": enabled, "updated_at": now}
    statement = insert(StopConfirmation).values(account_id=account_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
