from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.domain import columns, csv_rows, encodings, files, sources, values
from contacts.exceptions import FileRefused

CHUNK = 256 * 1024
TEXT = "Imię;Miasto\nŚwiętosław;Łódź\nŻaneta;Gdańsk\n"


def _encoding(content: bytes) -> str:
    detector = encodings.EncodingDetector()
    for at in range(0, len(content), 7):
        detector.feed(content[at : at + 7])
    return detector.encoding() or encodings.mixed([content])[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250", "iso8859-2"])
def test_encodings_are_detected_and_read(encoding):
    found = _encoding(TEXT.encode(encoding))

    rows = list(files.text_rows([TEXT.encode(encoding)], files.Dialect(found, ";")))
    assert rows[1] == ["Świętosław", "Łódź"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("begins", ["Źródło", "ŁÓDŹ", "Ā", "a"])
def test_utf_16_without_a_mark_begins_with_any_letter(encoding, begins):
    content = f"{begins};e-mail\nŁódź;a@x.example\n".encode(encoding)

    assert _encoding(content) == encoding
    assert next(iter(files.text_rows([content], files.Dialect(encoding, ";")))) == [begins, "e-mail"]


def test_zeros_here_and_there_are_no_text():
    with pytest.raises(FileRefused):
        _encoding(b"email;imie\x00\na@x.example;\x00\x00b\n")


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_separators_are_detected(separator):
    sample = f'imie{separator}email\n"a{separator}\nb"{separator}x@x.example\nc{separator}y@x.example\n'

    assert files.guess_separator(sample) == separator


def test_line_breaks_and_separators_inside_quotes_stay_in_their_cell():
    content = b'email;miasto\r\na@x.example;"Gda\xc5\x84sk\nWrzeszcz; ""tam"""\r\n'

    rows = list(files.text_rows([content[:20], content[20:]], files.Dialect("utf-8", ";")))

    assert rows == [["email", "miasto"], ["a@x.example", 'Gdańsk\nWrzeszcz; "tam"'], []]


def test_a_row_of_a_million_separators_is_not_kept_in_memory():
    content = b"email\n" + b";" * 900_000 + b"a\n" + b";" * 900_000 + b"\n"

    _, spoilt, blank = files.text_rows([content], files.Dialect("utf-8", ";"))

    assert (len(spoilt), spoilt[-1]) == (len(blank), "a") == (csv_rows.MAX_COLUMNS + 1, "a") and not any(blank)


@pytest.mark.parametrize("length", [1_000_001, 1_048_575])
@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_of_more_than_a_million_characters_is_refused_wherever_it_ends(length, quoted, encoding):
    cell = "a" * (length - 2 * quoted)
    content = ("email;imie\nx@x.example;b\n" + (f'"{cell}"' if quoted else cell) + "\ny@x.example;c\n").encode(encoding)

    with pytest.raises(FileRefused) as refused:
        list(
            files.text_rows(
                [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)], files.Dialect(encoding, ";")
            )
        )
    assert refused.value.code == "import.line_too_long"


def test_batches_are_shorter_where_cells_are_long():
    rows = [["a"]] * 1_000 + [["a" * 9_000] * 20] * 200

    found = list(sources.batches(iter(rows), 400))

    assert [row for batch in found for row in batch] == rows
    assert [len(batch) for batch in found] == [400, 400, 300, 100]


@pytest.mark.parametrize(("name", "extension"), [("a.csv", "csv"), ("A.CSV", "csv"), ("lista klientów.txt", "txt")])
def test_an_extension_is_what_stands_after_the_first_dot(name, extension):
    assert files.extension(name) == extension


@pytest.mark.parametrize("name", ["list.test.txt", "list", "", ".csv", "a.csv.exe", "a.xls"])
def test_other_extensions_are_refused(name):
    with pytest.raises(FileRefused):
        files.extension(name)


@settings(max_examples=100)
@given(st.binary(max_size=400), st.sampled_from(files.SEPARATORS))
def test_random_bytes_give_rows_or_a_clear_refusal(content, separator):
    try:
        dialect = files.Dialect(_encoding(content), separator)
        assert all(isinstance(cell, str) for row in files.text_rows([content], dialect) for cell in row)
    except FileRefused as refused:
        assert refused.code.startswith("import.") and refused.detail


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("1990-05-31", date(1990, 5, 31)),
        ("31.05.1990", date(1990, 5, 31)),
        ("1.2.1990", date(1990, 2, 1)),
        ("31/05/1990", date(1990, 5, 31)),
        ("31 maja 1990", date(1990, 5, 31)),
        ("3 października 1990", date(1990, 10, 3)),
        ("1990-05-31 00:00:00", date(1990, 5, 31)),
        ("31.02.1990", None),
        ("1850-01-01", None),
        ("jutro", None),
    ],
)
def test_dates_as_people_write_them(raw, day):
    assert values.to_date(raw) == day


@pytest.mark.parametrize(("raw", "answer"), [("TAK", True), ("1", True), ("nie", False), ("0", False), ("może", None)])
def test_yes_and_no(raw, answer):
    assert values.to_boolean(raw) is answer


def test_polish_and_english_headers_are_guessed():
    polish = ["Imię", "Nazwisko", "E-mail", "Telefon", "Miasto", "Data urodzenia", "Zgoda SMS", "Zgoda e-mail", "Uwagi"]
    english = ["first name", "surname", "mail", "mobile", "town", "born", "sms ok", "mail ok", "notes"]
    expected = ["first_name", "last_name", "email", "phone", "city", "birth_date", "sms_consent", "email_consent", None]

    for headers in (polish, english):
        assert [one.field for one in columns.guess(headers, [], {}, "PL")] == expected


def test_a_column_of_phones_is_known_without_its_header():
    rows = [["x", "505603496"], ["y", "505 603 497"], ["z", "0505603498"]]

    found = columns.guess(["Uwagi", "Kontakt 1"], rows, {}, "PL")

    assert [(one.field, one.confidence) for one in found] == [(None, 0.0), ("phone", columns.MAYBE)]
