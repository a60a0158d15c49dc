"""Tell of the plan of each account: SMS are priced by it from now on."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# As `outbox.record` writes it, in the words of today; the queue is there before the event is relayed.
TELL = """
    INSERT INTO outbox (exchange, routing_key, headers, body)
    SELECT 'identity.events', 'plan_changed', '{}', convert_to(json_build_object('event_id', gen_random_uuid(),
        'occurred_at', now(), 'account_id', id, 'plan', plan_code)::text, 'UTF8')
    FROM accounts WHERE state <> 'closed'
"""


def upgrade() -> None:
    op.execute(TELL)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
