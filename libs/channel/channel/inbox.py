"""What people write on a channel with answers, and what it means: a STOP, a START, a tap, news for the account.

A channel keeps what was written in a table of its own, for each provider tells something that no other does. What it
means, and how it is counted and forgotten, is the same on all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from psycopg import Cursor
from sqlalchemy import text

from channel import stop_sayers
from channel.ports import Event
from channel.stop_words import wish_of, wish_of_label
from chassis import outbox, pages
from chassis.actors import account_of
from chassis.database import Session, changed, cursor_of
from contracts import events
from contracts.rpc import Actor
from contracts.vocabulary import ArchiveReason, Channel, Engagement, Wish

KEEP = timedelta(days=90)
NUL = "\0"  # no text of PostgreSQL's has one
_ILIKE_SIGNS, _ESCAPED = re.compile(r"([\\%_])"), r"\\\1"
SWEPT_AT_ONCE = 1_000

Said = tuple[UUID, str, datetime]
"""Account, address, and when."""


class Answered(NamedTuple):
    """The message that was answered."""

    message_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a person wrote, new.

    :ivar inbound_id: of its row. :ivar sender: the name of the number, agent or bot that was written to.
    :ivar kind: the provider's word. :ivar payload: what the tapped button carries.
    :ivar tap_id: by which a tap at the message answered is known as one event; None: it is no tap.
    """

    inbound_id: UUID
    account_id: UUID
    address: str
    sender: str
    kind: str
    text: str | None
    payload: str | None
    at: datetime
    wish: Wish | None
    answered: Answered | None
    tap_id: UUID | None = None


def wish_in(words: str | None, *, is_tap: bool) -> Wish | None:
    """What a text, or the label of a button that was tapped, says of further messages."""
    if not words:
        return None
    return wish_of_label(words) if is_tap else wish_of(words)


