"""Reports by mail are asked for once each, by however many processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from contracts.reporting import RPC
from contracts.vocabulary import CampaignState
from reporting.ingester.writing import Ingest
from reporting.usecases import privacy, schedules, webhook_sending

from ..factories import Send
from .test_comparing import Identity

NOW = datetime.now(UTC)
USER = str(uuid4())


@pytest.fixture
def account() -> str:
    return str(uuid4())


def made(database: Database, account_id: str, kind: str, now: datetime = NOW, **more: Any) -> dict[str, Any]:
    request = RPC["create_report_schedule"].load({"kind": kind, **more})
    actor: Any = {"account_id": account_id, "user_id": USER}
    answer = schedules.create_report_schedule(database, actor=actor, now=now, call=Identity("Europe/Warsaw"), **request)
    return RPC["create_report_schedule"].dump(answer)  # type: ignore[no-any-return]


def mailed(database: Database, now: datetime) -> int:
    return schedules.mail_due(database, call=Identity("Europe/Warsaw"), now=now)


def asked_for(database: Database) -> list[dict[str, Any]]:
    with database.transaction() as session:
        bodies = session.scalars(text("SELECT body FROM outbox WHERE routing_key = 'report_due' ORDER BY position"))
        return [orjson.loads(bytes(body)) for body in bodies]


def sent(database: Database, send: Send, event: int = 1) -> None:
    change = {"event_id": UUID(int=event), "occurred_at": NOW, "account_id": UUID(send.account_id),
              "campaign_id": UUID(send.campaign_id), "state": CampaignState.SENT, "version": event}  # fmt: skip
    with database.transaction() as session:
        schedules.expect_campaign(session, change)


def test_a_weekly_report_comes_once_a_week_by_however_many_processes(database: Database, account: str) -> None:
    schedule = made(database, account, "weekly")
    due = datetime.fromisoformat(schedule["next_at"])
    assert mailed(database, due - timedelta(minutes=1)) == 0

    with ThreadPoolExecutor(4) as processes:
        asked = sum(processes.map(lambda _: mailed(database, due + timedelta(minutes=1)), range(4)))

    assert asked == 1
    (told,) = asked_for(database)
    assert (told["user_ids"], told["template"]) == ([USER], "report_period")
    with database.transaction() as session:
        next_at = session.scalar(text("SELECT next_at FROM report_schedules"))
    assert timedelta(days=6) < next_at - due < timedelta(days=8)


def test_another_zone_brings_no_week_a_second_time_and_leaves_none_out(database: Database, account: str) -> None:
    due = datetime.fromisoformat(made(database, account, "weekly")["next_at"])
    zones = ["Pacific/Auckland", "America/Los_Angeles", "Asia/Tokyo", "Pacific/Honolulu", "Pacific/Kiritimati"]

    at, weeks = due, 0
    while at < due + timedelta(days=70):
        schedules.mail_due(database, call=Identity(zones[weeks % len(zones)]), now=at)
        at, weeks = next_of(database, account), weeks + 1

    firsts = [told["fields"]["first"] for told in asked_for(database)]
    days = [date.fromisoformat(first) for first in firsts]
    assert days == [days[0] + timedelta(days=7 * week) for week in range(len(days))]
    assert len(days) >= 10


def test_a_campaign_is_told_of_a_day_after_it_is_sent_and_never_again(database: Database, account: str) -> None:
    made(database, account, "campaign")
    send, before = Send("email", account), Send("email")
    Ingest(database).write([[send.full(number, "delivered") for number in range(3)]])
    for number in (1, 2):
        sent(database, send, number)
        sent(database, before, number)  # a stranger's

    assert mailed(database, NOW + timedelta(hours=23)) == 0
    with ThreadPoolExecutor(4) as processes:
        assert sum(processes.map(lambda _: mailed(database, NOW + timedelta(hours=25)), range(4))) == 1
    sent(database, send, 3)
    assert mailed(database, NOW + timedelta(days=9)) == 0

    (told,) = asked_for(database)
    assert told["template"] == "report_campaign"
    assert (told["fields"]["sent"], told["fields"]["delivered"]) == (3, 3)


def test_a_mail_that_cannot_be_made_keeps_no_other_waiting(
    database: Database, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(database, account, "campaign")
    other = Send("email")
    made(database, other.account_id, "campaign")
    unknown = Send("email", account)  # nothing is known of it
    Ingest(database).write([[other.full(0, "delivered")]])
    sent(database, unknown)
    sent(database, other, 2)

    assert mailed(database, NOW + timedelta(hours=25)) == 1

    assert [told["account_id"] for told in asked_for(database)] == [other.account_id]
    with database.transaction() as session:
        due = session.scalar(text("SELECT due_at FROM campaign_mails WHERE sent_at IS NULL"))
    assert due == NOW + timedelta(hours=25) + schedules.PUT_OFF


def next_of(database: Database, account_id: str) -> datetime:
    with database.transaction() as session:
        query = text("SELECT next_at FROM report_schedules WHERE account_id = :account")
        return session.scalar(query, {"account": account_id})  # type: ignore[no-any-return]


class Partly(Identity):
    """Identity, which does not answer of one account."""

    def __init__(self, account_id: str, error: Exception) -> None:
        super().__init__("America/New_York")
        self._account_id, self._error = account_id, error

    def __call__(self, name: str, actor: Any, payload: Any, *, deadline: float) -> Any:
        if actor["account_id"] == self._account_id:
            raise self._error
        return super().__call__(name, actor, payload, deadline=deadline)


@pytest.mark.parametrize("error", [Unavailable("service.timeout", "x"), Forbidden("actor.unknown", "x")])
def test_a_week_is_not_guessed_and_keeps_no_other_waiting(database: Database, account: str, error: Exception) -> None:
    other = str(uuid4())
    due = datetime.fromisoformat(made(database, account, "weekly")["next_at"])
    made(database, other, "weekly", now=NOW)

    assert schedules.mail_due(database, call=Partly(account, error), now=due) == 1

    assert [told["account_id"] for told in asked_for(database)] == [other]
    waits = schedules.UNTIL_IDENTITY if isinstance(error, Unavailable) else schedules.PUT_OFF
    assert next_of(database, account) == due + waits
    assert mailed(database, due + waits) == 1


def test_what_another_process_has_asked_for_is_not_put_off(database: Database, account: str) -> None:
    due = datetime.fromisoformat(made(database, account, "weekly")["next_at"])

    class Late(Identity):
        def __call__(self, *asked: Any, **more: Any) -> Any:
            assert mailed(database, due) == 1
            raise Unavailable("service.timeout", "x")

    assert schedules.mail_due(database, call=Late(None), now=due) == 0

    assert next_of(database, account) > due + timedelta(days=6)
    with pytest.raises(Unavailable):
        schedules.create_report_schedule(
            database, actor={"account_id": account, "user_id": USER}, now=NOW, call=Identity(None),
            kind=schedules.ScheduleKind.WEEKLY, user_ids=[],
        )  # fmt: skip


def test_nothing_is_mailed_of_a_suspended_account_until_that_ends(database: Database, account: str) -> None:
    due = datetime.fromisoformat(made(database, account, "monthly")["next_at"])

    for version, is_suspended, asked in ((1, True, 0), (2, False, 1)):
        event = {"account_id": UUID(account), "is_suspended": is_suspended, "occurred_at": NOW, "version": version}
        with database.transaction() as session:
            webhook_sending.follow_suspension(session, event)
        assert mailed(database, due) == asked


def test_schedules_are_the_accounts_own_so_many_and_gone_with_it(database: Database, account: str) -> None:
    schedule = made(database, account, "weekly", user_ids=[str(uuid4()), USER])
    assert len(schedule["user_ids"]) == 2
    with pytest.raises(NotFound), database.transaction() as session:
        schedules.delete_report_schedule(
            session, actor={"account_id": str(uuid4())}, now=NOW, schedule_id=UUID(schedule["id"])
        )
    for _ in range(schedules.MOST_OF_AN_ACCOUNT - 1):
        made(database, account, "campaign")
    with pytest.raises(Conflict, match="too_many"):
        made(database, account, "campaign")
    with pytest.raises(Invalid) as refused:
        schedules.create_report_schedule(
            database, actor={"account_id": account}, now=NOW, call=Identity("UTC"), kind=schedules.ScheduleKind.WEEKLY,
            user_ids=[],
        )  # fmt: skip
    assert "report_schedule.nobody" in str(refused.value.errors)

    privacy.erase_account(database, account_id=UUID(account))

    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM report_schedules")) == 0
    with pytest.raises(NotFound):
        made(database, account, "weekly")
