"""One person's messages: found by number, told, and taken out of everything that is kept.

The days' partitions that are written now have no index on the number, which every message would pay for; they are read
whole, which takes a second for ten million messages. Older ones get one: see `index_cold`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Session
from contracts.vocabulary import ERASED_ADDRESS

_THEIRS = (
    "l.account_id = :account AND l.address = ANY(CAST(:addresses AS text[]))"
    " AND hashtext(l.address) = ANY(ARRAY(SELECT hashtext(a) FROM unnest(CAST(:addresses AS text[])) a))"
    " AND l.message_id < :before"
)
_STEM = "CAST(left(CAST(l.message_id AS text), 28) || '00000000' AS uuid)"


def page(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID, limit: int) -> Sequence[Any]:
    """Messages to the person, newest first, with the text of single ones."""
    return (
        session.execute(
            text(
                "SELECT l.*, s.text, s.external_id, s.created_at, coalesce(s.sender, c.sender) AS sender"
                f" FROM (SELECT * FROM ledger l WHERE {_THEIRS} ORDER BY l.message_id DESC LIMIT :limit) l"
                f" LEFT JOIN sends s ON s.stem_id = {_STEM} AND s.account_id = l.account_id"
                " LEFT JOIN contents c ON c.content_hash = s.content_hash ORDER BY l.message_id DESC"
            ),
            {"account": account_id, "addresses": list(addresses), "before": before, "limit": limit},
        )
        .mappings()
        .all()
    )


def ids(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID) -> list[UUID]:
    return list(
        session.scalars(
            text(f"SELECT l.message_id FROM ledger l WHERE {_THEIRS}"),
            {"account": account_id, "addresses": list(addresses), "before": before},
        )
    )


def anonymise(session: Session, *, message_ids: Collection[UUID]) -> None:
    """Take the person out of the ledger, and away from what waits for a receipt by the number."""
    bound = {"ids": list(message_ids), "erased": ERASED_ADDRESS}
    for statement in (
        "UPDATE ledger SET address = :erased, contact_id = NULL WHERE message_id = ANY(:ids)",
        "DELETE FROM unknown_messages WHERE message_id = ANY(:ids)",
        "DELETE FROM smpp_deliveries WHERE message_id = ANY(:ids)",
    ):
        session.execute(text(statement), bound)


def forget_texts(session: Session, *, account_id: UUID, message_ids: Collection[UUID]) -> None:
    """Texts that went to nobody else go; the session keeps those who store new ones away (`erasures.share`)."""
    stems = list({UUID(int=one.int >> 32 << 32) for one in message_ids})
    hashes = session.scalars(
        text(
            "UPDATE sends SET text = NULL, external_id = NULL, content = NULL"
            " WHERE account_id = :account AND stem_id = ANY(:stems) AND recipients = 1 RETURNING content_hash"
        ),
        {"account": account_id, "stems": stems},
    ).all()
    # Texts of campaigns are templates; only those of single messages are literal.
    session.execute(
        text(
            "DELETE FROM contents c WHERE c.content_hash = ANY(:hashes) AND c.account_id = :account"
            " AND c.content ->> 'literal' = 'true' AND NOT EXISTS (SELECT 1 FROM sends s"
            " WHERE s.account_id = :account AND s.content_hash = c.content_hash AND s.text IS NOT NULL)"
        ),
        {"account": account_id, "hashes": list(hashes)},
    )
