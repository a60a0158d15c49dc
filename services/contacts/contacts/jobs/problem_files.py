"""The files of an import's rejected rows and of its rows with warnings, as a spreadsheet opens them.

The rows are read from the upload again, so that nothing of them is kept twice. UTF-8 with a byte order mark and
semicolons, because that is what Excel opens right in Poland; no cell can start a formula. Reasons are codes: the
gateway says them in the language of whoever downloads the file. A row that names somebody who was erased is there by
its number and reason alone.
"""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from uuid import UUID

from chassis.database import Database
from contacts.domain import second_look
from contacts.domain.sources import Source
from contacts.store import files as store
from contacts.store import jobs, people, privacy, refusals
from contracts.csv_cells import inert

PAGE = 10_000


def write(database: Database, job: jobs.Job, source: Source, file_id: UUID, *, rejected: bool) -> None:
    """Write one of the two files, in place of what an earlier try left of it."""
    name = "rejected.csv" if rejected else "warnings.csv"
    with database.transaction() as session:
        store.delete(session, file_id=file_id)
        store.add(
            session, file_id=file_id, account_id=job.account_id, filename=name, media_type="text/csv; charset=utf-8"
        )
    rows = _without_erased(database, job, _rows(database, job, source, rejected=rejected))
    save(database, file_id, csv_bytes(rows))


def forget(database: Database, account_id: UUID, addresses: Collection[str]) -> int:
    """Blank the rows that hold one of `addresses` in the files of finished imports; returns how many there were."""
    with database.transaction() as session:
        region = people.region(session, account_id=account_id)
        file_ids = privacy.problem_files(session, account_id=account_id)
    return sum(_forget_in(database, file_id, set(addresses), region) for file_id in file_ids)


def _forget_in(database: Database, file_id: UUID, addresses: set[str], region: str) -> int:
    blanked = 0
    with tempfile.SpooledTemporaryFile(max_size=1024 * 1024) as written:

        def rows() -> Iterator[list[str]]:
            nonlocal blanked
            for row in _read(database, file_id):
                if addresses & _addresses_in(row[2:], {region}) or _names_one_of(addresses, row[2:]):
                    blanked += 1
                    row = _blank(row)
                yield row

        for chunk in csv_bytes(rows()):
            written.write(chunk)
        if blanked:
            written.seek(0)
            with database.transaction() as session:
                store.empty(session, file_id=file_id)
                for seq, body in enumerate(iter(lambda: written.read(store.CHUNK_BYTES), b"")):
                    store.append(session, file_id=file_id, seq=seq, body=body)
    return blanked


def _read(database: Database, file_id: UUID) -> Iterator[list[str]]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    texts = (decoder.decode(chunk) for chunk in store.chunks(database.transaction, file_id))
    # A row may go over the end of a chunk, and a quoted cell over the end of a line: `csv` puts both together.
    yield from csv.reader(_lines(texts), delimiter=";")


def _lines(texts: Iterable[str]) -> Iterator[str]:
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest


def _without_erased(database: Database, job: jobs.Job, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    account_id = job.account_id
    with database.transaction() as session:
        # A number may have come by another list, or by hand, without the code that this list is read with.
        regions = {job.request["region"], people.region(session, account_id=account_id)}
        erased = people.erased_marks(session, account_id=account_id)
        salt = people.former_salt(session, account_id=account_id)
    for row in rows:
        named = _addresses_in(row[2:], regions) if erased else ()
        gone = any(mark in erased for address in named for mark in people.marks_of(account_id, address, salt))
        yield _blank(row) if gone else row


def _names_one_of(addresses: Collection[str], cells: Iterable[str]) -> bool:
    """Whether an address stands in the midst of what was no address, and was rejected for that."""
    text = "\n".join(cells).lower()
    digits = "".join(character for character in text if character.isdigit() or character == "\n")
    return any(one in text if "@" in one else one[-9:] in digits for one in addresses)


def _blank(row: Sequence[str]) -> list[str]:
    return [*row[:2], *("" for _ in row[2:])]


def _addresses_in(cells: Iterable[str], regions: Collection[str]) -> set[str]:
    """Every address that a cell is, or holds among other words."""
    return {address for cell in cells for region in regions for address in second_look.every(cell, region)}


def _rows(database: Database, job: jobs.Job, source: Source, *, rejected: bool) -> Iterator[list[str]]:
    header, header_row, rows = source.table()
    yield ["row", "reason", *header]
    problems = _problems(database, job.id, rejected=rejected)
    number, codes = next(problems, (0, []))
    for at, row in enumerate(rows, header_row + 1):
        if at == number:
            yield [str(number), "; ".join(codes), *row]
            number, codes = next(problems, (0, []))
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
        writer.writerow([inert(cell) for cell in row])
        if written.tell() >= store.CHUNK_BYTES // 4:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


def save(database: Database, file_id: UUID, chunks: Iterable[bytes]) -> None:
    """Append chunks to a file, each in a transaction of its own."""
    for seq, body in enumerate(chunks):
        with database.transaction() as session:
            store.append(session, file_id=file_id, seq=seq, body=body)
