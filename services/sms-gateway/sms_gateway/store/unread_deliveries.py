"""What carriers sent and nobody understands: kept for operators to look at: the newest, three days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis.database import Session, columns
from chassis.ids import new_id
from contracts.ids import first_id_at
from sms_gateway.batches import ArrivedUnread

KEEP, MOST = timedelta(days=3), 10_000
LONGEST = 4_096  # octets of a frame


def write(cursor: Cursor[Any], arrived: Sequence[ArrivedUnread]) -> None:
    rows = [
        (new_id(), each.carrier_id, each.frame[:LONGEST], each.reason, datetime.fromtimestamp(each.at, UTC))
        for each in arrived
    ]
    if rows:
        cursor.execute(
            "INSERT INTO unread_deliveries (id, carrier_id, frame, reason, received_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[], %s::text[], %s::timestamptz[])",
            columns(rows, 5),
        )


def of_carrier(session: Session, carrier_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Any]:
    """Newest first."""
    return session.execute(
        text(
            "SELECT id, received_at, reason, frame FROM unread_deliveries WHERE carrier_id = :carrier_id"
            " AND (CAST(:before AS uuid) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit"
        ),
        {"carrier_id": carrier_id, "before": before, "limit": limit},
    ).all()


def forget_old(cursor: Cursor[Any]) -> None:
    # By id alone, which tells the time: there is an index on it.
    cursor.execute(
        "DELETE FROM unread_deliveries WHERE id < greatest(%s,"
        " (SELECT id FROM unread_deliveries ORDER BY id DESC OFFSET %s LIMIT 1))",
        (first_id_at(datetime.now(UTC) - KEEP), MOST - 1),
    )


def forget(session: Session, *, addresses: Collection[str], until: datetime) -> None:
    """Delete those in which a phone's number stands: nobody knows whose they are, and nobody misses one."""
    session.execute(
        text(
            "DELETE FROM unread_deliveries WHERE received_at <= :until"
            " AND EXISTS (SELECT 1 FROM unnest(CAST(:numbers AS text[])) n"
            " WHERE position(convert_to(n, 'UTF8') IN frame) > 0)"
        ),
        {"numbers": [address.removeprefix("+") for address in addresses], "until": until},
    )
