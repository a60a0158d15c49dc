"""What contacts does when all is asked of a person, and when the person is erased; other services are faked."""

from __future__ import annotations

import io
import threading
import zipfile
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from chassis.ids import new_id
from chassis.testing import places_of, wait_until
from contacts.jobs import exports as export_job
from contacts.jobs import problem_files, worker
from contacts.store import engagement, jobs
from contacts.store import snapshots as snapshot_store
from contacts.usecases import archive, audiences, exports, files, groups, imports, people, privacy
from contracts.errors import Conflict, NotFound
from contracts.vocabulary import ArchiveReason, Channel

HER, HER_PHONE, BEFORE = "ola@poczta.example", "+48505603496", "stara@poczta.example"
NEEDLES = (HER, HER_PHONE, BEFORE, "505603496", "Wiśniewska")


def her(account: Any) -> Any:
    """A person with a trace of every kind in contacts."""
    account.import_file(
        f"email;telefon;nazwisko\n{BEFORE};505603496;Wiśniewska\njan@x.example;;Nowak\n", group_name="Lista"
    )
    row = next(one for one in account.people() if one["email"] == BEFORE)
    account.call(people.update, contact_id=row["id"], email=HER, consents={"email": {"granted": True, "source": "api"}})
    account.call(
        archive.add,
        channel=Channel.SMS,
        addresses=[HER_PHONE],
        contact_ids=[],
        reason=ArchiveReason.OTHER,
        note=f"{HER} asked",
    )
    return row["id"]


def content(account: Any, file_id: Any) -> bytes:
    parts, seq = [], 0
    while (part := account.call(files.read, file_id=file_id, seq=seq))["chunk"] is not None:
        parts.append(b64decode(part["chunk"]))
        seq += 1
    return b"".join(parts)


def test_the_file_holds_all_that_anybody_knows_and_an_index(account):
    contact_id = her(account)
    account.services.messages["reporting"] = [{"id": n, "ip": "192.0.2.1"} for n in range(450)]

    asked = account.call(privacy.request_export, email=HER)
    account.run_imports()

    job = account.call(privacy.get_export, person_export_id=asked["id"])
    assert (job["state"], job["done"], job["total"]) == ("done", 9, 9)
    assert (job["expires_at"] - job["finished_at"]).days in (6, 7)
    with zipfile.ZipFile(io.BytesIO(content(account, job["file_id"]))) as archive_:
        assert archive_.testzip() is None
        told = {name: archive_.read(name) for name in archive_.namelist()}
    assert set(told) == {
        *("index.html", "contacts.json", "reporting.json"),
        *("sms_gateway.json", "email_gateway.json", "push_gateway.json", "ott_gateway.json"),
        *("rcs_gateway.json", "viber_gateway.json", "campaigns.json"),
    }
    own = orjson.loads(told["contacts.json"])["records"]
    by_kind = {one["kind"]: one["record"] for one in own}
    assert by_kind["contact"]["id"] == str(contact_id)
    assert by_kind["former_address"]["address"] == BEFORE
    assert by_kind["archive"]["note"] == f"{HER} asked"
    assert by_kind["import"]["filename"] == "list.csv"
    assert {"consent", "group"} <= set(by_kind)
    assert len(orjson.loads(told["reporting.json"])["records"]) == 450
    assert b"450" in told["index.html"] and HER.encode() in told["index.html"]
    asked_for = [payload["addresses"] for name, payload in account.services.asked if name.endswith("export_person")]
    assert {tuple(one) for one in asked_for} == {(HER_PHONE, HER, BEFORE, str(contact_id))}


def test_a_service_that_is_away_leaves_no_hole(account):
    her(account)
    account.services.away = {"email_gateway"}
    asked = account.call(privacy.request_export, email=HER)
    _run_once(account)

    job = account.call(privacy.get_export, person_export_id=asked["id"])
    assert (job["state"], job["file_id"]) == ("running", None)
    assert [one["state"] for one in job["services"][:4]] == ["done", "done", "waiting", "waiting"]

    account.services.away = set()
    _due(account)
    account.run_imports()
    assert account.call(privacy.get_export, person_export_id=asked["id"])["state"] == "done"


def _due(account: Any) -> None:
    with account.database.transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running'"))


