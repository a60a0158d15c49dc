"""The content of a single send is kept until its messages are over; a campaign's for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from contracts.ids import message_ids
from email_gateway.content.prepare import Kind, prepare
from email_gateway.domain.sends import Plan, To
from email_gateway.store import blobs, contents
from email_gateway.usecases import messages
from email_gateway.usecases.contents import keep

NOW = datetime.now(UTC)
LATER = NOW + blobs.KEPT + 2 * contents.SLACK


def plan(account_id: UUID, subject: str, schedule_at: datetime | None = None) -> Plan:
    prepared = prepare(
        {"from_email": "sklep@sklep.example", "subject": subject, "text": "x"}, Kind.TRANSACTIONAL, account_id
    )
    assert prepared.document is not None and prepared.content_hash is not None
    to = [To("ala@poczta.example")]
    return Plan(
        account_id, prepared.content_hash, prepared.document, "sklep@sklep.example", to, schedule_at=schedule_at
    )


def accept(database: Database, plan: Plan, state: str) -> None:
    """A send whose message is in a state."""
    send_id = new_id()
    with database.transaction() as session:
        messages.accept(session, send_id=send_id, plan=plan)
        bound = {"state": state, "id": message_ids(send_id)(1)}
        session.execute(text("UPDATE ledger SET state = :state WHERE message_id = :id"), bound)


def kept(database: Database) -> set[str]:
    with database.transaction() as session:
        return set(session.scalars(text("SELECT document ->> 'subject' FROM contents")))


def sweep(database: Database, now: datetime) -> int:
    with database.transaction() as session:
        return contents.sweep(session, now)


def test_a_content_goes_when_the_last_of_its_messages_is_over(database: Database) -> None:
    account_id = uuid4()
    over, waits = plan(account_id, "over"), plan(account_id, "waits")
    for each in (over, over, waits):
        accept(database, each, "delivered")
    accept(database, waits, "deferred")
    accept(database, plan(account_id, "much later", NOW + timedelta(days=80)), "accepted")

    assert sweep(database, NOW + blobs.KEPT) == 0
    assert sweep(database, LATER) == 2  # looked at: one of them is put off
    assert kept(database) == {"waits", "much later"}
    assert sweep(database, LATER) == 0

    with database.transaction() as session:
        session.execute(text("UPDATE ledger SET state = 'delivered'"))
    assert sweep(database, LATER + 2 * contents.SLACK) == 1
    assert kept(database) == {"much later"}


def test_what_is_sent_again_is_kept_for_longer_and_is_there_again_when_it_was_swept(database: Database) -> None:
    each = plan(uuid4(), "again")
    accept(database, each, "delivered")
    with database.transaction() as session:
        session.execute(text("UPDATE contents SET keep_until = :past"), {"past": NOW - timedelta(days=1)})
    accept(database, each, "delivered")
    assert sweep(database, NOW + blobs.KEPT) == 0

    assert sweep(database, LATER) == 1 and kept(database) == set()
    accept(database, each, "delivered")
    assert kept(database) == {"again"}


def test_a_campaigns_content_is_kept_whoever_else_sends_it(database: Database) -> None:
    account_id = uuid4()
    prepared = prepare({"from_email": "a@b.example", "subject": "both", "text": "x"}, Kind.TRANSACTIONAL, account_id)
    assert prepared.document is not None and prepared.content_hash is not None
    single = Plan(account_id, prepared.content_hash, prepared.document, "a@b.example", [To("ala@poczta.example")])
    for is_single_first in (True, False):
        for is_single in (is_single_first, not is_single_first):
            if is_single:
                accept(database, single, "delivered")
            else:
                with database.transaction() as session:
                    keep(session, account_id, prepared)
        assert sweep(database, LATER) == 0 and kept(database) == {"both"}
        with database.transaction() as session:
            session.execute(text("DELETE FROM contents"))
