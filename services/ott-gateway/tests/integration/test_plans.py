"""Hot statements look at the rows that they ask for, whether the planner knows of ten million of them or of nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from channel import reported_states, testing_plans
from channel.providers.reported import Reported
from channel.testing_plans import ASKED, PHONE, phone
from chassis.database import Database
from chassis.ids import new_id
from contracts.vocabulary import Channel, MessageState
from ott_gateway.batches import WhatsappMessage
from ott_gateway.domain.told import AnswerTold, Arrived, StatusTold, Told
from ott_gateway.models import Sender
from ott_gateway.service.messages import Messages
from ott_gateway.store import answers
from ott_gateway.store.ledger import OttLedger, apply_reports
from ott_gateway.usecases.answers import list_inbound


def number_of(sender: UUID) -> str:
    """Meta's id of it."""
    return str(sender.int)[-15:]


@pytest.fixture
def sender(database: Database) -> UUID:
    made = new_id()
    with database.transaction() as session:
        session.add(
            Sender(
                id=made, account_id=new_id(), name="shop", title="Shop", phone="+48500700800", hook_name=str(made),
                state="active", phone_number_id=number_of(made), app_hash=made.bytes,
            )
        )  # fmt: skip
    return made


@pytest.mark.parametrize("many", [True, False], ids=["ten million rows", "no statistics"])
def test_no_hot_statement_looks_at_more_than_it_asks_for(database: Database, sender: UUID, many: bool) -> None:
    own = {
        "windows": f"'{sender}'::uuid, {PHONE}, a, now() + interval '1 hour'",
        "inbound": f"m, a, '{sender}'::uuid, i::text, {PHONE}, 'text', 'Tak ' || i, NULL, m, NULL, now()",
        "stops": f"a, {PHONE}, now()",
        "parked_reports": "i + 9999, a, m, 'delivered', NULL, now(), NULL::timestamptz, 1, now() + interval '1 hour'",
    }
    with (
        testing_plans.full(database, own, columns={"wamid": "'wamid.' || i"}, many=many) as (account_id, known),
        testing_plans.watched(database, list(own)) as (plans, session, cursor),
    ):
        chunk, ledger, now = testing_plans.chunk_of(account_id), OttLedger(), datetime.now(UTC)
        testing_plans.run_alike(
            session, cursor, ledger, Channel.WHATSAPP, chunk, WhatsappMessage, known,
            wamid=lambda number: f"wamid.new.{number}",
        )  # fmt: skip
        ledger.apply_receipts(cursor, _told(sender, known, now.timestamp()), now)
        apply_reports(cursor, reported_states.take_parked(cursor), now)
        answers.open_for(session, sender, [phone(number) for number in range(ASKED)])
        answers.forget_closed(session, now)
        answers.INBOX.sweep(session, now)
        actor: Any = {"account_id": str(account_id), "user_id": str(uuid4())}
        Messages.use_cases.get_message(session, actor=actor, now=now, message_id=known[0])
        answers.INBOX.of_person(session, account_id, [phone(7)])
        for wanted in ({}, {"phone": phone(7)}, {"q": "Tak 7"}):
            list_inbound(session, actor=actor, now=now, cursor=None, limit=50, **wanted)  # type: ignore[arg-type]

        assert len(plans.costs) >= 22
        assert plans.wrong(many=many) == {}


def _told(sender: UUID, known: list[UUID], at: float) -> list[Arrived]:
    """Reports of messages that are there and of others, and answers of people, a STOP among them."""
    told, said = Told(sender, number_of(sender)), ("Tak", "STOP", "START")
    delivered = Reported(MessageState.DELIVERED, at, None, at)
    found: list[Arrived] = [
        StatusTold(told, str(message_id), phone(number), delivered)
        for number, message_id in enumerate([*known[: ASKED // 2], *(new_id() for _ in range(ASKED // 2))])
    ]
    return found + [
        AnswerTold(told, f"in.{number}", phone(number), "text", said[number % 3], None, f"wamid.{number}", at)
        for number in range(1, ASKED)
    ]
