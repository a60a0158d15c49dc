"""Tell of the accounts whose time zone is not the default one: contacts reckon days in it from now on."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# As `outbox.record` writes it, in the words of today; the queue is there before the event is relayed.
TELL = """
    INSERT INTO outbox (exchange, routing_key, headers, body)
    SELECT 'identity.events', 'account_zone_changed', '{}', convert_to(json_build_object('event_id', gen_random_uuid(),
        'occurred_at', now(), 'account_id', id, 'time_zone', time_zone)::text, 'UTF8')
    FROM accounts WHERE time_zone <> 'Europe/Warsaw'
"""


def upgrade() -> None:
    op.execute(TELL)
