"""Claims: who is about to hand over which recipients.

A claim is written and committed before the first of its recipients leaves, and deleted when all are settled in the
ledger: a hundred recipients in one row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor

from channel import instances, retries
from channel.batches import Header, without_person
from channel.instances import ALIVE
from channel.outlets import Chunk, Claim
from channel.ports import Ledger
from chassis import erasures
from chassis.database import Statement, execute_together
from chassis.ids import new_id
from contracts.ids import recipient_number
from contracts.vocabulary import Lane, LeftOut

RETAKEABLE = ("accepted", "deferred")

_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS k(key)"
_CLAIMED = (
    "SELECT c.send_id, c.numbers FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS r(send_id, first, last)"
    " JOIN claims c ON c.send_id = r.send_id AND c.first <= r.last AND c.last >= r.first"
)
# A fresh range costs one probe of the index, however long it is. Of a range whose ends it does not know the planner
# expects a ninth of the table, and rather reads ten million rows once. The limit, which no range can reach, and the
# order leave it the index alone.
_STATES = (
    "SELECT r.i, l.message_id, l.state, l.code FROM unnest(%s::uuid[], %s::uuid[], %s::int[]) AS r(low, high, i)"
    " CROSS JOIN LATERAL (SELECT message_id, state, code FROM ledger"
    " WHERE message_id >= r.low AND message_id <= r.high ORDER BY message_id LIMIT %s) l"
)


class Abandoned(NamedTuple):
    """A dead instance's claim."""

    claim_id: UUID
    body: dict[str, Any]


Settled = tuple[str, str | None]
"""An outcome: state and code."""


class Taken(NamedTuple):
    """What came of one chunk: `chunk.claim` is set where anything is ours."""

    chunk: Chunk
    mine: list[dict[str, Any]]
    settled: list[Settled]  # those that have an outcome already
    claimed_elsewhere: list[dict[str, Any]]

    @property
    def size(self) -> int:
        """How many recipients were to be claimed."""
        return len(self.mine) + len(self.settled) + len(self.claimed_elsewhere)


def take(
    cursor: Cursor[Any], ledger: Ledger, instance_id: UUID, chunks: Sequence[Chunk], *, lives: bool = False
) -> list[Taken]:
    """Claim what nobody has claimed and nothing is known of.

    A lock per send, held to the commit, makes two instances with the same batch go one after the other.

    :param lives: nobody may think the instance dead while it claims: its lease is renewed where too little is left.
    """
    for chunk in chunks:
        chunk.recipients, chunk.existing = chunk.asked, frozenset()
    # A second try after a commit whose answer was lost: the first try's claims may be there.
    delete(cursor, [chunk.claim.claim_id for chunk in chunks if chunk.claim is not None])
    spans = [_span(chunk) for chunk in chunks]
    # One text, for a claim waits for its turn on the GIL after each answer. Claims before outcomes, each as it is
    # committed when it is read: whoever settles a message deletes its claim in the same transaction, so what is settled
    # in between is seen twice. The other way round it would not be seen at all, and leave once more.
    held, _, concerned, _, claims_there, outcomes = execute_together(
        cursor,
        (
            instances.holding(instance_id),
            erasures.SHARE,
            erasures.asking_for(_owners(ledger, chunks)),
            _locking(chunks),
            _asking_for_claims(chunks, spans),
            _asking_for_states(chunks, spans),
        ),
    )
    if lives and not held:
        instances.renew_lease(cursor, instance_id)
    _leave_out(cursor, ledger, chunks, {str(row[0]) for row in concerned})
    leave_refused_out(cursor, ledger, chunks)
    claimed, states = _claimed(claims_there), _states(chunks, outcomes)
    taken = []
    for chunk in chunks:
        each = _sort_out(chunk, states, claimed)
        taken.append(each)
        chunk.claim = None
        if each.mine:
            numbers = [recipient["number"] for recipient in each.mine]
            chunk.claim = Claim(new_id(), len(numbers))
            chunk.recipients = each.mine
            # The same batch may stand twice in one transaction.
            claimed.setdefault(chunk.batch.header.send_id, set()).update(numbers)
    insert(cursor, instance_id, [chunk for chunk in chunks if chunk.claim is not None])
    return taken


def leave_erased_out(cursor: Cursor[Any], ledger: Ledger, chunks: Sequence[Chunk]) -> None:
    """Take the addresses of people who were erased out of `chunks`: what is then no address is rejected, not sent."""
    _leave_out(cursor, ledger, chunks, erasures.watch(cursor, _owners(ledger, chunks)))


