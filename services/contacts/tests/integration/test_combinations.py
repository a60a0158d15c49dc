"""New groups of old ones as a job: whole when they are there, with progress, gone without a trace when they fail."""

from __future__ import annotations

from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from contacts.jobs import combinations as combination_job
from contacts.jobs import other_services
from contacts.jobs.worker import JobLeases, Worker, runners_that_ask
from contacts.store import jobs
from contacts.usecases import archive, bulk, combinations, groups, people
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from contracts.vocabulary import ArchiveReason, Channel


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combination_job, "PIECE", 10)
    monkeypatch.setattr(other_services, "RECIPIENTS_AT_ONCE", 10)


@pytest.fixture
def crowd(account: Any) -> Any:
    account.import_file("email;miasto\n" + "".join(f"p{n}@x.example;Gdynia\n" for n in range(45)), group_name="Tłum")
    [account.group] = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"]
    return account


def _begin(account: Any, **asked: Any) -> Any:
    given = {"operation": "union", "group_ids": [account.group["id"]], "name": "Nowa", "seed": "", **asked}
    return account.call(combinations.create, **given)["id"]


def _get(account: Any, combination_id: Any) -> Any:
    return account.call(combinations.get, combination_id=combination_id)


def _names(account: Any) -> list[str]:
    return [one["name"] for one in account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"]]


def _claim(database: Any) -> jobs.Job:
    with database.transaction() as session:
        job = jobs.claim(session, new_id())
    assert job is not None
    return job


def _perform(account: Any, go_on: Any) -> None:
    def run(database: Any, job: jobs.Job, _: Any) -> bool:
        return combination_job.run(database, job, go_on, ask=account.services.answer)

    worker = Worker(account.database, JobLeases(account.database), Event(), {"combination": run})
    worker._perform(_claim(account.database))


def _leftovers(account: Any) -> tuple[int, int]:
    """Memberships of groups that are not there, and tables of chosen contacts."""
    with account.database.transaction() as session:
        lost = "SELECT count(*) FROM group_members WHERE group_id NOT IN (SELECT id FROM groups)"
        tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'bulk\\_%'"
        return session.scalar(text(lost)), session.scalar(text(tables))


def test_it_goes_on_turn_by_turn_and_nobody_sees_half_a_group(crowd: Any) -> None:
    combination_id = _begin(crowd)
    seen = []
    while True:
        job = _claim(crowd.database)
        if combination_job.run(crowd.database, job, lambda: False, ask=crowd.services.answer):
            break
        told = _get(crowd, combination_id)
        seen.append((told["done"], told["total"], told["items"], _names(crowd)))
        with crowd.database.transaction() as session:
            jobs.put_off(session, job, 0.0)

    told = _get(crowd, combination_id)
    assert seen == [(done, 45, [], ["Tłum"]) for done in (10, 20, 30, 40, 45)]
    assert (told["state"], told["done"], told["total"]) == ("done", 45, 45)
    assert [(one["name"], one["contacts"]) for one in told["items"]] == [("Nowa", 45)]
    assert _names(crowd) == ["Tłum", "Nowa"] and _leftovers(crowd) == (0, 0)


def test_a_piece_that_is_done_twice_after_a_crash_changes_nothing(crowd: Any) -> None:
    parts = [{"name": "A", "percent": 33.0}, {"name": "B", "percent": 67.0}]
    combination_id = _begin(crowd, operation="split", parts=parts, name=None)
    job = _claim(crowd.database)
    with crowd.database.transaction() as session:  # as if the process had died before the checkpoint
        ends = combinations.choose(session, job)
        target = job.request["targets"][0]
        first = [one["id"] for one in crowd.people()][:3]
        combinations.put(session, account_id=crowd.id, target=target, contact_ids=first)
        combinations.give_up(session, job)
    crowd.run_imports()
    with crowd.database.transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() WHERE state = 'running'"))
    crowd.run_imports()

    told = _get(crowd, combination_id)
    assert ends == [15, 45]
    assert [(one["name"], one["contacts"]) for one in told["items"]] == [("A", 15), ("B", 30)]


def test_one_that_is_cancelled_leaves_no_group_and_nobody_in_it(crowd: Any) -> None:
    combination_id = _begin(crowd)

    def cancelled() -> bool:
        crowd.call(combinations.cancel, combination_id=combination_id)
        return True

    _perform(crowd, cancelled)
    crowd.run_imports()

    told = _get(crowd, combination_id)
    assert (told["state"], told["items"], _names(crowd)) == ("cancelled", [], ["Tłum"])
    assert _leftovers(crowd) == (0, 0)
    with pytest.raises(Conflict):
        crowd.call(combinations.cancel, combination_id=combination_id)


def test_a_name_that_is_taken_is_refused_at_once_or_at_the_end(crowd: Any) -> None:
    for asked in (
        {"name": "tŁum"},
        {"operation": "split", "parts": [{"name": "x", "percent": 50.0}, {"name": "X ", "percent": 50.0}]},
    ):
        with pytest.raises(Conflict):
            _begin(crowd, **asked)
    combination_id = _begin(crowd)
    crowd.call(groups.create, name="nowa", description="")
    _perform(crowd, lambda: True)
    crowd.run_imports()

    told = _get(crowd, combination_id)
    assert (told["state"], told["error"]["code"]) == ("failed", "group.name_taken")
    assert _names(crowd) == ["Tłum", "nowa"] and _leftovers(crowd) == (0, 0)


def test_who_is_deleted_meanwhile_is_not_counted(crowd: Any) -> None:
    combination_id = _begin(crowd)
    gone: list[UUID] = [one["id"] for one in crowd.people()]

    def deleted() -> bool:
        if gone:
            crowd.call(people.delete, contact_id=gone.pop())
            crowd.call(people.delete, contact_id=gone.pop(0))
        return True

    _perform(crowd, deleted)

    [group] = _get(crowd, combination_id)["items"]
    members = crowd.call(people.list_contacts, limit=100, cursor=None, group_id=group["id"])["items"]
    assert group["contacts"] == len(members) == len(crowd.people()) == 45 - 10


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"name": None}, "group.no_name"),
        ({"name": "  "}, "group.no_name"),
        ({"group_ids": [new_id()]}, "group.not_found"),
        ({"operation": "subtract"}, "group.too_few"),
        ({"operation": "filter"}, "group.no_rules"),
        ({"operation": "filter", "rules": {"field": "nie_ma", "op": "is_empty"}}, "rules.unknown_field"),
        ({"operation": "split"}, "split.not_complete"),
        ({"operation": "split", "parts": [{"name": "A", "percent": 50.0}] * 3}, "split.not_complete"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_queued(crowd: Any, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        _begin(crowd, **asked)

    assert refused.value.errors[0]["code"] == code


def test_those_of_a_report_make_a_group_page_by_page(crowd: Any) -> None:
    told = [one["id"] for one in crowd.people()]
    campaign_id = new_id()
    crowd.services.recipients = [{"contact_id": str(one), "channel": "email"} for one in [*told[:25], new_id()]]
    crowd.services.recipients.append({"contact_id": None, "channel": "email"})

    begun = crowd.call(combinations.begin_report_group, campaign_id=campaign_id, who="not_opened", name="Nie otworzyli")
    crowd.run_imports()

    done = _get(crowd, begun["id"])
    assert (done["operation"], done["state"], done["done"]) == ("report", "done", 25)
    assert [(one["name"], one["contacts"]) for one in done["items"]] == [("Nie otworzyli", 25)]
    asked = [payload for name, payload in crowd.services.asked if name == "reporting.list_report_recipients"]
    assert [one["cursor"] for one in asked] == [None, "10", "20"]
    assert {(one["campaign_id"], one["who"], one["account_id"]) for one in asked} == {
        (str(campaign_id), "not_opened", str(crowd.id))
    }


def test_a_report_of_nobody_makes_an_empty_group_and_one_that_is_away_is_waited_for(crowd: Any) -> None:
    crowd.services.away = {"reporting"}
    begun = crowd.call(combinations.begin_report_group, campaign_id=new_id(), who="opened", name="Nikt")
    job = _claim(crowd.database)
    worker = Worker(crowd.database, JobLeases(crowd.database), Event(), runners_that_ask(crowd.services.answer))
    worker._perform(job)
    assert _get(crowd, begun["id"])["state"] == "running"

    crowd.services.away = set()
    with crowd.database.transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() WHERE state = 'running'"))
    crowd.run_imports()
    assert [one["contacts"] for one in _get(crowd, begun["id"])["items"]] == [0]


@pytest.mark.parametrize("kind", ["combination", "bulk"])
def test_work_about_a_report_ends_while_reporting_is_away_when_it_is_cancelled(crowd: Any, kind: str) -> None:
    crowd.services.away = {"reporting"}
    begun = _begin_of_report(crowd, kind)
    _ask_again(crowd)
    module, named = (combinations, "combination_id") if kind == "combination" else (bulk, "bulk_id")
    assert crowd.call(module.cancel, **{named: begun["id"]})["state"] == "running"

    _ask_again(crowd)

    assert crowd.call(module.get, **{named: begun["id"]})["state"] == "cancelled"


@pytest.mark.parametrize("kind", ["combination", "bulk"])
def test_work_about_a_report_fails_after_a_day_without_an_answer(crowd: Any, kind: str) -> None:
    crowd.services.away = {"reporting"}
    begun = _begin_of_report(crowd, kind)
    _ask_again(crowd)
    with crowd.database.transaction() as session:
        long_ago = "jsonb_build_object('unanswered_since', now() - interval '25 hours')"
        session.execute(text(f"UPDATE jobs SET checkpoint = checkpoint || {long_ago} WHERE state = 'running'"))

    _ask_again(crowd)

    with crowd.database.transaction() as session:
        job = jobs.find(session, account_id=crowd.id, kind=kind, job_id=begun["id"])
    assert job is not None and (job["state"], job["error"]["code"]) == ("failed", "report.unanswered")


def _begin_of_report(crowd: Any, kind: str) -> Any:
    if kind == "bulk":
        return crowd.call(bulk.begin_report_archive, campaign_id=new_id())
    return crowd.call(combinations.begin_report_group, campaign_id=new_id(), who="opened", name="Nikt")


def _ask_again(crowd: Any) -> None:
    with crowd.database.transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() WHERE state = 'running'"))
    runners = runners_that_ask(crowd.services.answer)
    Worker(crowd.database, JobLeases(crowd.database), Event(), runners)._perform(_claim(crowd.database))


def test_the_same_request_again_begins_nothing_new(crowd: Any) -> None:
    crowd.actor["request_key"] = str(new_id())
    asked = {"campaign_id": new_id(), "who": "opened", "name": "Raz"}
    begun = crowd.call(combinations.begin_report_group, **asked)
    assert crowd.call(combinations.begin_report_group, **asked) == begun
    crowd.run_imports()
    assert crowd.call(combinations.begin_report_group, **asked)["id"] == begun["id"]
    archived = [crowd.call(bulk.begin_report_archive, campaign_id=new_id())["id"] for _ in range(2)]
    assert archived[0] == archived[1] != begun["id"]

    crowd.actor["request_key"] = str(new_id())
    with pytest.raises(Conflict):
        crowd.call(combinations.begin_report_group, **asked)
    assert crowd.call(bulk.begin_report_archive, campaign_id=new_id())["id"] > archived[0]


def test_addresses_of_a_report_are_archived_whoever_has_them_now(crowd: Any) -> None:
    moved = crowd.people()[0]
    crowd.call(people.update, contact_id=moved["id"], email="nowy@x.example")
    campaign_id = new_id()
    sent_to = [moved["email"], "p1@x.example", "p1@x.example", *(f"obcy{n}@y.example" for n in range(20)), "erased"]
    crowd.services.recipients = [{"contact_id": None, "channel": "email", "address": one} for one in [*sent_to, None]]

    begun = crowd.call(bulk.begin_report_archive, campaign_id=campaign_id)
    crowd.run_imports()
    told = crowd.call(bulk.get, bulk_id=begun["id"])

    assert (begun["act"], told["state"], told["done"]) == ("archive", "done", 25)
    listed = {"limit": 100, "cursor": None, "restored": False, "campaign_id": campaign_id}
    entries = crowd.call(archive.list_archive, **listed)["items"]
    assert told["counts"] == {"fitting": 25, "changed": len(entries)}
    assert {one["address"] for one in entries} >= {moved["email"], "p1@x.example", "obcy19@y.example"}
    assert "nowy@x.example" not in {one["address"] for one in entries}
    assert {one["reason"] for one in entries} == {ArchiveReason.HARD_BOUNCE}
    again = crowd.call(bulk.begin_report_archive, campaign_id=campaign_id)
    crowd.run_imports()
    assert crowd.call(bulk.get, bulk_id=again["id"])["counts"]["changed"] == 0
    assert {Channel(one["channel"]) for one in entries} == {Channel.EMAIL}


def test_to_archive_a_report_needs_the_permission(crowd: Any) -> None:
    crowd.actor["permissions"] = ["contacts.write"]
    with pytest.raises(Forbidden):
        crowd.call(bulk.begin_report_archive, campaign_id=new_id())


def test_one_of_another_account_is_not_there(crowd: Any, new_account: Any) -> None:
    combination_id = _begin(crowd)
    with pytest.raises(NotFound):
        _get(new_account(), combination_id)
