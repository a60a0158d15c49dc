from __future__ import annotations

import io
import threading

import pytest
import xlsxwriter
from sqlalchemy import text

from chassis.ids import new_id
from chassis.testing import wait_until
from chassis.waking import REST_SECONDS, Waker
from contacts.exceptions import JobCancelled, LeaseLost
from contacts.jobs import imports as import_job
from contacts.jobs import worker
from contacts.jobs.worker import JobLeases, Worker
from contacts.store import files, jobs, people, staging
from contacts.usecases import imports


def _claim(database):
    with database.transaction() as session:
        return jobs.claim(session, new_id())


def _list(count: int, domain: str = "x.example") -> str:
    return "email;imie\n" + "".join(f"p{n:06d}@{domain};Imię {n}\n" for n in range(count))


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(import_job, "READ_ROWS", 100)
    monkeypatch.setattr(import_job, "ADD_ROWS", 100)
    monkeypatch.setattr(import_job, "MERGE_KEYS", 100)


def _run_until(database, stage: str, account) -> None:
    """Give the turn back after every step until the import is in `stage`."""
    while True:
        with database.transaction() as session:
            job = session.execute(text("SELECT checkpoint FROM jobs")).scalar_one()
        if job.get("stage") == stage and job["counts"].get("added", 0) > 0:
            return
        claimed = _claim(database)
        assert not import_job.run(database, claimed, lambda: False)
        with database.transaction() as session:
            jobs.give_back(session, claimed)


def test_an_import_goes_on_after_the_database_has_lost_the_staged_rows(database, account, small_steps):
    import_id = account.queue_import(_list(1_000))
    _run_until(database, "adding", account)

    with database.transaction() as session:  # as a crash of PostgreSQL empties an UNLOGGED table
        session.execute(text(f"TRUNCATE {staging.name_of(import_id)}"))
    account.run_imports()

    job = account.call(imports.get, import_id=import_id)
    assert job["state"] == "done"
    assert (job["counts"]["read"], job["counts"]["added"]) == (1_000, 1_000) == (1_000, len(account.people()))


def _somebody_waits(database, *, but: int) -> bool:
    """Another connection is in the middle of a transaction, and waits: for a lock of the database or of the process."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> :but AND"
        " (wait_event_type = 'Lock' OR state = 'idle in transaction' AND clock_timestamp() - state_change > '50 ms')"
    )
    with database.transaction() as session:
        return session.scalar(text(query), {"but": but}) > 0


def test_a_lane_that_fails_leaves_nothing_of_the_other_uncounted(database, account, small_steps, monkeypatch):
    import_id = account.queue_import(_list(2_000))
    _run_until(database, "adding", account)
    save = import_job.Import._save

    def fail(one, session):
        mine = session.scalar(text("SELECT pg_backend_pid()"))
        wait_until(lambda: _somebody_waits(database, but=mine), what="the other lane to wait for its turn")
        raise RuntimeError

    monkeypatch.setattr(import_job.Import, "_save", fail)
    with pytest.raises(RuntimeError):
        import_job.run(database, _claim(database), lambda: True)
    monkeypatch.setattr(import_job.Import, "_save", save)
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))
    account.run_imports()

    counts = account.call(imports.get, import_id=import_id)["counts"]
    assert (counts["read"], counts["added"]) == (2_000, 2_000) == (2_000, len(account.people()))


def test_nobody_who_is_erased_meanwhile_comes_back(database, account, small_steps):
    import_id = account.queue_import(_list(1_000) + "p000000@x.example;Ja\np000990@x.example;Nie\n")
    _run_until(database, "adding", account)
    gone = ("p000000@x.example", "p000001@x.example", "p000900@x.example", "p000990@x.example")

    with database.transaction() as session:
        people.lock_account(session, account_id=account.id)
        session.execute(text("DELETE FROM contacts WHERE email = ANY(:gone)"), {"gone": list(gone)})
        people.remember_erasure(session, account_id=account.id, addresses=gone)
    account.run_imports()

    job = account.call(imports.get, import_id=import_id)
    counts = job["counts"]
    assert not {one["email"] for one in account.people()} & set(gone)
    assert (
        counts["read"] == 1_002 == sum(counts[name] for name in ("added", "updated", "unchanged", "merged", "rejected"))
    )
    assert counts["rejected"] == job["problems"]["email.erased"] == 5


def test_whoever_has_lost_the_lease_writes_nothing(database, account, small_steps):
    account.queue_import(_list(500))
    slow = _claim(database)
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))
    quick = _claim(database)

    with pytest.raises(LeaseLost):
        import_job.run(database, slow, lambda: True)
    assert import_job.run(database, quick, lambda: True)

    assert len(account.people()) == 500


def test_a_cancelled_import_stops_at_its_next_step(database, account, small_steps):
    import_id = account.queue_import(_list(500))
    job = _claim(database)
    account.call(imports.cancel, import_id=import_id)

    with pytest.raises(JobCancelled):
        import_job.run(database, job, lambda: True)

    assert account.people() == []


def test_a_small_list_does_not_wait_for_a_big_one(database, new_account, small_steps, monkeypatch):
    monkeypatch.setattr(worker, "TURN_SECONDS", 0.1)
    big, small = new_account(), new_account()
    first = big.queue_import(_list(20_000))
    stop = threading.Event()
    leases = JobLeases(database)
    running = threading.Thread(target=Worker(database, leases, stop).run)
    running.start()
    try:
        wait_until(lambda: big.call(imports.get, import_id=first)["done"] > 0)
        second = small.queue_import(_list(20))
        wait_until(lambda: small.call(imports.get, import_id=second)["state"] == "done", timeout=10)
        assert big.call(imports.get, import_id=first)["state"] in ("waiting", "running")
        wait_until(lambda: big.call(imports.get, import_id=first)["state"] == "done", timeout=120)
    finally:
        stop.set()
        running.join()
    assert big.call(imports.get, import_id=first)["counts"]["added"] == 20_000


def test_a_turn_ends_at_once_for_an_account_of_which_nothing_runs(database, new_account, small_steps, monkeypatch):
    """The worker's only turn would else last until the big list is done."""
    monkeypatch.setattr(worker, "TURN_SECONDS", 1_000)
    big, small = new_account(), new_account()
    first = big.queue_import(_list(20_000))
    stop = threading.Event()
    running = threading.Thread(target=Worker(database, JobLeases(database), stop).run)
    running.start()
    try:
        wait_until(lambda: big.call(imports.get, import_id=first)["done"] > 0)
        big.queue_import(_list(10))  # its own second one ends no turn
        second = small.queue_import(_list(20))
        wait_until(lambda: small.call(imports.get, import_id=second)["state"] == "done", timeout=30)
        assert big.call(imports.get, import_id=first)["state"] in ("waiting", "running")
    finally:
        stop.set()
        running.join()


