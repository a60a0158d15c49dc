"""Who opened and clicked: machines apart from people, and what contacts has not heard of yet."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

# One table each, for ingesters and readers take several in orders of their own. Each can be said again: where a later
# one finds its table in use, the revision begins anew (`chassis.migrate`).
CHANGES = (
    "ALTER TABLE messages ADD COLUMN IF NOT EXISTS machine_opens integer NOT NULL DEFAULT 0,"
    " ADD COLUMN IF NOT EXISTS machine_clicks integer NOT NULL DEFAULT 0",
    # What is there already was told when it came; whoever writes a row that is not says so.
    "ALTER TABLE engagements ADD COLUMN IF NOT EXISTS machine text,"
    " ADD COLUMN IF NOT EXISTS is_told boolean NOT NULL DEFAULT true",
    "ALTER TABLE counters ADD COLUMN IF NOT EXISTS machine_opens bigint NOT NULL DEFAULT 0,"
    " ADD COLUMN IF NOT EXISTS machine_clicks bigint NOT NULL DEFAULT 0,"
    " ADD COLUMN IF NOT EXISTS delivered_unsubscribes bigint NOT NULL DEFAULT 0,"
    " ADD COLUMN IF NOT EXISTS delivered_complaints bigint NOT NULL DEFAULT 0",
    "CREATE TABLE IF NOT EXISTS untold"
    " (message_id uuid PRIMARY KEY, account_id uuid NOT NULL, due_at timestamptz NOT NULL)",
    "CREATE INDEX IF NOT EXISTS untold_due ON untold (due_at)",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for change in CHANGES:
            op.execute(change)
    # Ingesters (`store/log.py`: LOCK_SPACE, EVERYTHING) lock counters in an order of their own: they wait.
    op.execute("SELECT pg_advisory_xact_lock(7497072, 1024)")
    # A message that was counted before takes back what it is held to have added. Near enough until the recount, and
    # for what is no longer in the log: nearly all who unsubscribe or complain had the message delivered.
    op.execute(
        "UPDATE counters SET delivered_unsubscribes = LEAST(unsubscribes, delivered),"
        " delivered_complaints = LEAST(complaints, delivered) WHERE unsubscribes > 0 OR complaints > 0"
    )


def downgrade() -> None:
    raise NotImplementedError("the log is not taken back")
