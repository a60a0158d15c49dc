"""What became of a campaign's recipients, counted in the ledger: for campaigns, once all batches are done."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from channel.left_out import REASONS
from chassis.actors import account_of
from contracts.ids import message_id
from contracts.rpc import Actor

# In the schedule, or taken out of it and on the way. An hour's pause or a greylisting server may leave a whole campaign
# there, so both go by an index.
_WAITING = text(
    "SELECT (SELECT count(*) FROM retries WHERE account_id = :account AND campaign_id = :campaign)"
    " + (SELECT coalesce(sum(cardinality(numbers)), 0) FROM claims WHERE send_id = :send)"
)
# A send's ids lie side by side.
_OUTCOMES = text(
    "SELECT state, CASE WHEN code = ANY(:codes) THEN code END, count(*)"
    " FROM ledger WHERE message_id BETWEEN :first AND :last AND account_id = :account GROUP BY 1, 2"
)
_TO_COME, _FAILED = ("accepted", "deferred"), ("rejected", "expired")


def count_campaign(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    send_id: UUID,
    recipients: int,
    deferred: int | None,
) -> dict[str, Any]:
    """How many were handed over, failed for good, were left out, and wait.

    :param deferred: how many waited when campaigns asked last: where it is still so many, no more is counted than that.
    """
    account_id = account_of(actor)
    waiting = session.scalar(_WAITING, {"account": account_id, "campaign": campaign_id, "send": send_id}) or 0
    if waiting and waiting == deferred:
        return {"submitted": None, "failed": None, "left_out": None, "deferred": waiting}
    span = {"first": message_id(send_id, 0), "last": message_id(send_id, recipients)}
    counts: dict[str, Any] = {"submitted": 0, "failed": 0, "left_out": {}, "deferred": 0}
    for state, code, count in session.execute(_OUTCOMES, {"account": account_id, "codes": list(REASONS), **span}):
        if state == "rejected" and code in REASONS:
            counts["left_out"][str(REASONS[code])] = count
        else:
            counts["deferred" if state in _TO_COME else "failed" if state in _FAILED else "submitted"] += count
    return counts
