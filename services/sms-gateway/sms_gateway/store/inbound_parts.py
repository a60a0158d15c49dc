"""Parts of long messages from phones, until the message is whole: any number of processes take them, one joins them.

Nothing is unique here but the id, so that no process waits for another's part while it settles. Parts that were joined
stay for a while: a carrier that got no answer delivers them again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis.database import Session, columns
from chassis.ids import new_id
from sms_gateway.batches import ArrivedInbound
from sms_gateway.content import segments
from sms_gateway.content.segments import Place
from sms_gateway.domain.joining import Joined, Segment, join
from sms_gateway.domain.numbers import bare

WAIT_SECONDS = 300  # for the parts that are missing
REPEATED_WITHIN = "1 hour"
AT_ONCE = 200  # messages of a turn
_LOCK = "inbound_parts"

_DUE = f"""
SELECT phone, number, reference, total FROM inbound_parts WHERE joined_at IS NULL
GROUP BY phone, number, reference, total
HAVING count(DISTINCT part) = total OR min(received_at) <= now() - interval '{WAIT_SECONDS} seconds'
LIMIT {AT_ONCE}
"""
_OF = f"""
SELECT p.phone, p.number, p.reference, p.total, p.carrier_id, p.source, p.destination, p.joined_at IS NOT NULL,
  p.id, p.part, p.octets, p.data_coding, p.esm_class, extract(epoch FROM p.received_at)::float8
FROM unnest(%s::text[], %s::text[], %s::int[], %s::int[]) AS d(phone, number, reference, total)
CROSS JOIN LATERAL (
  SELECT * FROM inbound_parts i WHERE i.phone = d.phone AND i.number = d.number AND i.reference = d.reference
  AND i.total = d.total AND (i.joined_at IS NULL OR i.joined_at > now() - interval '{REPEATED_WITHIN}')
) p ORDER BY p.id
"""


class Waiting(NamedTuple):
    """Parts that may be one message's: those that wait, and what was joined lately."""

    carrier_id: UUID
    source: str
    destination: str
    total: int
    segments: list[Segment]
    known: set[tuple[int, bytes]]


def write(cursor: Cursor[Any], arrived: Sequence[tuple[ArrivedInbound, Place]]) -> None:
    rows = [
        (new_id(), each.carrier_id, each.source.replace("\0", ""), each.destination.replace("\0", ""),
         bare(each.source.replace("\0", "")), bare(each.destination.replace("\0", "")), place.reference, place.total,
         place.number, each.data_coding, each.esm_class, each.octets, datetime.fromtimestamp(each.at, UTC))
        for each, place in arrived
    ]  # fmt: skip
    if rows:
        cursor.execute(
            "INSERT INTO inbound_parts (id, carrier_id, source, destination, phone, number, reference, total, part,"
            " data_coding, esm_class, octets, received_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],"
            " %s::smallint[], %s::smallint[], %s::smallint[], %s::smallint[], %s::bytea[], %s::timestamptz[])",
            columns(rows, 13),
        )


def joined(cursor: Cursor[Any]) -> list[ArrivedInbound]:
    """The messages that are whole now, or will never be; their parts are done with."""
    whole: list[ArrivedInbound] = []
    done: list[UUID] = []
    for waiting in due(cursor):
        came_by = datetime.now(UTC).timestamp() - WAIT_SECONDS
        messages, repeated = join(waiting.segments, waiting.known, total=waiting.total, came_by=came_by)
        whole += [_whole(waiting, message) for message in messages]
        done += [part.id for part in (*repeated, *(part for message in messages for part in message.segments))]
    if done:
        cursor.execute("UPDATE inbound_parts SET joined_at = now() WHERE id = ANY(%s::uuid[])", (done,))
    return whole


def _whole(waiting: Waiting, message: Joined) -> ArrivedInbound:
    octets, data_coding, esm_class = segments.joined(message.segments)
    return ArrivedInbound(
        waiting.carrier_id, waiting.source, waiting.destination, data_coding, esm_class, octets,
        max(part.at for part in message.segments), waiting.total, message.missing,
    )  # fmt: skip


def due(cursor: Cursor[Any]) -> list[Waiting]:
    """Messages that are whole or have waited for long enough; none while another process has them in hand."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", (_LOCK,))
    if not (cursor.fetchone() or (False,))[0]:
        return []
    cursor.execute(_DUE)
    groups = cursor.fetchall()
    if not groups:
        return []
    cursor.execute(_OF, columns(groups, 4))
    found: dict[tuple[Any, ...], Waiting] = {}
    for *key, carrier_id, source, destination, is_joined, id_, part, octets, coding, esm_class, at in cursor.fetchall():
        waiting = found.setdefault(tuple(key), Waiting(carrier_id, source, destination, key[-1], [], set()))
        segment = Segment(id_, part, bytes(octets), coding, esm_class, at)
        if is_joined:
            waiting.known.add(segment.content)
        else:
            waiting.segments.append(segment)
    return list(found.values())


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM inbound_parts WHERE joined_at < now() - interval '{REPEATED_WITHIN}'")


def erase_account(session: Session, account_id: UUID) -> None:
    """Delete what was for the account's own numbers; its senders must be there still."""
    session.execute(
        text(
            "DELETE FROM inbound_parts p USING ("
            "SELECT regexp_replace(lower(sender_key), '^([+]|00)', '') AS number FROM sender_ids"
            " WHERE state = 'active' GROUP BY 1 HAVING bool_and(account_id = :account)"
            ") ours WHERE p.number = ours.number"
        ),
        {"account": account_id},
    )


def forget(session: Session, *, addresses: Collection[str], until: datetime) -> None:
    """Delete what the person sent by then: an hour at most of what is joined, and what nobody has read yet."""
    session.execute(
        text("DELETE FROM inbound_parts WHERE phone = ANY(CAST(:phones AS text[])) AND received_at <= :until"),
        {"phones": [bare(address) for address in addresses], "until": until},
    )
