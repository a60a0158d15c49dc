"""Webhooks as customers have set them up.

An address that is tested before a webhook has it is a row, too (`url_tests`), which nothing here finds.

A row is locked `FOR NO KEY UPDATE` and marked when it is deleted: a stronger lock would hold up whoever keeps an event
for it, and with that the events of everyone. What is marked is found by nobody but `sweep`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from reporting.store.messages import Row

# What an account may change, besides `enabled`, which also ends a pause.
SETTINGS = (
    *(
        "url",
        "events",
        "description",
        "enabled",
        "channel",
        "campaign_id",
        "submitter_id",
        "max_events",
        "username",
        "password",
    ),
    *("secondary_url", "retry_plan", "retry_delays"),
)
_COLUMNS = (
    "id, account_id, url, events, description, enabled, channel, campaign_id, submitter_id, for_sends, max_events,"
    " username, secondary_url, retry_plan, retry_delays, failing_since, paused_at, pause_reason, previous_secret_until,"
    " created_at, updated_at"
)

_STANDS = "NOT is_trial AND deleted_at IS NULL"


def add(session: Session, **columns: Any) -> bool:
    """Insert a webhook; False where the same request made it before."""
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    statement = f"INSERT INTO webhooks ({names}) VALUES ({values}) ON CONFLICT DO NOTHING"
    return bool(changed(session, statement, **columns))


def hold_account(session: Session, account_id: UUID) -> None:
    """Let no two transactions count and add an account's webhooks at the same time."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account AS text), 2003133291))"),  # "webk"
        {"account": account_id},
    )


def count(session: Session, *, account_id: UUID) -> int:
    query = text(
        "SELECT count(*) FROM webhooks WHERE account_id = :account AND NOT for_sends AND NOT is_trial"
        " AND deleted_at IS NULL"
    )
    return int(session.scalar(query, {"account": account_id}) or 0)


def find(session: Session, *, account_id: UUID, webhook_id: UUID, locked: bool = False) -> Row | None:
    query = f"SELECT {_COLUMNS} FROM webhooks WHERE id = :id AND account_id = :account AND {_STANDS}"
    if locked:
        query += " FOR NO KEY UPDATE"
    return session.execute(text(query), {"id": webhook_id, "account": account_id}).mappings().one_or_none()


def page(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[Row]:
    place = " AND id > :after" if after else ""
    query = f"SELECT {_COLUMNS} FROM webhooks WHERE account_id = :account AND {_STANDS}{place}"
    bound = {"account": account_id, "after": after, "limit": limit}
    return session.execute(text(f"{query} ORDER BY id LIMIT :limit"), bound).mappings().all()


def update(session: Session, webhook_id: UUID, *, now: datetime, changes: Mapping[str, Any]) -> None:
    """:param changes: by column, of `SETTINGS`."""
    assert set(changes) <= set(SETTINGS)
    assigned = "".join(f"{name} = :{name}, " for name in changes)
    session.execute(
        text(f"UPDATE webhooks SET {assigned}updated_at = :now WHERE id = :id"),
        {**changes, "now": now, "id": webhook_id},
    )


def end_pause(session: Session, webhook_id: UUID) -> None:
    """The account wants it to go on: what failed before counts no more."""
    session.execute(
        text(
            "UPDATE webhooks SET paused_at = NULL, pause_reason = NULL, failures = 0, failing_since = NULL,"
            " rests_until = NULL WHERE id = :id"
        ),
        {"id": webhook_id},
    )


def rotate(session: Session, webhook_id: UUID, *, secret: bytes, now: datetime, until: datetime) -> None:
    """:param until: the secret before signs, too, until then."""
    session.execute(
        text(
            "UPDATE webhooks SET previous_secret = secret, previous_secret_until = :until, secret = :secret,"
            " updated_at = :now WHERE id = :id"
        ),
        {"id": webhook_id, "secret": secret, "now": now, "until": until},
    )


def delete(session: Session, webhook_id: UUID, *, now: datetime) -> None:
    """Nothing is heard, sent or shown of it any more; `sweep` takes the rows."""
    session.execute(
        text("UPDATE webhooks SET deleted_at = :now, username = NULL, password = NULL WHERE id = :id"),
        {"id": webhook_id, "now": now},
    )


def deleted(session: Session) -> Sequence[UUID]:
    """Webhooks that are marked and still have their rows; a test of the last hour stays, for it is counted."""
    query = text(
        "SELECT id FROM webhooks WHERE deleted_at IS NOT NULL"
        " AND NOT (is_trial AND created_at > now() - interval '1 hour') ORDER BY id"
    )
    return session.scalars(query).all()


def sweep(session: Session, webhook_id: UUID, *, limit: int) -> int:
    """Delete up to `limit` rows of a deleted webhook, itself when there is nothing else; returns how many."""
    for table in ("webhook_replays", "webhook_events", "webhook_deliveries"):
        gone = changed(
            session,
            f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE webhook_id = :id"
            " LIMIT :limit FOR UPDATE SKIP LOCKED))",
            id=webhook_id, limit=limit,
        )  # fmt: skip
        if gone:
            return gone
    # Another process may have rows in hand: the webhook then stays for the next time.
    return changed(
        session,
        "DELETE FROM webhooks WHERE id = :id AND deleted_at IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM webhook_events WHERE webhook_id = :id)"
        " AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE webhook_id = :id)",
        id=webhook_id,
    )


def are_wanted(session: Session, *, account_id: UUID, type: str) -> bool:
    """Whether the account has a webhook that is to be told of such events."""
    query = text(
        "SELECT EXISTS (SELECT FROM webhooks WHERE account_id = :account AND enabled AND paused_at IS NULL"
        " AND deleted_at IS NULL AND :type = ANY (events))"
    )
    return bool(session.scalar(query, {"account": account_id, "type": type}))


def listening_accounts(session: Session) -> dict[str, frozenset[str]]:
    """Accounts with webhooks that are to be told of anything, and of which; whose a message is says its first event."""
    query = text(
        "SELECT account_id, array_agg(DISTINCT event) FROM webhooks, unnest(events || CASE WHEN for_sends"
        " OR submitter_id IS NOT NULL THEN ARRAY['message.accepted'] ELSE '{}' END) event"
        " WHERE enabled AND paused_at IS NULL AND deleted_at IS NULL GROUP BY account_id"
    )
    return {str(account_id): frozenset(events) for account_id, events in session.execute(query)}
