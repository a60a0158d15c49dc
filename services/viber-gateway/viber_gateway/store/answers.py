"""What people write to bots: kept with the message that it answers; it may be a STOP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from psycopg import Cursor

from channel.inbox import Answered, Inbox, Written, wish_in
from channel.ports import Event
from chassis.database import columns
from chassis.ids import new_id
from contracts import events
from contracts.ids import first_id_at
from contracts.vocabulary import Channel, Wish
from viber_gateway.domain.subscription import Subscription
from viber_gateway.domain.told import AnswerTold
from viber_gateway.store import subscribers
from viber_gateway.store.senders import Bot

_SHOWN = """
SELECT i.id, i.address AS "from", i.contact_id, s.name AS sender, i.kind, i.text, i.payload, i.message_id, i.wish,
    i.received_at
FROM inbound i JOIN senders s ON s.id = i.sender_id
"""
# Ids are of their time, and in its order.
INBOX = Inbox(
    Channel.VIBER, "inbound", events.VIBER_ADDRESSES_REFUSED, events.VIBER_STOPS_WITHDRAWN,
    events.VIBER_MESSAGES_RECEIVED, address="address", moment="id", before=first_id_at,
    shown=_SHOWN,
)  # fmt: skip
_ADD = """
INSERT INTO inbound (id, account_id, sender_id, token, address, contact_id, kind, text, payload, message_id, wish,
    received_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[],
    %s::text[], %s::uuid[], %s::text[], %s::timestamptz[])
ON CONFLICT (sender_id, token) DO NOTHING RETURNING id
"""
# The message is the account's and went to this very contact: what comes back with an answer is the person's to say.
_ANSWERED = """
SELECT r.message_id, found.campaign_id, found.contact_id
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS r(message_id, account_id, address)
CROSS JOIN LATERAL (SELECT campaign_id, contact_id FROM ledger l WHERE l.message_id = r.message_id
    AND l.account_id = r.account_id AND l.address = r.address LIMIT 1) found
"""
# What somebody wrote before we heard whose id it is, though after they had opened the invitation.
_ADOPT = """
UPDATE inbound i SET contact_id = r.contact_id, address = r.contact_id::text
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[]) AS r(sender_id, viber_id, contact_id, linked_at)
JOIN senders n ON n.id = r.sender_id
WHERE i.sender_id = r.sender_id AND i.address = r.viber_id AND i.contact_id IS NULL AND i.received_at >= r.linked_at
RETURNING i.id, i.account_id, i.address, n.name, i.kind, i.text, i.payload, i.received_at, i.wish
"""


class _Kept(NamedTuple):
    row_id: UUID
    bot: Bot
    told: AnswerTold
    contact_id: UUID | None
    at: datetime
    wish: Wish | None
    answered: Answered | None

    @property
    def address(self) -> str:
        return str(self.contact_id or self.told.viber_id)


def take(cursor: Cursor[Any], answers: Sequence[tuple[AnswerTold, Bot]]) -> list[Event]:
    """Keep them; returns the delivery events of taps and of STOPs. One that is told again is known.

    Whose id is nobody's of ours is kept under Viber's id, and nobody hears what they wish: they get no messages. It
    counts once we hear whose the id was: `adopt`.
    """
    if not answers:
        return []
    theirs = subscribers.contacts(cursor, {(told.sender_id, told.viber_id) for told, _ in answers})
    owned = [(told, bot, theirs.get((told.sender_id, told.viber_id))) for told, bot in answers]
    answered = _answered(cursor, owned)
    kept = [_kept(told, bot, contact_id, answered) for told, bot, contact_id in owned]
    cursor.execute(_ADD, columns([_row(one) for one in kept], 12))
    new = {row_id for (row_id,) in cursor.fetchall()}
    return INBOX.tell(cursor, [_written(one) for one in kept if one.row_id in new])


def adopt(cursor: Cursor[Any], linked: Mapping[subscribers.Key, Subscription]) -> None:
    """Viber may tell of an invitation after what was written since it was opened: the STOP in it is the contact's."""
    if not linked:
        return
    cursor.execute(
        _ADOPT, columns([(*key, linked[key].contact_id, linked[key].linked_at) for key in sorted(linked)], 4)
    )
    INBOX.tell_wishes(cursor, [_found(*row) for row in cursor.fetchall()])


def _found(
    row_id: UUID, account_id: UUID, address: str, sender: str, kind: str, text: str | None, payload: str | None,
    at: datetime, wish: str | None,
) -> Written:  # fmt: skip
    return Written(
        inbound_id=row_id, account_id=account_id, address=address, sender=sender, kind=kind, text=text,
        payload=payload, at=at, wish=Wish(wish) if wish else None, answered=None,
    )  # fmt: skip


def _answered(cursor: Cursor[Any], owned: Sequence[tuple[AnswerTold, Bot, UUID | None]]) -> Mapping[UUID, Answered]:
    asked = sorted(
        {
            (told.answers, bot.account_id, str(contact_id))
            for told, bot, contact_id in owned
            if told.answers and contact_id
        }
    )
    if not asked:
        return {}
    cursor.execute(_ANSWERED, columns(asked, 3))
    return {message_id: Answered(message_id, *rest) for message_id, *rest in cursor.fetchall()}


def _kept(told: AnswerTold, bot: Bot, contact_id: UUID | None, answered: Mapping[UUID, Answered]) -> _Kept:
    wish = wish_in(told.text, is_tap=told.is_tap) if told.is_tap or told.kind == "text" else None
    found = answered.get(told.answers) if told.answers and contact_id else None
    return _Kept(new_id(), bot, told, contact_id, subscribers.moment(told.at), wish, found)


def _row(one: _Kept) -> tuple[Any, ...]:
    told = one.told
    return (
        one.row_id, one.bot.account_id, told.sender_id, told.token, one.address, one.contact_id, told.kind, told.text,
        told.payload, one.answered and one.answered.message_id, one.wish, one.at,
    )  # fmt: skip


def _written(one: _Kept) -> Written:
    told, answered = one.told, one.answered
    return Written(
        inbound_id=one.row_id, account_id=one.bot.account_id, address=one.address, sender=one.bot.name, kind=told.kind,
        text=told.text, payload=told.payload, at=one.at, wish=one.wish if one.contact_id else None, answered=answered,
        tap_id=uuid5(answered.message_id, str(told.token)) if answered is not None and told.is_tap else None,
    )  # fmt: skip
