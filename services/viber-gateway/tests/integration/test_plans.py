"""Hot statements look at the rows that they ask for, whether the planner knows of ten million of them or of nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from channel import reported_states, testing_plans
from channel.providers.reported import Reported
from channel.testing_plans import ASKED
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS
from contracts.vocabulary import Channel, MessageState
from viber_gateway.batches import Subscriber, ViberMessage
from viber_gateway.domain.told import AnswerTold, Arrived, StatusTold, SubscriptionTold
from viber_gateway.models import Sender
from viber_gateway.service.messages import Messages
from viber_gateway.store import answers, subscribers
from viber_gateway.store.ledger import ViberLedger, apply_reports
from viber_gateway.usecases.answers import list_inbound

PERSON = "lpad(to_hex(i), 32, '0')::uuid"


def person(number: int) -> UUID:
    return UUID(int=number)


@pytest.fixture
def sender(database: Database) -> UUID:
    made = new_id()
    with database.transaction() as session:
        session.add(
            Sender(
                id=made, account_id=new_id(), name="shop", title="Shop", hook_name=str(made), state="active",
                uri=str(made), invitation_key=b"",
            )
        )  # fmt: skip
    return made


@pytest.mark.parametrize("many", [True, False], ids=["ten million rows", "no statistics"])
def test_no_hot_statement_looks_at_more_than_it_asks_for(database: Database, sender: UUID, many: bool) -> None:
    own = {
        "subscribers": f"'{sender}'::uuid, 'person-' || i, a, {PERSON}, now() - interval '1 day', true, now()",
        "inbound": f"m, a, '{sender}'::uuid, m, {PERSON}::text, {PERSON}, 'text', 'Tak ' || i, NULL, m, NULL, now()",
        "stops": f"a, {PERSON}::text, now()",
        "parked_reports": "i + 9999, a, m, 'delivered', NULL, now(), NULL::timestamptz, 1, now() + interval '1 hour'",
    }
    with (
        testing_plans.full(database, own, columns={"token": "m"}, many=many) as (account_id, known),
        testing_plans.watched(database, list(own)) as (plans, session, cursor),
    ):
        chunk = testing_plans.chunk_of(account_id, lambda number: str(person(number)))
        ledger, now = ViberLedger(Vault(SECRET_KEYS)), datetime.now(UTC)

        def gone(number: int) -> Subscriber | None:
            return Subscriber(sender, f"person-{number}", now) if number > 90 else None

        testing_plans.run_alike(
            session, cursor, ledger, Channel.VIBER, chunk, ViberMessage, known, token=person, gone=gone
        )
        ledger.apply_receipts(cursor, _told(sender, known, now.timestamp()), now)
        apply_reports(cursor, reported_states.take_parked(cursor), now)
        subscribers.with_addresses(
            session, account_id=account_id, sender_id=sender,
            contact_ids=[str(person(number)) for number in range(ASKED)],
        )  # fmt: skip
        subscribers.forget_strangers(session, now - timedelta(days=1))
        subscribers.of_contacts(session, account_id, [person(7)])
        answers.INBOX.sweep(session, now)
        actor: Any = {"account_id": str(account_id), "user_id": str(uuid4())}
        Messages.use_cases.get_message(session, actor=actor, now=now, message_id=known[0])
        answers.INBOX.of_person(session, account_id, [str(person(7))])
        for wanted in ({}, {"contact_id": person(7)}, {"q": "Tak 7"}):
            list_inbound(session, actor=actor, now=now, cursor=None, limit=50, **wanted)  # type: ignore[arg-type]

        assert len(plans.costs) >= 25
        assert plans.wrong(many=many) == {}


def _told(sender: UUID, known: list[UUID], at: float) -> list[Arrived]:
    """Reports of messages that are there and of others, people who come and go, and answers, a STOP among them."""
    said, delivered = ("Tak", "STOP", "START"), Reported(MessageState.DELIVERED, at, None, at)
    found: list[Arrived] = [
        StatusTold(sender, token, delivered) for token in [*known[: ASKED // 2], *(new_id() for _ in range(ASKED // 2))]
    ]
    found += [SubscriptionTold(sender, f"person-{number}", None, number % 2 == 0, at) for number in range(1, ASKED)]
    return found + [
        AnswerTold(
            sender, new_id(), f"person-{number}", "text", said[number % 3], None, known[number % ASKED],
            is_tap=False, at=at,
        )
        for number in range(1, ASKED)
    ]  # fmt: skip