def _owners(ledger: Ledger, chunks: Sequence[Chunk]) -> set[str]:
    owner_id = ledger.owner_id
    return {owner_id(chunk.batch.header, recipient) for chunk in chunks for recipient in chunk.recipients}


def _leave_out(cursor: Cursor[Any], ledger: Ledger, chunks: Sequence[Chunk], concerned: Collection[str]) -> None:
    """:param concerned: the accounts among those of the chunks that erased anybody."""
    if not concerned:
        return
    owner_id = ledger.owner_id
    told = (
        (header.id_of(recipient["number"]), owner, recipient["address"])
        for chunk in chunks
        for header in (chunk.batch.header,)
        for recipient in chunk.recipients
        if (owner := owner_id(header, recipient)) in concerned
    )
    gone = erasures.among(cursor, told)
    for chunk in chunks if gone else ():
        of = chunk.batch.header.id_of
        chunk.recipients = [
            without_person(recipient) if of(recipient["number"]) in gone else recipient
            for recipient in chunk.recipients
        ]


def leave_refused_out(cursor: Cursor[Any], ledger: Ledger, chunks: Sequence[Chunk]) -> None:
    """Mark who has said no since their campaign's portion was read: it may have waited in the lane for hours."""
    of_campaigns = [chunk for chunk in chunks if chunk.batch.header.campaign_id]
    gone = ledger.refused(cursor, of_campaigns) if of_campaigns else ()
    for chunk in of_campaigns if gone else ():
        of = chunk.batch.header.id_of
        chunk.recipients = [
            {**recipient, "left_out": recipient.get("left_out") or str(LeftOut.ARCHIVED)}
            if of(recipient["number"]) in gone
            else recipient
            for recipient in chunk.recipients
        ]


