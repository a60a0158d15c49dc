"""Whether an event is through says the delivery that it is in: no event's row is written for it again."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    # `is_done` stays, unread: of processes that are still of the version before, it may be written.
    op.execute("DROP INDEX webhook_events_under_way")


def downgrade() -> None:
    op.execute(
        "UPDATE webhook_events e SET is_done = true FROM webhook_deliveries d"
        " WHERE d.id = e.delivery_id AND d.state <> 'pending' AND NOT e.is_done"
    )
    op.execute(
        "CREATE INDEX webhook_events_under_way ON webhook_events (webhook_id, message_id)"
        " WHERE delivery_id IS NOT NULL AND NOT is_done"
    )
