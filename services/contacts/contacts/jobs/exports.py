"""Writes an export as CSV or XLSX, a page of contacts at a time. Whoever takes over after a kill begins anew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID

import xlsxwriter

from chassis.database import Database
from contacts.domain.columns import CONSENT_FIELDS
from contacts.exceptions import FileRefused
from contacts.jobs.problem_files import csv_bytes, save
from contacts.store import fields as field_store
from contacts.store import files as file_store
from contacts.store import jobs, people
from contacts.usecases import exports as usecase
from contracts.errors import Invalid

PAGE = 5_000
MAX_SHEET_ROWS = 1_048_575
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    """An export is written in one turn: it holds little and cannot be taken up in the middle."""
    export = _Export(database, job)
    if job.request["format"] == "xlsx":
        with tempfile.TemporaryFile() as workbook:
            export.write_workbook(workbook)
            export.save(iter(lambda: workbook.read(file_store.CHUNK_BYTES), b""))
    else:
        export.save(csv_bytes(export.rows()))
    export.finish()
    return True


class _Export:
    def __init__(self, database: Database, job: jobs.Job) -> None:
        self._database = database
        self._job = job
        self._names: list[str] = job.request["fields"]
        self._done = 0
        self._begin()

    def _begin(self) -> None:
        job, request = self._job, self._job.request
        with self._database.transaction() as session:
            try:
                group_id, segment_id = (
                    UUID(request[name]) if request[name] else None for name in ("group_id", "segment_id")
                )
                self._filter = usecase.chosen(session, job.account_id, group_id, segment_id, datetime.now(UTC))
            except Invalid:
                raise FileRefused("export.source_gone", "The group or segment is gone.") from None
            self._slots = {row["key"]: row["slot"] for row in field_store.all_of(session, account_id=job.account_id)}
            self._total = people.count(
                session, account_id=job.account_id, where=[self._filter.sql], parameters=self._filter.parameters
            )
            kind = request["format"]
            file_store.delete(session, file_id=job.id)
            file_store.add(
                session,
                file_id=job.id,
                account_id=job.account_id,
                filename=f"contacts.{kind}",
                media_type=_TYPES[kind],
            )
            jobs.save(session, job, done=0, total=self._total)

    def rows(self) -> Iterator[list[str]]:
        """The header, then a row a contact, every cell as text."""
        yield self._names
        after: UUID | None = None
        while True:
            with self._database.transaction() as session:
                page = people.page(
                    session,
                    account_id=self._job.account_id,
                    where=[self._filter.sql],
                    parameters=self._filter.parameters,
                    after=after,
                    limit=PAGE,
                )
                self._done += len(page)
                jobs.save(session, self._job, done=self._done, total=max(self._total, self._done))
            if not page:
                return
            after = page[-1]["id"]
            for row in page:
                yield [self._cell(row, name) for name in self._names]

    def _cell(self, row: Any, name: str) -> str:
        value = row["custom"].get(self._slots[name]) if name in self._slots else row.get(name)
        if value is None:
            return ""
        if name in CONSENT_FIELDS or isinstance(value, bool):
            return "1" if value else "0"
        return str(value)

    def write_workbook(self, into: IO[bytes]) -> None:
        if self._total > MAX_SHEET_ROWS:
            raise FileRefused("export.too_many_rows", f"A workbook holds {MAX_SHEET_ROWS} contacts; export CSV.")
        book = xlsxwriter.Workbook(
            into, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        sheet = book.add_worksheet("contacts")
        for at, row in enumerate(self.rows()):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
        book.close()
        into.seek(0)

    def save(self, chunks: Iterator[bytes]) -> None:
        save(self._database, self._job.id, chunks)

    def finish(self) -> None:
        with self._database.transaction() as session:
            jobs.save(session, self._job, done=self._done, total=self._done)
            jobs.finish(session, self._job, "done")
