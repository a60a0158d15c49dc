"""Tell of the accounts that have a list of addresses for machines: partners' ports hold to it from now on."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# As `outbox.record` writes it, in the words of today; the queues are there before the event is relayed. Version 0 gives
# way to every later change.
TELL = """
    INSERT INTO outbox (exchange, routing_key, headers, body)
    SELECT 'identity.events', 'account_ip_rules_changed', '{}', convert_to(json_build_object(
        'event_id', gen_random_uuid(), 'occurred_at', now(), 'account_id', id, 'api', api_ip_rules, 'version', 0
    )::text, 'UTF8')
    FROM accounts WHERE api_ip_rules <> '{}'
"""


def upgrade() -> None:
    op.execute(TELL)
