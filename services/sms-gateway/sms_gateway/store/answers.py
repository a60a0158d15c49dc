"""Answers from phones: kept with the message answered, and what they say about further ones is passed on.

Harmless twice, as carriers deliver: the archive has an address once, reporting counts a message's unsubscription once,
and a START that repeats one of the last hour takes nothing back. It may be an earlier one that is delivered again, and
a STOP have come in between.
"""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson
from psycopg import Cursor

from channel import stop_sayers
from channel.ports import Event
from channel.stop_words import may_name_a_sender, wish_of
from chassis import outbox
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts.events import SMS_ADDRESSES_REFUSED, SMS_RECEIVED, SMS_STOPS_WITHDRAWN
from contracts.vocabulary import ArchiveReason, Channel, Engagement, Wish
from sms_gateway.batches import ArrivedInbound
from sms_gateway.content import segments
from sms_gateway.content.delivered import delivered_text
from sms_gateway.domain.numbers import phone_of, readings
from sms_gateway.domain.senders import SYSTEM_ACCOUNT
from sms_gateway.store import (
    conversations,
    inbound_ids,
    inbound_parts,
    inbound_sms,
    last_messages,
    replies,
    senders,
    smpp_deliveries,
)
from sms_gateway.store.last_messages import LastMessage

log = get_logger()

STEP = 1e-6  # seconds between two of one read, which share their moment: the last word counts


class Answer(NamedTuple):
    """An answer, and whose it is: the newest message first, or the accounts that have the number."""

    arrived: ArrivedInbound
    text: str | None
    phone: str | None
    number: str
    to: Sequence[LastMessage]
    said_at: float

    @property
    def answered(self) -> LastMessage | None:
        """Of a number that several accounts have, and none wrote from, nobody knows whose it is."""
        return self.to[0] if self.to and (self.to[0].message_id or len(self.to) == 1) else None


def take(cursor: Cursor[Any], arrived: Sequence[ArrivedInbound]) -> list[Event]:
    """Keep the answers, those of several parts until they are whole; returns the delivery events of the messages that
    they answer. Partners have each part as it comes."""
    arrived = inbound_ids.new(cursor, arrived)
    if not arrived:
        return []
    answers = _answers(cursor, arrived)
    smpp_deliveries.add_answers(cursor, [_for_partners(each) for each in answers if each.answered])
    placed = [(each, segments.place_of(each.arrived.octets, each.arrived.esm_class)) for each in answers]
    inbound_parts.write(cursor, [(each.arrived, place) for each, place in placed if place])
    stopped = _stop_at_once(cursor, [each for each, place in placed if place and place.number == 1])
    return stopped + _keep(cursor, [each for each, place in placed if place is None])


def take_joined(cursor: Cursor[Any]) -> list[Event]:
    """Keep answers of several parts that are whole now, or will never be; returns as `take`."""
    return _keep(cursor, _answers(cursor, inbound_parts.joined(cursor)))


def _stop_at_once(cursor: Cursor[Any], beginnings: Sequence[Answer]) -> list[Event]:
    """A long message that begins with STOP says so, whatever comes behind: nobody waits for a part that may be lost.
    It is confirmed with the others, once it is whole or will never be."""
    said = zip(beginnings, _wishes(cursor, beginnings), strict=True)
    stops = [each for each, wish in said if wish is Wish.STOP]
    refused = _refused(stops)
    stop_sayers.await_reply(cursor, _remember(cursor, refused))
    _tell_refused(cursor, refused)
    return [event for each in stops for message in each.to for event in _unsubscription(each, message)]


def _keep(cursor: Cursor[Any], answers: Sequence[Answer]) -> list[Event]:
    if not answers:
        return []
    wishes = _wishes(cursor, answers)
    said = list(zip(answers, wishes, strict=True))
    starts = _genuine(cursor, [each for each, wish in said if wish is Wish.START])
    inbound_sms.write(cursor, rows := [_row(each, wish) for each, wish in said])
    conversations.begin(cursor, [_answered(each) for each in answers if each.answered and each.answered.sent_at])
    _tell_received(cursor, answers, rows)
    stops_said = [(each, row) for each, row in zip(answers, rows, strict=True) if row[-1] is Wish.STOP]
    _tell_stops(cursor, stops_said)
    _tell_starts(cursor, starts)
    replies.answer_keywords(
        cursor,
        [
            _said(each, row, each.answered)
            for each, row in zip(answers, rows, strict=True)
            if each.answered and each.phone and row[-1] is None
        ],
    )
    told = [event for each, row in zip(answers, rows, strict=True) for event in _answering(each, row[0])]
    return told + [event for each, _ in stops_said for message in each.to for event in _unsubscription(each, message)]


def _answered(answer: Answer) -> conversations.Sent:
    to = answer.answered
    assert to is not None and to.message_id is not None and to.sent_at is not None
    return conversations.Sent(
        to.message_id, to.account_id, answer.phone or "", answer.number, to.campaign_id, to.sent_at
    )


