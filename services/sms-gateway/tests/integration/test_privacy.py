"""A person is erased while messages to them are on every part of their way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from channel import people as under_way
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.partitions import ensure_partitions
from chassis.testing import places_of, wait_until
from contracts import ids
from sms_gateway.batches import ArrivedInbound, ArrivedUnread
from sms_gateway.models import SenderId
from sms_gateway.store import answers, senders, unread_deliveries
from sms_gateway.usecases import privacy

HER = "+48600000007"


def phones(count: int) -> list[str]:
    return [f"+48600{number:06d}" for number in range(count)]


def erase(database: Database, campaign: Any, **options: Any) -> dict[str, Any]:
    return privacy.erase_person(
        database,
        actor={"account_id": str(campaign.account_id)},
        now=datetime.now(UTC),
        addresses=[HER],
        **{"erased_at": datetime.now(UTC), "dry_run": False, **options},
    )


def is_out(database: Database, campaign: Any) -> bool:
    return erase(database, campaign, erased_at=ids.created_at(campaign.send_id) + timedelta(seconds=1))["waiting"] == 0


def states_of_erased(database: Database) -> list[tuple[str, str | None]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT state, code FROM ledger WHERE address = 'erased'"))
        return [(state, code) for state, code in rows]


def test_what_lies_in_the_lane_is_not_sent_any_more(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc()
    carrier(simulator)
    campaign.publish(campaign.batches(campaign.content("Hej {{ first_name }}"), phones(20)))
    assert erase(database, campaign)["counts"] == {"messages": 0, "messages_waiting": 0, "inbound": 0}
    outbound()

    states = campaign.wait_final(20)

    assert HER not in {message["to"] for message in simulator.messages()}
    assert states[campaign.message_id(8)] == "rejected"
    assert states_of_erased(database) == [("rejected", "address.erased")]
    wait_until(lambda: campaign.done, what="the batch is done")
    done = campaign.done[0]
    assert (done["submitted"], done["failed"], done["left_out"]) == (19, 0, {"erased": 1})
    assert not any(HER in str(event) for event in campaign.events)
    assert places_of(database, [HER]) == []


def test_what_is_in_hand_is_written_down_without_the_person(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(response_delay=1.0, receipt_delay=0.5)
    carrier(simulator)
    campaign.publish(campaign.batches(campaign.content("Hej {{ first_name }}"), phones(20)))
    outbound()
    wait_until(lambda: simulator.get("/counts")["binds"] and claims(database), what="the claim")

    assert erase(database, campaign)["waiting"] > 0
    wait_until(lambda: is_out(database, campaign), what="nothing in hand")

    assert campaign.wait_final(20)[campaign.message_id(8)] == "delivered"
    assert states_of_erased(database) == [("delivered", "000")]
    assert places_of(database, [HER]) == []


def from_phone(database: Database, source: str, destination: str, octets: bytes = b"TAK", data_coding: int = 0) -> None:
    with database.transaction() as session:
        arrived = ArrivedInbound(new_id(), source, destination, data_coding, 0, octets, datetime.now(UTC).timestamp())
        answers.take(cursor_of(session), [arrived])


def approved(database: Database, account_id: UUID, sender: str, state: str = "active") -> None:
    with database.transaction() as session:
        senders.add_sender(
            session, SenderId(id=new_id(), account_id=account_id, sender=sender, sender_key=sender, state=state)
        )


def destinations_left(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT destination FROM inbound_sms ORDER BY destination")))


@pytest.mark.parametrize("source", ["48600000007", "+48600000007", "0048600000007"])
def test_what_a_person_wrote_to_us_is_told_and_forgotten_and_what_they_wrote_to_others_is_neither(
    database: Database, source: str
) -> None:
    mine, others = new_id(), new_id()
    actor = {"account_id": str(mine)}
    approved(database, mine, "+48500000001")
    approved(database, mine, "7055")
    approved(database, mine, "7077", state="requested")  # whoever asks for a number does not have it
    for sender in ("7055", "7066", "7077"):
        approved(database, others, sender)
    for destination in ("48500000001", "7055", "7066", "7077", "7099"):
        from_phone(database, source, destination)
    from_phone(database, "48600000008", "48500000001")

    def told(key: str = "to", limit: int = 10) -> list[str]:
        page: dict[str, Any] = {"next_cursor": None}
        found = []
        while True:
            with database.transaction() as session:
                page = privacy.export_person(
                    session, actor=actor, now=datetime.now(UTC), addresses=[HER], cursor=page["next_cursor"],
                    limit=limit,
                )  # fmt: skip
            found += [one["record"][key] for one in page["items"]]
            if page["next_cursor"] is None:
                return found

    erasing: dict[str, Any] = {"actor": actor, "now": datetime.now(UTC), "addresses": [HER]}
    earlier = datetime.now(UTC) - timedelta(hours=1)
    from_phone(database, source, "48500000001", "Ł".encode("utf-16-be"), data_coding=8)
    assert told("text") == ["Ł", "TAK"]
    assert told() == told(limit=1) == ["48500000001"] * 2  # 7055 is another's too
    assert privacy.erase_person(database, **erasing, erased_at=earlier, dry_run=False)["counts"]["inbound"] == 0
    for dry_run in (True, False):
        answer = privacy.erase_person(database, **erasing, erased_at=datetime.now(UTC), dry_run=dry_run)
        assert answer["counts"]["inbound"] == 4

    assert told() == []
    assert destinations_left(database) == ["48500000001", "7066", "7077"]  # somebody else's, and to others


def written_to(database: Database, account_id: UUID, *, phone: str = HER, number: str = "48500000001") -> None:
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO last_messages VALUES (:phone, :number, :account, gen_random_uuid(), NULL, NULL, now())"),
            {"phone": phone, "number": number, "account": account_id},
        )


def accounts_left(database: Database, table: str) -> list[UUID]:
    with database.transaction() as session:
        return list(session.scalars(text(f"SELECT account_id FROM {table}")))


@pytest.mark.parametrize("is_closing", [False, True])
def test_an_answer_belongs_to_the_account_that_was_answered(database: Database, is_closing: bool) -> None:
    mine, others = new_id(), new_id()
    for account_id in (mine, others):
        approved(database, account_id, "+48500000001")
        approved(database, account_id, "7055")
    written_to(database, mine)
    written_to(database, others, number="7055")
    for destination in ("48500000001", "7055"):
        from_phone(database, "48600000007", destination)
    with database.transaction() as session:
        page = privacy.export_person(
            session, actor={"account_id": str(mine)}, now=datetime.now(UTC), addresses=[HER], cursor=None, limit=10
        )
    assert [one["record"]["to"] for one in page["items"]] == ["48500000001"]

    if is_closing:
        with database.transaction() as session:
            privacy.erase_account(session, event_id=new_id(), account_id=mine)
    else:
        answer = privacy.erase_person(
            database, actor={"account_id": str(mine)}, now=datetime.now(UTC), addresses=[HER],
            erased_at=datetime.now(UTC), dry_run=False,
        )  # fmt: skip
        assert answer["counts"]["inbound"] == 1

    assert accounts_left(database, "inbound_sms") == accounts_left(database, "last_messages") == [others]


def test_closing_an_account_forgets_what_was_written_to_its_number(database: Database) -> None:
    closed = new_id()
    approved(database, closed, "+48500000001")
    for destination in ("48500000001", "7099"):
        from_phone(database, "48600000007", destination)

    with database.transaction() as session:
        privacy.erase_account(session, event_id=new_id(), account_id=closed)

    assert destinations_left(database) == ["7099"]


def test_what_nobody_understands_is_forgotten_with_the_number_in_it(database: Database) -> None:
    arrived = datetime.now(UTC).timestamp()
    frames = [b"\0\0" + number + b"\0id:7 stat:?" for number in (b"48600000007", b"48600000008")]
    with database.transaction() as session:
        unread_deliveries.write(
            cursor_of(session), [ArrivedUnread(new_id(), frame, "no state", arrived) for frame in frames]
        )

    privacy.erase_person(
        database, actor={"account_id": str(new_id())}, now=datetime.now(UTC), addresses=[HER],
        erased_at=datetime.now(UTC), dry_run=False,
    )  # fmt: skip

    with database.transaction() as session:
        assert [bytes(frame) for frame in session.scalars(text("SELECT frame FROM unread_deliveries"))] == frames[1:]


def claims(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM claims")) or 0


def test_a_retry_is_withdrawn_and_dry_run_only_counts_it(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    outbound()  # no carrier: everything waits
    campaign.publish(campaign.batches(campaign.content("Hej {{ first_name }}"), phones(20)))
    wait_until(lambda: erase(database, campaign, dry_run=True)["counts"]["messages_waiting"] == 1, what="a retry")

    with database.transaction() as session:
        waiting = session.execute(text("SELECT body FROM retries")).scalars().all()
    assert HER in [orjson.loads(body)["recipients"][0]["address"] for body in waiting]
    answer = erase(database, campaign)

    assert answer["counts"] == {"messages": 1, "messages_waiting": 1, "inbound": 0}
    wait_until(lambda: states_of_erased(database) == [("rejected", "address.erased")], what="the rejection")
    simulator = smsc()
    carrier(simulator)
    wait_until(lambda: simulator.get("/counts")["submitted"] == 19, what="the others")
    assert HER not in {message["to"] for message in simulator.messages()}
    wait_until(lambda: is_out(database, campaign), what="nothing under way")
    assert places_of(database, [HER]) == []


def test_days_that_are_written_no_more_get_an_index_on_the_number(database: Database) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        ensure_partitions(session, "ledger", (now - timedelta(days=5)).date(), days=7)

    for _ in range(2):
        under_way.index_cold(database.engine, now)

    with database.transaction() as session:
        indexed = session.scalars(
            text("SELECT indexname FROM pg_indexes WHERE tablename LIKE 'ledger_p%' AND indexname LIKE '%_address'")
        ).all()
    cold, written = (
        {f"ledger_p{now - timedelta(days=ago):%Y%m%d}_address" for ago in ages} for ages in ((5, 4, 3, 2), (1, 0, -1))
    )
    assert cold <= set(indexed) and not written & set(indexed)
