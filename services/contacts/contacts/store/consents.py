"""The history of a contact's consents: what it holds now, what that changed from, and what it wrote by itself.

Changes are recorded by a trigger on contacts; a consent that never changed stands in the contact alone. Whoever
unsubscribed, complained or sent STOP is in the archive: that is a withdrawal too.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

LONGEST = 1_000

_HISTORY = text(
    """
    WITH changes AS (
        SELECT channel, granted, source, coalesce(at, recorded_at) AS at, recorded_at, position FROM consent_changes
        WHERE account_id = :account AND contact_id = :contact
    ), events AS (
        SELECT channel, granted, source, at, recorded_at, position FROM changes
        UNION ALL
        SELECT present.channel, present.granted, present.source, present.at, c.created_at, 0
        FROM contacts c CROSS JOIN LATERAL (VALUES
            ('sms', c.sms_consent, c.sms_consent_source, c.sms_consent_at),
            ('email', c.email_consent, c.email_consent_source, c.email_consent_at),
            ('push', c.push_consent, c.push_consent_source, c.push_consent_at),
            ('whatsapp', c.whatsapp_consent, c.whatsapp_consent_source, c.whatsapp_consent_at),
            ('viber', c.viber_consent, c.viber_consent_source, c.viber_consent_at),
            ('rcs', c.rcs_consent, c.rcs_consent_source, c.rcs_consent_at)
        ) present (channel, granted, source, at)
        WHERE c.account_id = :account AND c.id = :contact AND present.granted IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.channel = present.channel)
        UNION ALL
        SELECT channel, false, 'archive:' || reason, created_at, created_at, 0 FROM archive
        WHERE account_id = :account AND contact_id = :contact AND reason IN ('unsubscribed', 'complaint', 'stop')
    )
    SELECT events.channel, events.granted, events.source, events.at,
        s.id AS submission_id, s.form_id, s.form_name, s.email, s.language, s.consent_version, s.consent_text,
        s.submitted_at, s.submitted_from, s.submitted_agent, s.confirmed_at, s.confirmed_from, s.confirmed_agent
    FROM events LEFT JOIN submissions s ON events.granted AND s.account_id = :account AND s.contact_id = :contact
        AND s.confirmed_at = events.at AND events.channel = ANY(s.granted) AND events.source = 'form:' || s.form_id
    ORDER BY events.recorded_at DESC, events.position DESC, events.channel LIMIT :limit
    """
)


def consents_of(session: Session, account_id: UUID, contact_id: UUID) -> list[RowMapping]:
    """Grants and withdrawals of a contact, the oldest first (the last thousand), with the evidence of each form's."""
    rows = session.execute(_HISTORY, {"account": account_id, "contact": contact_id, "limit": LONGEST}).mappings()
    return list(reversed(rows.all()))
