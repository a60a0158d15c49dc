"""Addresses that are tested before a webhook has them: a webhook that hears nothing, with one delivery, for an hour.

So the test goes the way of every request: its checks of where it leads, its turn, its signature, its log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from reporting.store.messages import Row

KEPT = timedelta(hours=1)


def add(session: Session, **columns: Any) -> None:
    """:param columns: `id` (the delivery has the same), `account_id`, `url`, `secondary_url`, `username`, `password`,
    `secret`, `now`."""
    session.execute(
        text(
            "INSERT INTO webhooks (id, account_id, url, secondary_url, username, password, secret, is_trial, enabled,"
            " events, description, max_events, created_at, updated_at) VALUES (:id, :account_id, :url, :secondary_url,"
            " :username, :password, :secret, true, false, '{}', '', 1, :now, :now)"
        ),
        columns,
    )


def lately(session: Session, *, account_id: UUID, now: datetime) -> Sequence[datetime]:
    """When the account's tests of the last hour were made, the oldest first; one that a webhook has used up, too."""
    query = text(
        "SELECT created_at FROM webhooks WHERE account_id = :account AND is_trial AND created_at > :since"
        " ORDER BY created_at"
    )
    return session.scalars(query, {"account": account_id, "since": now - KEPT}).all()


def find(session: Session, *, account_id: UUID, test_id: UUID, locked: bool = False) -> Row | None:
    query = (
        "SELECT w.id, w.url, w.secondary_url, w.username, w.password, w.secret, d.state, d.attempts, d.created_at,"
        " d.finished_at FROM webhooks w"
        " JOIN webhook_deliveries d ON d.id = w.id AND d.webhook_id = w.id"
        " WHERE w.id = :id AND w.account_id = :account AND w.is_trial AND w.deleted_at IS NULL"
    )
    if locked:
        query += " FOR NO KEY UPDATE OF w"
    return session.execute(text(query), {"id": test_id, "account": account_id}).mappings().one_or_none()


def mark_old(session: Session, *, now: datetime) -> int:
    """Mark as deleted what was kept long enough; `webhooks.sweep` takes it."""
    return changed(
        session,
        "UPDATE webhooks SET deleted_at = :now, username = NULL, password = NULL"
        " WHERE is_trial AND deleted_at IS NULL AND created_at < :before",
        now=now, before=now - KEPT,
    )  # fmt: skip
