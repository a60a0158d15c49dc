"""Claims by chunk, a lane outbox and the common retry schedule, as every channel has them.

Stop the old process (`email_gateway.sender`) before: what it had in hand is settled here as after a crash. Nothing else
claims, so a message is never in two places. That bulk in hand is unknown from now on is told to reporting.

The index on addresses goes with those of all partitions, and `channel.people.index_cold` builds the old days' again,
one by one and without stopping anybody. They are on the same expression, but an index of a partition cannot be parted
from its parent: only the partition can, and to attach it again PostgreSQL reads it whole with the ledger locked.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from channel import tables
from channel.lane_outbox import EVENTS_AT_ONCE
from contracts import lanes

revision = "0004"
down_revision = "0003"

# What the old process had claimed: single messages wait in the schedule, bulk is unknown.
_AGAIN = """
INSERT INTO retries (message_id, account_id, campaign_id, contact_id, address, name, lane, content_hash, fields,
    attempts, first_tried_at, due_at)
SELECT message_id, account_id, campaign_id, contact_id, address, name, lane, content_hash, coalesce(fields, '{}'),
    attempts, now(), now()
FROM ledger WHERE state = 'claimed' AND lane <> 'bulk' AND content_hash IS NOT NULL
ON CONFLICT (message_id) DO NOTHING
"""
_SETTLED = """
UPDATE ledger SET state = CASE WHEN lane = 'bulk' THEN 'unknown' ELSE 'deferred' END, claimed_by = NULL
WHERE state = 'claimed'
"""
# Nobody living holds these rows, so the first process that starts publishes them.
_TOLD = """
INSERT INTO lane_outbox (instance_id, lane, body)
SELECT gen_random_uuid(), :lane, convert_to(jsonb_build_object(
    'v', 1, 'source', 'email_gateway', 'events', jsonb_agg(event))::text, 'UTF8')
FROM (
    SELECT (row_number() OVER (ORDER BY message_id) - 1) / :at_once AS part, jsonb_build_object(
        'message_id', message_id, 'account_id', account_id, 'at', extract(epoch FROM now()), 'kind', 'unknown',
        'channel', 'email', 'campaign_id', campaign_id, 'contact_id', contact_id, 'address', address,
        'sender', sender, 'domain', split_part(address, '@', 2), 'code', '', 'detail', '', 'parts', 1) AS event
    FROM ledger WHERE state = 'claimed' AND lane = 'bulk' AND account_id <> :system
) each
GROUP BY part
"""
_SYSTEM_ACCOUNT = UUID(int=0)
# Which send they were of is not known, but the stem of its ids and the number of this one are in the message's id.
_BODY = """
UPDATE retries SET body = convert_to(jsonb_build_object(
    'batch_id', message_id, 'account_id', account_id, 'campaign_id', campaign_id,
    'send_id', left(message_id::text, 28) || '00000000', 'stem', left(message_id::text, 28),
    'content_hash', content_hash, 'trace_id', '',
    'accepted_at', extract(epoch FROM first_tried_at), 'lane', lane,
    'recipients', jsonb_build_array(jsonb_build_object(
        'number', ('x' || right(message_id::text, 8))::bit(32)::bigint, 'contact_id', contact_id,
        'address', address, 'fields', fields, 'name', name)))::text, 'UTF8')
"""
_OLD_COLUMNS = ("campaign_id", "contact_id", "address", "name", "lane", "content_hash", "fields", "first_tried_at")


def upgrade() -> None:
    tables.create_lane_outbox(op)
    op.execute(_AGAIN)
    told = {"lane": lanes.DELIVERY_EVENTS, "at_once": EVENTS_AT_ONCE, "system": _SYSTEM_ACCOUNT}
    op.get_bind().execute(sa.text(_TOLD), told)
    op.execute(_SETTLED)
    op.add_column("retries", sa.Column("reason", sa.Text))
    op.add_column("retries", sa.Column("body", sa.LargeBinary))
    op.execute(_BODY)
    op.alter_column("retries", "body", nullable=False)
    for name in _OLD_COLUMNS:
        op.drop_column("retries", name)
    op.create_index("retries_account_id", "retries", ["account_id"])
    op.execute("DELETE FROM instances")
    op.add_column("instances", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False))
    op.drop_column("instances", "seen_at")
    tables.create_claims(op)
    op.drop_index("ledger_claimed", "ledger")
    op.drop_column("ledger", "claimed_by")
    # Addresses are indexed once a day is written to no more (channel.people.index_cold).
    op.drop_index("ledger_address", "ledger")
