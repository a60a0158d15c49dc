"""Hot statements look at the rows that they ask for, whether the planner knows of ten million of them or of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from channel import testing_plans
from channel.testing_plans import ASKED, PHONE, phone
from chassis.database import Database
from chassis.ids import new_id
from contracts.rcs_gateway.answers import Said
from contracts.vocabulary import Channel
from rcs_gateway.batches import Arrived, RcsMessage
from rcs_gateway.domain.events import Answer, Status, Told
from rcs_gateway.models import Agent
from rcs_gateway.store import inbound, last_messages, messages, reach, reports, revocations
from rcs_gateway.store.inbound import INBOX, Wanted
from rcs_gateway.store.ledger import RcsLedger


@pytest.fixture
def agent(database: Database) -> UUID:
    made = new_id()
    with database.transaction() as session:
        session.add(Agent(id=made, account_id=new_id(), name="shop", title="Shop", state="active", hook=str(made)))
    return made


@pytest.mark.parametrize("many", [True, False], ids=["ten million rows", "no statistics"])
def test_no_hot_statement_looks_at_more_than_it_asks_for(database: Database, agent: UUID, many: bool) -> None:
    own = {
        "reach": f"'{agent}'::uuid, {PHONE}, a, true, now()",
        "last_messages": f"'{agent}'::uuid, {PHONE}, a, m, NULL::uuid, NULL::uuid, now() - interval '1 hour'",
        "inbound_rcs": f"m, m, a, '{agent}'::uuid, 'shop', {PHONE}, 'text', 'Tak ' || i, NULL, NULL::jsonb, now(), m,"
        " NULL::uuid, NULL",
        "early_reports": f"i + 9999, a, '{agent}'::uuid, '{{}}'::jsonb, 0, now() + interval '1 hour', now()",
        "revocations": "gen_random_uuid(), a, 'waiting', 0, now() + interval '1 hour', now(), NULL::timestamptz",
        "stops": f"a, {PHONE}, now()",
    }
    with (
        testing_plans.full(database, own, columns={"agent_id": f"'{agent}'::uuid"}, many=many) as (account_id, known),
        testing_plans.watched(database, list(own)) as (plans, session, cursor),
    ):
        chunk, ledger, now = testing_plans.chunk_of(account_id), RcsLedger(), datetime.now(UTC)
        phones = [phone(number) for number in range(ASKED)]
        testing_plans.run_alike(
            session, cursor, ledger, Channel.RCS, chunk, RcsMessage, known,
            agent_id=agent, reach=True, revocation=revocations.TOO_LATE,
        )  # fmt: skip
        ledger.apply_receipts(cursor, _told(account_id, agent, known, now.timestamp()), now)
        reports.take_early(cursor, now, ASKED)
        reach.known(cursor, agent, phones, now)
        revocations.ask(session, account_id=account_id, message_ids=known, now=now)
        revocations.among(cursor, [str(each) for each in known])
        revocations.take_due(cursor, now, ASKED)
        for sweep in (INBOX.sweep, last_messages.sweep, reach.sweep, revocations.sweep):
            sweep(session, now)
        messages.of_account(session, account_id, known)
        for wanted in (
            Wanted(), Wanted(phone=phone(7)), Wanted(q="%Tak 7%"), Wanted(since=now - timedelta(days=1), until=now),
        ):  # fmt: skip
            inbound.answers(session, account_id=account_id, wanted=wanted, before=None, limit=50)
        inbound.of_person(session, account_id=account_id, addresses=[phone(7)], before=None, limit=50)

        assert len(plans.costs) >= 28
        assert plans.wrong(many=many) == {}


def _told(account_id: UUID, agent: UUID, known: Sequence[UUID], at: float) -> list[Arrived]:
    """Reports of messages that are there and of others, and answers of people, a STOP among them."""
    said = ("Tak", "STOP", "START")
    told: list[Status | Answer] = [
        Status(Told.READ, message_id) for message_id in [*known[: ASKED // 2], *(new_id() for _ in range(ASKED // 2))]
    ]
    told += [
        Answer(str(uuid4()), phone(number), Said.TEXT, said[number % 3], message_id=known[number % ASKED])
        for number in range(1, ASKED)
    ]
    return [Arrived(account_id, agent, each, {}, at) for each in told]
