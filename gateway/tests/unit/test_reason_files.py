"""Files of rejected rows in the language of whoever downloads them."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from api_gateway.languages import Texts
from api_gateway.reason_files import in_words
from contracts.contacts import import_reasons

CODES = st.lists(st.sampled_from(["phone.invalid", "email.taken", "discount.cut", "row.open_quote"]), min_size=1)
CELLS = st.lists(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])), min_size=2, max_size=2)


def file_of(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerows(rows)
    return "\ufeff".encode() + written.getvalue().encode()


def read(pieces: list[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline=""), delimiter=";"))


@given(st.lists(st.tuples(CODES, CELLS), max_size=8), st.sampled_from(["pl", "en"]), st.integers(1, 50))
def test_reasons_are_in_words_and_cells_as_they_were_however_the_file_is_cut(rows, language, size):
    lines = [[str(n), "; ".join(codes), *cells] for n, (codes, cells) in enumerate(rows, 2)]
    file = file_of([["row", "reason", "telefon", "e-mail"], *lines])
    pieces = [file[at : at + size] for at in range(0, len(file), size)]

    header, *found = read(list(in_words(pieces, Texts(language))))

    assert header == [*(("wiersz", "powód") if language == "pl" else ("row", "reason")), "telefon", "e-mail"]
    assert [row[2:] for row in found] == [cells for _, cells in rows]
    told = Texts(language)
    words = ["; ".join(told.import_reason(code, import_reasons.of(code)) for code in codes) for codes, _ in rows]
    assert [row[1] for row in found] == words


def test_a_field_is_named_in_the_readers_language_and_one_of_the_accounts_own_by_its_key():
    told = Texts("pl")

    assert told.import_reason("birth_date.no_such_day", "").startswith("Data urodzenia: nie ma takiego dnia")
    assert told.import_reason("discount.cut", "").startswith("discount")


def test_a_file_of_an_older_release_stays_as_it_is():
    file = file_of([["row", "reason", "a"], ["2", "The phone number is not valid", "x"]])

    assert read(list(in_words([file], Texts("pl"))))[1] == ["2", "The phone number is not valid", "x"]


def test_wide_rows_are_told_piece_by_piece():
    """Rows of a file may be a million characters wide; however many there are, few are held at once."""
    row = ["2", "phone.invalid", *["x" * 10_000] * 50]
    file = file_of([["row", "reason", *"a" * 50], *[row] * 4])
    taken = []

    def pieces():
        for at in range(0, len(file), len(file) // 4):
            taken.append(at)
            yield file[at : at + len(file) // 4]

    told = in_words(pieces(), Texts("pl"))
    next(told), next(told)

    assert len(taken) < 4
