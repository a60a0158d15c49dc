"""Jobs that fail: tried again ever later, given up with the reason, and never for what befell them on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from contacts.commands.jobs import show
from contacts.jobs import imports, other_services, problem_files, worker
from contacts.jobs.worker import JobLeases, Worker
from contacts.store import jobs
from contacts.usecases import exports, privacy
from contacts.usecases import imports as usecase

BAD_LIST = "email\nola@x.example\nno address\n"


def _broken(*_: Any, **__: Any) -> Any:
    raise UnicodeError("ola@x.example")


def _claim(database: Database) -> jobs.Job:
    """Claim the job as if its time had come."""
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running'"))
        job = jobs.claim(session, new_id())
    assert job is not None
    return job


def _row(database: Database, job_id: Any) -> Any:
    with database.transaction() as session:
        shown = "SELECT *, extract(epoch FROM lease_until - now()) AS waits FROM jobs WHERE id = :id"
        return session.execute(text(shown), {"id": job_id}).mappings().one()


def _run_to_its_end(account: Any, job_id: Any) -> tuple[Any, list[int]]:
    """The ended job, and after how many seconds each failure was to be tried again."""
    runners = worker.runners_that_ask(account.services.answer)
    one = Worker(account.database, JobLeases(account.database), threading.Event(), runners)
    waits: list[int] = []
    for _ in range(100):
        one._perform(_claim(account.database))
        row = _row(account.database, job_id)
        if row["state"] != "running":
            return row, waits
        waits.append(round(row["waits"]))
    raise AssertionError("tried for ever")


def _an_import(account: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(problem_files, "write", _broken)
    return account.queue_import(BAD_LIST)


def _an_export(account: Any, monkeypatch: Any) -> Any:
    account.import_file(BAD_LIST)
    monkeypatch.setattr("contacts.jobs.exports.csv_bytes", lambda rows: (_broken() for _ in rows))
    return account.call(exports.create, group_id=None, segment_id=None, format="csv", fields_=None)["id"]


def _a_person_export(account: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr("contacts.jobs.person_index.page", _broken)
    return account.call(privacy.request_export, email="ola@x.example")["id"]


def _an_erasure(account: Any, monkeypatch: Any) -> Any:
    # One that cannot be read after one that does not answer: how often that was asked is no progress.
    account.services.away = {"sms_gateway"}
    forget = other_services.OtherServices.forget
    monkeypatch.setattr(
        other_services.OtherServices,
        "forget",
        lambda self, service, *args, **more: (_broken if service == "reporting" else forget)(
            self, service, *args, **more
        ),
    )
    account.import_file("email\nola@x.example\n")
    return account.call(privacy.erase, email="ola@x.example", dry_run=False)["id"]


@pytest.mark.parametrize("begin", [_an_import, _an_export, _a_person_export, _an_erasure])
def test_a_job_that_fails_at_the_same_place_is_given_up_with_its_reason(account, monkeypatch, begin):
    job_id = begin(account, monkeypatch)

    row, waits = _run_to_its_end(account, job_id)

    assert row["state"] == "failed"
    assert row["error"]["code"] == "job.failed" and "UnicodeError" in row["error"]["detail"]
    assert "ola" not in row["error"]["detail"]
    assert len(waits) == jobs.max_attempts(row["kind"])
    assert waits[:5] == [2, 4, 8, 16, 32] and waits == sorted(waits)


def test_jobs_that_were_given_up_are_listed_for_operators(account, monkeypatch, capsys):
    assert show(account.database, days=30) == 0
    job_id = _an_import(account, monkeypatch)
    _run_to_its_end(account, job_id)

    assert show(account.database, days=30) == 1

    line = capsys.readouterr().out
    assert str(job_id) in line and str(account.id) in line and "UnicodeError" in line


def test_whoever_kills_its_process_is_given_up_too(account):
    import_id = account.queue_import(BAD_LIST)

    for _ in range(jobs.max_attempts("import")):
        _claim(account.database)  # and nothing is heard of it any more

    row, _ = _run_to_its_end(account, import_id)
    assert (row["state"], row["error"]["code"]) == ("failed", "job.failed")


def test_jobs_that_ran_beside_the_one_that_kills_are_not_given_up_with_it(account):
    """Three ran in a process that died. They are tried one at a time, so that each dies of itself alone."""
    kinds = ("export", "snapshot", "leftover")
    with account.database.transaction() as session:
        for kind in kinds:
            jobs.add(session, job_id=new_id(), account_id=new_id(), kind=kind, request={})
        together = [jobs.claim(session, new_id()) for _ in kinds]
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))

    seen = []
    for _ in kinds:
        with account.database.transaction() as session:
            suspect, another = jobs.claim(session, new_id()), jobs.claim(session, new_id())
            assert suspect is not None and another is None
            seen.append(suspect.id)
            jobs.add(session, job_id=new_id(), account_id=new_id(), kind="export", request={})
            fresh = jobs.claim(session, new_id())
            assert fresh is not None and fresh.id not in {one.id for one in together if one}, "the others go on"
            jobs.finish(session, fresh, "done")
            jobs.finish(session, suspect, "done")
    assert sorted(seen) == sorted(one.id for one in together if one)


@pytest.fixture
def crashing_after_a_step(monkeypatch) -> Iterator[list[int]]:
    """An import's process dies after each checkpoint; the list counts the deaths."""
    for name in ("READ_ROWS", "ADD_ROWS", "MERGE_KEYS"):
        monkeypatch.setattr(imports, name, 100)
    save, crashes, saved = imports.Import._save, list[int](), set[Any]()

    def once(one: Any, session: Any) -> None:
        if one._job.owner in saved:
            crashes.append(1)
            raise RuntimeError
        save(one, session)
        saved.add(one._job.owner)

    monkeypatch.setattr(imports.Import, "_save", once)
    yield crashes


