"""Everything of one account at once."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contacts.store import bulk, staging
from contacts.store import snapshots as snapshot_store

# Members before groups and contacts, so that no count is kept for a group that goes anyway. Engagement after accounts:
# whoever adds to it holds the account's row.
_TABLES = (
    "forms", "submissions", "confirmation_mails", "consent_changes", "former_addresses", "group_members",
    "group_leavers", "groups", "segments", "contacts", "contact_fields", "archive", "growth_steps", "growth", "erased",
    "snapshots", "jobs", "files", "accounts", "engagement", "frequency_caps", "recent_sends",
)  # fmt: skip


def erase(session: Session, *, account_id: UUID) -> None:
    """Jobs go first, which ends them: a running one loses its lease and writes nothing more."""
    parameters = {"account": account_id}
    jobs = session.execute(text("DELETE FROM jobs WHERE account_id = :account RETURNING id, kind"), parameters).all()
    for job_id, kind in jobs:
        if kind == "import":
            staging.drop(session, job_id)
            session.execute(text("DELETE FROM import_problems WHERE import_id = :id"), {"id": job_id})
        elif kind in ("bulk", "combination"):
            bulk.drop(session, bulk_id=job_id)
    for snapshot_id in snapshot_store.tables_of_account(session, account_id=account_id):
        session.execute(text(f"DROP TABLE IF EXISTS {snapshot_store.table_of(snapshot_id)}"))
    for table in _TABLES:
        session.execute(text(f"DELETE FROM {table} WHERE account_id = :account"), parameters)
