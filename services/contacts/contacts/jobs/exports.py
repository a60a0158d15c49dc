"""Writes an export as CSV or XLSX, a page of contacts at a time. After a kill it is written again from the start."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import IO, Any, Protocol
from uuid import UUID

import xlsxwriter
from sqlalchemy.orm import Session

from chassis.database import Database
from contacts.exceptions import FileRefused
from contacts.jobs.problem_files import csv_bytes, save
from contacts.store import archive, audiences, contact_pages, jobs, people
from contacts.store import fields as field_store
from contacts.store import files as file_store
from contacts.usecases import exports as usecase
from contracts.errors import Invalid

PAGE = 5_000
KEEP_DAYS = 7
MAX_SHEET_ROWS = 1_048_575
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class _Source(Protocol):
    """Where the rows come from: everything as text."""

    names: list[str]

    def total(self, session: Session) -> int: ...

    def page(self, session: Session, after: UUID | None) -> tuple[list[list[str]], UUID | None]:
        """The next rows, and the id of the last of them; no rows, None after the end."""


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


class _Contacts:
    """Contacts of a group, of a segment, or all; a row costs what its cells cost, so that is where care is taken."""

    def __init__(self, session: Session, job: jobs.Job) -> None:
        self._account_id, request = job.account_id, job.request
        group_id, segment_id = (UUID(request[name]) if request[name] else None for name in ("group_id", "segment_id"))
        self._filter = usecase.filter_of(
            session, account_id=job.account_id, group_id=group_id, segment_id=segment_id, now=datetime.now(UTC)
        )
        slots = {row["key"]: row["slot"] for row in field_store.all_of(session, account_id=job.account_id)}
        self.names: list[str] = request["fields"]
        self._cells = [_cell_of(name, slots.get(name)) for name in self.names]

    def total(self, session: Session) -> int:
        where, parameters = [self._filter.sql], self._filter.parameters
        return people.count(session, account_id=self._account_id, where=where, parameters=parameters)

    def page(self, session: Session, after: UUID | None) -> tuple[list[list[str]], UUID | None]:
        audiences.expect_sets(session)
        page = contact_pages.page(
            session,
            account_id=self._account_id,
            where=[self._filter.sql],
            parameters=self._filter.parameters,
            after=after,
            limit=PAGE,
        )
        cells = self._cells
        return [[cell(row) for cell in cells] for row in page], page[-1]["id"] if page else None


def _cell_of(name: str, slot: str | None) -> Callable[[Any], str]:
    if slot is not None:
        return lambda row: _as_text(row["custom"].get(slot))
    return lambda row: _as_text(row[name])


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


class _Archive:
    """Addresses that are archived now."""

    def __init__(self, job: jobs.Job) -> None:
        self._account_id = job.account_id
        self.names: list[str] = job.request["fields"]

    def total(self, session: Session) -> int:
        return archive.count(session, account_id=self._account_id)

    def page(self, session: Session, after: UUID | None) -> tuple[list[list[str]], UUID | None]:
        page = archive.page(session, account_id=self._account_id, wanted=archive.Wanted(), after=after, limit=PAGE)
        return [[_as_text(row[name]) for name in self.names] for row in page], page[-1]["id"] if page else None


class _Export:
    def __init__(self, database: Database, job: jobs.Job) -> None:
        self._database = database
        self._job = job
        self._done = 0
        self._begin()

    def _begin(self) -> None:
        job, kind = self._job, self._job.request["format"]
        source = job.request.get("source", "contacts")
        with self._database.transaction() as session:
            try:
                self._source: _Source = _Archive(job) if source == usecase.ARCHIVE else _Contacts(session, job)
            except Invalid:
                raise FileRefused("export.source_gone", "The group or segment is gone.") from None
            self._total = self._source.total(session)
            file_store.delete(session, file_id=job.id)
            file_store.add(
                session,
                file_id=job.id,
                account_id=job.account_id,
                filename=f"{source}.{kind}",
                media_type=_TYPES[kind],
                days=KEEP_DAYS,
            )
            jobs.save(session, job, done=0, total=self._total)

    def rows(self) -> Iterator[list[str]]:
        """The header, then a row a contact or archived address, every cell as text."""
        yield self._source.names
        after: UUID | None = None
        while True:
            with self._database.transaction() as session:
                page, after = self._source.page(session, after)
                self._done += len(page)
                jobs.save(session, self._job, done=self._done, total=max(self._total, self._done))
            if not page:
                return
            yield from page

    def write_workbook(self, into: IO[bytes]) -> None:
        if self._total > MAX_SHEET_ROWS:
            raise FileRefused("export.too_many_rows", f"A workbook holds {MAX_SHEET_ROWS} rows; export CSV.")
        book = xlsxwriter.Workbook(
            into, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        sheet = book.add_worksheet(self._job.request.get("source", "contacts"))
        write = sheet.write_string
        for at, row in enumerate(self.rows()):
            for column, cell in enumerate(row):
                if cell:
                    write(at, column, cell)
        book.close()
        into.seek(0)

    def save(self, chunks: Iterator[bytes]) -> None:
        save(self._database, self._job.id, chunks)

    def finish(self) -> None:
        with self._database.transaction() as session:
            jobs.save(session, self._job, done=self._done, total=self._done)
            jobs.finish(session, self._job, "done")
