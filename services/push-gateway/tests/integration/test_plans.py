"""Hot statements look at the rows that they ask for, whether the planner knows of ten million of them or of nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from channel import plain, testing_plans
from channel.testing_plans import ASKED
from chassis.database import Database
from chassis.ids import new_id
from contracts.vocabulary import Channel
from push_gateway.batches import PushMessage, Target
from push_gateway.store import devices
from push_gateway.store.ledger import PushLedger

from .conftest import Shop

PERSON = "lpad(to_hex(i), 32, '0')::uuid"


def person(number: int) -> UUID:
    return UUID(int=number)


@pytest.mark.parametrize("many", [True, False], ids=["ten million rows", "no statistics"])
def test_no_hot_statement_looks_at_more_than_it_asks_for(database: Database, shop: Shop, many: bool) -> None:
    application = shop.application_id
    own = {
        "devices": f"{PERSON}, a, '{application}'::uuid, 'fcm', i::text, sha256(i::text::bytea), NULL::jsonb, NULL,"
        f" NULL, CASE WHEN i % 2 = 0 THEN {PERSON} END, now(), now()",
    }
    with (
        testing_plans.full(database, own, many=many) as (account_id, known),
        testing_plans.watched(database, list(own)) as (plans, session, cursor),
    ):
        chunk = testing_plans.chunk_of(account_id, lambda number: str(person(number)))
        now = datetime.now(UTC)

        def dead(number: int) -> list[Target]:
            return [Target(person(number), "fcm", str(number), seen_at=now)] if number > 90 else []

        testing_plans.run_alike(session, cursor, PushLedger(), Channel.PUSH, chunk, PushMessage, known, dead=dead)
        addresses = [str(person(number)) for number in range(ASKED)]
        devices.with_addresses(cursor, str(account_id), application, addresses)
        row: dict[str, Any] = {"language": None, "time_zone": None, "keys": None, "platform": "fcm"}
        devices.put(
            session, id=new_id(), account=account_id, application=application, contact=person(2), token="2", **row
        )
        devices.keep_newest(session, account_id=account_id, contact_id=person(2), most=20)
        devices.count_unowned_since(session, application, now + timedelta(hours=1))
        devices.prune(session, now - timedelta(days=90))
        devices.of_contacts(session, account_id, [person(2), person(4)])
        for contact_id in (None, person(2)):
            devices.of_application(
                session, account_id, application, contact_id=contact_id, after=person(7), limit=ASKED // 2
            )
        devices.remove_by_token(session, application_id=application, token="6")
        actor: Any = {"account_id": str(account_id), "user_id": str(uuid4())}
        plain.get_message(session, actor=actor, now=now, message_id=known[0])

        assert len(plans.costs) >= 18
        assert plans.wrong(many=many) == {}
