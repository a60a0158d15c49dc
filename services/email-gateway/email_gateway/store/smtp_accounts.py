"""Queries on SMTP accounts: what they are, whom they do not reach, and what they have sent in this minute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Session, columns, cursor_of
from email_gateway.models import SmtpAccount, SmtpBlocked

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account AS text), 1936551009))"  # "smta"

_COUNT = (
    "UPDATE smtp_accounts a SET minute = date_trunc('minute', now()), last_used_at = now(),"
    " used = CASE WHEN minute = date_trunc('minute', now()) THEN used ELSE 0 END + s.messages"
    " FROM unnest(%s::uuid[], %s::integer[]) AS s(smtp_account_id, messages)"
    " WHERE a.smtp_account_id = s.smtp_account_id"
)


def hold(session: Session, account_id: UUID) -> None:
    """Keep others from making one for the account until the transaction ends."""
    session.execute(text(_LOCK), {"account": account_id})


def count(session: Session, *, account_id: UUID) -> int:
    return session.scalar(select(func.count()).where(SmtpAccount.account_id == account_id)) or 0


def add(session: Session, row: SmtpAccount) -> None:
    session.add(row)
    session.flush()


def page(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[SmtpAccount]:
    query = select(SmtpAccount).where(SmtpAccount.account_id == account_id)
    if after is not None:
        query = query.where(SmtpAccount.smtp_account_id > after)
    return session.scalars(query.order_by(SmtpAccount.smtp_account_id).limit(limit)).all()


def get(session: Session, *, account_id: UUID, smtp_account_id: UUID, lock: bool = False) -> SmtpAccount | None:
    query = select(SmtpAccount).where(
        SmtpAccount.account_id == account_id, SmtpAccount.smtp_account_id == smtp_account_id
    )
    return session.scalar(query.with_for_update() if lock else query)


def remove(session: Session, *, account_id: UUID, smtp_account_id: UUID) -> bool:
    found = (SmtpAccount.account_id == account_id, SmtpAccount.smtp_account_id == smtp_account_id)
    return session.execute(delete(SmtpAccount).where(*found).returning(SmtpAccount.name)).first() is not None


def login(session: Session, *, smtp_account_id: UUID) -> tuple[SmtpAccount, bool] | None:
    """The SMTP account of whichever customer, and whether it has blocked addresses."""
    row = session.get(SmtpAccount, smtp_account_id)
    if row is None:
        return None
    has_blocked = select(SmtpBlocked.address).where(SmtpBlocked.smtp_account_id == smtp_account_id).exists()
    return row, bool(session.scalar(select(has_blocked)))


def count_sent(session: Session, messages_by_id: Mapping[UUID, int]) -> None:
    if messages_by_id:
        cursor_of(session).execute(_COUNT, columns(list(messages_by_id.items()), 2))


def block(session: Session, row: SmtpAccount, addresses: Collection[str], new_id: Callable[[], UUID]) -> None:
    values: list[dict[str, Any]] = [
        {
            "blocked_id": new_id(),
            "smtp_account_id": row.smtp_account_id,
            "address": address,
            "account_id": row.account_id,
        }
        for address in addresses
    ]
    session.execute(insert(SmtpBlocked).on_conflict_do_nothing(), values)


def unblock(session: Session, *, account_id: UUID, smtp_account_id: UUID, blocked_id: UUID) -> bool:
    found = session.execute(
        delete(SmtpBlocked)
        .where(
            SmtpBlocked.account_id == account_id,
            SmtpBlocked.smtp_account_id == smtp_account_id,
            SmtpBlocked.blocked_id == blocked_id,
        )
        .returning(SmtpBlocked.blocked_id)
    )
    return found.first() is not None


def count_blocked(session: Session, *, smtp_account_id: UUID) -> int:
    return session.scalar(select(func.count()).where(SmtpBlocked.smtp_account_id == smtp_account_id)) or 0


def blocked(session: Session, *, smtp_account_id: UUID, after: UUID | None, limit: int) -> Sequence[SmtpBlocked]:
    query = select(SmtpBlocked).where(SmtpBlocked.smtp_account_id == smtp_account_id)
    if after is not None:
        query = query.where(SmtpBlocked.blocked_id > after)
    return session.scalars(query.order_by(SmtpBlocked.blocked_id).limit(limit)).all()


def is_blocked(session: Session, *, smtp_account_id: UUID, address: str) -> bool:
    query = select(SmtpBlocked.blocked_id).where(
        SmtpBlocked.smtp_account_id == smtp_account_id, SmtpBlocked.address == address
    )
    return session.scalar(query) is not None


def forget_addresses(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """Of a person who is erased."""
    session.execute(
        delete(SmtpBlocked).where(
            SmtpBlocked.account_id == account_id, SmtpBlocked.address.in_([one.lower() for one in addresses])
        )
    )
