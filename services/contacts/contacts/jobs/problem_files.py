"""The files of an import's rejected rows and of its rows with warnings, as a spreadsheet opens them.

The rows are read from the upload again, so that nothing of them is kept twice. UTF-8 with a byte order mark and
semicolons, because that is what Excel opens right in Poland; no cell can start a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from chassis.database import Database
from chassis.ids import new_id
from contacts.domain import reasons
from contacts.domain.sources import Source
from contacts.store import files as store
from contacts.store import jobs, refusals

PAGE = 10_000


def write(database: Database, job: jobs.Job, source: Source, *, rejected: bool) -> UUID:
    """Write one of the two files; returns its id."""
    file_id = new_id()
    name = "rejected.csv" if rejected else "warnings.csv"
    with database.transaction() as session:
        store.add(
            session, file_id=file_id, account_id=job.account_id, filename=name, media_type="text/csv; charset=utf-8"
        )
    save(database, file_id, csv_bytes(_rows(database, job, source, rejected=rejected)))
    return file_id


def _rows(database: Database, job: jobs.Job, source: Source, *, rejected: bool) -> Iterator[list[str]]:
    header, header_row, rows = source.table()
    yield ["row", "reason", *header]
    wanted = _problems(database, job.id, rejected=rejected)
    number, codes = next(wanted, (0, []))
    for at, row in enumerate(rows, header_row + 1):
        if at == number:
            yield [str(number), "; ".join(reasons.of(code) for code in codes), *row]
            number, codes = next(wanted, (0, []))
            if not number:
                return


def _problems(database: Database, import_id: UUID, *, rejected: bool) -> Iterator[tuple[int, list[str]]]:
    row = 0
    while True:
        with database.transaction() as session:
            page = refusals.problems_after(session, import_id, row, PAGE)
        if not page:
            return
        yield from ((number, codes) for number, bad, codes in page if bad is rejected)
        row = page[-1][0]


def csv_bytes(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """CSV in chunks of the size that the database keeps."""
    written = io.StringIO()
    written.write("\ufeff")
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
        if written.tell() >= store.CHUNK_BYTES // 4:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


def safe(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and cell else cell


def save(database: Database, file_id: UUID, chunks: Iterable[bytes]) -> None:
    """Append chunks to a file, each in a transaction of its own."""
    for seq, body in enumerate(chunks):
        with database.transaction() as session:
            store.append(session, file_id=file_id, seq=seq, body=body)
