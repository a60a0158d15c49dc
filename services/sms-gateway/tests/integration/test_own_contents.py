"""What a partner's message says stands with its send, where every outbound process can read it there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from phones import PHONE, rows
from smpp_partners import a_partner
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from contracts import lanes
from contracts.vocabulary import Channel, Lane
from sms_gateway.content import octets
from sms_gateway.domain.sends import Partner, Plan
from sms_gateway.store import carrier_instances, contents, people
from sms_gateway.usecases import messages

NOW = datetime.now(UTC)
CONTENT = octets.as_content(b"Your code is 1", 0, has_header=False)


def submitted(database: Database, *, keeps_own: bool) -> UUID:
    """A partner's message, stored; its account."""
    partner = a_partner(database)
    plan = Plan(
        partner.account_id, "Wici", CONTENT, [PHONE], {}, 1, Lane.TRANSACTIONAL, "Your code is 1", None, None, None, "",
        Partner(str(partner.id), 1, (5, 0, "Wici"), (1, 1, PHONE[1:])),
    )  # fmt: skip
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO quota_leases (reservation_id, account_id, granted) VALUES (:id, :account, 9)"),
            {"id": new_id(), "account": partner.account_id},
        )
        (answer,) = messages.store_sends(session, [plan], now=NOW, keeps_own=keeps_own)
    assert isinstance(answer, dict)
    return partner.account_id


def test_it_goes_along_and_is_found_with_the_send(database: Database) -> None:
    account_id = submitted(database, keeps_own=True)
    assert rows(database, "SELECT 1 FROM contents") == []
    ((name, kept),) = rows(database, "SELECT content_hash, content FROM sends")
    lane = lanes.channel_lane(Channel.SMS, Lane.TRANSACTIONAL)
    ((body,),) = rows(database, f"SELECT body FROM outbox WHERE routing_key = '{lane}'")
    (batch,) = orjson.loads(bytes(body))["batches"]
    assert (batch["content"], batch["sender"], batch["content_hash"]) == (CONTENT, "Wici", name)
    with database.transaction() as session:
        assert tuple(contents.own(session, name)) == (account_id, "Wici", CONTENT)
    assert kept == CONTENT


def test_it_is_forgotten_with_the_person(database: Database) -> None:
    account_id = submitted(database, keeps_own=True)
    ((message_id,),) = rows(database, "SELECT message_id FROM ledger")
    with database.transaction() as session:
        people.forget_texts(session, account_id=account_id, message_ids=[message_id])
    ((name, said, content),) = rows(database, "SELECT content_hash, text, content FROM sends")
    assert (said, content) == (None, None)
    with database.transaction() as session:
        assert contents.own(session, name) is None


def test_it_goes_once_it_is_over_unless_it_waits_to_leave(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "OWN_SWEPT_AT_ONCE", 1)
    for _ in range(3):
        account_id = submitted(database, keeps_own=True)
    rows(
        database,
        "INSERT INTO retries (message_id, account_id, due_at, attempts, body)"
        f" SELECT message_id, account_id, now(), 0, '' FROM ledger WHERE account_id = '{account_id}' RETURNING 1",
    )
    sweep_own(database, NOW + contents.KEPT - timedelta(hours=1))
    assert rows(database, "SELECT 1 FROM sends WHERE content IS NULL") == []

    sweep_own(database, NOW + contents.KEPT + timedelta(hours=1))

    assert rows(database, "SELECT account_id, content FROM sends WHERE content IS NOT NULL") == [(account_id, CONTENT)]
    assert rows(database, "SELECT DISTINCT text FROM sends") == [("Your code is 1",)], "it is shown all the same"


def sweep_own(database: Database, now: datetime) -> None:
    after: UUID | None = contents.FIRST
    while after is not None:
        with database.transaction() as session:
            after = contents.sweep_own(session, now, after)


def test_it_has_a_row_of_its_own_where_it_would_not_be_found(database: Database) -> None:
    submitted(database, keeps_own=False)
    assert rows(database, "SELECT content FROM contents") == [(CONTENT,)]
    assert rows(database, "SELECT content FROM sends") == [(None,)]


@pytest.mark.parametrize(
    ("states", "read"),
    [([], True), ([{"reads_own_contents": True}], True), ([{"reads_own_contents": True}, {"binds": []}], False)],
)
def test_a_process_of_a_release_before_is_noticed(
    database: Database, states: list[dict[str, object]], read: bool
) -> None:
    with database.transaction() as session:
        for state in states:
            report = carrier_instances.Report(new_id(), 0, 0, False, orjson.dumps(state).decode())
            carrier_instances.renew(session, new_id(), report)
        assert carrier_instances.read_own_contents(session) is read
