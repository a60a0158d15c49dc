"""Who can be reached on Viber, as viber-gateway tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import Session, changed

SOURCE = "subscription"  # of the consent: whoever subscribes to a bot has agreed to what it writes

# Of two events the later one says what is. The first subscription is consent, unless they said no.
_NOTE = """
UPDATE contacts c SET viber = CASE WHEN r.is_reachable THEN CAST(c.id AS text) END, viber_at = :at,
    viber_consent = CASE WHEN r.is_reachable THEN coalesce(c.viber_consent, true) ELSE c.viber_consent END,
    viber_consent_source = CASE WHEN r.is_reachable AND c.viber_consent IS NULL THEN :source
        ELSE c.viber_consent_source END,
    viber_consent_at = CASE WHEN r.is_reachable AND c.viber_consent IS NULL THEN :at ELSE c.viber_consent_at END
FROM (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:reachable AS bool[])) AS u(id, is_reachable) ORDER BY id) r
WHERE c.account_id = :account AND c.id = r.id AND (c.viber_at IS NULL OR c.viber_at < :at)
"""


def note_reach(session: Session, *, account_id: UUID, people: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """From now on these contacts have an address on Viber, or have none; who is no contact is passed over."""
    changed(
        session, _NOTE, account=account_id, source=SOURCE, at=at,
        ids=[one["contact_id"] for one in people], reachable=[one["is_reachable"] for one in people],
    )  # fmt: skip
