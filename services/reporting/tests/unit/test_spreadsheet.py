"""Spreadsheets in pieces, read back by programs that others wrote."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from reporting.domain import spreadsheet
from reporting.domain.spreadsheet import Cell, Progress

COLUMNS = ("id", "Imię", "kwota")


def made(*portions: list[list[Cell]]) -> bytes:
    """Each piece is made with nothing of those before but the text that they came with."""
    first, progress = spreadsheet.beginning("Wici & spółka", COLUMNS)
    pieces = [first]
    for rows in portions:
        piece, progress = spreadsheet.more(rows, Progress.of(str(progress)))
        pieces.append(piece)
    return b"".join([*pieces, spreadsheet.end("Wici & spółka", Progress.of(str(progress)))])


def read(file: bytes) -> list[list[object]]:
    with ZipFile(BytesIO(file)) as archive:
        assert archive.testzip() is None
    return CalamineWorkbook.from_filelike(BytesIO(file)).get_sheet_by_name("Wici & spółka").to_python()


def test_pieces_are_one_file_with_polish_letters_and_numbers() -> None:
    rows: list[list[Cell]] = [["=1+1", "Łucja <b>&", 12.5], ["+48600100200", None, 7]]

    assert read(made(rows[:1], [], rows[1:])) == [[*COLUMNS], ["=1+1", "Łucja <b>&", 12.5], ["+48600100200", "", 7.0]]
    assert read(made()) == [[*COLUMNS]]


@given(st.lists(st.lists(st.text(max_size=30) | st.integers(-(10**9), 10**9), min_size=2, max_size=2), max_size=6))
def test_whatever_a_cell_holds_the_file_is_read(rows: list[list[Cell]]) -> None:
    marked = [["x", *row] for row in rows]

    assert [row[0] for row in read(made(marked[:2], marked[2:]))[1:]] == ["x"] * len(rows)


def test_the_same_rows_are_the_same_bytes_however_they_are_cut() -> None:
    rows: list[list[Cell]] = [[f"osoba{number}@example.com", "Ala", number] for number in range(5_000)]

    assert read(made(rows)) == read(made(rows[:1], rows[1:4_000], rows[4_000:]))
    assert made(rows) == made(rows)


@pytest.mark.parametrize("state", ["", "1 2 3", "a b c d", "-1 0 0 0", "1 2 3 4 5", f"{2**32} 0 0 0"])
def test_what_no_piece_came_with_is_refused(state: str) -> None:
    with pytest.raises(ValueError):
        Progress.of(state)
