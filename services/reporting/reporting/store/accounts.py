"""Accounts that are closed: what is left of them is deleted, and nothing comes in of them any more."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed

TABLES = (
    *(
        "labels",
        "engagements",
        "untold",
        "state_history",
        "messages",
        "links",
        "campaign_ranges",
        "campaigns",
        "counters",
    ),
    *(
        "erasures",
        "account_retention",
        "cleared_sends",
        "campaign_mails",
        "report_schedules",
        "webhook_sends",
        "webhook_keys",
        "webhook_spool",
        "webhook_replays",
        "webhook_events",
        "webhook_deliveries",
        "webhooks",
    ),
)


def mark_closed(session: Session, account_id: UUID) -> None:
    session.execute(
        text("INSERT INTO closed_accounts (account_id) VALUES (:account) ON CONFLICT DO NOTHING"),
        {"account": account_id},
    )


def closed_accounts(session: Session, among: Collection[str]) -> set[str]:
    """Which of these accounts are closed: nothing is recorded of them any more."""
    rows = session.scalars(
        text("SELECT account_id FROM closed_accounts WHERE account_id = ANY(CAST(:accounts AS uuid[]))"),
        {"accounts": sorted(among)},
    )
    return {str(account_id) for account_id in rows}


def delete_some(session: Session, table: str, *, account_id: UUID, limit: int) -> int:
    """Delete up to `limit` rows of the account from one of `TABLES`; returns how many."""
    return changed(
        session,
        f"DELETE FROM {table} t USING (SELECT tableoid, ctid FROM {table} WHERE account_id = :account"
        " LIMIT :limit) doomed WHERE t.tableoid = doomed.tableoid AND t.ctid = doomed.ctid",
        account=account_id,
        limit=limit,
    )