def test_a_job_that_progresses_is_not_given_up_for_the_number_of_its_failures(account, crashing_after_a_step):
    people = "".join(f"p{n:04d}@x.example\n" for n in range(1_000))
    import_id = account.queue_import("email\n" + people)

    row, _ = _run_to_its_end(account, import_id)

    assert row["state"] == "done"
    assert len(crashing_after_a_step) > 2 * jobs.max_attempts("import")
    counts = account.call(usecase.get, import_id=import_id)["counts"]
    assert (counts["read"], counts["added"]) == (1_000, 1_000) == (1_000, len(account.people()))


def test_a_turn_given_back_is_no_attempt_and_no_progress(account):
    import_id = account.queue_import(BAD_LIST)
    for _ in range(3 * jobs.max_attempts("import")):
        job = _claim(account.database)
        with account.database.transaction() as session:
            jobs.give_back(session, job)
    assert _row(account.database, import_id)["attempts"] == 0

    for given_back in (False, True, False):
        job = _claim(account.database)
        with account.database.transaction() as session:
            jobs.give_back(session, job) if given_back else jobs.retry_later(session, job, "RuntimeError")
    assert _row(account.database, import_id)["attempts"] == 2


def test_a_suspect_that_comes_further_or_fails_with_a_word_is_none_any_more(account):
    account.queue_import(BAD_LIST)
    for let_go in (
        lambda session, job: jobs.save(session, job, done=1, total=None),
        lambda session, job: jobs.retry_later(session, job, "RuntimeError"),
        lambda session, job: jobs.give_back(session, job),
        lambda session, job: jobs.put_off(session, job, 1),
    ):
        _claim(account.database)
        job = _claim(account.database)
        assert job.checkpoint["died"]
        with account.database.transaction() as session:
            let_go(session, job)
        assert "died" not in _row(account.database, job.id)["checkpoint"]
