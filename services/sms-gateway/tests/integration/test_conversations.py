"""Both sides of what an account and a phone wrote to each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from phones import NUMBER, PHONE, answer, owned, rows, sent

from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts.schema import dump
from contracts.sms_gateway.answers import InboundSms, Said
from sms_gateway.store import conversations, inbound_sms, replies
from sms_gateway.usecases import answers

NOW = datetime.now(UTC)
OTHER, SECOND = "+48600100201", "+48500000002"


@pytest.fixture
def account_id(database: Database) -> UUID:
    made = new_id()
    owned(database, made)
    owned(database, made, SECOND)
    return made


def pages(database: Database, account_id: UUID, list_them: Callable[..., Any], **asked: Any) -> list[Any]:
    shown, cursor = [], None
    while True:
        with database.transaction() as session:
            page = list_them(session, actor={"account_id": str(account_id)}, now=NOW, limit=2, cursor=cursor, **asked)
        shown += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return shown


def newest(database: Database, account_id: UUID, **asked: Any) -> list[Any]:
    return [dump(InboundSms, each)["text"] for each in pages(database, account_id, answers.list_conversations, **asked)]


def said(database: Database, account_id: UUID, phone: str = PHONE, **asked: Any) -> list[Any]:
    items = pages(database, account_id, answers.list_conversation, phone=phone, **asked)
    return [dump(Said, each) for each in items]


def test_each_phone_and_number_is_one_conversation_with_its_newest_message(
    database: Database, account_id: UUID
) -> None:
    for text, more in (
        ("Dzien dobry", {}), ("Ile to kosztuje?", {"source": "0048600100200"}), ("Czesc", {"source": OTHER}),
        ("Halo", {"to": SECOND}), ("100% bawelny-x", {"source": OTHER}),
    ):  # fmt: skip
        answer(database, text, **more)
    assert newest(database, account_id) == ["100% bawelny-x", "Halo", "Ile to kosztuje?"]
    assert newest(database, account_id, phone=PHONE) == ["Halo", "Ile to kosztuje?"]
    assert newest(database, account_id, number="0048500000002") == ["Halo"]
    assert newest(database, account_id, q="DZIE") == ["Dzien dobry"]
    assert newest(database, account_id, q="0% B") == ["100% bawelny-x"]
    assert newest(database, account_id, q="y_x") == newest(database, account_id, q="\\") == []
    assert newest(database, new_id()) == []


def test_both_sides_are_shown_from_the_message_answered_first_on(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    carrier(smsc())
    outbound()
    account_id = campaign.account_id
    owned(database, account_id)
    content = campaign.content("Hej", sender=NUMBER)
    campaign.publish(campaign.batches(content, [PHONE, OTHER]))
    wait_until(lambda: len(rows(database, "SELECT 1 FROM last_messages")) == 2, what="what may be answered")
    assert rows(database, "SELECT 1 FROM conversation_messages") == []
    answer(database, "Tak", "Jednak nie")
    campaign.publish(campaign.batches(content, [PHONE, OTHER], first=3))
    campaign.wait_final(4)

    shown = said(database, account_id)
    assert [(one["direction"], one["text"]) for one in shown] == [
        ("sent", None), ("received", "Jednak nie"), ("received", "Tak"), ("sent", None)
    ]  # fmt: skip
    first, last = campaign.message_id(1), campaign.message_id(3)
    assert [one["message_id"] for one in shown] == [last, first, first, first]
    assert {(one["state"], one["campaign_id"]) for one in shown if one["direction"] == "sent"} == {
        ("delivered", str(campaign.campaign_id))
    }
    assert said(database, account_id, OTHER) == said(database, new_id()) == []
    assert len(said(database, account_id, number=NUMBER)) == 4
    assert said(database, account_id, number=SECOND) == []


def test_what_was_answered_by_itself_is_said_to_be(database: Database, account_id: UUID) -> None:
    message_id = sent(database, account_id, ago=timedelta(hours=1))
    rows(
        database,
        "INSERT INTO ledger (message_id, account_id, address, state, parts)"
        " VALUES (:id, :account, :phone, 'submitted', 1) RETURNING 1",
        id=message_id, account=account_id, phone=PHONE,
    )  # fmt: skip
    answer(database, "Info")
    ((inbound_id,),) = rows(database, "SELECT id FROM inbound_sms")
    rows(
        database,
        "INSERT INTO inbound_replies (inbound_id, account_id, phone, number) VALUES (:id, :account, :phone, :number)"
        " RETURNING 1",
        id=inbound_id, account=account_id, phone=PHONE, number=NUMBER[1:],
    )  # fmt: skip
    with database.transaction() as session:
        replies.note_sent(session, account_id, {inbound_id: message_id})
    assert [(one["direction"], one["is_automatic"], one["state"]) for one in said(database, account_id)] == [
        ("received", False, None), ("sent", True, "submitted")
    ]  # fmt: skip


def test_conversations_are_forgotten_with_the_person_and_with_time(database: Database, account_id: UUID) -> None:
    sent(database, account_id)
    answer(database, "Tak")
    with database.transaction() as session:
        conversations.forget(session, account_id=account_id, addresses=[OTHER])
        conversations.forget_old(cursor_of(session))
    assert len(rows(database, "SELECT 1 FROM conversation_messages")) == 1
    with database.transaction() as session:
        conversations.forget(session, account_id=account_id, addresses=[PHONE])
    assert rows(database, "SELECT 1 FROM conversation_messages") == []
    answer(database, "Tak")
    rows(database, "UPDATE conversation_messages SET sent_at = sent_at - interval '91 days' RETURNING 1")
    with database.transaction() as session:
        conversations.forget_old(cursor_of(session))
    assert rows(database, "SELECT 1 FROM conversation_messages") == []


def test_what_was_kept_before_its_text_was_is_found_once_it_is_filled_in(database: Database, account_id: UUID) -> None:
    answer(database, "Dzien dobry", "Czesc")
    rows(database, "UPDATE inbound_sms SET said = NULL RETURNING 1")
    answer(database, "Nieczytelne", coding=4)
    assert newest(database, account_id, q="dobry") == []
    with database.transaction() as session:
        assert inbound_sms.fill_in_texts(cursor_of(session)) is False
    assert newest(database, account_id, q="dobry") == ["Dzien dobry"]
    assert rows(database, "SELECT 1 FROM inbound_sms WHERE said IS NULL") == []
