"""Ranges of numbers that accounts send too much to: counted exactly once they are suspected, held, and decided on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor
from sqlalchemy import text

from channel.retries import UPKEEP
from chassis import outbox, waking
from chassis.database import Session, changed, columns, cursor_of
from chassis.ids import new_id
from contracts import lanes
from contracts.vocabulary import MessageState
from sms_gateway.batches import receipt_event
from sms_gateway.domain.code_rates import key_of
from sms_gateway.domain.ranges import DECIDED_FOR, EVERYBODY, LEAST_ACCOUNTS, MOST, MOST_OF_ALL, WITHIN, RangeState
from sms_gateway.store import smpp_deliveries

DROPPED = "range_dropped"  # the code of what was rejected
AT_ONCE = 1_000  # messages of one transaction
Key = tuple[UUID, str]
Number = tuple[UUID, str, bytes]  # account, range, and the number's key (`number_key`)
# Older processes, which may run beside, wrote keys of 16 octets, another of one number for each account: to count these
# too would count a phone twice.
_KEY_OCTETS = 15

_DECIDED = (
    "SELECT account_id, range, state FROM held_ranges"
    " WHERE account_id = ANY(%s) AND (state = 'held' OR decided_at > %s)"
)
# One row after the other in one order, so that two that count at once do not wait for each other. A number that comes
# every second is written once a minute.
_NOTE = (
    "INSERT INTO range_numbers AS n (account_id, range, key, seen_at)"
    " SELECT account_id, range, key, %s FROM unnest(%s::uuid[], %s::text[], %s::bytea[])"
    " AS u(account_id, range, key) ORDER BY 1, 2, 3"
    " ON CONFLICT (account_id, range, key) DO UPDATE SET seen_at = excluded.seen_at"
    " WHERE n.seen_at < excluded.seen_at - interval '1 minute'"
)
_COUNT = (
    "SELECT k.account_id, k.range, (SELECT count(*) FROM range_numbers n WHERE n.account_id = k.account_id"
    f" AND n.range = k.range AND n.seen_at > %s AND octet_length(n.key) = {_KEY_OCTETS}),"
    " coalesce((SELECT l.most FROM range_limits l WHERE l.account_id = k.account_id), %s)"
    " FROM unnest(%s::uuid[], %s::text[]) AS k(account_id, range)"
)
# Over all accounts: each phone once, whoever writes to it. Whoever an operator has given a limit is not among them.
_COUNT_OF_ALL = (
    "SELECT k.range, count(DISTINCT n.key), array_agg(DISTINCT n.account_id) FROM unnest(%s::text[]) AS k(range)"
    f" JOIN range_numbers n ON n.range = k.range AND n.seen_at > %s AND octet_length(n.key) = {_KEY_OCTETS}"
    " WHERE NOT EXISTS (SELECT FROM range_limits l WHERE l.account_id = n.account_id) GROUP BY k.range"
)
_HOLD = (
    "INSERT INTO held_ranges AS h (id, account_id, range, state, numbers, held_at)"
    " SELECT id, account_id, range, 'held', numbers, %s FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::int[])"
    " AS u(id, account_id, range, numbers) ORDER BY account_id, range"
    " ON CONFLICT (account_id, range) DO UPDATE SET id = excluded.id, state = 'held', numbers = excluded.numbers,"
    " held_at = excluded.held_at, decided_at = NULL WHERE h.state <> 'held' AND h.decided_at <= %s"
    " RETURNING id, account_id, range"
)
# Whose messages wait in a range `h`: its account's, or those of all who have none of their own there. `LIKE` stands in
# the statements for the index: PostgreSQL does not see that the reason begins so. The two are never joined by OR, with
# which the index would be walked by the reason alone.
_NOT_ITS_OWN = (
    "NOT EXISTS (SELECT FROM held_ranges o WHERE o.account_id = r.account_id AND o.range = {range}"
    " AND o.state = 'held')"
)
_IN_IT = "FROM retries r WHERE r.reason = 'range_held ' || h.range AND r.reason LIKE 'range_held%'"
_OF_ITS_ACCOUNT = f"{_IN_IT} AND r.account_id = h.account_id"
_OF_ALL = f"{_IN_IT} AND {_NOT_ITS_OWN.format(range='h.range')}"
# What was decided longer ago says nothing of what waits now: that is held for all since.
_SHOWN = (
    "SELECT h.*, CASE WHEN h.state <> 'held' AND h.decided_at <= :since THEN 0"
    f" WHEN h.account_id = '{EVERYBODY}' THEN (SELECT count(*) {_OF_ALL})"
    f" ELSE (SELECT count(*) {_OF_ITS_ACCOUNT}) END AS waiting FROM held_ranges h"
)
_WAITING = (
    "SELECT message_id FROM retries r WHERE reason = %(reason)s AND reason LIKE 'range_held%%'"
    f" AND (%(account)s = '{EVERYBODY}' OR account_id = %(account)s)"
    f" AND (%(account)s <> '{EVERYBODY}' OR {_NOT_ITS_OWN.format(range='%(range)s')})"
    " LIMIT %(most)s FOR UPDATE SKIP LOCKED"
)
_UNDONE = (
    "SELECT account_id, range, state FROM held_ranges h WHERE state <> 'held' AND decided_at > :since"
    f" AND CASE WHEN h.account_id = '{EVERYBODY}' THEN EXISTS (SELECT {_OF_ALL})"
    f" ELSE EXISTS (SELECT {_OF_ITS_ACCOUNT}) END ORDER BY id LIMIT 1"
)


class Counted(NamedTuple):
    """`numbers` of a range within the time, of `most` that the account may write to; 0: as many as it likes.

    `accounts`: who wrote to them.
    """

    numbers: int
    most: int
    accounts: Collection[UUID]


def number_key(address: str) -> bytes:
    """The same of all accounts."""
    return key_of(EVERYBODY, address)[:_KEY_OCTETS]


def ask_decided(
    cursor: Cursor[Any], account_ids: Collection[UUID], now: datetime
) -> Callable[[], dict[Key, RangeState]]:
    """The ranges of these accounts, and those of all, that are held, or decided on a while ago; in a pipeline: what is
    returned is called once it has ended."""
    cursor.execute(_DECIDED, ([*account_ids, EVERYBODY], now - DECIDED_FOR))
    return lambda: {(row[0], row[1]): RangeState(row[2]) for row in cursor.fetchall()}


def decided(session: Session, account_ids: Collection[UUID], now: datetime) -> dict[Key, RangeState]:
    return ask_decided(cursor_of(session), account_ids, now)()


def count(session: Session, numbers: Collection[Number], of_all: Collection[str], now: datetime) -> dict[Key, Counted]:
    """Keep these numbers; how many their ranges have had within the time.

    :param of_all: the ranges that are counted over all accounts too, under `EVERYBODY`.
    """
    cursor = cursor_of(session)
    cursor.execute(_NOTE, (now, *columns(list(numbers), 3)))
    keys = list({(account_id, of) for account_id, of, _ in numbers})
    cursor.execute(_COUNT, (now - WITHIN, MOST, *columns(keys, 2)))
    counted = {(row[0], row[1]): Counted(row[2], row[3], [row[0]]) for row in cursor.fetchall()}
    if of_all:
        cursor.execute(_COUNT_OF_ALL, (list(of_all), now - WITHIN))
        for of, some, accounts in cursor.fetchall():
            counted[EVERYBODY, of] = Counted(some, MOST_OF_ALL if len(accounts) >= LEAST_ACCOUNTS else 0, accounts)
    return counted


def hold(session: Session, ranges: Mapping[Key, int], now: datetime) -> list[tuple[UUID, UUID, str]]:
    """Id, account and range of those that are held from now on; others are already, or were decided on this moment."""
    cursor = cursor_of(session)
    rows = [(new_id(), account_id, of, numbers) for (account_id, of), numbers in ranges.items()]
    cursor.execute(_HOLD, (now, *columns(rows, 4), now - DECIDED_FOR))
    return cursor.fetchall()


def reason(of: str) -> str:
    """Of what waits in the schedule."""
    return f"range_held {of}"


def page(session: Session, *, now: datetime, state: str | None, before: UUID | None, limit: int) -> Sequence[Any]:
    """The newest first, with how many messages of each wait."""
    query = (
        f"{_SHOWN} WHERE (CAST(:state AS text) IS NULL OR h.state = :state)"
        " AND (CAST(:before AS uuid) IS NULL OR h.id < :before) ORDER BY h.id DESC LIMIT :limit"
    )
    values = {"state": state, "before": before, "limit": limit, "since": now - DECIDED_FOR}
    return session.execute(text(query), values).all()


def one(session: Session, range_id: UUID, now: datetime) -> Any:
    values = {"id": range_id, "since": now - DECIDED_FOR}
    return session.execute(text(f"{_SHOWN} WHERE h.id = :id"), values).one()


def for_update(session: Session, range_id: UUID) -> Any:
    query = "SELECT * FROM held_ranges WHERE id = :id FOR UPDATE"
    return session.execute(text(query), {"id": range_id}).one_or_none()


def decide(session: Session, range_id: UUID, account_id: UUID, of: str, state: RangeState, now: datetime) -> None:
    """Its messages leave, or are rejected: by `carry_out`, which the outbound process goes on with. Counting begins
    anew."""
    changed(
        session, "UPDATE held_ranges SET state = :state, decided_at = :now WHERE id = :id",
        state=state, now=now, id=range_id,
    )  # fmt: skip
    changed(
        session,
        "DELETE FROM range_numbers WHERE range = :range AND (:account = :everybody OR account_id = :account)",
        account=account_id, range=of, everybody=EVERYBODY,
    )  # fmt: skip
    waking.wake(session, UPKEEP)


def carry_out_next(session: Session, now: datetime) -> bool:
    """A thousand messages of a range that was decided on and has some that wait: the rest of many, and what was being
    stored in that moment, as held, by who did not know yet. False where there is none."""
    found = session.execute(text(_UNDONE), {"since": now - DECIDED_FOR}).one_or_none()
    if found is None:
        return False
    account_id, of, state = found
    return carry_out(session, account_id, of, RangeState(state), now) > 0


def carry_out(session: Session, account_id: UUID, of: str, state: RangeState, now: datetime) -> int:
    """Let a thousand of its messages leave, or reject them; returns how many there were."""
    if state is RangeState.DROPPED:
        return _reject(session, account_id, of, now)
    cursor = cursor_of(session)
    cursor.execute(
        f"UPDATE retries SET due_at = %(now)s, reason = NULL WHERE message_id = ANY (ARRAY({_WAITING}))",
        {"now": now, **_whose(account_id, of)},
    )
    released = cursor.rowcount
    waking.wake(session, UPKEEP)
    return released


def _whose(account_id: UUID, of: str) -> dict[str, Any]:
    return {"account": account_id, "range": of, "reason": reason(of), "most": AT_ONCE}


def _reject(session: Session, account_id: UUID, of: str, now: datetime) -> int:
    cursor = cursor_of(session)
    cursor.execute(
        f"DELETE FROM retries WHERE message_id = ANY (ARRAY({_WAITING})) RETURNING message_id",
        _whose(account_id, of),
    )
    gone = [message_id for (message_id,) in cursor.fetchall()]
    # By their ids, not by a join: without statistics of the day that would be a walk through all its messages.
    cursor.execute(
        "UPDATE ledger SET state = 'rejected', code = %s, final_at = %s WHERE message_id = ANY(%s::uuid[])"
        " AND state IN ('accepted', 'deferred') RETURNING message_id::text, account_id::text",
        (DROPPED, now, gone),
    )
    events = [
        receipt_event(message_id, account, None, now.timestamp(), MessageState.REJECTED, DROPPED)
        for message_id, account in cursor.fetchall()
    ]
    for first in range(0, len(events), lanes.BATCH_SIZE):
        some = events[first : first + lanes.BATCH_SIZE]
        body = orjson.dumps({"v": 1, "source": "sms_gateway", "events": some})
        outbox.record_lanes(session, [(lanes.DELIVERY_EVENTS, body)])
    if events:
        smpp_deliveries.add_receipts(cursor, events)
    return len(gone)


def limit_of(session: Session, account_id: UUID) -> int | None:
    found = session.scalar(text("SELECT most FROM range_limits WHERE account_id = :id"), {"id": account_id})
    return None if found is None else int(found)


def put_limit(session: Session, account_id: UUID, most: int | None) -> None:
    """None: the platform's own."""
    session.execute(text("DELETE FROM range_limits WHERE account_id = :id"), {"id": account_id})
    if most is not None:
        session.execute(
            text("INSERT INTO range_limits (account_id, most) VALUES (:id, :most)"), {"id": account_id, "most": most}
        )


def forget_old(session: Session, now: datetime) -> None:
    session.execute(text("DELETE FROM range_numbers WHERE seen_at <= :over"), {"over": now - WITHIN})
    session.execute(
        text("DELETE FROM held_ranges WHERE state <> 'held' AND decided_at <= :over"), {"over": now - DECIDED_FOR * 30}
    )
