"""What every stage of an import stands on: its file, its plan, its staging tables and its checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.logs import get_logger
from contacts.domain import sources
from contacts.domain.files import Dialect
from contacts.domain.rows import Plan, Precedence, Staged
from contacts.domain.values import FieldType
from contacts.store import files as file_store
from contacts.store import groups as group_store
from contacts.store import jobs, merge_sql, people, refusals, staging

STAGES = ("reading", "refusing", "adding", "merging", "reporting", "done")

log = get_logger()


class ImportWork:
    """One import in the hands of one process, and only while it holds the lease."""

    _source: sources.Source

    def __init__(self, database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> None:
        self._database = database
        self._job = job
        self._go_on = go_on
        self._state: dict[str, Any] = job.checkpoint
        self._options: dict[str, Any] = job.request["options"]

    def _prepare(self) -> None:
        self._plan, _ = self._planned()
        self._mend_staging()

    def _chunks(self) -> Iterator[bytes]:
        return file_store.chunks(self._database.transaction, self._job.id)

    def _open(self) -> sources.Source:
        state = self._state
        encoding = state["encoding"]
        dialect = Dialect(encoding, state["separator"], state.get("other")) if encoding else None
        return sources.Source(
            self._chunks,
            dialect,
            state.get("sheet", self._options.get("sheet")),
            header_row=state.get("header_row"),
            region=self._job.request["region"],
        )

    def _planned(self) -> tuple[Plan, list[list[str]]]:
        """The plan, and the first rows."""
        custom = {key: (label, FieldType(kind)) for key, (label, kind, _) in self._state["custom"].items()}
        plan, _, samples = sources.plan_for(
            self._source,
            mapping=self._job.request["mapping"],
            options=self._options,
            custom=custom,
            region=self._job.request["region"],
            today=date.fromisoformat(self._state["today"]),
            date_orders=self._state.get("date_orders", {}),
        )
        return plan, samples

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

    def _merge_plan(self) -> merge_sql.Merge:
        group_ids = [UUID(one) for one in self._options["group_ids"]]
        with self._database.transaction() as session:
            known = group_store.known(session, account_id=self._job.account_id, group_ids=group_ids)
        return merge_sql.Merge(
            import_id=self._job.id,
            account_id=self._job.account_id,
            keys=self._plan.keys,
            slots=[(self._state["custom"][key][2], kind) for key, kind in self._plan.custom.items()],
            consents=self._plan.consents,
            groups=sorted(known),
            precedence=Precedence(self._options["precedence"]),
            bad_values=self._plan.bad_values,
            add_first=self._state["add_first"],
        )

    def _somebody_erased(self, session: Session) -> bool:
        """Whoever was erased since the refusing must not come back: then it is done once more."""
        people.share_account(session, account_id=self._job.account_id)
        if refusals.erased_mark(session, self._job.account_id) != self._state["erased"]:
            self._state["stage"] = "refusing"
        return bool(self._state["stage"] == "refusing")

    def _to_come(self) -> tuple[Iterator[list[str]], int, Callable[[], bool]]:
        """The rows that were not read yet, the number of the first, and whether the turn goes on.

        A turn is at least as long as it took to come back to where the last one ended: else a file would be read from
        its beginning for every few of its rows.
        """
        began = monotonic()
        _, header_row, rows = self._source.table()
        position = self._state["position"]
        for _ in islice(rows, position):
            pass
        came_back = monotonic()
        earns_until = 2 * came_back - began
        return rows, header_row + 1 + position, lambda: self._go_on() or monotonic() <= earns_until

    def _keep_problems(self, session: Session, found: Staged) -> None:
        """Keep what is wrong in the rows of a chunk, and count them. No other chunk tells of the same rows."""
        refusals.add_problems(session, self._job.id, [(one.row, one.rejected, one.code) for one in found.problems])
        rejected = {one.row for one in found.problems if one.rejected}
        warned = {one.row for one in found.problems} - rejected
        counts = self._state["counts"]
        for name, more in (("read", found.count), ("rejected", len(rejected)), ("warnings", len(warned))):
            counts[name] += more

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
        done = (read + min(settled, read)) // 2
        jobs.save(session, self._job, done=done, total=total or None, reached=self._reached())

    def _reached(self) -> tuple[int, int]:
        """How far it is: the stage, and its steps. One that finds nothing to change is progress all the same."""
        state = self._state
        steps = {"reading": state["position"], "adding": sum(state["lanes"]), "merging": state.get("merged_slices", 0)}
        return STAGES.index(state["stage"]), steps.get(state["stage"], 0)
