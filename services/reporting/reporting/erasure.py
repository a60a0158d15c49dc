"""Erasing everything that is held of an account."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from chassis.database import Database
from chassis.logs import get_logger
from reporting.store import log

ROWS_AT_ONCE = 20_000
# A key of each table, by which its rows are deleted some thousands at a time.
_TABLES = ("engagements", "state_history", "messages", "links", "campaign_ranges", "campaigns", "counters", "erasures")

logger = get_logger()


def erase_account(database: Database, *, account_id: UUID) -> int:
    """Delete every row of an account and remember that it is closed; returns how many rows went.

    Events of the account that come later are left out by the ingester. Those that are being written at this moment are
    waited for: each writer shares the lock that is taken here alone, after the mark that it looks for is there.
    """
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO closed_accounts (account_id) VALUES (:account) ON CONFLICT DO NOTHING"),
            {"account": account_id},
        )
    with database.transaction() as session:
        log.wait_for_writers(session)
    erased = sum(_erase_from(database, table, account_id) for table in _TABLES)
    logger.info("account_erased", erased_account_id=str(account_id), rows=erased)
    return erased


def _erase_from(database: Database, table: str, account_id: UUID) -> int:
    erased = 0
    while True:
        with database.transaction() as session:
            gone = session.execute(
                text(
                    f"DELETE FROM {table} t USING (SELECT tableoid, ctid FROM {table} WHERE account_id = :account"
                    " LIMIT :limit) doomed WHERE t.tableoid = doomed.tableoid AND t.ctid = doomed.ctid"
                ),
                {"account": account_id, "limit": ROWS_AT_ONCE},
            ).rowcount  # type: ignore[attr-defined]
        erased += gone
        if gone == 0:
            return erased
