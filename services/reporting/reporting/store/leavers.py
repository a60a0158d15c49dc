"""Who unsubscribed or complained: a few of each thousand messages, which an index of the log has apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


def by_hour(
    session: Session, *, account_id: UUID, campaign_id: UUID, ranges: Sequence[tuple[UUID, UUID]]
) -> dict[datetime, Counter[str]]:
    """How many of a campaign's messages people unsubscribed from, or complained of, by the hour (UTC) of it."""
    query = text(
        "SELECT date_bin('1 hour', m.unsubscribed_at, 'epoch') AS unsubscribes,"
        " date_bin('1 hour', m.complained_at, 'epoch') AS complaints, count(*) AS number FROM messages m"
        " WHERE m.message_id BETWEEN :first AND :last"
        " AND (m.unsubscribed_at IS NOT NULL OR m.complained_at IS NOT NULL)"
        " AND m.account_id = :account AND m.campaign_id = :campaign GROUP BY 1, 2"
    )
    counts: dict[datetime, Counter[str]] = defaultdict(Counter)
    for first, last in ranges:
        bound = {"first": first, "last": last, "account": account_id, "campaign": campaign_id}
        for row in session.execute(query, bound).mappings():
            for name in ("unsubscribes", "complaints"):
                if row[name] is not None:
                    counts[row[name]][name] += row["number"]
    return counts
