"""Sender IDs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Session, cursor_of
from sms_gateway.domain.senders import SenderState
from sms_gateway.models import SenderId


def sender_key(sender: str) -> str:
    """Sender IDs that differ in case alone are one."""
    return sender.lower()


def active_spelling(session: Session, *, account_id: UUID, sender: str) -> str | None:
    """The sender ID as it was approved, whatever case it is named in; None where the account may not use it."""
    wanted = account_id, sender_key(sender)
    return active_spellings(session, {wanted}).get(wanted)


def active_spellings(session: Session, wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], str]:
    """The same for many (account, sender key)."""
    return ask_active(cursor_of(session), wanted)()


def ask_active(cursor: Cursor[Any], wanted: Collection[tuple[UUID, str]]) -> Callable[[], dict[tuple[UUID, str], str]]:
    """As `active_spellings`, for a pipeline: what is returned is called once it has ended."""
    cursor.execute(
        "SELECT s.account_id, s.sender_key, s.sender FROM unnest(%s::uuid[], %s::text[]) AS w(account_id, sender_key)"
        " JOIN sender_ids s USING (account_id, sender_key) WHERE s.state = %s",
        ([account_id for account_id, _ in wanted], [key for _, key in wanted], SenderState.ACTIVE),
    )
    return lambda: {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def owners(cursor: Cursor[Any], numbers: Collection[str]) -> dict[str, list[UUID]]:
    """The accounts that may use each of the numbers, which are bare (`domain.numbers`)."""
    found: dict[str, list[UUID]] = {}
    if numbers:
        cursor.execute(
            "SELECT n.number, s.account_id FROM unnest(%s::text[]) AS n(number) JOIN sender_ids s"
            " ON regexp_replace(lower(s.sender_key), '^([+]|00)', '') = n.number AND s.state = 'active'"
            " ORDER BY s.id",
            (sorted(numbers),),
        )
        for number, account_id in cursor.fetchall():
            found.setdefault(number, []).append(account_id)
    return found


def of_numbers(session: Session, account_id: UUID, numbers: Collection[str]) -> dict[str, str]:
    """By bare number, the account's active sender ID that is this number."""
    cursor = cursor_of(session)
    cursor.execute(
        "SELECT n.number, s.sender FROM unnest(%s::text[]) AS n(number) JOIN sender_ids s"
        " ON regexp_replace(lower(s.sender_key), '^([+]|00)', '') = n.number AND s.state = 'active'"
        " WHERE s.account_id = %s AND n.number ~ '^[0-9]+$'",
        (sorted(numbers), account_id),
    )
    return dict(cursor.fetchall())


def names(cursor: Cursor[Any], account_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The sender IDs that each of the accounts may use."""
    cursor.execute(
        "SELECT account_id, sender FROM sender_ids WHERE account_id = ANY(%s) AND state = 'active'",
        (list(account_ids),),
    )
    found: dict[UUID, list[str]] = {}
    for account_id, sender in cursor.fetchall():
        found.setdefault(account_id, []).append(sender)
    return found


def add_sender(session: Session, sender: SenderId) -> bool:
    """False when the account has it already."""
    values = {column: getattr(sender, column) for column in ("id", "account_id", "sender", "sender_key", "state")}
    added = session.scalar(insert(SenderId).values(**values).on_conflict_do_nothing().returning(SenderId.id))
    return added is not None


def sender_for_update(session: Session, sender_id: UUID, *, account_id: UUID | None = None) -> SenderId | None:
    query = select(SenderId).where(SenderId.id == sender_id).with_for_update()
    if account_id is not None:
        query = query.where(SenderId.account_id == account_id)
    return session.scalar(query)


def senders(
    session: Session, *, account_id: UUID | None, state: str | None, after: UUID | None, limit: int
) -> Sequence[SenderId]:
    """In order of request; of every account with `account_id` None (operators)."""
    query = select(SenderId).order_by(SenderId.id).limit(limit)
    if account_id is not None:
        query = query.where(SenderId.account_id == account_id)
    if state is not None:
        query = query.where(SenderId.state == state)
    if after is not None:
        query = query.where(SenderId.id > after)
    return session.scalars(query).all()
