"""The lane message on engagement that contacts gets: of the messages that a transaction changed, what is new of whom.

It is part of the statement that writes the log: nothing of it passes through Python, and who a message went to is known
there even when the event that says so came long before. A thing is sent once: when it happens, or when the contact of a
message that it had happened to becomes known. Openings and clicks wait until it is plain that a person did them
(`store/untold.py`).
"""

from __future__ import annotations

from contracts.lanes import ENGAGEMENT
from contracts.vocabulary import MessageState
from reporting.domain.states import STATE_CODE

_DELIVERED = STATE_CODE[MessageState.DELIVERED]  # the lowest of the final states

_SUBMITTED = STATE_CODE[MessageState.SUBMITTED]  # the lowest of those handed over

# Two further parts of the WITH in which `merged` stands (see `store/log.py`). The final state of most messages is all
# there is to say of them, so that it is looked for by itself.
ENGAGEMENT_MESSAGE = f"""
engagement AS (
    SELECT account_id, campaign_id, channel, contact_id,
        CASE state WHEN {_DELIVERED} THEN 'delivered' ELSE 'bounced' END AS kind, state_at AS at
    FROM merged
    WHERE state >= {_DELIVERED} AND contact_id IS NOT NULL AND campaign_id IS NOT NULL
        AND (old_contact_id IS NULL OR old_state IS NULL OR old_state < {_DELIVERED}
            OR (old_state = {_DELIVERED}) <> (state = {_DELIVERED}))
    UNION ALL
    SELECT account_id, campaign_id, channel, contact_id, 'submitted', coalesce(submitted_at, state_at)
    FROM merged
    WHERE state >= {_SUBMITTED} AND state < {_DELIVERED} AND contact_id IS NOT NULL AND campaign_id IS NOT NULL
        AND (old_contact_id IS NULL OR old_state IS NULL OR old_state < {_SUBMITTED})
    UNION ALL
    SELECT account_id, campaign_id, channel, contact_id, done.kind, done.at
    FROM merged CROSS JOIN LATERAL (VALUES
        ('unsubscribed', unsubscribed_at, old_contact_id IS NULL OR old_unsubscribed_at IS NULL),
        ('complained', complained_at, old_contact_id IS NULL OR old_complained_at IS NULL)
    ) done (kind, at, is_new)
    WHERE (unsubscribed_at IS NOT NULL OR complained_at IS NOT NULL)
        AND contact_id IS NOT NULL AND campaign_id IS NOT NULL AND done.at IS NOT NULL AND done.is_new
),
engagement_message AS (
    INSERT INTO outbox (exchange, routing_key, body)
    SELECT '', '{ENGAGEMENT}', convert_to(json_build_object('v', 1, 'batch_id', gen_random_uuid(),
        'columns', json_agg(json_build_object('account_id', account_id, 'campaign_id', campaign_id,
            'channel', channel, 'kind', kind, 'day', day, 'contact_ids', contact_ids)))::text, 'UTF8')
    FROM (
        SELECT account_id, campaign_id, channel, kind, (at AT TIME ZONE 'UTC')::date AS day,
            string_agg(contact_id::text, ',') AS contact_ids
        FROM engagement GROUP BY 1, 2, 3, 4, 5
    ) AS columns
    HAVING count(*) > 0
)"""
