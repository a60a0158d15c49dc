"""One file to be imported: its rows, whatever its kind, and the plan by which its columns become fields."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import chain, islice
from typing import IO, Any

from contacts.domain import encodings, files, workbooks
from contacts.domain.columns import ACCEPT_FROM, MAPPABLE, SURE, Guess, guess, known_headers
from contacts.domain.csv_rows import MAX_COLUMNS
from contacts.domain.dates import DateOrder, OrderCount
from contacts.domain.emails import normalise
from contacts.domain.phones import to_e164
from contacts.domain.rows import BadValues, Plan
from contacts.domain.values import FieldType
from contacts.exceptions import FileRefused

SAMPLE_ROWS = 50
MAX_SHEETS = 20  # that are looked into for people
DATE_ROWS = 5_000  # that a preview looks at for the order of dates
MAX_HEADER = 200
HEADER_WITHIN = 1_000
HELD_BYTES = 8 << 20
BATCH_CHARACTERS = 4 << 20
LOOK_BYTES = 256 << 20  # that the first rows of a workbook may take to be found

Chunks = Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Source:
    """A file: `chunks()` reads it from its beginning; `dialect` is None for a workbook.

    :param most: bytes that a workbook may unpack to.
    :param header_row: where somebody said that the header is; None: found.
    """

    chunks: Chunks
    dialect: files.Dialect | None
    sheet: str | None = None
    most: int = workbooks.MAX_UNPACKED
    header_row: int | None = None
    region: str = "PL"

    def rows(self) -> Iterator[list[str]]:
        """Every row of the file."""
        if self.dialect is None:
            return self.workbook().rows(self.sheet)
        return files.text_rows(self.chunks(), self.dialect)

    def workbook(self) -> workbooks.Workbook:
        return workbooks.Workbook(self._packed, most=self.most)

    @cached_property
    def _packed(self) -> IO[bytes]:
        """The archive, which is read from its end: in a temporary file where it is large."""
        packed: IO[bytes] = tempfile.SpooledTemporaryFile(HELD_BYTES)  # type: ignore[assignment]  # noqa: SIM115
        packed.writelines(self.chunks())
        return packed

    def but(self, **changes: Any) -> Source:
        """The same file, of which more is known now; a workbook that has been read is not read again."""
        other = replace(self, **changes)
        if "_packed" in self.__dict__:
            other.__dict__["_packed"] = self._packed
        return other

    def table(self) -> tuple[list[str], int, Iterator[list[str]]]:
        """The header, its row number (the first row is 1) and the rows after it.

        :raises FileRefused: there is no header.
        """
        rows = self.rows()
        first = _beginning_of(rows, self.header_row)
        at = _header_at(first, self.region) if self.header_row is None else self.header_row - 1
        if at is None or at >= len(first):
            raise FileRefused("import.empty", f"The first {HEADER_WITHIN} rows are empty, or there are none.")
        return [cell.strip()[:MAX_HEADER] for cell in first[at]], at + 1, chain(first[at + 1 :], rows)


def _beginning_of(rows: Iterator[list[str]], header_row: int | None) -> list[list[str]]:
    """As many rows as it takes to find the header."""
    if header_row is not None:
        return list(islice(rows, header_row))
    first, filled = list[list[str]](), 0
    for row in islice(rows, HEADER_WITHIN):
        if not first and files.is_separator_line(row):
            row = []
        first.append(row)
        filled += any(map(str.strip, row))
        if filled == SAMPLE_ROWS:
            break
    return first


def _header_at(rows: Sequence[list[str]], region: str) -> int | None:
    """Where the header is: before the first row with an address, the row that names most fields, then the fullest.

    So a title, a date or a remark above it is no header. None where all rows are empty.
    """
    best, most = None, (-1, -1)
    for at, row in enumerate(rows):
        filled = sum(1 for cell in row if cell.strip())
        if not filled:
            continue
        if any(normalise(cell) or to_e164(cell, region) for cell in row if cell):
            return at if best is None else best
        if (score := (known_headers(row), filled)) > most:
            best, most = at, score
    return best


def open_source(
    filename: str, chunks: Chunks, options: Mapping[str, Any], *, region: str, whole: bool
) -> tuple[Source, int]:
    """Find out how a file is to be read, and about how many rows it has.

    :param whole: read all of it for the encoding; otherwise its first megabyte.
    """
    header_row = options.get("header_row")
    if files.extension(filename) == "xlsx":
        most = workbooks.MAX_UNPACKED if whole else LOOK_BYTES
        source = Source(chunks, None, options.get("sheet"), most, header_row, region)
        return (source if source.sheet else source.but(sheet=_sheet_with_people(source))), 0
    detector, lines = encodings.EncodingDetector(), 0
    for chunk in _read(chunks, whole=whole):
        detector.feed(chunk)
        lines += chunk.count(b"\n")
    encoding, other = encodings.CODECS.get(options.get("encoding") or ""), None
    if encoding is None:
        encoding = detector.encoding(whole=whole)
    if encoding is None:
        encoding, other = encodings.mixed(_read(chunks, whole=whole))
    separator = options.get("separator") or files.guess_separator(_beginning(chunks, encoding))
    return Source(chunks, files.Dialect(encoding, separator, other), None, header_row=header_row, region=region), lines


def _sheet_with_people(source: Source) -> str | None:
    """The sheet to read where nobody named one: the first that is seen, or behind a cover the only one with addresses.

    :raises FileRefused: several are behind a cover; `sheets` has their names and first rows.
    """
    book = source.workbook()
    seen = [sheet.name for sheet in book.sheets if not sheet.hidden][:MAX_SHEETS]
    if len(seen) < 2:
        return None
    first_rows = {name: list(islice(source.workbook().rows(name), SAMPLE_ROWS)) for name in seen}
    peopled = [name for name, rows in first_rows.items() if _holds_address(rows, source.region)]
    if not peopled or peopled[0] == seen[0]:
        return None
    if len(peopled) == 1:
        return peopled[0]
    sheets = [
        {"name": name, "rows": [[cell[:100] for cell in row[:10]] for row in rows[:3]]}
        for name, rows in first_rows.items()
    ]
    detail = "Several sheets hold addresses, and the first does not: say which with `sheet`."
    raise FileRefused("import.which_sheet", detail, {"sheets": sheets})


def _holds_address(rows: Sequence[list[str]], region: str) -> bool:
    return any(normalise(cell) or to_e164(cell, region) for row in rows for cell in row if cell)


def _read(chunks: Chunks, *, whole: bool) -> Iterator[bytes]:
    seen = 0
    for chunk in chunks():
        yield chunk
        seen += len(chunk)
        if not whole and seen >= encodings.SAMPLE_BYTES:
            return


def _beginning(chunks: Chunks, encoding: str) -> str:
    first = next(chunks(), b"")[: 4 * files.SAMPLE_CHARACTERS]
    return first.decode(encoding, "ignore")[: files.SAMPLE_CHARACTERS]


def plan_for(
    source: Source,
    *,
    mapping: Mapping[str, str | None] | None,
    options: Mapping[str, Any],
    custom: Mapping[str, tuple[str, FieldType]],
    region: str,
    today: date,
    date_orders: Mapping[str, str] | None = None,
) -> tuple[Plan, list[Guess], list[list[str]]]:
    """The plan, what each column is taken for, and the first rows.

    :param mapping: field by header (or by `#3`, the number of the column); None: guessed.
    :param custom: (label, type) by key of the account's fields.
    :param date_orders: as `date_orders_of` found them; None: told from the first rows.
    :raises FileRefused: no header, no column of addresses, a mapping that does not fit.
    """
    header, _, rows = source.table()
    if len(header) > MAX_COLUMNS:
        raise FileRefused("import.too_many_columns", f"A file may have {MAX_COLUMNS} columns.")
    samples = list(islice(rows, SAMPLE_ROWS))
    if any(normalise(cell) or to_e164(cell, region) for cell in header if cell):
        raise FileRefused("import.no_header", "The first row holds an address; it must hold the columns' names.")
    guesses = guess(header, samples, {key: label for key, (label, _) in custom.items()}, region)
    if mapping is not None:
        guesses = _mapped(guesses, mapping, custom)
    columns = {one.column: one.field for one in guesses if one.field and one.confidence >= ACCEPT_FROM}
    if not {"email", "phone"} & set(columns.values()):
        raise FileRefused("import.no_address_column", "No column holds e-mail addresses or phone numbers.")
    plan = Plan(
        columns=columns,
        width=len(header),
        region=region,
        today=today,
        custom={name: custom[name][1] for name in columns.values() if name in custom},
        merge_by=options["merge_by"],
        bad_values=BadValues(options["bad_values"]),
        consent=tuple(options["consent"]),
    )
    if date_orders is None:
        date_orders = date_orders_of(source, plan, samples, options.get("date_order"), most=DATE_ROWS)
    return replace(plan, date_orders={name: DateOrder(one) for name, one in date_orders.items()}), guesses, samples


def date_orders_of(
    source: Source, plan: Plan, samples: Sequence[list[str]], asked: str | None, *, most: int | None
) -> dict[str, str]:
    """The order of each column of dates, by field: the one asked for, or what the column's cells tell.

    The file is read for it only where its first rows leave it open: slashes, dashes, or no date at all.

    :param most: how many rows are looked at; None: all.
    """
    if asked:
        return dict.fromkeys(plan.date_columns.values(), asked)
    open_columns = {at: name for at, name in plan.date_columns.items() if _is_open(samples, at)}
    if not open_columns:
        return {}
    _, _, rows = source.table()
    seen = {at: OrderCount() for at in open_columns}
    for row in islice(rows, most):
        for at, count in seen.items():
            if at < len(row):
                count.add(row[at])
    return {open_columns[at]: count.order for at, count in seen.items() if count.order}


def _is_open(samples: Sequence[list[str]], at: int) -> bool:
    cells = [row[at] for row in samples if at < len(row) and row[at].strip()]
    count = OrderCount()
    for cell in cells:
        count.add(cell)
    return not cells or count.open


def _mapped(guesses: Sequence[Guess], mapping: Mapping[str, str | None], custom: Mapping[str, object]) -> list[Guess]:
    by_name = {f"#{one.column + 1}": one for one in guesses}
    for one in reversed(guesses):
        by_name[one.header] = one
    guess_by_column = {one.column: replace(one, field=None, confidence=0.0) for one in guesses}
    used: set[str] = set()
    for header, field in mapping.items():
        column = by_name.get(header.strip())
        if column is None:
            raise FileRefused(
                "import.no_such_column", f"The file has no column {header[:100]!r}.", {"column": header[:100]}
            )
        if field is None:
            continue
        if field not in MAPPABLE and field not in custom:
            raise FileRefused(
                "import.no_such_field", f"There is no contact field {field[:100]!r}.", {"name": field[:100]}
            )
        if field in used:
            raise FileRefused("import.field_twice", f"Two columns are mapped to {field!r}.", {"name": field})
        used.add(field)
        guess_by_column[column.column] = replace(column, field=field, confidence=SURE)
    return list(guess_by_column.values())


def batches(rows: Iterator[list[str]], most: int) -> Iterator[list[list[str]]]:
    """Rows by up to `most`, fewer where their cells are long: what is held does not follow the file."""
    batch: list[list[str]] = []
    characters = 0
    while piece := list(islice(rows, 100)):
        batch += piece
        characters += sum(map(len, chain.from_iterable(piece)))
        if len(batch) >= most or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