def _run_once(account: Any) -> None:
    """One turn of whatever is next, as a worker gives it."""
    runners = worker.runners_that_ask(account.services.answer)
    one = worker.Worker(account.database, worker.JobLeases(account.database), threading.Event(), runners)
    one._perform(one._claim())


def test_an_erased_person_is_nowhere_in_contacts(account, database):
    contact_id = her(account)
    column = {"account_id": str(account.id), "campaign_id": str(new_id()), "kind": "opened", "day": "2026-11-24"}
    with database.transaction() as session:
        engagement.add(session, [{**column, "contact_ids": str(contact_id)}])
        assert len(engagement.engagement_of(session, account.id, contact_id)) == 1
    group = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]
    snapshot_id = new_id()
    account.call(
        audiences.request_snapshot,
        snapshot_id=snapshot_id,
        channel=Channel.EMAIL,
        audience={"groups": [group]},
        fields_=["last_name"],
    )
    account.run_imports()
    listed = account.call(exports.create, group_id=group, segment_id=None, format="csv", fields_=None)
    known = account.call(privacy.request_export, phone="505603496")
    account.import_file(f"email;telefon\nzly adres;505603496 x\n{HER};12\n")  # its files hold her rows
    account.run_imports()
    assert len(places_of(database, NEEDLES)) >= 5

    erasure = account.call(privacy.erase, email=HER)
    account.run_imports()

    job = account.call(privacy.get_erasure, erasure_id=erasure["id"])
    assert (job["state"], job["dry_run"], job["services"][0]["counts"]["contacts"]) == ("done", False, 1)
    with database.transaction() as session:
        assert engagement.engagement_of(session, account.id, contact_id) == []
    assert places_of(database, NEEDLES, but=("outbox",)) == []
    assert account.call(audiences.read, snapshot_id=snapshot_id, after=0, limit=10)["recipients"] == []
    for gone in (listed["id"], known["id"]):
        with pytest.raises(NotFound):
            account.call(files.read, file_id=gone, seq=0)
    assert account.call(privacy.get_export, person_export_id=known["id"])["file_id"] is None


def test_an_import_that_names_an_erased_person_counts_them_and_keeps_nothing(account, database):
    her(account)
    account.call(privacy.erase, email=HER)
    account.run_imports()

    job = account.import_file(
        f"email;telefon;nazwisko\n{HER.upper()};;Wiśniewska\n;505 603 496;Wiśniewska\nnowa@x.example;;B\n"
    )

    assert (job["counts"]["added"], job["counts"]["rejected"]) == (1, 2)
    assert job["problems"] == {"email.erased": 1, "phone.erased": 1}
    assert "email.erased" in account.download(job["rejected_file_id"])
    assert places_of(database, [*NEEDLES, HER.upper()], but=("outbox",)) == []


def test_who_was_erased_when_addresses_were_hashed_with_a_salt_is_still_known(account, database):
    account.call(people.create, terms=account.terms, external_id="k-1")
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO erased (account_id, hash) SELECT account_id, sha256(hash_salt || convert_to(a, 'UTF8'))"
                " FROM accounts, unnest(CAST(:addresses AS text[])) a WHERE account_id = :id"
            ),
            {"id": account.id, "addresses": [HER, HER_PHONE]},
        )

    job = account.import_file(f"email;telefon\n{HER};\n;505603496\nnowa@x.example;\n")

    assert job["problems"] == {"email.erased": 1, "phone.erased": 1}
    assert HER not in account.download(job["rejected_file_id"])
    with pytest.raises(Conflict, match="erased"):
        account.call(people.create, terms=account.terms, email=HER)
    account.call(people.create, terms=account.terms, email=HER, restore_erased=True)
    assert account.import_file(f"email\n{HER}\n")["counts"]["unchanged"] == 1


def _files(database: Any) -> list[tuple[str, int]]:
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text("SELECT filename, chunks FROM files"))]