def test_resting_workers_take_a_new_job_at_once(database, account):
    stop = threading.Event()
    leases, waker = JobLeases(database), Waker(database, jobs.JOBS).start()
    workers = [threading.Thread(target=Worker(database, leases, stop, waker=waker).run) for _ in range(2)]
    for each in workers:
        each.start()
    try:
        wait_until(lambda: waker_is_resting(waker), what="rest")
        import_id = account.queue_import(_list(10))
        wait_until(lambda: account.call(imports.get, import_id=import_id)["state"] == "done", timeout=REST_SECONDS / 2)
    finally:
        stop.set()
        waker.set()
        for each in workers:
            each.join()
        waker.close()


def waker_is_resting(waker):
    """Nothing has been said for a moment, so that every worker has looked and found nothing."""
    return not waker.wait(0.3)


def test_an_account_runs_one_import_at_a_time_and_ends_with_each_person_once(database, account, new_account):
    first, second = (account.queue_import(_list(1_000)) for _ in range(2))
    other = new_account().queue_import(_list(10))

    claimed = [_claim(database) for _ in range(3)]
    assert [job and job.id for job in claimed] == [first, other, None]
    with database.transaction() as session:
        jobs.give_back(session, claimed[0])
    account.run_imports()

    found = [account.call(imports.get, import_id=one)["counts"] for one in (first, second)]
    assert sum(one["added"] for one in found) == len(account.people()) == 1_000
    assert sum(one["unchanged"] for one in found) == 1_000


def test_a_workbook_is_fetched_from_the_database_once(account, monkeypatch):
    """With a cover, so that its sheets are looked into first."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    book.add_worksheet("Okładka").write(0, 0, "Raport")
    sheet = book.add_worksheet("Klienci")
    for at, row in enumerate(
        (["E-mail", "Urodziny"], ["ola@x.example", "03/04/1990"], ["jan@x.example", "04/03/1990"])
    ):
        sheet.write_row(at, 0, row)
    book.close()
    fetched = []
    chunks = files.chunks
    monkeypatch.setattr(files, "chunks", lambda *given: fetched.append(given[1]) or chunks(*given))

    job = account.import_file(file.getvalue(), "klienci.xlsx")

    assert (job["state"], job["counts"]["added"]) == ("done", 2)
    assert fetched == [job["id"]]


def test_an_import_that_is_cancelled_tells_of_what_is_there(database, account, small_steps):
    """The step in which the wish is seen is undone, and is in no figure."""
    import_id = account.queue_import(_list(1_000))
    asked = []

    def cancelled() -> bool:
        with database.reading() as session:
            there = session.scalar(text("SELECT count(*) FROM contacts"))
        if there and not asked:
            asked.append(account.call(imports.cancel, import_id=import_id))
        return True

    Worker(
        database,
        JobLeases(database),
        threading.Event(),
        {"import": lambda *given: import_job.run(*given[:2], cancelled)},
    )._perform(_claim(database))

    job = account.call(imports.get, import_id=import_id)
    assert job["state"] == "cancelled" and 0 < job["counts"]["added"] < 1_000
    assert job["counts"]["added"] == len(account.people())
