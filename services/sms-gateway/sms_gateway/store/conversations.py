"""Both sides of what an account and a phone wrote to each other.

The ledger has no index on its numbers. So what goes to a phone that has answered its account is written down once more,
in the transaction that settles it, and so is the message that was answered first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis.database import Session, columns
from contracts.ids import first_id_at
from sms_gateway.batches import SmsMessage
from sms_gateway.domain.numbers import number_of
from sms_gateway.store.inbound_sms import BARE, SHOWN

KEEP = "90 days"
_RANDOM = 2**80 - 1  # the bits of an id that do not tell its time

_REMEMBER = """
INSERT INTO conversation_messages (message_id, id, account_id, phone, number, campaign_id, sent_at)
SELECT u.* FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[])
  AS u(message_id, id, account_id, phone, number, campaign_id, sent_at)
"""
_TO_WHO_HAS_ANSWERED = f"""
WHERE EXISTS (
  SELECT FROM inbound_sms i WHERE {BARE.format("i.source")} = substr(u.phone, 2) AND i.account_id = u.account_id
  AND {BARE.format("i.destination")} = u.number OFFSET 0
)
"""
_ONCE = "ON CONFLICT (message_id) DO NOTHING"
# Found by phone, then put in order; each side gives as many as the page may show.
_BOTH = f"""
SELECT id, direction, at, phone, number, octets, data_coding, esm_class, message_id, campaign_id, wish, missing_parts
FROM (
  (SELECT i.id, 'received' AS direction, i.received_at AS at, i.source AS phone, i.destination AS number, i.octets,
    i.data_coding, i.esm_class, i.message_id, i.campaign_id, i.wish, i.missing_parts
  FROM inbound_sms i WHERE i.account_id = :account AND {BARE.format("i.source")} = :phone
  AND (CAST(:number AS text) IS NULL OR {BARE.format("i.destination")} = :number) AND i.id < :before
  ORDER BY i.id DESC LIMIT :limit)
  UNION ALL
  (SELECT m.id, 'sent', m.sent_at, m.phone, m.number, NULL, NULL, NULL, m.message_id, m.campaign_id, NULL, NULL
  FROM conversation_messages m WHERE m.account_id = :account AND m.phone = '+' || :phone
  AND (CAST(:number AS text) IS NULL OR m.number = :number) AND m.id < :before
  ORDER BY m.id DESC LIMIT :limit)
) each ORDER BY id DESC LIMIT :limit
"""
_SENT = """
SELECT l.message_id, l.state, s.text, EXISTS (
  SELECT FROM inbound_replies r
  WHERE r.account_id = :account AND r.phone = '+' || :phone AND r.message_id = l.message_id
) AS is_automatic
FROM unnest(CAST(:ids AS uuid[]), CAST(:stems AS uuid[])) AS u(id, stem)
CROSS JOIN LATERAL (SELECT * FROM ledger WHERE message_id = u.id AND account_id = :account LIMIT 1) l
LEFT JOIN sends s ON s.stem_id = u.stem AND s.account_id = :account
"""
# The newest of each phone and number: what has none after it. Whoever pages meets each once.
_NEWEST = f"""
SELECT {SHOWN} FROM inbound_sms i WHERE i.account_id = :account AND i.id < :before {{conditions}}
AND NOT EXISTS (
  SELECT FROM inbound_sms n WHERE {BARE.format("n.source")} = {BARE.format("i.source")} AND n.account_id = :account
  AND {BARE.format("n.destination")} = {BARE.format("i.destination")} AND n.id > i.id {{later}}
) ORDER BY i.id DESC LIMIT :limit
"""


class Sent(NamedTuple):
    """A message to a phone, by whom and when."""

    message_id: UUID
    account_id: UUID
    phone: str
    number: str
    campaign_id: UUID | None
    sent_at: datetime


def remember(cursor: Cursor[Any], messages: Sequence[SmsMessage]) -> None:
    """Those of the handed over ones, from numbers, that go to who has answered."""
    sent = []
    for message in messages:
        header, number = message.header, number_of(message.chunk.batch.content.sender)
        if number is not None and message.recipient["address"].startswith("+"):
            campaign_id = UUID(header.campaign_id) if header.campaign_id else None
            sent.append(
                Sent(
                    UUID(message.message_id), UUID(header.account_id), message.recipient["address"], number,
                    campaign_id, datetime.fromtimestamp(message.at, UTC),
                )
            )  # fmt: skip
    _write(cursor, sent, _TO_WHO_HAS_ANSWERED)


def begin(cursor: Cursor[Any], answered: Sequence[Sent]) -> None:
    """What was answered just now."""
    _write(cursor, answered, "")


def _write(cursor: Cursor[Any], sent: Sequence[Sent], which: str) -> None:
    rows = {each.message_id: (each.message_id, _id_of(each), *each[1:]) for each in sent}
    if rows:
        in_order = [rows[message_id] for message_id in sorted(rows)]
        cursor.execute(f"{_REMEMBER} {which} {_ONCE}", columns(in_order, 7))


def _id_of(sent: Sent) -> UUID:
    """An id that tells when it left: a message's own tells when its campaign began."""
    return UUID(int=first_id_at(sent.sent_at).int | (sent.message_id.int & _RANDOM))


def newest(
    session: Session,
    *,
    account_id: UUID,
    phone: str | None,
    number: str | None,
    q: str | None,
    before: UUID,
    limit: int,
) -> Sequence[Any]:
    """The newest message of each phone and number, bare; with `q` the newest that has it."""
    wanted = {"phone": phone, "number": number, "q": q}
    sides = {"phone": "source", "number": "destination"}
    conditions = "".join(
        f" AND {BARE.format('i.' + column)} = :{name}" for name, column in sides.items() if wanted[name] is not None
    )
    matching = " AND {}.said ILIKE :q" if q is not None else ""
    statement = _NEWEST.format(conditions=conditions + matching.format("i"), later=matching.format("n"))
    bound: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    bound |= {"account": account_id, "before": before, "limit": limit}
    return session.execute(text(statement), bound).mappings().all()


def both(
    session: Session, *, account_id: UUID, phone: str, number: str | None, before: UUID, limit: int
) -> Sequence[Any]:
    """What was said on both sides, newest first; `phone` and `number` are bare."""
    bound = {"account": account_id, "phone": phone, "number": number, "before": before, "limit": limit}
    return session.execute(text(_BOTH), bound).mappings().all()


def sent(session: Session, *, account_id: UUID, phone: str, message_ids: Collection[UUID]) -> dict[UUID, Any]:
    """What became of the messages, and the text of single ones."""
    ids = list(message_ids)
    stems = [UUID(int=one.int >> 32 << 32) for one in ids]
    bound = {"account": account_id, "phone": phone, "ids": ids, "stems": stems}
    return {row["message_id"]: row for row in session.execute(text(_SENT), bound).mappings()}


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM conversation_messages WHERE sent_at < now() - interval '{KEEP}'")


def forget(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """Take a person out."""
    session.execute(
        text("DELETE FROM conversation_messages WHERE account_id = :account AND phone = ANY(:addresses)"),
        {"account": account_id, "addresses": list(addresses)},
    )