def test_a_file_of_rejected_rows_that_is_being_written_does_not_keep_the_person(account, database, monkeypatch):
    her(account)
    written = problem_files.save

    def erased_meanwhile(database: Any, file_id: Any, chunks: Any) -> None:
        monkeypatch.setattr(problem_files, "save", written)
        held = list(chunks)
        account.call(privacy.erase, email=HER)
        account.run_imports()
        written(database, file_id, held)

    monkeypatch.setattr(problem_files, "save", erased_meanwhile)
    job = account.import_file(f"email;telefon;nazwisko\n{HER};12;Wiśniewska\nzly;12;Nowak\n", bad_values="reject")

    rows = account.download(job["rejected_file_id"]).splitlines()
    assert (job["state"], job["counts"]["rejected"]) == ("done", 2)
    assert rows[1].endswith(";;;") and rows[2].endswith("zly;12;Nowak")
    assert places_of(database, NEEDLES, but=("outbox",)) == []
    assert len(_files(database)) == 1


def test_a_kill_while_rejected_rows_are_written_leaves_no_file_that_nobody_knows_of(account, database, monkeypatch):
    her(account)
    written = problem_files.save

    def killed(database: Any, file_id: Any, chunks: Any) -> None:
        monkeypatch.setattr(problem_files, "save", written)
        written(database, file_id, chunks)
        raise SystemExit

    monkeypatch.setattr(problem_files, "save", killed)
    import_id = account.queue_import(f"email;telefon\n{HER};12\n", bad_values="reject")
    with pytest.raises(SystemExit):
        account.run_imports()
    assert account.call(imports.get, import_id=import_id)["rejected_file_id"] is None
    _due(account)
    account.run_imports()

    assert account.call(imports.get, import_id=import_id)["state"] == "done"
    assert _files(database) == [("rejected.csv", 1)]


def test_an_import_that_is_cancelled_keeps_nobody_in_its_checkpoint(account, database):
    her(account)
    import_id = account.queue_import("email\nzz@x.example\n")
    with database.transaction() as session:
        job = jobs.claim(session, new_id())
        job.checkpoint["after"] = f"0{HER}"
        jobs.save(session, job, done=0, total=None)
        jobs.finish(session, job, "cancelled")
        worker.CLEANERS["import"](session, job)

    assert account.call(imports.get, import_id=import_id)["state"] == "cancelled"
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM jobs WHERE checkpoint ? 'after'")) == 0


def test_a_dry_run_counts_and_changes_nothing(account, database):
    her(account)
    account.services.under_way = {"sms_gateway": 0}

    job = account.call(privacy.erase, email=HER, dry_run=True)
    account.run_imports()

    job = account.call(privacy.get_erasure, erasure_id=job["id"])
    own = job["services"][0]["counts"]
    assert (job["state"], job["dry_run"]) == ("done", True)
    assert (own["contacts"], own["addresses"], own["archive"]) == (1, 3, 1)
    assert all(payload["dry_run"] for name, payload in account.services.asked if name.endswith("erase_person"))
    assert len(account.people()) == 2


def test_an_erasure_waits_for_every_service_and_says_which(account, database):
    her(account)
    account.services.away = {"reporting"}
    account.services.under_way = {"sms_gateway": 2}
    erasure = account.call(privacy.erase, email=HER)

    _run_once(account)
    job = account.call(privacy.get_erasure, erasure_id=erasure["id"])
    states = {one["service"]: one["state"] for one in job["services"]}
    assert (job["state"], job["done"], job["total"]) == ("running", 7, 9)
    assert states == {
        "contacts": "done",
        "sms_gateway": "waiting",
        "email_gateway": "done",
        "push_gateway": "done",
        "ott_gateway": "done",
        "rcs_gateway": "done",
        "viber_gateway": "done",
        "campaigns": "done",
        "reporting": "waiting",
        "identity": "holds_nothing",
    }
    _due(account)
    account.services.away = set()
    account.run_imports()

    job = account.call(privacy.get_erasure, erasure_id=erasure["id"])
    assert (job["state"], job["done"]) == ("done", 9)
    asked = [(name, payload["erased_at"]) for name, payload in account.services.asked]
    assert len({at for _, at in asked}) == 1
    assert [name for name, _ in asked].count("email_gateway.erase_person") == 1
    with database.transaction() as session:
        assert session.scalar(text("SELECT request FROM jobs WHERE kind = 'erasure'")) == {}


