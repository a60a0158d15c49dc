"""No byte of a text file swallows a line: rows against counts of their own."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.domain import csv_rows, files, sources
from contacts.domain.rows import Plan, Reader

SEPARATOR = ";"
DIALECT = files.Dialect("utf-8", SEPARATOR)


def _rows(text: str, size: int = 1 << 18) -> list[list[str]]:
    raw = text.encode()
    return list(files.text_rows([raw[at : at + size] for at in range(0, len(raw), size)], DIALECT))


def _lines(text: str) -> int:
    """Counted apart from the code: line ends, and what stands after the last."""
    ends = re.findall("\r\n|\n|\r", text)
    return len(ends) + (not re.search("[\r\n]\\Z", text) and text != "")


def test_an_open_quote_swallows_no_row():
    lines = ["email;imie", *(f"zz{n}@x.example;Ola {n}" for n in range(200))]
    lines[5] = 'zz3@x.example;"Jan 3'
    lines[120] = 'zz118@x.example;5"'

    rows = _rows("\n".join(lines))

    assert [row[0] for row in rows] == ["email", *(f"zz{n}@x.example" for n in range(3)), "zz3@x.example",
                                        *(f"zz{n}@x.example" for n in range(4, 200))][:5] + [
        line.partition(";")[0] for line in lines[5:]]  # fmt: skip
    assert (rows[5], rows[5].code) == (["zz3@x.example", '"Jan 3'], "row.open_quote")
    assert rows[120] == ["zz118@x.example", '5"']


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a@x.pl;"Gdańsk\nWrzeszcz"\nb@x.pl;c\n', [["a@x.pl", "Gdańsk\nWrzeszcz"], [], ["b@x.pl", "c"]]),
        ('"uwaga\ndruga";a@x.pl\nc;b@x.pl\n', [["uwaga\ndruga", "a@x.pl"], [], ["c", "b@x.pl"]]),
        ('a@x.pl;"600100200\njan@y.pl"\nb@x.pl;c\n', [["a@x.pl", "600100200\njan@y.pl"], [], ["b@x.pl", "c"]]),
        ('a@x.pl;"Jan\nb@x.pl;"Ala\n', [["a@x.pl", '"Jan'], ["b@x.pl", '"Ala']]),
        ('a@x.pl;"Jan\nb@x.pl;5"\n', [["a@x.pl", '"Jan'], ["b@x.pl", '5"']]),
        ('a@x.pl;"Jan" Nowak\nb@x.pl;\n', [["a@x.pl", '"Jan" Nowak'], ["b@x.pl", ""]]),
        ('a@x.pl;"Jan ""Janek"" N"\r\nb@x.pl;""\r\n', [["a@x.pl", 'Jan "Janek" N'], ["b@x.pl", ""]]),
        ('a@x.pl;"', [["a@x.pl", '"']]),
        ('"a@x.pl\nb@x.pl\nc@x.pl"\n', [['"a@x.pl'], ["b@x.pl"], ['c@x.pl"']]),
    ],
)  # fmt: skip
def test_what_a_quote_is(text, rows):
    for size in (1, 3, 1 << 18):
        assert _rows(text, size) == rows


odd_text = st.text(st.sampled_from('ab;"\n\r1@.,é '), max_size=80)


@settings(max_examples=300)
@given(odd_text, st.integers(1, 40))
def test_there_is_a_row_for_every_line_whatever_the_text(text, size):
    rows = _rows(text, size)

    assert len(rows) == _lines(text)
    assert rows == _rows(text)


@settings(max_examples=200)
@given(st.lists(st.lists(st.text(st.sampled_from('ab;"\n ,é'), max_size=6), min_size=2, max_size=4), max_size=8))
def test_what_a_program_has_quoted_is_read_as_it_was(table):
    written = io.StringIO()
    csv.writer(written, delimiter=SEPARATOR, quoting=csv.QUOTE_ALL).writerows(table)

    found = [row for row in _rows(written.getvalue()) if row]

    assert found == table
    assert not any(isinstance(row, csv_rows.MarkedRow) for row in found)


def test_what_excel_is_not_to_take_for_a_quantity_is_what_stands_within():
    told = '="0600100200";"=""ala@x.example""";="Ala ""Ola""";="x;=""'
    assert list(csv_rows.split_rows([told], ";")) == [["0600100200", "ala@x.example", 'Ala "Ola"', '="x', ""]]
    odd = '="0600100200";"=""ala@x.example""";"Ala\n'
    assert list(csv_rows.split_rows([odd], ";"))[0] == ["0600100200", "ala@x.example", '"Ala']


quotes = st.text(st.sampled_from('"a ,x'), max_size=6)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(quotes, quotes), min_size=1, max_size=40),
    st.integers(5, 200),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_line_with_an_address_is_told_of_by_its_number(cells, size, end):
    """Whatever quotes stand in a list, each of its lines is a row that goes on, with its own address and number."""
    lines = [f"{n}@x.example;{first};{second}" for n, (first, second) in enumerate(cells)]
    raw = end.join(["email;imie;miasto", *lines]).encode()
    chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
    source = sources.Source(lambda: iter(chunks), DIALECT)
    header, header_row, rows = source.table()
    reader = Reader(Plan({0: "email", 1: "first_name", 2: "city"}, len(header), "PL", date(2026, 11, 29)))

    staged = reader.read(list(rows), header_row + 1)

    told = {number: row.get("email") for number, row in staged.rows(reader.names).items()}
    refused = {problem.row for problem in staged.problems if problem.rejected}
    for n in range(len(cells)):
        assert told.get(n + 2) == f"{n}@x.example" or n + 2 in refused
    assert staged.count == len(told) + len(refused) == len(cells)
