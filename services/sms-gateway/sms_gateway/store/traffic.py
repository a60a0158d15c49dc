"""What carriers took, by day, carrier and network: counted with the answers, in their transaction, so once each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import Cursor
from sqlalchemy import text

from chassis.database import Session
from contracts.vocabulary import MessageState
from sms_gateway.batches import SmsMessage
from sms_gateway.domain.prices import place_of
from sms_gateway.store.last_messages import HANDED_OVER
from sms_gateway.store.prices import KnownPrices

KEEP_DAYS = 800
TAKEN = frozenset({MessageState.SUBMITTED, MessageState.DELIVERED})

# In order of the key: of two processes none waits for the other in a circle.
_ADD = """
INSERT INTO sms_traffic AS t (day, carrier_id, network, shard, messages, parts, unpriced_parts, uncosted_parts, charged,
    paid_thousandths)
SELECT * FROM unnest(%s::date[], %s::uuid[], %s::text[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (day, carrier_id, network, shard) DO UPDATE SET messages = t.messages + excluded.messages,
    parts = t.parts + excluded.parts, unpriced_parts = t.unpriced_parts + excluded.unpriced_parts,
    uncosted_parts = t.uncosted_parts + excluded.uncosted_parts, charged = t.charged + excluded.charged,
    paid_thousandths = t.paid_thousandths + excluded.paid_thousandths
"""

_Key = tuple[date, str, str]  # day, carrier, network


class _Sums:
    """Messages, parts, those without a price, those without a cost, what accounts pay, thousandths of what we do."""

    __slots__ = ("charged", "messages", "paid", "parts", "uncosted", "unpriced")

    def __init__(self) -> None:
        self.messages = self.parts = self.unpriced = self.uncosted = self.charged = self.paid = 0

    def row(self) -> tuple[int, ...]:
        return self.messages, self.parts, self.unpriced, self.uncosted, self.charged, self.paid


def write(cursor: Cursor[Any], messages: Sequence[SmsMessage], prices: KnownPrices, shard: int) -> None:
    """Price what was handed over, and add what was taken.

    :param shard: this process's own rows: two that count in one would wait for each other's commits.
    """
    sums = _priced(messages, prices)
    if sums:
        rows = [(*key, shard, *sums[key].row()) for key in sorted(sums)]
        cursor.execute(_ADD, tuple(map(list, zip(*rows, strict=True))))


def _priced(messages: Sequence[SmsMessage], prices: KnownPrices) -> dict[_Key, _Sums]:
    """Each message gets its place and cost; the sums of those that were taken, by day, carrier and place.

    The hot path: a price is looked up once for all that are alike and were answered at once.
    """
    known: dict[tuple[str, str | None, float], int | None] = {}
    alike: dict[tuple[Any, str | None, int, int | None, float], int] = {}
    for message in messages:
        place = message.place = place_of(message.recipient["address"])
        state = message.state
        if state not in HANDED_OVER:
            continue
        parts = message.parts
        asked = message.chunk.batch.header.account_id, place, message.at
        price = known[asked] if asked in known else known.setdefault(asked, prices.price(*asked))
        if price is not None:
            message.cost = price * parts
        if state in TAKEN:
            key = message.outlet, place, parts, price, message.at
            alike[key] = alike.get(key, 0) + 1
    return _summed(alike, prices)


def _summed(
    alike: Mapping[tuple[Any, str | None, int, int | None, float], int], prices: KnownPrices
) -> dict[_Key, _Sums]:
    sums: defaultdict[_Key, _Sums] = defaultdict(_Sums)
    for (outlet, place, each, price, at), times in alike.items():
        if outlet is None:
            continue
        day = datetime.fromtimestamp(at, UTC).date()
        into, parts, cost = sums[day, str(outlet), place or ""], each * times, prices.cost(outlet.id, place, at)
        into.messages += times
        into.parts += parts
        into.unpriced += parts if price is None else 0
        into.uncosted += parts if cost is None else 0
        into.charged += (price or 0) * parts
        into.paid += 0 if cost is None else parts * cost.minor * (1_000 // cost.per_parts)
    return sums


def report(session: Session, first: date, last: date) -> Sequence[Any]:
    """By carrier and network."""
    query = text(
        "SELECT t.carrier_id, max(c.name) AS carrier, nullif(t.network, '') AS network,"
        " sum(messages)::bigint AS messages, sum(parts)::bigint AS parts,"
        " sum(unpriced_parts)::bigint AS unpriced_parts, sum(uncosted_parts)::bigint AS uncosted_parts,"
        " sum(charged)::bigint AS charged, sum(paid_thousandths)::bigint AS paid_thousandths"
        " FROM sms_traffic t LEFT JOIN carriers c ON c.id = t.carrier_id WHERE day BETWEEN :first AND :last"
        " GROUP BY t.carrier_id, t.network ORDER BY max(c.name), t.carrier_id, t.network"
    )
    return session.execute(query, {"first": first, "last": last}).all()


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute("DELETE FROM sms_traffic WHERE day < %s", (datetime.now(UTC).date() - timedelta(days=KEEP_DAYS),))
