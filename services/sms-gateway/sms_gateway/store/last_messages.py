"""The last message to a phone from each number that it can answer: what an answer is an answer to.

A row for phone, number and account, written with the outcome, for senders that are numbers alone: nobody can answer a
name. The ledger has no index on its numbers, which every message would pay for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis.database import Session, columns
from contracts.vocabulary import MessageState
from sms_gateway.batches import SmsMessage
from sms_gateway.domain.numbers import number_of

KEEP = "90 days"
HANDED_OVER = frozenset({MessageState.SUBMITTED, MessageState.UNKNOWN, MessageState.DELIVERED})

# In order of the key: of two outbound processes none then waits for the other in a circle.
_REMEMBER = """
INSERT INTO last_messages AS l (phone, sender, account_id, message_id, campaign_id, contact_id, sent_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[])
ON CONFLICT (phone, sender, account_id) DO UPDATE SET message_id = excluded.message_id,
  campaign_id = excluded.campaign_id, contact_id = excluded.contact_id, sent_at = excluded.sent_at
WHERE l.sent_at <= excluded.sent_at
"""
# Each phone is looked up by itself through the key, and the limit, which no number shared by accounts reaches, leaves
# no other way.
_BEFORE = f"""
SELECT a.phone, a.sender, found.account_id, found.message_id, found.campaign_id, found.contact_id,
  found.sent_at
FROM unnest(%s::text[], %s::text[]) AS a(phone, sender)
CROSS JOIN LATERAL (
  SELECT account_id, message_id, campaign_id, contact_id, sent_at FROM last_messages l
  WHERE l.phone = a.phone AND l.sender = a.sender AND l.sent_at > now() - interval '{KEEP}'
  ORDER BY l.phone, l.sender, l.account_id LIMIT 1000
) found
ORDER BY found.sent_at DESC
"""


class LastMessage(NamedTuple):
    """A message that may have been answered; without its id, an account whose number was written to."""

    account_id: UUID
    message_id: UUID | None = None
    campaign_id: UUID | None = None
    contact_id: UUID | None = None
    sent_at: datetime | None = None


def remember(cursor: Cursor[Any], messages: Sequence[SmsMessage]) -> None:
    """Those that were handed over, from numbers, to people who are known still."""
    last: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    for message in messages:
        number = number_of(message.chunk.batch.content.sender)
        address = message.recipient["address"]
        if number is None or message.state not in HANDED_OVER or not address.startswith("+"):
            continue
        header = message.header
        key = address, number, header.account_id
        if key not in last or last[key][-1] <= message.at:
            contact_id = message.recipient.get("contact_id") or None
            last[key] = (*key, message.message_id, header.campaign_id, contact_id, message.at)
    if last:
        rows = [(*last[key][:-1], datetime.fromtimestamp(last[key][-1], UTC)) for key in sorted(last)]
        cursor.execute(_REMEMBER, columns(rows, 7))


def before(cursor: Cursor[Any], asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[LastMessage]]:
    """By phone and number, the last message of each account, the newest first."""
    found: dict[tuple[str, str], list[LastMessage]] = {}
    if asked:
        cursor.execute(_BEFORE, columns(sorted(asked), 2))
        for phone, sender, *message in cursor.fetchall():
            found.setdefault((phone, sender), []).append(LastMessage(*message))
    return found


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM last_messages WHERE sent_at < now() - interval '{KEEP}'")


def forget(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """Take a person out."""
    session.execute(
        text("DELETE FROM last_messages WHERE phone = ANY(:addresses) AND account_id = :account"),
        {"addresses": list(addresses), "account": account_id},
    )


def erase_account(session: Session, account_id: UUID) -> None:
    """Reads the table once."""
    session.execute(text("DELETE FROM last_messages WHERE account_id = :account"), {"account": account_id})