def _said(answer: Answer, row: tuple[Any, ...], to: LastMessage) -> replies.Said:
    at = datetime.fromtimestamp(answer.said_at, UTC)
    return replies.Said(row[0], to.account_id, answer.phone or "", answer.number, _beginning(answer), at)


def _tell_received(cursor: Cursor[Any], answers: Sequence[Answer], rows: Sequence[tuple[Any, ...]]) -> None:
    """Tell each account of the messages that it is known to have got, as `GET /v1/inbound-sms` shows them."""
    received: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for each, row in zip(answers, rows, strict=True):
        inbound_id, _carrier, source, destination, *_octets, at, account_id, campaign_id, message_id, wish = row
        if account_id is not None:
            received[account_id].append(
                {
                    "id": inbound_id,
                    "source": each.phone or source,  # in full: the person is found by it
                    "destination": destination,
                    "text": each.text,
                    "received_at": at,
                    "message_id": message_id,
                    "campaign_id": campaign_id,
                    "wish": wish,
                    "missing_parts": each.arrived.missing_parts,
                }
            )
    for account_id, messages in received.items():
        outbox.record_at(cursor, SMS_RECEIVED, account_id=account_id, messages=messages)


def _tell_stops(cursor: Cursor[Any], said: Sequence[tuple[Answer, tuple[Any, ...]]]) -> None:
    refused = _refused([each for each, _ in said])
    new = _remember(cursor, refused)
    first = {(one.account_id, one.phone): one for each, row in reversed(said) for one in _of_each(each, row)}
    new |= stop_sayers.take_awaiting(cursor, first.keys())
    replies.confirm_stops(cursor, [first[key] for key in sorted(new)])
    _tell_refused(cursor, refused)


def _remember(
    cursor: Cursor[Any], refused: Mapping[tuple[UUID, UUID | None], list[dict[str, Any]]]
) -> set[tuple[UUID, str]]:
    """For what is on its way now; returns those accounts and phones that are new."""
    said = [(account, one["address"], one["occurred_at"]) for (account, _), some in refused.items() for one in some]
    return stop_sayers.remember(cursor, said)


def _refused(stops: Sequence[Answer]) -> dict[tuple[UUID, UUID | None], list[dict[str, Any]]]:
    """Who wants no more, by account and campaign."""
    refused: dict[tuple[UUID, UUID | None], list[dict[str, Any]]] = defaultdict(list)
    for each in stops:
        if not each.to:
            log.warning("stop_to_nobody", carrier_id=str(each.arrived.carrier_id))
        for message in each.to:
            refused[message.account_id, message.campaign_id].append(_told(each, message))
    return refused


def _tell_refused(cursor: Cursor[Any], refused: Mapping[tuple[UUID, UUID | None], list[dict[str, Any]]]) -> None:
    for (account_id, campaign_id), addresses in refused.items():
        outbox.record_at(
            cursor, SMS_ADDRESSES_REFUSED, account_id=account_id, campaign_id=campaign_id, addresses=addresses
        )


def _of_each(answer: Answer, row: tuple[Any, ...]) -> list[replies.Said]:
    return [_said(answer, row, message) for message in answer.to]


def _tell_starts(cursor: Cursor[Any], said: Sequence[Answer]) -> None:
    welcome: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for each in said:
        for message in each.to:
            welcome[message.account_id].append(_told(each, message))
    stop_sayers.take_back(
        cursor, [(account, one["address"], one["occurred_at"]) for account, some in welcome.items() for one in some]
    )
    for account_id, addresses in welcome.items():
        outbox.record_at(cursor, SMS_STOPS_WITHDRAWN, account_id=account_id, addresses=addresses)


def _answers(cursor: Cursor[Any], arrived: Sequence[ArrivedInbound]) -> list[Answer]:
    read = [readings(each.source, each.destination.replace("\0", "")) for each in arrived]
    written_to = last_messages.before(cursor, {(phone, number) for some in read for phone, number in some if phone})
    of_customers = {key for key, messages in written_to.items() if _of_customers(messages)}
    owners = senders.owners(
        cursor, {number for some in read if of_customers.isdisjoint(some) for _phone, number in some}
    )
    return [
        _answer(each, each.at + place * STEP, some, written_to, owners)
        for place, (each, some) in enumerate(zip(arrived, read, strict=True))
    ]


def _answer(
    arrived: ArrivedInbound,
    said_at: float,
    read: Sequence[tuple[str | None, str]],
    written_to: Mapping[tuple[str, str], Sequence[LastMessage]],
    owners: Mapping[str, Sequence[UUID]],
) -> Answer:
    content = delivered_text(arrived.octets, arrived.data_coding, arrived.esm_class)
    for phone, number in read:
        if phone and (messages := _of_customers(written_to.get((phone, number), ()))):
            break
    else:
        phone, number = next((one for one in read if one[1] in owners), read[-1])
        messages = _of_customers(LastMessage(account_id) for account_id in owners.get(number, ()))
    return Answer(arrived, content, phone, number, messages, said_at)


