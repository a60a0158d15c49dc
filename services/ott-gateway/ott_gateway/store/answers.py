"""What people write: kept with the message that it answers; it opens their window, and may be a STOP."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from psycopg import Cursor
from sqlalchemy import text

from channel.inbox import Answered, Inbox, Written, wish_in
from channel.ports import Event
from chassis.database import Session, changed, columns
from chassis.ids import new_id
from contracts import events
from contracts.ids import first_id_at
from contracts.vocabulary import Channel, Wish
from ott_gateway.domain.outcomes import WINDOW
from ott_gateway.domain.told import AnswerTold

BUTTONS = ("button", "interactive")  # of a template, of a text
_SHOWN = """
SELECT i.id, i.phone AS "from", s.name AS sender, i.kind, i.text, i.payload, i.message_id, i.wish, i.received_at
FROM inbound i JOIN senders s ON s.id = i.sender_id
"""
# Ids are of their time, and in its order.
INBOX = Inbox(
    Channel.WHATSAPP, "inbound", events.OTT_ADDRESSES_REFUSED, events.OTT_STOPS_WITHDRAWN, events.OTT_MESSAGES_RECEIVED,
    moment="id", before=first_id_at, shown=_SHOWN,
)  # fmt: skip

_ADD = """
WITH added AS (
  INSERT INTO inbound (id, account_id, sender_id, wamid, phone, kind, text, payload, message_id, wish, received_at)
  SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
      %s::uuid[], %s::text[], %s::timestamptz[])
  ON CONFLICT (sender_id, wamid) DO NOTHING RETURNING id, sender_id
)
SELECT a.id, s.name FROM added a JOIN senders s ON s.id = a.sender_id
"""
_OPEN = """
INSERT INTO windows AS w (sender_id, phone, account_id, open_until)
SELECT r.sender_id, r.phone, r.account_id, r.open_until
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[]) AS r(sender_id, phone, account_id, open_until)
ON CONFLICT (sender_id, phone) DO UPDATE SET open_until = greatest(w.open_until, excluded.open_until)
"""
_ANSWERED = """
SELECT r.wamid, found.message_id, found.campaign_id, found.contact_id
FROM unnest(%s::text[], %s::uuid[]) AS r(wamid, account_id)
CROSS JOIN LATERAL (SELECT message_id, campaign_id, contact_id FROM ledger l WHERE hashtext(l.wamid) = hashtext(r.wamid)
    AND l.wamid = r.wamid AND l.account_id = r.account_id LIMIT 1) found
"""
_OPEN_FOR = "SELECT phone FROM windows WHERE sender_id = :sender AND phone = ANY(:phones) AND open_until > now()"


class Whose(NamedTuple):
    """Of an answer: the number that was written to, and its account."""

    sender_id: UUID
    account_id: UUID


class _Kept(NamedTuple):
    row_id: UUID
    whose: Whose
    told: AnswerTold
    at: datetime
    wish: Wish | None
    answered: Answered | None


def take(cursor: Cursor[Any], answers: Sequence[tuple[AnswerTold, Whose]]) -> list[Event]:
    """Keep them; returns the delivery events of taps on buttons and of STOPs. One that is told again is known."""
    if not answers:
        return []
    answered = _answered(cursor, answers)
    kept = [_kept(told, whose, answered) for told, whose in answers]
    cursor.execute(_ADD, columns([_row(one) for one in kept], 11))
    new = dict(cursor.fetchall())
    fresh = [one for one in kept if one.row_id in new]
    _open_windows(cursor, fresh)
    return INBOX.tell(cursor, [_written(one, new[one.row_id]) for one in fresh])


def _answered(cursor: Cursor[Any], answers: Sequence[tuple[AnswerTold, Whose]]) -> dict[str, Answered]:
    asked = sorted({(told.answers, whose.account_id) for told, whose in answers if told.answers})
    if not asked:
        return {}
    cursor.execute(_ANSWERED, columns(asked, 2))
    return {wamid: Answered(*found) for wamid, *found in cursor}


def _kept(told: AnswerTold, whose: Whose, answered: dict[str, Answered]) -> _Kept:
    found = answered.get(told.answers) if told.answers else None
    return _Kept(new_id(), whose, told, datetime.fromtimestamp(told.at, UTC), _wish(told), found)


def _wish(told: AnswerTold) -> Wish | None:
    """A tap says it too: "Stop promotions" is a button of WhatsApp's own."""
    return wish_in(told.text, is_tap=told.kind in BUTTONS) if told.kind in ("text", *BUTTONS) else None


def _row(one: _Kept) -> tuple[Any, ...]:
    told = one.told
    return (
        one.row_id, one.whose.account_id, one.whose.sender_id, told.wamid, told.phone, told.kind, told.text,
        told.payload, one.answered and one.answered.message_id, one.wish, one.at,
    )  # fmt: skip


def _written(one: _Kept, sender: str) -> Written:
    told, answered = one.told, one.answered
    is_tap = answered is not None and told.kind in BUTTONS
    return Written(
        inbound_id=one.row_id, account_id=one.whose.account_id, address=told.phone, sender=sender, kind=told.kind,
        text=told.text, payload=told.payload, at=one.at, wish=one.wish, answered=answered,
        tap_id=uuid5(answered.message_id, told.wamid) if answered is not None and is_tap else None,
    )  # fmt: skip


def _open_windows(cursor: Cursor[Any], fresh: Sequence[_Kept]) -> None:
    latest: dict[tuple[UUID, str], _Kept] = {}
    for one in sorted(fresh, key=lambda one: one.at):
        latest[one.whose.sender_id, one.told.phone] = one
    rows = [(*key, latest[key].whose.account_id, latest[key].at + WINDOW) for key in sorted(latest)]
    if rows:
        cursor.execute(_OPEN, columns(rows, 4))


def open_for(session: Session, sender_id: UUID, phones: Collection[str]) -> frozenset[str]:
    """Those who have written to the number within the window."""
    return frozenset(session.scalars(text(_OPEN_FOR), {"sender": sender_id, "phones": list(phones)}))


def close_windows(session: Session, *, account_id: UUID, phones: Collection[str]) -> None:
    """Of one person."""
    statement = "DELETE FROM windows WHERE account_id = :account AND phone = ANY(:phones)"
    changed(session, statement, account=account_id, phones=list(phones))


def forget_closed(session: Session, now: datetime, limit: int = 1_000) -> int:
    """Windows that are closed, some at a time; how many went."""
    return changed(
        session,
        "DELETE FROM windows WHERE (sender_id, phone) IN (SELECT sender_id, phone FROM windows WHERE open_until < :now"
        " ORDER BY open_until LIMIT :limit FOR UPDATE SKIP LOCKED)",
        now=now, limit=limit,
    )  # fmt: skip
