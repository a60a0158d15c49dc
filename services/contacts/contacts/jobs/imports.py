"""Runs one import: read the file, refuse archived addresses, add who is new, merge the rest, write the rejects.

Every step commits together with its checkpoint, so that whoever takes over after a kill goes on where the last commit
was: rows read are skipped by their number, rows added by their lane's place, keys merged by their order. The plan is
made again from the file and the checkpoint's own choices, which are the same every time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.ids import new_id
from chassis.logs import get_logger
from contacts.domain import sources
from contacts.domain.rows import BadValues, Reader, Staged
from contacts.jobs import problem_files
from contacts.jobs.import_work import ImportWork
from contacts.store import adding, jobs, merging, people, privacy, refusals, staging
from contacts.store import fields as field_store
from contacts.store import files as file_store
from contacts.usecases import imports as usecase

READ_ROWS = 5_000
ADD_ROWS = 10_000
MERGE_KEYS = 10_000
# Connections that add side by side: PostgreSQL works on one core for each.
LANES = 2
# Rows of an import from which on the planner is told of it. Fewer are merged in a moment by any plan; and what few
# change of who is in a segment, autovacuum tells in time.
STATISTICS_FROM = 1_000
ALL_STATISTICS_FROM = 10_000

log = get_logger()


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    """Go on with the import for as long as `go_on()`; True when it is finished."""
    return Import(database, job, go_on).run()


def clean(session: Session, job: jobs.Job) -> None:
    """When an import ends in any way, its staging tables, its upload and its last key go in the same transaction.

    What it archived until then is told to the audit trail.
    """
    usecase.record_archived(session, job)
    usecase.announce_end(session, job)
    staging.drop(session, job.id)
    file_store.delete(session, file_id=job.id)
    privacy.forget_cursors(session, account_id=job.account_id)


class Import(ImportWork):
    """Steps by stage; each says whether there was time to go on."""

    def __init__(self, database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> None:
        super().__init__(database, job, go_on)
        self._saving = threading.Lock()
        self._halted = False
        self._steps = {
            "reading": self._read,
            "refusing": self._refuse,
            "adding": self._add,
            "merging": self._merge,
            "reporting": self._report,
        }

    def run(self) -> bool:
        if "stage" in self._state:
            self._source = self._open()
        else:
            self._begin()
        self._prepare()
        while self._state["stage"] in self._steps:
            if not self._steps[self._state["stage"]]():
                return False
        return True

    def _begin(self) -> None:
        """Decide once what the plan depends on: the file's encoding, the account's fields, today."""
        source, lines = sources.open_source(
            self._job.request["filename"], self._chunks, self._options, region=self._job.request["region"], whole=True
        )
        with self._database.transaction() as session:
            custom = [dict(row) for row in field_store.all_of(session, account_id=self._job.account_id)]
        self._state.update(
            stage="reading",
            encoding=source.dialect.encoding if source.dialect else None,
            separator=source.dialect.separator if source.dialect else None,
            sheet=source.sheet,
            other=source.dialect.other if source.dialect else None,
            today=datetime.now(UTC).date().isoformat(),
            custom={row["key"]: [row["label"], row["kind"], row["slot"]] for row in custom},
            lines=lines,
            position=0,
            staged=-1,  # no staging table yet
            lanes=[0] * LANES,
            slice=ADD_ROWS,
            after="",
            counts={"read": 0, "rejected": 0, "warnings": 0},
        )
        _, header_row, _ = source.table()
        self._state.update(header_row=header_row, date_orders={})
        self._source = source.but(header_row=header_row)
        plan, samples = self._planned()
        self._state["date_orders"] = sources.date_orders_of(
            self._source, plan, samples, self._options.get("date_order"), most=None
        )

    def _read(self) -> bool:
        state, reader = self._state, Reader(self._plan)
        rows, number, may_go_on = self._to_come()
        # One chunk is stored while the next is read: the database works on one core, Python on another.
        with ThreadPoolExecutor(1) as storing:
            stored: Future[None] | None = None
            for chunk in sources.batches(rows, READ_ROWS):
                found = reader.read(chunk, number)
                number += len(chunk)
                if stored is not None:
                    stored.result()
                    if not may_go_on():
                        return False
                stored = storing.submit(self._store, reader.staged_names, len(chunk), found)
            if stored is not None:
                stored.result()
        state["lines"] = state["counts"]["read"]
        state["stage"] = "refusing"
        return True

    def _store(self, names: list[str], size: int, found: Staged) -> None:
        state = self._state
        with self._database.transaction() as session:
            if found.numbers:
                staging.copy(session, self._job.id, names, found)
            self._keep_problems(session, found)
            state["position"] += size
            state["staged"] += len(found.numbers)
            self._save(session)

    def _refuse(self) -> bool:
        """Refuse addresses, then sort out who cannot simply be added: both for the rows that are still to come."""
        state, pending = self._state, {"lanes": self._state["lanes"], "size": self._state["slice"]}
        with self._database.transaction() as session:
            state["erased"] = refusals.erased_mark(session, self._job.account_id)
            refusals.refuse(
                session,
                self._job.id,
                self._job.account_id,
                self._plan.keys,
                reject=self._plan.bad_values is BadValues.REJECT,
                after=state["after"],
                **pending,
            )
            staging.index(session, self._job.id)
            state["staged"] = staging.count(session, self._job.id) or 0
            state["last_row"] = staging.last_row(session, self._job.id)
            if "add_first" not in state:
                room = adding.room_of(session, self._job.account_id)
                state["add_first"] = room is not None and room < state["staged"]
            adding.sort_out(session, self._merge_plan(), **pending)
            state["stage"] = "adding"
            self._count_problems(session)
            self._save(session)
        return self._go_on()

    def _add(self) -> bool:
        """Add who is new over several connections, each with every so many-th slice of the rows."""
        lanes = len(self._state["lanes"])
        with ThreadPoolExecutor(lanes) as pool:
            ended = list(pool.map(self._add_lane, range(lanes)))
        if not all(ended):
            return self._state["stage"] != "adding"
        with self._database.transaction() as session:
            staging.index_rest(session, self._job.id)
            if self._state["staged"] >= STATISTICS_FROM:
                # Else PostgreSQL still believes that the account has no contact, and joins row by row: minutes a slice.
                merging.refresh_statistics_of_addresses(session)
            self._state["stage"] = "merging"
            self._save(session)
        return self._go_on()

    def _add_lane(self, lane: int) -> bool:
        state, merge, size = self._state, self._merge_plan(), self._state["slice"]
        needed = min(len(state["lanes"]) * size, state["staged"])
        while (low := (state["lanes"][lane] * len(state["lanes"]) + lane) * size) < state["last_row"]:
            with self._database.transaction() as session:
                if self._somebody_erased(session):
                    return False
                added = adding.add_slice(session, merge, low, low + size, needed=needed)
                with self._saving:
                    if self._halted:
                        session.rollback()  # or rows would be added that no checkpoint tells of
                        return False
                    # Until this is committed, no other lane may save a checkpoint that tells of it.
                    self._halted = True
                    state["lanes"][lane] += 1
                    state["counts"]["added"] = state["counts"].get("added", 0) + added
                    self._save(session)
                    session.commit()
                    self._halted = False
            if not self._go_on():
                return False
        return True

    def _merge(self) -> bool:
        state, merge = self._state, self._merge_plan()
        while True:
            with self._database.transaction() as session:
                people.lock_account(session, account_id=self._job.account_id)
                if self._somebody_erased(session):
                    return True
                found = merging.merge_slice(session, merge, state["after"], MERGE_KEYS)
                if found is None:
                    state["stage"] = "reporting"
                else:
                    state["after"], tally = found
                    state["merged_slices"] = state.get("merged_slices", 0) + 1
                    _add(state["counts"], tally)
                    if tally.problems:
                        self._count_problems(session)
                self._save(session)
            if found is None:
                return True
            if not self._go_on():
                return False

    def _report(self) -> bool:
        """Write the files of rejected rows and of rows with warnings, and end.

        The files' ids are in the checkpoint before the files are: so whoever takes over after a kill writes the same
        ones again. An erasure looks into the files of ended imports; this one looks itself whether there was any.
        """
        state = self._state
        with self._database.transaction() as session:
            self._count_problems(session)
            kinds = [kind for kind in ("rejected", "warnings") if state["counts"][kind]]
            for kind in kinds:
                state.setdefault(f"{kind}_file_id", str(new_id()))
            state["erased"] = refusals.erased_mark(session, self._job.account_id)
            self._save(session)
        for kind in kinds:
            file_id = UUID(state[f"{kind}_file_id"])
            problem_files.write(self._database, self._job, self._source, file_id, rejected=kind == "rejected")
        counts = state["counts"]
        read = counts["read"]
        if read != sum(counts.get(name, 0) for name in ("added", "updated", "unchanged", "merged", "rejected")):
            log.error("import_counts_differ", import_id=str(self._job.id), **counts)
        with self._database.transaction() as session:
            people.share_account(session, account_id=self._job.account_id)
            if refusals.erased_mark(session, self._job.account_id) != state["erased"]:
                return True  # once more
            state["stage"] = "done"
            if state["staged"] >= ALL_STATISTICS_FROM:
                merging.refresh_statistics(session)
            jobs.save(session, self._job, done=read, total=read)
            jobs.finish(session, self._job, "done")
            clean(session, self._job)
        return True


def _add(counts: dict[str, int], tally: merging.Tally) -> None:
    for name, count in asdict(tally).items():
        if name not in ("rejected", "problems"):  # counted from the problems, where those of reading are too
            counts[name] = counts.get(name, 0) + count
