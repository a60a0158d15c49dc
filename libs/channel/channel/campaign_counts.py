"""What became of a campaign's recipients, counted in the ledger: for campaigns, once all batches are done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
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
_TO_COME, _FAILED = ("accepted", "deferred"), ("rejected", "expired")


@dataclass(frozen=True)
class LedgerColumns:
    """What a channel's ledger knows of a message, as SQL; by default that of a channel whose peer answers at once.

    :param units: how many units of its quota the message takes.
    :param was_taken: of a message that is rejected or expired, whether its peer took it and told so by a receipt.
    """

    units: str = "1"
    was_taken: str = "false"

    def outcomes(self) -> TextClause:
        """How many there are of each state, and their units. A send's ids lie side by side."""
        return text(
            "SELECT state, CASE WHEN code = ANY(:codes) THEN code END,"
            f" state = ANY(:failed) AND {self.was_taken}, count(*), sum({self.units})"
            " FROM ledger WHERE message_id BETWEEN :first AND :last AND account_id = :account GROUP BY 1, 2, 3"
        )


PLAIN = LedgerColumns()


def count_campaign(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    send_id: UUID,
    recipients: int,
    deferred: int | None,
    after: int = 0,
    columns: LedgerColumns = PLAIN,
) -> dict[str, Any]:
    """How many were handed over, failed for good, were left out, and wait; and the units that were handed over.

    :param after: numbers above this one are counted, up to `recipients`; what waits, where nothing else is counted, is
        the whole campaign's.
    :param deferred: how many waited when campaigns asked last: where it is still so many, no more is counted than that.
    """
    account_id = account_of(actor)
    waiting = session.scalar(_WAITING, {"account": account_id, "campaign": campaign_id, "send": send_id}) or 0
    if waiting and waiting == deferred:
        return {"submitted": None, "failed": None, "left_out": None, "units": None, "deferred": waiting, "after": after}
    span = {"first": message_id(send_id, after + 1 if after else 0), "last": message_id(send_id, recipients)}
    asked = {"account": account_id, "codes": list(REASONS), "failed": list(_FAILED), **span}
    counts: dict[str, Any] = {"submitted": 0, "failed": 0, "left_out": {}, "deferred": 0, "units": 0, "after": after}
    for state, code, was_taken, count, units in session.execute(columns.outcomes(), asked):
        if state == "rejected" and code in REASONS:
            counts["left_out"][str(REASONS[code])] = count + counts["left_out"].get(str(REASONS[code]), 0)
        elif state in _TO_COME:
            counts["deferred"] += count
        elif state in _FAILED and not was_taken:
            counts["failed"] += count
        else:
            counts["submitted"] += count
            counts["units"] += int(units)
    return counts
