"""Who opened and clicked: machines apart from people, and what contacts has not heard of yet."""

from __future__ import annotations

from alembic import op
from psycopg import errors
from sqlalchemy.exc import OperationalError

from chassis.migrate import MigrationError

revision = "0004"
down_revision = "0003"

# Whoever comes after one that waits for a table waits, too: so it gives way, and comes again.
LOCK_TIMEOUT = "2s"
TRIES = 60

# One table each, for ingesters and readers take several in orders of their own. Each can be said again, should a later
# one not come through.
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
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        for change in CHANGES:
            _change(change)
        op.execute("RESET lock_timeout")
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


def _change(statement: str) -> None:
    for _ in range(TRIES):
        try:
            op.execute(statement)
            return
        except OperationalError as error:
            if not isinstance(error.orig, errors.LockNotAvailable | errors.DeadlockDetected):
                raise
    raise MigrationError("a table of the log is in use without a pause: stop reporting's ingesters, then migrate again")
