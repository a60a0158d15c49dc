"""What people answer: kept, counted, and what they say about further messages is passed on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson
from psycopg import Cursor
from sqlalchemy import text

from channel.inbox import Answered, Inbox, Written, wish_in
from channel.ports import Event
from chassis.database import Session, changed, columns
from chassis.ids import new_id
from contracts import events
from contracts.ids import first_id_at
from contracts.rcs_gateway.answers import Said
from contracts.vocabulary import Channel, Wish
from rcs_gateway.batches import Arrived
from rcs_gateway.domain.events import Answer
from rcs_gateway.store import last_messages

GREATEST = UUID(int=2**128 - 1)
INBOX = Inbox(
    Channel.RCS, "inbound_rcs", events.RCS_ADDRESSES_REFUSED, events.RCS_STOPS_WITHDRAWN, events.RCS_MESSAGES_RECEIVED
)
_ADD = """
INSERT INTO inbound_rcs (id, position, account_id, agent_id, agent, phone, kind, text, postback, details, received_at,
                         message_id, campaign_id, wish)
SELECT u.id, u.position, u.account_id, u.agent_id, a.name, u.phone, u.kind, u.text, u.postback, u.details,
       u.received_at, u.message_id, u.campaign_id, u.wish
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[],
            %s::timestamptz[], %s::uuid[], %s::uuid[], %s::text[])
     AS u(id, position, account_id, agent_id, phone, kind, text, postback, details, received_at, message_id,
          campaign_id, wish)
JOIN agents a ON a.id = u.agent_id
ON CONFLICT (id) DO NOTHING RETURNING id, agent
"""
_SHOWN = (
    "i.id, i.position, i.phone, i.agent, i.kind, i.text, i.postback, i.details, i.received_at, i.message_id,"
    " i.campaign_id, i.wish"
)
# By how much the order of coming may differ from when it was said: clocks of machines; and Google tells for seven days.
SKEW, LATEST = timedelta(minutes=1), timedelta(days=14)
_FITS = {
    "phone": "i.phone = :phone",
    "agent": "i.agent = :agent",
    "campaign": "i.campaign_id = :campaign",
    "wish": "i.wish = :wish",
    "q": "i.text ILIKE :q",
    "since": "i.received_at >= :since AND i.position >= :first",
    "until": "i.received_at <= :until AND i.position < :last",
}


class _Kept:
    """An answer with what it answers."""

    def __init__(self, arrived: Arrived, to: Answered | None) -> None:
        assert isinstance(arrived.told, Answer)
        self.arrived, self.answer, self.to = arrived, arrived.told, to
        self.wish = self.answer.wish or _wish_of(self.answer)
        self.id = uuid5(arrived.agent_id, f"{self.answer.phone}/{self.answer.google_id}")
        self.at = datetime.fromtimestamp(arrived.at, UTC)

    def row(self) -> tuple[Any, ...]:
        arrived, answer = self.arrived, self.answer
        details = None if answer.details is None else orjson.dumps(answer.details).decode()
        return (
            self.id, new_id(), arrived.account_id, arrived.agent_id, answer.phone, answer.kind, answer.text,
            answer.postback, details, self.at, self.to and self.to.message_id, self.to and self.to.campaign_id,
            self.wish,
        )  # fmt: skip

    def written(self, agent: str) -> Written:
        answer, to = self.answer, self.to
        is_tap = to is not None and answer.kind is Said.TAP and answer.message_id == to.message_id
        return Written(
            inbound_id=self.id, account_id=self.arrived.account_id, address=answer.phone, sender=agent,
            kind=answer.kind, text=answer.text, payload=answer.postback, at=self.at, wish=self.wish, answered=to,
            tap_id=self.id if is_tap else None,
        )  # fmt: skip


def _wish_of(answer: Answer) -> Wish | None:
    is_said = answer.kind in (Said.TAP, Said.TEXT)
    return wish_in(answer.text, is_tap=answer.kind is Said.TAP) if is_said else None


def take(cursor: Cursor[Any], arrived: Sequence[Arrived], known: Mapping[UUID, Any]) -> list[Event]:
    """:param known: what the ledger says of the messages that were tapped at. Returns the events of what is new."""
    if not arrived:
        return []
    newest = last_messages.of(cursor, {(each.agent_id, each.told.phone) for each in arrived})  # type: ignore[union-attr]
    kept = {one.id: one for one in (_Kept(each, _answered(each, known, newest)) for each in arrived)}
    cursor.execute(_ADD, columns([kept[key].row() for key in sorted(kept)], 13))
    return INBOX.tell(cursor, [kept[row_id].written(agent) for row_id, agent in cursor.fetchall()])


def _answered(
    arrived: Arrived, known: Mapping[UUID, Any], newest: Mapping[tuple[UUID, str], Answered]
) -> Answered | None:
    """The message that a tap was at; else the newest from that agent."""
    answer = arrived.told
    assert isinstance(answer, Answer)
    if answer.message_id is not None and answer.message_id in known:
        found = known[answer.message_id]
        return Answered(answer.message_id, found.campaign_id, found.contact_id)
    return newest.get((arrived.agent_id, answer.phone))


# --- read


@dataclass(frozen=True)
class Wanted:
    """Answers that fit all that is given; the times both included, `q` a pattern of ILIKE."""

    phone: str | None = None
    agent: str | None = None
    campaign: UUID | None = None
    wish: str | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def answers(session: Session, *, account_id: UUID, wanted: Wanted, before: UUID | None, limit: int) -> Sequence[Any]:
    """The account's, newest first."""
    conditions = [condition for name, condition in _FITS.items() if getattr(wanted, name) is not None]
    bound = {name: value for name, value in asdict(wanted).items() if value is not None}
    if wanted.since is not None:
        bound["first"] = first_id_at(wanted.since, -SKEW)
    if wanted.until is not None:
        bound["last"] = first_id_at(wanted.until, LATEST)
    if before is not None:
        conditions.append("i.position < :before")
        bound["before"] = before
    where = " AND ".join(["i.account_id = :account", *conditions])
    statement = f"SELECT {_SHOWN} FROM inbound_rcs i WHERE {where} ORDER BY i.position DESC LIMIT :limit"
    return session.execute(text(statement), {**bound, "account": account_id, "limit": limit}).mappings().all()


def of_person(
    session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID | None, limit: int
) -> Sequence[Any]:
    """What the person sent, newest first."""
    statement = (
        f"SELECT {_SHOWN} FROM inbound_rcs i WHERE i.account_id = :account AND i.phone = ANY(:phones)"
        " AND i.position < :before ORDER BY i.position DESC LIMIT :limit"
    )
    asked = {"account": account_id, "phones": list(addresses), "before": before or GREATEST, "limit": limit}
    return session.execute(text(statement), asked).mappings().all()


def forget_phones(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """What was found out of a person's phone."""
    for table in ("reach", "last_messages"):
        statement = f"DELETE FROM {table} WHERE account_id = :account AND phone = ANY(:phones)"
        changed(session, statement, account=account_id, phones=list(addresses))
