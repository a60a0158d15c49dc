"""Who has subscribed to which bot: contacts by Viber's id of them, in Viber's order of time; contacts hears of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis import outbox
from chassis.database import Session, changed, columns
from contracts.events import VIBER_REACH_CHANGED
from viber_gateway.batches import Subscriber
from viber_gateway.domain.subscription import Subscription

Key = tuple[UUID, str]
"""A bot, and Viber's id of a person."""

STRANGERS_KEPT = timedelta(days=90)  # ids that are no contact's, or whose contact has opened an invitation and no more
_TELLING = 0x7669_6265  # "vibe": of this database's advisory locks
# Nobody else changes these rows until the transaction ends; those that are missing are there then.
_HOLD = """
INSERT INTO subscribers AS s (sender_id, viber_id, account_id, is_subscribed)
SELECT r.*, false FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) AS r
ON CONFLICT (sender_id, viber_id) DO UPDATE SET account_id = s.account_id WHERE false
"""
_KNOWN = """
SELECT s.sender_id, s.viber_id, s.contact_id, s.linked_at, s.is_subscribed, s.changed_at
FROM unnest(%s::uuid[], %s::text[]) AS r(sender_id, viber_id)
JOIN subscribers s ON s.sender_id = r.sender_id AND s.viber_id = r.viber_id
"""
_WRITE = """
UPDATE subscribers s SET contact_id = r.contact_id, linked_at = r.linked_at, is_subscribed = r.is_subscribed,
    changed_at = r.changed_at
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[], %s::bool[], %s::timestamptz[])
    AS r(sender_id, viber_id, contact_id, linked_at, is_subscribed, changed_at)
WHERE s.sender_id = r.sender_id AND s.viber_id = r.viber_id
"""
_CONTACTS = """
SELECT s.sender_id, s.viber_id, s.contact_id FROM unnest(%s::uuid[], %s::text[]) AS r(sender_id, viber_id)
JOIN subscribers s ON s.sender_id = r.sender_id AND s.viber_id = r.viber_id WHERE s.contact_id IS NOT NULL
"""
# Of one contact one transaction tells after the other, so that the later has seen what the earlier one wrote. A few
# locks for all people: one each could be more than the server has room for.
_ONE_BY_ONE = """
SELECT pg_advisory_xact_lock(%s, slot) FROM (
    SELECT DISTINCT (hashtextextended(account_id::text || contact_id::text, 0) & 255)::int AS slot
    FROM unnest(%s::uuid[], %s::uuid[]) AS r(account_id, contact_id) ORDER BY slot
) slots
"""
_REACHED = """
SELECT r.account_id, r.contact_id, EXISTS (SELECT 1 FROM subscribers s WHERE s.account_id = r.account_id
    AND s.contact_id = r.contact_id AND s.is_subscribed)
FROM unnest(%s::uuid[], %s::uuid[]) AS r(account_id, contact_id)
"""
_FORGET_STRANGERS = """
DELETE FROM subscribers WHERE (sender_id, viber_id) IN (SELECT sender_id, viber_id FROM subscribers
    WHERE contact_id IS NULL AND changed_at < :before ORDER BY changed_at LIMIT :limit FOR UPDATE SKIP LOCKED)
"""
_FORGET_NEVER_COME = """
DELETE FROM subscribers WHERE (sender_id, viber_id) IN (SELECT sender_id, viber_id FROM subscribers
    WHERE changed_at IS NULL AND linked_at < :before ORDER BY linked_at LIMIT :limit FOR UPDATE SKIP LOCKED)
"""
_OF_ADDRESSES = text(
    "SELECT DISTINCT ON (contact_id) CAST(contact_id AS text) AS address, sender_id, viber_id, changed_at"
    " FROM subscribers WHERE account_id = :account AND sender_id = :sender AND is_subscribed"
    " AND contact_id = ANY(CAST(:ids AS uuid[])) ORDER BY contact_id, linked_at DESC"
)


class Link(NamedTuple):
    """An invitation was opened."""

    sender_id: UUID
    viber_id: str
    account_id: UUID
    contact_id: UUID
    at: datetime


class Turn(NamedTuple):
    """A person has come (`is_subscribed`) or gone."""

    sender_id: UUID
    viber_id: str
    account_id: UUID
    is_subscribed: bool
    at: datetime


