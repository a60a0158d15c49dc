"""Ends a person's erasure: engagement, files and snapshots that were being taken, and every other service.

What the request could do at once is done already (`usecases.privacy.erase`). Each service that has confirmed is written
down; the process that takes over after a kill asks the others, and asking twice is harmless. It never gives up: a
service that is away for a week is asked until it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chassis import erasures
from chassis.database import Database
from contacts.domain.person import ASKED, OWN, Person, retry_seconds
from contacts.exceptions import TryLater
from contacts.jobs import problem_files
from contacts.jobs.other_services import Ask, OtherServices, Unanswered
from contacts.store import engagement, jobs
from contacts.store import privacy as privacy_store
from contacts.store import snapshots as snapshot_store
from contacts.usecases import privacy

UNDER_WAY_SECONDS = 1.0  # what a service has in hand is gone within a moment


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool], *, ask: Ask) -> bool:
    """:raises TryLater: a service has not confirmed yet."""
    return _Erasure(database, job, ask).run()


class _Erasure:
    def __init__(self, database: Database, job: jobs.Job, ask: Ask) -> None:
        self._database, self._job, self._ask = database, job, ask
        self._state = job.checkpoint
        self._services: dict[str, Any] = self._state.setdefault("services", {})

    def run(self) -> bool:
        self._save()  # first of all: of a dry run that was called off nothing is left to read
        self._person = Person.of_json(self._job.request)
        self._dry_run: bool = self._job.request["dry_run"]
        self._state["dry_run"] = self._dry_run
        if not self._is_done(OWN):
            self._do_own()
        waits = [seconds for service in ASKED if (seconds := self._ask_once(service)) is not None]
        if waits:
            raise TryLater(max(waits))
        with self._database.transaction() as session:
            jobs.save(session, self._job, done=1 + len(ASKED), total=1 + len(ASKED))
            jobs.finish(session, self._job, "done")
            jobs.forget_request(session, self._job.id)
        return True

    def _is_done(self, service: str) -> bool:
        return bool(self._services.get(service, {}).get("state") == "done")

    def _do_own(self) -> None:
        account_id, person = self._job.account_id, self._person
        counts: dict[str, int] = self._job.request["counts"]
        with self._database.transaction() as session:
            if self._dry_run:
                counts = privacy.count(session, account_id=account_id, person=person)
            else:
                snapshot_store.wait_for_taking(session, account_id=account_id)
                snapshot_store.forget(
                    session, account_id=account_id, contact_ids=person.contact_ids, addresses=person.addresses
                )
        if not self._dry_run:
            with self._database.transaction() as session:  # reads through all engagement of the account
                engagement.erase_engagement(session, account_id, person.contact_ids)
            counts = {**counts, **self._forget_files()}
        # What was made of an audience that held the person was made before this moment.
        self._state["erased_at"] = datetime.now(UTC).isoformat()
        self._services[OWN] = {"state": "done", "counts": counts}
        self._save()

    def _forget_files(self) -> dict[str, int]:
        account_id, person = self._job.account_id, self._person
        marks = [mark for one in person.keys for mark in erasures.marks(account_id, one)]
        with self._database.transaction() as session:
            privacy_store.forget_cursors(session, account_id=account_id)
            lists = privacy_store.drop_exports(session, account_id=account_id)
            about = privacy_store.drop_person_exports(
                session, account_id=account_id, keys=person.keys, marks=marks, but=self._job.id
            )
        rows = problem_files.forget(self._database, account_id, person.addresses)
        return {"export_files": lists + about, "rejected_rows": rows}

    def _ask_once(self, service: str) -> float | None:
        """Ask a service that has not confirmed; after how many seconds again, None where it has confirmed."""
        if self._is_done(service):
            return None
        earlier = self._services.get(service, {})
        counts, tries = earlier.get("counts", {}), earlier.get("tries", 0)
        progress: dict[str, Any] = {"state": "waiting", "counts": counts, "tries": tries}
        wait: float | None = None
        try:
            answer = self._forget_at(service)
        except Unanswered as unanswered:
            wait = retry_seconds(tries)
            progress |= {"tries": tries + 1, "detail": f"The service does not answer: {unanswered.code}."}
        else:
            # Asked again it finds less each time; what it found at first is what was there.
            most = {name: max(count, counts.get(name, 0)) for name, count in answer["counts"].items()}
            progress = {"state": "done", "counts": most}
            if answer["waiting"]:
                wait = UNDER_WAY_SECONDS
                progress |= {"state": "waiting", "detail": f"{answer['waiting']} under way."}
        self._services[service] = progress
        self._save()
        return wait

    def _forget_at(self, service: str) -> dict[str, Any]:
        return OtherServices(self._ask, self._job).forget(
            service, list(self._person.keys), erased_at=self._state["erased_at"], dry_run=self._dry_run
        )

    def _save(self) -> None:
        done = sum(self._is_done(service) for service in (OWN, *ASKED))
        with self._database.transaction() as session:
            jobs.save(session, self._job, done=done, total=1 + len(ASKED))
