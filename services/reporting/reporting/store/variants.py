"""Counting a campaign's variants: a message's recipient number is the end of its id, and says which variant it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.vocabulary import MessageState
from reporting.domain.states import HANDED_OVER_CODES, STATE_CODE

COUNTED = ("sent", "delivered", "opened", "clicked", "unsubscribed", "complained")

_DELIVERED = f"state = {STATE_CODE[MessageState.DELIVERED]}"
_WAS_HANDED_OVER = f"(submitted_at IS NOT NULL OR state IN ({', '.join(map(str, HANDED_OVER_CODES))}))"
# As the report counts them: who opened or clicked, among the delivered.
_COUNT = text(
    "SELECT CASE WHEN place < :whole THEN place / :block % :variants ELSE (place - :whole) / :rest END AS variant,"
    f" count(*) FILTER (WHERE {_WAS_HANDED_OVER}) AS sent, count(*) FILTER (WHERE {_DELIVERED}) AS delivered,"
    f" count(*) FILTER (WHERE {_DELIVERED} AND opened_at IS NOT NULL) AS opened,"
    f" count(*) FILTER (WHERE {_DELIVERED} AND clicked_at IS NOT NULL) AS clicked,"
    " count(*) FILTER (WHERE unsubscribed_at IS NOT NULL) AS unsubscribed,"
    " count(*) FILTER (WHERE complained_at IS NOT NULL) AS complained"
    " FROM (SELECT m.*, ('x' || right(m.message_id::text, 8))::bit(32)::bigint - 1 AS place FROM messages m"
    "  WHERE m.message_id BETWEEN :first AND :last AND m.account_id = :account AND m.campaign_id = :campaign) AS tested"
    " GROUP BY 1"
)


def count(
    session: Session,
    *,
    account_id: UUID,
    campaign_id: UUID,
    ranges: Sequence[tuple[UUID, UUID]],
    variants: int,
    each: int,
    block: int,
) -> list[dict[str, int]]:
    """The counts of each variant, in their order.

    :param ranges: first and last id of each of the campaign's sends, the recipient's number in the last 32 bits.
    """
    counts = [dict.fromkeys(COUNTED, 0) for _ in range(variants)]
    whole, rest = each // block * block * variants, each % block or 1
    for first, _ in ranges:
        span = {"first": UUID(int=first.int + 1), "last": UUID(int=first.int + variants * each)}
        asked: dict[str, Any] = {**span, "account": account_id, "campaign": campaign_id, "block": block}
        for row in session.execute(_COUNT, {**asked, "whole": whole, "rest": rest, "variants": variants}).mappings():
            for name in COUNTED:
                counts[row["variant"]][name] += row[name]
    return counts
