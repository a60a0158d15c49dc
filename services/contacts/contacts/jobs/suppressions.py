"""Runs an import whose file is a list of addresses that get no more campaigns: they go to the archive, and that is all.

A chunk of rows is archived together with its checkpoint, so that whoever takes over goes on after it; an address that
is archived already keeps its first reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.ids import new_id
from contacts.domain import sources
from contacts.domain.rows import Reader, Staged
from contacts.jobs.imports import Import
from contacts.store import jobs
from contacts.store.audiences import ADDRESS
from contacts.usecases import archive
from contracts.vocabulary import ArchiveReason, Channel

ROWS = 1_000  # as many addresses as an event names


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    """Go on with the list for as long as `go_on()`; True when it is finished."""
    return _Suppression(database, job, go_on).run()


class _Suppression(Import):
    def __init__(self, database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> None:
        super().__init__(database, job, go_on)
        self._steps = {"reading": self._archive, "reporting": self._report}

    def _mend_staging(self) -> None:
        """Nothing is staged."""

    def _archive(self) -> bool:
        state, reader = self._state, Reader(self._plan.of_addresses())
        rows, number, may_go_on = self._to_come()
        for chunk in sources.batches(rows, ROWS):
            found = reader.read(chunk, number)
            number += len(chunk)
            with self._database.transaction() as session:
                self._archive_chunk(session, reader, found)
                self._keep_problems(session, found)
                state["position"] += len(chunk)
                self._save(session)
            if not may_go_on():
                return False
        state["lines"] = state["counts"]["read"]
        state["stage"] = "reporting"
        return True

    def _archive_chunk(self, session: Session, reader: Reader, found: Staged) -> None:
        people = found.rows(reader.names)
        new: set[str] = set()
        for channel in Channel:
            addresses = sorted({one[ADDRESS[channel]] for one in people.values() if ADDRESS[channel] in one})
            if addresses:
                archived = self._archived(session, channel, addresses)
                new.update(archived)
                by_channel = self._state.setdefault("archived", {})
                by_channel[channel.value] = by_channel.get(channel.value, 0) + len(archived)
        added = 0
        for person in people.values():
            own = new.intersection(person.values())
            new -= own
            added += bool(own)
        for name, more in (("added", added), ("unchanged", len(people) - added)):
            self._state["counts"][name] = self._state["counts"].get(name, 0) + more

    def _archived(self, session: Session, channel: Channel, addresses: list[str]) -> list[str]:
        """Those of the addresses that were not archived before."""
        asked: dict[str, Any] = self._options["archive"]
        reason = ArchiveReason(asked["reason"])
        entries: list[dict[str, Any]] = [
            {"id": new_id(), "address": one, "contact_id": None, "reason": reason, "note": asked["note"]}
            for one in addresses
        ]
        return archive.archive(
            session,
            account_id=self._job.account_id,
            channel=channel,
            entries=entries,
            source=f"import:{self._job.id}",
            archived_by=self._job.request["created_by"],
        )