def follow(cursor: Cursor[Any], links: Collection[Link], turns: Collection[Turn]) -> Mapping[Key, Subscription]:
    """Whose ids these are, and who has come or gone; contacts hears of it.

    Returns those ids that are another contact's than before.
    """
    accounts = {(one.sender_id, one.viber_id): one.account_id for one in links}
    accounts |= {(one.sender_id, one.viber_id): one.account_id for one in turns}
    if not accounts:
        return {}
    before = _held(cursor, accounts)
    after = dict(before)
    for link in links:
        key = link.sender_id, link.viber_id
        after[key] = after[key].linked(link.contact_id, link.at)
    for turn in turns:
        key = turn.sender_id, turn.viber_id
        after[key] = after[key].turned(turn.is_subscribed, turn.at)
    changes = {key: after[key] for key in sorted(after) if after[key] != before[key]}
    if changes:
        cursor.execute(_WRITE, columns([(*key, *one) for key, one in changes.items()], 6))
    _tell(cursor, _concerned(accounts, before, changes))
    return {key: one for key, one in changes.items() if one.contact_id != before[key].contact_id}


def _held(cursor: Cursor[Any], accounts: Mapping[Key, UUID]) -> dict[Key, Subscription]:
    keys = sorted(accounts)
    cursor.execute(_HOLD, columns([(*key, accounts[key]) for key in keys], 3))
    cursor.execute(_KNOWN, columns(keys, 2))
    return {(sender_id, viber_id): Subscription(*known) for sender_id, viber_id, *known in cursor.fetchall()}


def _concerned(
    accounts: Mapping[Key, UUID], before: Mapping[Key, Subscription], changes: Mapping[Key, Subscription]
) -> set[tuple[UUID, UUID]]:
    """Account and contact, of those whose ids or coming and going have changed."""
    return {
        (accounts[key], contact_id)
        for key, one in changes.items()
        if one._replace(changed_at=None) != before[key]._replace(changed_at=None)
        for contact_id in (before[key].contact_id, one.contact_id)
        if contact_id is not None
    }


def contacts(cursor: Cursor[Any], keys: Collection[Key]) -> dict[Key, UUID]:
    """Whose ids they are."""
    if not keys:
        return {}
    cursor.execute(_CONTACTS, columns(sorted(keys), 2))
    return {(sender_id, viber_id): contact_id for sender_id, viber_id, contact_id in cursor.fetchall()}


def _tell(cursor: Cursor[Any], people: Collection[tuple[UUID, UUID]]) -> None:
    """Contacts learns whether each of (account, contact) can be reached now; harmless twice."""
    if not people:
        return
    cursor.execute(_ONE_BY_ONE, (_TELLING, *columns(sorted(people), 2)))
    # By the database's clock, under the locks: of what two processes tell the later is of the later moment.
    cursor.execute("SELECT clock_timestamp()")
    ((at,),) = cursor.fetchall()
    cursor.execute(_REACHED, columns(sorted(people), 2))
    by_account: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for account_id, contact_id, is_reachable in cursor.fetchall():
        by_account[account_id].append({"contact_id": contact_id, "is_reachable": is_reachable})
    for account_id, told in by_account.items():
        outbox.record_at(
            cursor, VIBER_REACH_CHANGED, account_id=account_id, people=told, occurred_at=at.astimezone(UTC)
        )


def forget_gone(cursor: Cursor[Any], gone: Collection[tuple[UUID, Subscriber]]) -> None:
    """Viber says that these, of an account each, have not subscribed (any more); who has come back since stays."""
    follow(cursor, [], [Turn(one.sender_id, one.viber_id, account_id, False, one.since) for account_id, one in gone])


def forget_strangers(session: Session, now: datetime, limit: int = 1_000) -> int:
    """Ids that are no contact's and have not come or gone for long, and those whose contact opened an invitation long
    ago and never came; some at a time; how many went."""
    asked: dict[str, Any] = {"before": now - STRANGERS_KEPT, "limit": limit}
    return sum(changed(session, statement, **asked) for statement in (_FORGET_STRANGERS, _FORGET_NEVER_COME))


def with_addresses(
    session: Session, *, account_id: UUID, sender_id: UUID, contact_ids: Collection[str]
) -> Mapping[str, Subscriber]:
    """By contact, of those who are subscribed; of several ids the newest."""
    asked = {"account": account_id, "sender": sender_id, "ids": list(contact_ids)}
    return {row.address: Subscriber(*row[1:]) for row in session.execute(_OF_ADDRESSES, asked)}


def of_contacts(session: Session, account_id: UUID, contact_ids: Sequence[UUID]) -> Sequence[Any]:
    """Of one person: bot, Viber's id, and since when."""
    statement = text(
        "SELECT n.name AS sender, s.viber_id, s.is_subscribed, s.linked_at FROM subscribers s"
        " JOIN senders n ON n.id = s.sender_id WHERE s.account_id = :account AND s.contact_id = ANY(:ids)"
        " ORDER BY s.linked_at"
    )
    return session.execute(statement, {"account": account_id, "ids": list(contact_ids)}).mappings().all()


def erase(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID], until: datetime) -> int:
    return changed(
        session,
        "DELETE FROM subscribers WHERE account_id = :account AND contact_id = ANY(:ids) AND linked_at <= :until",
        account=account_id, ids=list(contact_ids), until=until,
    )  # fmt: skip


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
