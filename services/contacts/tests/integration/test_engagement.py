"""Engagement on its way from the lane into segments: repeated, killed, merged, dropped, erased."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.testing import wait_until
from contacts.jobs import engagement as job
from contacts.store import accounts, engagement
from contacts.usecases import segments
from contracts.lanes import ENGAGEMENT

TODAY = date(2026, 11, 24)
CAMPAIGN, OTHER = uuid4(), uuid4()


@pytest.fixture
def ids(account) -> list[UUID]:
    account.import_file("email\n" + "".join(f"p{n}@x.example\n" for n in range(6)))
    return [person["id"] for person in account.people()]


def column(account: Any, who: list[UUID], kind: str = "opened", **more: Any) -> dict[str, str]:
    place = {"account_id": account.id, "campaign_id": CAMPAIGN, "kind": kind, "day": TODAY, **more}
    return {**{name: str(value) for name, value in place.items()}, "contact_ids": ",".join(map(str, who))}


def add(database: Any, *columns: dict[str, str]) -> None:
    with database.transaction() as session:
        engagement.add(session, columns)


def count(account: Any, op: str, **value: Any) -> int:
    return int(account.call(segments.count, rules={"field": "engagement", "op": op, "value": value})["count"])


def rows(database: Any) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM engagement")) or 0)


def test_what_comes_by_the_lane_is_counted_once_also_when_it_is_killed(database, broker, launch, account, ids):
    jobs = launch("contacts.jobs", service="contacts")
    # The process merges what is of a past day by the true clock; tomorrow is none, even where this runs over midnight.
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    opened, delivered = column(account, ids[:3], day=tomorrow), column(account, ids, "delivered", day=tomorrow)
    unknown = {**column(account, ids), "account_id": str(uuid4())}
    newer = {**column(account, ids), "kind": "forwarded"}
    batches = [{"v": 1, "batch_id": str(uuid4()), "columns": [opened, delivered]} for _ in range(20)]
    batches += [{"v": 1, "batch_id": str(uuid4()), "columns": [unknown, newer], "extra": 1}]
    bodies = [orjson.dumps(batch) for batch in batches] * 2
    bodies.insert(5, b"not a batch")
    bodies.insert(9, orjson.dumps({**batches[0], "batch_id": str(uuid4()), "columns": [column(account, ["x"])]}))

    for at, body in enumerate(bodies):
        broker.publish(ENGAGEMENT, body).result(10)
        if at == 15:
            jobs.kill()
            jobs.start()

    wait_until(lambda: count(account, "opened", at_least=20) == 3, what="everything is recorded")
    broker.publish(ENGAGEMENT, orjson.dumps({**batches[0], "batch_id": str(uuid4())})).result(10)
    wait_until(lambda: count(account, "opened", at_least=21) == 3, what="the last batch is recorded")
    assert count(account, "delivered", at_least=21) == 6
    assert count(account, "opened", at_least=22) == 0
    assert rows(database) == 42
    dead: list[bytes] = []
    broker.consume(f"dead.{ENGAGEMENT}", lambda delivery: (dead.append(delivery.body), delivery.ack()))
    wait_until(lambda: len(dead) == 2, what="what cannot be read is parked")


class Delivered:
    """A delivery by hand, and what became of it."""

    def __init__(self, message: Any) -> None:
        self.body, self.outcome = orjson.dumps(message), "tried again"

    def ack(self) -> None:
        self.outcome = "recorded"

    def nack(self, *, requeue: bool) -> None:
        self.outcome = "parked"


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": None}, {"day": "infinity"}, {"campaign_id": None}, {"account_id": 5}, {"account_id": None},
        {"contact_ids": "NULL"}, {"contact_ids": None}, {"contact_ids": "}"},
    ],
    ids=str,
)  # fmt: skip
def test_a_message_that_can_never_be_written_does_not_hold_up_the_lane(database, account, ids, wrong):
    recorder = job.Recorder(database)
    message = {"batch_id": str(uuid4()), "columns": [{**column(account, ids[:1]), **wrong}]}
    for one in (message, {**message, "batch_id": None}, {**message, "batch_id": 5}):
        delivered = Delivered(one)
        assert recorder._settle([delivered], alone=True)  # type: ignore[list-item]
        assert delivered.outcome == "parked"

    assert rows(database) == 0
    assert count(account, "not_opened") == len(ids)


def test_small_pieces_of_past_days_are_merged_and_what_is_too_old_is_dropped(database, account, ids):
    yesterday, ancient = TODAY - timedelta(days=1), TODAY - timedelta(days=397)
    add(
        database,
        *(column(account, [one], day=day) for one in ids[:3] for day in (yesterday, TODAY, ancient)),
        *(column(account, ids[:1], day=yesterday, campaign_id=OTHER) for _ in range(2)),
    )
    assert rows(database) == 11

    job.tidy(database, TODAY, keep_days=396)

    assert rows(database) == 3 + 1 + 1
    assert count(account, "opened", at_least=2, campaigns=[str(CAMPAIGN)]) == 3
    assert count(account, "opened", at_least=2, campaigns=[str(OTHER)]) == 1
    assert count(account, "opened", at_least=3) == 1
    job.tidy(database, TODAY, keep_days=396)
    assert rows(database) == 5


def test_engagement_of_one_contact_is_listed_and_erased(database, account, new_account, ids):
    add(
        database,
        column(account, [ids[0], ids[1], ids[0]]),
        column(account, [ids[0]], "clicked", day=TODAY - timedelta(days=1)),
        column(account, [ids[1]], "clicked"),
    )

    with database.transaction() as session:
        known = engagement.engagement_of(session, account.id, ids[0])
        assert [(row["kind"], row["day"], row["times"]) for row in known] == [
            ("clicked", TODAY - timedelta(days=1), 1),
            ("opened", TODAY, 2),
        ]
        assert engagement.erase_engagement(session, new_account().id, [ids[0]]) == 0
        assert engagement.erase_engagement(session, account.id, [ids[0]]) == 2

    with database.transaction() as session:
        assert engagement.engagement_of(session, account.id, ids[0]) == []
        assert session.scalar(text("SELECT count(*) FROM engagement, unnest(contact_ids) one")) == 2
    assert count(account, "opened") == 1


def test_nothing_is_kept_of_an_account_that_is_closed_and_nothing_comes_after(database, account, ids):
    add(database, column(account, ids))

    with database.transaction() as session:
        accounts.erase(session, account_id=account.id)
    add(database, column(account, ids))

    assert rows(database) == 0


def test_who_opened_is_asked_by_channel(database: Any, account: Any, ids: list[UUID]) -> None:
    add(
        database,
        column(account, ids[:3], channel="push"),
        column(account, ids[2:4], channel="rcs", campaign_id=OTHER),
        column(account, ids[4:5]),  # told before anybody said of which channel
    )

    assert [count(account, "opened", channels=[one]) for one in ("push", "rcs", "viber")] == [3, 2, 0]
    assert count(account, "opened", channels=["push", "rcs"]) == 4
    assert count(account, "opened", channels=["push", "rcs"], at_least=2) == 1
    assert count(account, "opened") == 5


def test_columns_of_two_channels_are_not_merged_into_one(database: Any, account: Any, ids: list[UUID]) -> None:
    add(database, *(column(account, ids[:2], channel=one) for one in ("push", "push", "sms")))

    with database.transaction() as session:
        engagement.merge_past_days(session, TODAY + timedelta(days=1))

    assert [count(account, "opened", channels=[one], at_least=2) for one in ("push", "sms")] == [2, 0]