def insert(cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> None:
    """Write the claims of `chunks`, whose `claim` is set."""
    if not chunks:
        return
    lines = []
    for chunk in chunks:
        assert chunk.claim is not None
        numbers = [recipient["number"] for recipient in chunk.recipients]
        # Written by hand: the driver's dumper of lists costs more than everything else here.
        lines.append(
            f"{chunk.claim.claim_id}\t{instance_id}\t{chunk.batch.header.send_id}\t{min(numbers)}\t{max(numbers)}\t"
            f"{{{','.join(map(str, numbers))}}}\t\\\\x{chunk.body().hex()}\n"
        )
    statement = "COPY claims (claim_id, instance_id, send_id, first, last, numbers, body) FROM STDIN"
    with cursor.copy(statement) as copy:
        copy.write("".join(lines))


def delete(cursor: Cursor[Any], claim_ids: Sequence[UUID]) -> None:
    if claim_ids:
        cursor.execute("DELETE FROM claims WHERE claim_id = ANY(%s)", (list(claim_ids),))


def _span(chunk: Chunk) -> tuple[int, int]:
    numbers = [recipient["number"] for recipient in chunk.recipients]
    return min(numbers), max(numbers)


def _locking(chunks: Sequence[Chunk]) -> Statement:
    return _LOCK, (sorted({chunk.batch.header.send_id.int & 0x7FFFFFFFFFFFFFFF for chunk in chunks}),)


def _asking_for_claims(chunks: Sequence[Chunk], spans: Sequence[tuple[int, int]]) -> Statement:
    sends = [chunk.batch.header.send_id for chunk in chunks]
    return _CLAIMED, (sends, [first for first, _ in spans], [last for _, last in spans])


def _asking_for_states(chunks: Sequence[Chunk], spans: Sequence[tuple[int, int]]) -> Statement:
    lows, highs = [], []
    for chunk, (first, last) in zip(chunks, spans, strict=True):
        lows.append(chunk.batch.header.id_of(first))
        highs.append(chunk.batch.header.id_of(last))
    return _STATES, (lows, highs, list(range(len(chunks))), max(last - first + 1 for first, last in spans))


def _states(chunks: Sequence[Chunk], rows: Sequence[Any]) -> dict[UUID, dict[int, Settled]]:
    """Outcomes in the ledger, by send and number."""
    states: dict[UUID, dict[int, Settled]] = {}
    for position, message_id, state, code in rows:
        states.setdefault(chunks[position].batch.header.send_id, {})[recipient_number(message_id)] = state, code
    return states


def _claimed(rows: Sequence[Any]) -> dict[UUID, set[int]]:
    claimed: dict[UUID, set[int]] = {}
    for send_id, numbers in rows:
        claimed.setdefault(send_id, set()).update(numbers)
    return claimed


def _sort_out(chunk: Chunk, states: dict[UUID, dict[int, Settled]], claimed: dict[UUID, set[int]]) -> Taken:
    send_id, lane_is_single = chunk.batch.header.send_id, chunk.batch.header.campaign_id is None
    known, busy = states.get(send_id), claimed.get(send_id)
    if not known and not busy:
        return Taken(chunk, chunk.recipients, [], [])
    mine, settled, claimed_elsewhere, existing = [], [], [], set()
    for recipient in chunk.recipients:
        number = recipient["number"]
        outcome = known.get(number) if known else None
        if busy and number in busy:
            claimed_elsewhere.append(recipient)
        elif outcome is None:
            mine.append(recipient)
        elif outcome[0] == "accepted" and lane_is_single:
            existing.add(number)
            mine.append(recipient)
        else:
            settled.append(outcome)
    chunk.existing = frozenset(existing)
    return Taken(chunk, mine, settled, claimed_elsewhere)


def take_abandoned(cursor: Cursor[Any], instance_id: UUID, limit: int) -> list[Abandoned]:
    """Take claims of others whose lease ran out, in the caller's transaction; never one's own, whatever it says."""
    taken = take_abandoned_bodies(cursor, instance_id, limit)
    return [Abandoned(claim_id, orjson.loads(body)) for claim_id, body in taken]


def take_abandoned_bodies(cursor: Cursor[Any], instance_id: UUID, limit: int) -> list[tuple[UUID, bytes]]:
    """The same, unread."""
    cursor.execute(
        "DELETE FROM claims WHERE claim_id = ANY (ARRAY(SELECT claim_id FROM claims c"
        f" WHERE instance_id <> %s AND NOT EXISTS (SELECT 1 FROM ({ALIVE}) i WHERE i.instance_id = c.instance_id)"
        " ORDER BY claim_id LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING claim_id, body",
        (instance_id, limit),
    )
    return cursor.fetchall()


def leave(cursor: Cursor[Any], instance_id: UUID) -> None:
    """A clean stop, once all outcomes are on disk: what is still claimed was never handed over.

    The instance leaves first, so that nothing is claimed after its claims were looked for: whoever finds the claim of
    one that is not there takes it for handed over.

    What came from a lane goes back with its delivery. What came from the retry schedule has nowhere else to stand any
    more, so it goes back there, but for those of a claim that have an outcome, or were put off and are in the schedule
    again already, or in another's hands.
    """
    instances.leave(cursor, instance_id)
    cursor.execute("DELETE FROM claims WHERE instance_id = %s RETURNING body", (instance_id,))
    for (raw,) in cursor.fetchall():
        body = orjson.loads(raw)
        if not body.get("attempts"):
            continue
        header = Header(body, Lane(body["lane"]))
        recipients = {header.id_of(recipient["number"]): recipient for recipient in body["recipients"]}
        elsewhere = under_way(cursor, header.send_id, {key: one["number"] for key, one in recipients.items()})
        states = settled_states(cursor, list(recipients))
        retries.put_back(
            cursor,
            body,
            {key: one for key, one in recipients.items() if states.get(key) in RETAKEABLE and key not in elsewhere},
        )


def under_way(cursor: Cursor[Any], send_id: UUID, messages: Mapping[str, int]) -> set[str]:
    """Those that are in the schedule or in a claim, in one look: between the two of them messages go to and fro.

    :param messages: of the send: numbers by message id.
    """
    cursor.execute(
        "SELECT m.message_id::text FROM unnest(%s::uuid[], %s::bigint[]) AS m(message_id, number)"
        " WHERE EXISTS (SELECT FROM retries r WHERE r.message_id = m.message_id) OR EXISTS (SELECT FROM claims c"
        " WHERE c.send_id = %s AND m.number BETWEEN c.first AND c.last AND m.number = ANY(c.numbers))",
        (list(messages), list(messages.values()), send_id),
    )
    return {message_id for (message_id,) in cursor.fetchall()}


def settled_states(cursor: Cursor[Any], message_ids: Sequence[str]) -> dict[str, str]:
    """States of those of `message_ids` that have a row in the ledger."""
    cursor.execute(
        "SELECT message_id::text, state FROM ledger WHERE message_id = ANY(%s::uuid[])", (list(message_ids),)
    )
    return dict(cursor.fetchall())
