"""Texts of single messages: how long they are kept, and that they go with the person they went to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from channel import kept_contents, plain
from chassis.database import Database, changed
from chassis.ids import new_id
from contracts.lanes import DELIVERY_EVENTS
from contracts.vocabulary import Channel

NOW = datetime.now(UTC)
OVER = NOW + kept_contents.KEPT + 2 * kept_contents.SLACK


class Sends:
    """Single messages of an account with a lease."""

    def __init__(self, database: Database) -> None:
        self.database, self.account_id = database, uuid4()
        with database.transaction() as session:
            lease = "INSERT INTO quota_leases (reservation_id, account_id, granted) VALUES (:id, :account, 1000)"
            changed(session, lease, id=new_id(), account=self.account_id)

    def send(self, said: str, *addresses: str) -> str:
        content = {"body": said, "literal": True}
        plan = plain.Plan(
            account_id=self.account_id, content_hash=plain.hash_of(self.account_id, "shop", content), sender="shop",
            addresses=addresses, fields={}, content=content,
        )  # fmt: skip
        with self.database.transaction() as session:
            (answer,) = plain.storing(Channel.PUSH, "test_gateway")(session, [plan])
        return str(answer["messages"][0]["id"])

    def wait(self, message_id: str) -> None:
        """It is in the retry schedule, since long ago by then."""
        with self.database.transaction() as session:
            changed(
                session,
                "INSERT INTO retries (message_id, account_id, due_at, attempts, body)"
                " VALUES (:id, :account, now(), 1, :b)",
                id=UUID(message_id), account=self.account_id, b=orjson.dumps({}),
            )  # fmt: skip

    def erase(self, address: str, *, dry_run: bool = False) -> dict[str, Any]:
        actor: Any = {"account_id": str(self.account_id)}
        moment = datetime.now(UTC)
        return plain.erase_person(
            self.database, actor=actor, now=moment, addresses=[address], erased_at=moment, dry_run=dry_run
        )

    def texts(self) -> set[str]:
        with self.database.transaction() as session:
            return set(session.scalars(text("SELECT content ->> 'body' FROM contents")).all())

    def sweep(self, now: datetime) -> int:
        with self.database.transaction() as session:
            return kept_contents.sweep(session, now)


@pytest.fixture
def sends(database: Database) -> Sends:
    return Sends(database)


def test_a_text_is_kept_for_a_while_and_a_campaigns_for_ever(sends: Sends) -> None:
    sends.send("Your code is 1234", "anna")
    with sends.database.transaction() as session:
        plain.keep_content(session, sends.account_id, "shop", {"body": "Sale"})

    assert sends.sweep(NOW + kept_contents.KEPT) == 0
    assert sends.texts() == {"Your code is 1234", "Sale"}
    assert sends.sweep(OVER) == 1
    assert sends.texts() == {"Sale"}


def test_a_text_that_is_sent_again_is_kept_for_longer(sends: Sends) -> None:
    sends.send("Hello", "anna")
    with sends.database.transaction() as session:
        changed(session, "UPDATE contents SET keep_until = :soon", soon=NOW + timedelta(hours=1))
    sends.send("Hello", "anna")

    assert sends.sweep(NOW + timedelta(hours=2)) == 0


def test_a_text_that_a_message_waits_for_stays(sends: Sends) -> None:
    sends.wait(sends.send("Hello", "anna"))

    assert sends.sweep(OVER) == 1
    assert sends.texts() == {"Hello"}
    assert sends.sweep(OVER) == 0, "it is put off"


def test_an_erased_persons_texts_go_and_what_others_had_stays(sends: Sends) -> None:
    sends.send("Dear Anna", "anna")
    sends.send("To both", "anna", "ola")
    sends.send("To each", "anna")
    sends.send("To each", "ola")

    sends.erase("anna", dry_run=True)
    assert len(sends.texts()) == 3
    sends.erase("anna")
    assert sends.texts() == {"To both", "To each"}
    sends.erase("ola")
    assert sends.texts() == set()


def test_who_handed_a_message_in_and_where_it_is_told_stand_in_its_first_event(sends: Sends) -> None:
    request: dict[str, Any] = {"body": "Hello", "external_id": "o-1", "webhook_url": "https://shop.example/hook"}
    actor: Any = {"account_id": str(sends.account_id), "api_key_id": str(uuid4())}
    of_sending = plain.of_sending(request)
    plan = plain.plan_of(actor, "0" * 64, "shop", ["anna"], content=request, **of_sending)

    with sends.database.transaction() as session:
        plain.storing(Channel.PUSH, "test_gateway")(session, [plan])
        (body,) = session.scalars(text("SELECT body FROM outbox WHERE routing_key = :lane"), {"lane": DELIVERY_EVENTS})

    (event,) = orjson.loads(body)["events"]
    assert request == {"body": "Hello"}
    assert event["labels"] == {**of_sending, "submitter_id": actor["api_key_id"], "test_of": None}
