"""Writes the file of all that is known of a person: a ZIP with an index to read and one JSON document a service.

A service that is away leaves no hole: the file is begun again until all have answered, and after a day the job fails
and says which did not.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import orjson

from chassis import erasures
from chassis.database import Database
from contacts.domain.person import ASKED, OWN, WITHOUT, Person, retry_seconds
from contacts.exceptions import FileRefused, TryLater
from contacts.jobs import person_index, problem_files
from contacts.jobs.other_services import Ask, OtherServices, Unanswered
from contacts.store import files, jobs
from contacts.usecases import person_export

GIVE_UP = timedelta(days=1)
KEEP_DAYS = 7

Records = Iterable[list[dict[str, Any]]]  # pages of {kind, record}


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool], *, ask: Ask) -> bool:
    """:raises TryLater: a service does not answer. :raises FileRefused: one has not for a day."""
    return _PersonExport(database, job, ask).run()


class _PersonExport:
    def __init__(self, database: Database, job: jobs.Job, ask: Ask) -> None:
        self._database, self._job, self._ask = database, job, ask
        self._state = job.checkpoint
        self._services: dict[str, Any] = {}

    def run(self) -> bool:
        self._save()  # first of all: of a job that was called off nothing is left to read
        self._person = Person.of_json(self._job.request)
        with tempfile.TemporaryFile() as into:
            try:
                self._write(into)
            except Unanswered as unanswered:
                raise self._later(*unanswered.args) from None
            into.seek(0)
            self._keep(into)
        return True

    def _write(self, into: IO[bytes]) -> None:
        self._state["services"] = self._services
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
            services, addresses = OtherServices(self._ask, self._job), list(self._person.keys)
            self._add(archive, OWN, self._own())
            for service in ASKED:
                self._add(archive, service, services.records(service, addresses))
            counts = {name: progress["counts"] for name, progress in self._services.items()}
            index = person_index.page(addresses, counts, WITHOUT, datetime.now(UTC))
            archive.writestr("index.html", index)

    def _own(self) -> Iterator[list[dict[str, Any]]]:
        with self._database.transaction() as session:
            records_by_kind = person_export.records_of(session, account_id=self._job.account_id, person=self._person)
        yield from ([{"kind": kind, "record": one} for one in records] for kind, records in records_by_kind.items())

    def _add(self, archive: zipfile.ZipFile, service: str, pages: Records) -> None:
        """One document: `{"service": …, "records": [{"kind": …, "record": {…}}, …]}`, a page in memory at a time."""
        counts: dict[str, int] = {}
        with archive.open(f"{service}.json", "w", force_zip64=True) as document:
            document.write(b'{"service":%s,"records":[' % orjson.dumps(service))
            joint = b"\n"
            for page in pages:
                for one in page:
                    counts[one["kind"]] = counts.get(one["kind"], 0) + 1
                    document.write(joint + orjson.dumps(one, default=str))
                    joint = b",\n"
            document.write(b"\n]}\n")
        self._services[service] = {"state": "done", "counts": counts}
        self._save()

    def _keep(self, written: IO[bytes]) -> None:
        job = self._job
        marks = (mark for one in self._person.keys for mark in erasures.marks(job.account_id, one))
        # By these an erasure finds the file; the addresses themselves are not kept.
        self._state["marks"] = [mark.hex() for mark in marks]
        with self._database.transaction() as session:
            files.delete(session, file_id=job.id)
            files.add(
                session,
                file_id=job.id,
                account_id=job.account_id,
                filename=f"person-{job.id}.zip",
                media_type="application/zip",
                days=KEEP_DAYS,
            )
            jobs.save(session, job, done=1 + len(ASKED), total=1 + len(ASKED))
        problem_files.save(self._database, job.id, iter(lambda: written.read(files.CHUNK_BYTES), b""))
        with self._database.transaction() as session:
            jobs.save(session, job, done=1 + len(ASKED), total=1 + len(ASKED))
            jobs.finish(session, job, "done")
            jobs.forget_request(session, job.id)

    def _later(self, service: str, code: str) -> Exception:
        now = datetime.now(UTC)
        since = datetime.fromisoformat(self._state.setdefault("unanswered_since", now.isoformat()))
        if now - since > GIVE_UP:
            return FileRefused("person_export.incomplete", f"{service} did not answer for a day ({code}).")
        self._state["tries"] = self._state.get("tries", 0) + 1
        self._services[service] = {"state": "waiting", "detail": f"The service does not answer: {code}."}
        self._save()
        return TryLater(retry_seconds(self._state["tries"]))

    def _save(self) -> None:
        with self._database.transaction() as session:
            jobs.save(session, self._job, done=len(self._services), total=1 + len(ASKED))