def _of_customers(messages: Iterable[LastMessage]) -> list[LastMessage]:
    """The platform's own messages are no campaign's, and hide nobody else's."""
    return [message for message in messages if message.account_id != SYSTEM_ACCOUNT]


def _wishes(cursor: Cursor[Any], answers: Sequence[Answer]) -> list[Wish | None]:
    """What each says; the names of the accounts' senders are looked up where one may stand before the word."""
    wishes = [wish_of(_beginning(each)) for each in answers]
    doubtful = [
        place
        for place, wish in enumerate(wishes)
        if wish is None and answers[place].to and may_name_a_sender(_beginning(answers[place]))
    ]
    if doubtful:
        names = senders.names(cursor, {message.account_id for place in doubtful for message in answers[place].to})
        for place in doubtful:
            keywords = {name for message in answers[place].to for name in names.get(message.account_id, ())}
            wishes[place] = wish_of(_beginning(answers[place]), keywords)
    return wishes


def _beginning(answer: Answer) -> str:
    """The text of an answer whose beginning has come: without it the first words are the middle of a sentence."""
    return "" if 1 in answer.arrived.missing_parts or not answer.phone else answer.text or ""


def _genuine(cursor: Cursor[Any], starts: Sequence[Answer]) -> list[Answer]:
    """Those that do not repeat one of the last hour, be it of the same read."""
    if not starts:
        return []
    repeated = inbound_sms.said_lately(cursor, Wish.START, [(each.phone or "", each.number) for each in starts])
    genuine = []
    for each in starts:
        if (each.phone, each.number) not in repeated:
            genuine.append(each)
            repeated.add((each.phone, each.number))
    return genuine


def _row(answer: Answer, wish: Wish | None) -> tuple[Any, ...]:
    arrived, answered = answer.arrived, answer.answered
    # Where it was completed, in full: a person's answers are found and forgotten by their number.
    is_as_written = answer.phone is None or phone_of(arrived.source) == answer.phone
    source = arrived.source.replace("\0", "") if is_as_written else answer.phone
    return (
        new_id(), arrived.carrier_id, source, arrived.destination.replace("\0", ""),
        arrived.data_coding, arrived.esm_class, arrived.octets, inbound_sms.searched(answer.text), arrived.parts,
        orjson.dumps(arrived.missing_parts).decode(), datetime.fromtimestamp(arrived.at, UTC),
        answered.account_id if answered else None, answered.campaign_id if answered else None,
        answered.message_id if answered else None, wish,
    )  # fmt: skip


def _for_partners(answer: Answer) -> smpp_deliveries.Answer:
    arrived, answered = answer.arrived, answer.answered
    assert answered is not None
    phone = answer.phone or arrived.source.replace("\0", "")
    body = {
        "kind": "answer",
        "number": answer.number,
        "data_coding": arrived.data_coding,
        "esm_class": arrived.esm_class,
        "octets": b64encode(arrived.octets).decode("ascii"),
        "parameters": arrived.parameters,
    }
    return smpp_deliveries.Answer(answered.account_id, answered.message_id, answer.number, phone, body)


def _told(answer: Answer, message: LastMessage) -> dict[str, Any]:
    return {
        "channel": Channel.SMS,
        "address": answer.phone,
        "contact_id": message.contact_id,
        "message_id": message.message_id,
        "reason": ArchiveReason.STOP,
        "occurred_at": datetime.fromtimestamp(answer.said_at, UTC),
    }


def _answering(answer: Answer, inbound_id: UUID) -> list[Event]:
    """Of the message that it answers; a STOP is an answer, too."""
    message = answer.answered
    if message is None or message.message_id is None:
        return []
    return [_engagement(answer, message, message.message_id, Engagement.ANSWERED, inbound_id)]


def _unsubscription(answer: Answer, message: LastMessage) -> list[Event]:
    if message.message_id is None:
        return []
    event_id = uuid5(message.message_id, Engagement.UNSUBSCRIBED)
    return [_engagement(answer, message, message.message_id, Engagement.UNSUBSCRIBED, event_id)]


def _engagement(answer: Answer, message: LastMessage, message_id: UUID, kind: Engagement, event_id: UUID) -> Event:
    ids: Mapping[str, UUID | None] = {"campaign_id": message.campaign_id, "contact_id": message.contact_id}
    return {
        "message_id": str(message_id),
        "account_id": str(message.account_id),
        "at": answer.said_at,
        "kind": kind,
        "channel": Channel.SMS,
        **{name: str(value) if value else None for name, value in ids.items()},
        "event_id": str(event_id),
    }
