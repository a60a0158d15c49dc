"""Runs one import: read the file, refuse archived addresses, add who is new, merge the rest, write the rejects.

Every step commits together with its checkpoint, so that whoever takes over after a kill goes on where the last commit
was: rows read are skipped by their number, rows added by their lane's place, keys merged by their order. The plan is
made again from the file and the checkpoint's own choices, which are the same every time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import islice
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.logs import get_logger
from contacts.domain import sources
from contacts.domain.files import Dialect
from contacts.domain.rows import BadValues, Plan, Precedence, Reader, Staged
from contacts.domain.values import FieldType
from contacts.jobs import problem_files
from contacts.store import adding, jobs, merge_sql, merging, people, refusals, staging
from contacts.store import fields as field_store
from contacts.store import files as file_store
from contacts.store import groups as group_store

READ_ROWS = 5_000
ADD_ROWS = 10_000
MERGE_KEYS = 10_000
# Connections that add side by side: PostgreSQL works on one core for each.
LANES = 2

log = get_logger()


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    """Go on with the import for as long as `go_on()`; True when it is finished."""
    return _Import(database, job, go_on).run()


def clean(session: Session, job: jobs.Job) -> None:
    """When an import ends in any way, its staging tables and its upload go in the same transaction."""
    staging.drop(session, job.id)
    file_store.delete(session, file_id=job.id)


class _Import:
    def __init__(self, database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> None:
        self._database = database
        self._job = job
        self._go_on = go_on
        self._state = job.checkpoint
        self._options = job.request["options"]
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
        if "stage" not in self._state:
            self._begin()
        self._source = self._open()
        self._plan = self._make_plan()
        self._mend_staging()
        while self._state["stage"] in self._steps:
            if not self._steps[self._state["stage"]]():
                return False
        return True

    def _chunks(self) -> Iterator[bytes]:
        return file_store.chunks(self._database.transaction, self._job.id)

    def _begin(self) -> None:
        """Decide once what the plan depends on: the file's encoding, the account's fields, today."""
        source, lines = sources.open_source(self._job.request["filename"], self._chunks, self._options, whole=True)
        with self._database.transaction() as session:
            custom = [dict(row) for row in field_store.all_of(session, account_id=self._job.account_id)]
        self._state.update(
            stage="reading",
            encoding=source.dialect.encoding if source.dialect else None,
            separator=source.dialect.separator if source.dialect else None,
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

    def _open(self) -> sources.Source:
        state = self._state
        dialect = Dialect(state["encoding"], state["separator"]) if state["encoding"] else None
        return sources.Source(self._chunks, dialect, self._options.get("sheet"))

    def _make_plan(self) -> Plan:
        custom = {key: (label, FieldType(kind)) for key, (label, kind, _) in self._state["custom"].items()}
        plan, _, _ = sources.plan_for(
            self._source,
            mapping=self._job.request["mapping"],
            options=self._options,
            custom=custom,
            region=self._job.request["region"],
            today=date.fromisoformat(self._state["today"]),
        )
        return plan

    def _mend_staging(self) -> None:
        """A new staging table where there is none, or where a crash of PostgreSQL has emptied it (it is UNLOGGED)."""
        state = self._state
        if state["stage"] not in ("reading", "refusing", "adding"):
            return
        with self._database.transaction() as session:
            held = staging.count(session, self._job.id)
            if held is not None and held == state["staged"]:
                return
            if state["staged"] >= 0:
                log.warning("staging_lost", import_id=str(self._job.id), held=held, expected=state["staged"])
            staging.create(session, self._job.id, len(self._plan.custom), rest=state["staged"] < 0)
            state.update(stage="reading", position=0, staged=0)
            state["counts"].update(read=0, rejected=0, warnings=0)
            self._save(session)

    def _read(self) -> bool:
        state, reader = self._state, Reader(self._plan)
        began = monotonic()
        _, header_row, rows = self._source.table()
        for _ in islice(rows, state["position"]):
            pass
        # A turn is at least as long as it took to come back to where the last one ended.
        useful_from = monotonic()
        earns_until = useful_from + (useful_from - began)
        number = header_row + 1 + state["position"]
        # One chunk is stored while the next is read: the database works on one core, Python on another.
        with ThreadPoolExecutor(1) as storing:
            stored: Future[None] | None = None
            while chunk := list(islice(rows, READ_ROWS)):
                found = reader.read(chunk, number)
                number += len(chunk)
                if stored is not None:
                    stored.result()
                    if not self._go_on() and monotonic() > earns_until:
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
            refusals.add_problems(session, self._job.id, [(one.row, one.rejected, one.code) for one in found.problems])
            state["position"] += size
            state["staged"] += len(found.numbers)
            rejected = {one.row for one in found.problems if one.rejected}
            warned = {one.row for one in found.problems} - rejected
            for name, more in (("read", found.count), ("rejected", len(rejected)), ("warnings", len(warned))):
                state["counts"][name] += more
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
            self._state["stage"] = "merging"
            self._save(session)
        return self._go_on()

    def _add_lane(self, lane: int) -> bool:
        state, merge, size = self._state, self._merge_plan(), self._state["slice"]
        needed = len(state["lanes"]) * size
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

    def _somebody_erased(self, session: Session) -> bool:
        """Whoever was erased since the refusing must not come back: then it is done once more."""
        people.share_account(session, account_id=self._job.account_id)
        if refusals.erased_mark(session, self._job.account_id) != self._state["erased"]:
            self._state["stage"] = "refusing"
        return bool(self._state["stage"] == "refusing")

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
                    _add(state["counts"], tally)
                    if tally.problems:
                        self._count_problems(session)
                self._save(session)
            if found is None:
                return True
            if not self._go_on():
                return False

    def _merge_plan(self) -> merge_sql.Merge:
        group_ids = [UUID(one) for one in self._options["group_ids"]]
        with self._database.transaction() as session:
            known = group_store.known(session, account_id=self._job.account_id, group_ids=group_ids)
        return merge_sql.Merge(
            import_id=self._job.id,
            account_id=self._job.account_id,
            keys=self._plan.keys,
            slots=[(self._state["custom"][key][2], kind) for key, kind in self._plan.custom.items()],
            groups=sorted(known),
            precedence=Precedence(self._options["precedence"]),
            bad_values=self._plan.bad_values,
            add_first=self._state["add_first"],
        )

    def _report(self) -> bool:
        """Write the files of rejected rows and of rows with warnings, and end."""
        state = self._state
        with self._database.transaction() as session:
            self._count_problems(session)
        counts = state["counts"]
        for kind in ("rejected", "warnings"):
            if counts[kind]:
                file_id = problem_files.write(self._database, self._job, self._source, rejected=kind == "rejected")
                state[f"{kind}_file_id"] = str(file_id)
        read = counts["read"]
        if read != sum(counts.get(name, 0) for name in ("added", "updated", "unchanged", "merged", "rejected")):
            log.error("import_counts_differ", import_id=str(self._job.id), **counts)
        state["stage"], state["after"] = "done", ""  # a key is an address: nothing of it stays
        with self._database.transaction() as session:
            merging.refresh_statistics(session)
            jobs.save(session, self._job, done=read, total=read)
            jobs.finish(session, self._job, "done")
            clean(session, self._job)
        return True

    def _count_problems(self, session: Any) -> None:
        found = refusals.problem_counts(session, self._job.id)
        self._state["counts"]["rejected"] = found.pop("rejected")
        self._state["counts"]["warnings"] = found.pop("warnings")
        self._state["problems"] = found

    def _save(self, session: Any) -> None:
        # A crash of the database may lose the last of these commits, each with its checkpoint: the work is done again.
        # The end of the import is committed durably.
        jobs.commit_lazily(session)
        counts = self._state["counts"]
        read = counts.get("read", 0)
        settled = sum(counts.get(name, 0) for name in ("added", "updated", "unchanged", "merged"))
        total = max(self._state["lines"], read)
        jobs.save(session, self._job, done=(read + min(settled, read)) // 2, total=total or None)


def _add(counts: dict[str, int], tally: merging.Tally) -> None:
    for name, count in asdict(tally).items():
        if name not in ("rejected", "problems"):  # counted from the problems, where those of reading are too
            counts[name] = counts.get(name, 0) + count