@dataclass(frozen=True, slots=True)
class Inbox:
    """:param table: of what was written: `account_id`, an address, `received_at`.
    :param address: the column of the address. :param moment: an indexed column in the order of time, and
    :param before: what stands in it at a moment.
    :param refused, withdrawn, received: the channel's events.
    :param shown: what is shown of it: a SELECT of the table as `i`, without conditions; its `id` is in order of time.
    """

    channel: Channel
    table: str
    refused: events.Event
    withdrawn: events.Event
    received: events.Event
    address: str = "phone"
    moment: str = "received_at"
    before: Callable[[datetime], Any] = lambda at: at
    shown: str = ""

    def tell(self, cursor: Cursor[Any], new: Sequence[Written]) -> list[Event]:
        """Contacts hears of STOP and START, reporting of every word; returns the delivery events.

        Of a person's STOP and START the later one holds; of the same moment the STOP.
        """
        self.tell_wishes(cursor, new)
        self._tell_received(cursor, new)
        return [event for one in new for event in self._events(one)]

    def tell_wishes(self, cursor: Cursor[Any], new: Sequence[Written]) -> None:
        """Contacts alone hears, of STOP and START."""
        stops = [one for one in new if one.wish is Wish.STOP]
        stop_sayers.remember(cursor, [_said(one) for one in stops])
        for (account_id, campaign_id), some in _by_campaign(stops).items():
            addresses = [self._refusal(one) for one in some]
            outbox.record_at(cursor, self.refused, account_id=account_id, campaign_id=campaign_id, addresses=addresses)
        self._tell_starts(cursor, {_said(one) for one in new if one.wish is Wish.START})

    def refuse(self, cursor: Cursor[Any], said: Collection[Said]) -> None:
        """People who have told the provider, and so us: contacts learns of each, also of who has said it before."""
        stop_sayers.remember(cursor, said)
        for account_id, latest in _latest(said):
            addresses = [
                {"channel": self.channel, "address": address, "reason": ArchiveReason.STOP, "occurred_at": at}
                for address, at in latest
            ]
            outbox.record_at(cursor, self.refused, account_id=account_id, addresses=addresses)

    def _refusal(self, one: Written) -> dict[str, Any]:
        return {
            "channel": self.channel, "address": one.address, "reason": ArchiveReason.STOP, "occurred_at": one.at,
            "contact_id": one.answered and one.answered.contact_id,
            "message_id": one.answered and one.answered.message_id,
        }  # fmt: skip

    def _tell_starts(self, cursor: Cursor[Any], said: Collection[Said]) -> None:
        stop_sayers.take_back(cursor, said)
        for account_id, latest in _latest(said):
            addresses = [{"channel": self.channel, "address": address, "occurred_at": at} for address, at in latest]
            outbox.record_at(cursor, self.withdrawn, account_id=account_id, addresses=addresses)

    def _tell_received(self, cursor: Cursor[Any], new: Sequence[Written]) -> None:
        by_account: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        for one in new:
            by_account[one.account_id].append(self._received(one))
        for account_id, messages in by_account.items():
            outbox.record_at(cursor, self.received, account_id=account_id, messages=messages)

    def _received(self, one: Written) -> dict[str, Any]:
        return {
            "id": one.inbound_id, "channel": self.channel, "source": one.address, "sender": one.sender,
            "kind": one.kind, "text": one.text, "payload": one.payload, "received_at": one.at,
            "wish": one.wish, "message_id": one.answered and one.answered.message_id,
            "campaign_id": one.answered and one.answered.campaign_id,
        }  # fmt: skip

    def _events(self, one: Written) -> list[Event]:
        """A tap is a click of the message that it is at; a refusal is an unsubscription of the one it answers, too."""
        if one.answered is None:
            return []
        message_id, campaign_id, contact_id = one.answered
        known: dict[str, Any] = {
            "message_id": str(message_id), "account_id": str(one.account_id), "at": one.at.timestamp(),
            "channel": self.channel, "campaign_id": campaign_id and str(campaign_id),
            "contact_id": contact_id and str(contact_id),
        }  # fmt: skip
        found: list[Event] = []
        if one.tap_id is not None:
            found.append({**known, "kind": Engagement.CLICKED, "event_id": str(one.tap_id)})
        else:
            found.append({**known, "kind": Engagement.ANSWERED, "event_id": str(one.inbound_id)})
        if one.wish is Wish.STOP:
            left = str(uuid5(message_id, Engagement.UNSUBSCRIBED))
            found.append({**known, "kind": Engagement.UNSUBSCRIBED, "event_id": left})
        return found

    # --- shown

    def page(
        self, session: Session, actor: Actor, *, cursor: str | None, limit: int, address: str | None, q: str | None
    ) -> pages.Page:
        """What was written to the account, newest first. :param q: stands in the text, whatever its case."""
        asked = {"account": account_of(actor), "limit": limit + 1}
        wanted: dict[str, tuple[str, Any]] = {
            "before": ("i.id <", pages.position(cursor)),
            "address": (f"i.{self.address} =", address),
            "q": ("i.text ILIKE", q and f"%{_ILIKE_SIGNS.sub(_ESCAPED, q.replace(NUL, ''))}%"),
        }
        given = {name: value for name, (_, value) in wanted.items() if value is not None}
        conditions = ["i.account_id = :account", *(f"{wanted[name][0]} :{name}" for name in given)]
        statement = f"{self.shown} WHERE {' AND '.join(conditions)} ORDER BY i.id DESC LIMIT :limit"
        return pages.page(session.execute(text(statement), asked | given).mappings().all(), limit)

    def of_person(self, session: Session, account_id: UUID, addresses: Collection[str]) -> Sequence[Any]:
        """All that a person wrote, newest first."""
        theirs = f"i.account_id = :account AND i.{self.address} = ANY(CAST(:addresses AS text[]))"
        statement = text(f"{self.shown} WHERE {theirs} ORDER BY i.id DESC")
        return session.execute(statement, {"account": account_id, "addresses": list(addresses)}).mappings().all()

    # --- one person, and what is old

    def count(self, session: Session, *, account_id: UUID, addresses: Collection[str], until: datetime) -> int:
        """How many messages `forget` would delete."""
        asked = {"account": account_id, "addresses": list(addresses), "until": until}
        return int(session.scalar(text(f"SELECT count(*) FROM {self._theirs}"), asked) or 0)

    def forget(self, session: Session, *, account_id: UUID, addresses: Collection[str], until: datetime) -> int:
        """What a person wrote by then, and that they have said STOP; how many messages went."""
        stop_sayers.forget(session, account_id=account_id, addresses=addresses)
        asked: dict[str, Any] = {"account": account_id, "addresses": list(addresses), "until": until}
        return changed(session, f"DELETE FROM {self._theirs}", **asked)

    @property
    def _theirs(self) -> str:
        """By the index of `people.index_cold`'s kind: on account and address."""
        return (
            f"{self.table} WHERE account_id = :account AND {self.address} = ANY(CAST(:addresses AS text[]))"
            " AND received_at <= :until"
        )

    def sweep(self, session: Session, now: datetime) -> int:
        """Delete what is older than `KEEP`, some at a time; how many went."""
        stop_sayers.forget_old(cursor_of(session))
        return changed(
            session,
            f"DELETE FROM {self.table} WHERE id IN (SELECT id FROM {self.table} WHERE {self.moment} < :before"
            f" ORDER BY {self.moment} LIMIT :limit FOR UPDATE SKIP LOCKED)",
            before=self.before(now - KEEP), limit=SWEPT_AT_ONCE,
        )  # fmt: skip


def _said(one: Written) -> Said:
    return one.account_id, one.address, one.at


def _by_campaign(stops: Sequence[Written]) -> Mapping[tuple[UUID, UUID | None], list[Written]]:
    """The latest of each person, by account and the campaign that was answered."""
    latest = {(one.account_id, one.address): one for one in sorted(stops, key=lambda one: one.at)}
    found: dict[tuple[UUID, UUID | None], list[Written]] = defaultdict(list)
    for one in latest.values():
        found[one.account_id, one.answered.campaign_id if one.answered else None].append(one)
    return found


def _latest(said: Collection[Said]) -> list[tuple[UUID, list[tuple[str, datetime]]]]:
    """By account, when each address said it last."""
    by_account: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for account_id, address, at in sorted(said):
        by_account[account_id][address] = at
    return [(account_id, list(latest.items())) for account_id, latest in by_account.items()]