def test_a_kill_between_two_services_goes_on_with_the_next(account, database):
    her(account)
    account.call(privacy.erase, email=HER)
    answer = account.services.answer

    def killed(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("email_gateway"):
            raise SystemExit
        return answer(name, *rest, **more)

    with database.transaction() as session:
        job = jobs.claim(session, new_id())
    with pytest.raises(SystemExit):
        worker.runners_that_ask(killed)["erasure"](database, job, lambda: True)
    _due(account)
    account.run_imports()

    names = [name for name, _ in account.services.asked]
    channels = ("sms_gateway", "email_gateway", "push_gateway", "ott_gateway", "rcs_gateway", "viber_gateway")
    asked = (*channels, "campaigns", "reporting")
    assert names == [f"{service}.erase_person" for service in asked]


def test_a_snapshot_that_is_being_taken_does_not_keep_the_person(account, database):
    her(account)
    group = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]
    snapshot_id = new_id()
    request = {"channel": "email", "audience": {"groups": [str(group)]}, "fields": []}
    account.call(
        audiences.request_snapshot, snapshot_id=snapshot_id, channel=Channel.EMAIL,
        audience={"groups": [group]}, fields_=[],
    )  # fmt: skip
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET state = 'done' WHERE kind = 'snapshot'"))
    with database.transaction() as session:
        assert (
            audiences.take(
                session, account_id=account.id, snapshot_id=snapshot_id, request=request, now=datetime.now(UTC)
            )
            == 1
        )
        erasure = account.call(privacy.erase, email=HER)
        ended = threading.Thread(target=account.run_imports)
        ended.start()
        wait_until(lambda: _waits(database), what="the erasure waits for the snapshot")
    ended.join(20)

    assert account.call(privacy.get_erasure, erasure_id=erasure["id"])["state"] == "done"
    with database.transaction() as session:
        place = {"snapshot_id": snapshot_id, "account_id": account.id, "channel": "email"}
        assert snapshot_store.read(session, **place, after=0, up_to=10, today=datetime.now(UTC).date()).recipients == []


def _waits(database: Any) -> bool:
    with database.transaction() as session:
        return bool(
            session.scalar(
                text(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            )
        )


def test_a_list_that_is_being_written_is_begun_again_without_the_person(account, database, monkeypatch):
    her(account)
    account.call(exports.create, group_id=None, segment_id=None, format="csv", fields_=None)
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET queued_at = now() - interval '1 hour' WHERE kind = 'export'"))
        job = jobs.claim(session, new_id())
    writing = export_job._Export(database, job)
    rows = list(writing.rows())
    account.call(privacy.erase, email=HER)
    account.run_imports()

    with pytest.raises(Exception, match="foreign key"):
        writing.save(iter([str(rows).encode()]))

    assert places_of(database, NEEDLES, but=("outbox",)) == []


def test_who_has_only_a_name_of_the_customers_own_is_exported_and_erased(account):
    """Devices and Viber's ids lie under the contact's own id, also of who was never written to."""
    ola = account.call(people.create, terms=account.terms, external_id="k-17", last_name="Wiśniewska")

    asked = account.call(privacy.request_export, external_id="k-17")
    account.run_imports()
    assert account.call(privacy.get_export, person_export_id=asked["id"])["state"] == "done"
    erasure = account.call(privacy.erase, external_id="k-17")
    account.run_imports()

    assert account.call(privacy.get_erasure, erasure_id=erasure["id"])["state"] == "done"
    assert {tuple(payload["addresses"]) for _, payload in account.services.asked} == {(str(ola["id"]),)}
    assert account.call(privacy.get_export, person_export_id=asked["id"])["file_id"] is None and account.people() == []
    with pytest.raises(NotFound):
        account.call(privacy.erase, external_id="k-17")


def test_a_former_address_that_is_somebody_elses_now_stays_with_them(account):
    ola = account.call(people.create, terms=account.terms, email=BEFORE)
    account.call(people.update, contact_id=ola["id"], email=HER)
    account.call(people.create, terms=account.terms, email=BEFORE)

    account.call(privacy.erase, contact_id=ola["id"])
    account.run_imports()

    assert [one["email"] for one in account.people()] == [BEFORE]
    assert {tuple(payload["addresses"]) for _, payload in account.services.asked} == {(HER, str(ola["id"]))}
