from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.domain import csv_rows, workbook_parts, workbooks
from contacts.domain.workbooks import Workbook
from contacts.exceptions import FileRefused

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def _book(write, **options) -> io.BytesIO:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, **options})
    write(book)
    book.close()
    return file


def _archive(parts: dict[str, str | bytes], pack=zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", pack) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file


def _parts(sheet: str | bytes, strings: str | None = None, prefix: str = "") -> dict[str, str | bytes]:
    """The least that a workbook is made of, around the XML of one sheet."""
    relation = f'<Relationship Id="{{}}" Type="{RELATIONS}/{{}}" Target="{{}}"/>'
    kinds = {"rId1": ("worksheet", "/xl/worksheets/sheet1.xml"), "rId2": ("sharedStrings", "sharedStrings.xml")}
    return {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" Type="{RELATIONS}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<{prefix}workbook xmlns{":" * bool(prefix)}{prefix[:-1]}="{MAIN}" xmlns:r="{RELATIONS}">'
        f'<{prefix}sheets><{prefix}sheet name="A" sheetId="1" r:id="rId1"/></{prefix}sheets></{prefix}workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        + "".join(relation.format(one, kind, to) for one, (kind, to) in kinds.items())
        + "</Relationships>",
        "xl/worksheets/sheet1.xml": sheet,
        "xl/sharedStrings.xml": strings or f'<sst xmlns="{MAIN}"/>',
    }  # fmt: skip


def _sheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _rows(file: io.BytesIO, sheet: str | None = None) -> list[list[str]]:
    return list(Workbook(file).rows(sheet))


def test_cells_are_read_as_people_see_them():
    def write(book):
        sheet = book.add_worksheet()
        day, moment = book.add_format({"num_format": "dd.mm.yyyy"}), book.add_format({"num_format": "d mmm yyyy hh:mm"})
        phone, money = book.add_format({"num_format": "000-000-000"}), book.add_format({"num_format": '0.00 "dys"'})
        sheet.write_row(0, 0, ["Telefon", 48505603496, 505603496.0, 0.1 + 0.2, 1e15, -3, True, False])
        sheet.write_number(1, 0, 505603496, phone)
        sheet.write_number(1, 1, 12.5, money)
        sheet.write_datetime(1, 2, date(1990, 5, 31), day)
        sheet.write_datetime(1, 3, datetime(1990, 5, 31, 12, 30), moment)  # noqa: DTZ001  # as Excel has it
        sheet.write_datetime(1, 4, time(12, 30), book.add_format({"num_format": "hh:mm"}))
        sheet.write_formula(2, 0, '="a"&"b"', None, "ab")
        sheet.write_formula(2, 1, "=1+1", None, 2)
        sheet.write_formula(2, 2, "=NA()", None, "#N/A")
        sheet.write_string(3, 2, "a\nb & <c> _x000D_")
        sheet.merge_range(4, 0, 4, 2, "jeden")

    assert _rows(_book(write)) == [
        ["Telefon", "48505603496", "505603496", "0.3", "1000000000000000", "-3", "1", "0"],
        ["505603496", "12.5", "1990-05-31", "1990-05-31 12:30:00", "12:30:00"],
        ["ab", "2", "#N/A"],
        ["", "", "a\nb & <c> _x000D_"],
        ["jeden"],
    ]


def test_dates_of_either_epoch():
    def write(book):
        book.add_worksheet().write_datetime(0, 0, date(2001, 2, 3), book.add_format({"num_format": "yyyy-mm-dd"}))

    assert _rows(_book(write)) == _rows(_book(write, date_1904=True)) == [["2001-02-03"]]


def test_the_first_sheet_that_people_see_unless_one_is_named():
    def write(book):
        for name in ("Ukryty", "Klienci", "Inni"):
            book.add_worksheet(name).write(0, 0, name)
        book.get_worksheet_by_name("Klienci").activate()
        book.get_worksheet_by_name("Ukryty").hide()

    file = _book(write)
    assert [(sheet.name, sheet.hidden) for sheet in Workbook(file).sheets] == [
        ("Ukryty", True), ("Klienci", False), ("Inni", False),
    ]  # fmt: skip
    assert (_rows(file), _rows(file, "inni"), _rows(file, "Ukryty")) == ([["Klienci"]], [["Inni"]], [["Ukryty"]])
    with pytest.raises(FileRefused) as refused:
        _rows(file, "Nikt")
    assert refused.value.code == "import.no_such_sheet"


def test_half_of_a_character_that_is_written_by_its_number_is_none():
    escaped = ("_xD83D__xDE00_", "a_xD800_b", "_xDE00__xD83D_")
    strings = f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{one}</t></si>" for one in escaped)}</sst>'
    cells = "".join(f'<c t="s"><v>{at}</v></c>' for at in range(3)) + '<c t="inlineStr"><is><t>_xdfff_</t></is></c>'
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row>{cells}</row></sheetData></worksheet>'

    assert _rows(_archive(_parts(sheet, strings))) == [["\U0001f600", "a\ufffdb", "\ufffd\ufffd", "\ufffd"]]


def test_rows_that_are_left_out_keep_their_numbers():
    def write(book):
        sheet = book.add_worksheet()
        sheet.write(3, 1, "email")
        sheet.write(6, 1, "a@x.example")

    assert _rows(_book(write)) == [[], [], [], ["", "email"], [], [], ["", "a@x.example"]]


def test_prefixed_names_inline_and_rich_strings_and_cells_without_places():
    rows = (
        '<x:row><x:c t="inlineStr"><x:is><x:t>Łódź</x:t></x:is></x:c><x:c t="s"><x:v>1</x:v></x:c><x:c/>'
        '<x:c><x:v>1.5E3</x:v></x:c><x:c t="d"><x:v>2001-02-03</x:v></x:c></x:row>'
    )
    sheet = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>nie</t></si><si><r><t>Zażółć</t></r>'
        '<r><t xml:space="preserve"> gęślą_x0041_</t></r>'
        "<rPh><t>czytaj</t></rPh></si></sst>"
    )

    assert _rows(_archive(_parts(sheet, strings, "x:"))) == [["Łódź", "Zażółć gęśląA", "", "1500", "2001-02-03"]]


def test_strings_beyond_those_in_memory_lie_in_a_file(monkeypatch):
    monkeypatch.setattr(workbook_parts, "HELD_STRINGS", 300)
    names = [f"imię {n}" for n in range(5_000)]
    random.Random(3).shuffle(names)

    def write(book):
        sheet = book.add_worksheet()
        for at, name in enumerate([*names, *names[::-1]]):
            sheet.write_string(at, 0, name)

    assert [row[0] for row in _rows(_book(write))] == [*names, *names[::-1]]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (_archive(_parts(_sheet('<row><c t="s"><v>7</v></c></row>'))), "import.malformed"),
        (_archive(_parts(_sheet("<row><c><v>x</v></c></row>"))), "import.malformed"),
        (_archive(_parts("<worksheet><row>")), "import.malformed"),
        (_archive(_parts(_sheet('<row r="2000000"><c><v>1</v></c></row>'))), "import.too_many_rows"),
        (_archive(_parts(_sheet('<row><c r="XFD1"><v>1</v></c></row>'))), "import.too_many_columns"),
        (_archive(_parts('<!DOCTYPE a [<!ENTITY b "c">]>' + _sheet("<row/>"))), "import.malformed"),
        (_archive(_parts(f"<worksheet {'a' * (6 << 20)}")), "import.malformed"),
        (_archive(_parts(_sheet(" " * (12 << 20)))), "import.zip_bomb"),
        (_archive({**_parts(_sheet("<row/>")), **{f"p{n}": "" for n in range(1_001)}}), "import.zip_bomb"),
        (_archive({f"{'p' * 900}{n}": "" for n in range(1_300)}), "import.zip_bomb"),
        (_archive(_parts(_sheet("<row/>")), zipfile.ZIP_BZIP2), "import.malformed"),
        (_archive({"a.txt": "a"}), "import.malformed"),
        (io.BytesIO(b"\xd0\xcf\x11\xe0" + bytes(600)), "import.malformed"),
        (io.BytesIO(b""), "import.malformed"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_or_too_much_is_refused(file, code):
    with pytest.raises(FileRefused) as refused:
        _rows(file)

    assert refused.value.code == code


@pytest.mark.parametrize("shared", [True, False])
def test_of_an_endless_text_no_more_is_held_than_a_cell_may_have(shared):
    text = "<t>" + "ż" * (8 << 20) + "</t>"
    cell = '<c t="s"><v>0</v></c>' if shared else f'<c t="inlineStr"><is>{text}</is></c>'
    strings = f'<sst xmlns="{MAIN}"><si>{text}</si></sst>' if shared else None
    file = _archive(_parts(_sheet(f"<row>{cell}</row>"), strings), zipfile.ZIP_STORED)

    tracemalloc.start()
    [[cell]] = _rows(file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(cell) in (csv_rows.MAX_CELL, csv_rows.MAX_CELL + 1) and most < 4 << 20


def test_no_more_is_unpacked_than_is_allowed():
    file = _archive(_parts(_sheet("<row/>" * 100_000)))

    with pytest.raises(FileRefused) as refused:
        list(Workbook(file, most=100_000).rows())

    assert refused.value.code == "import.zip_bomb"


_SAMPLE = _book(lambda book: book.add_worksheet().write_row(0, 0, ["E-mail", "Łódź", 505603496, True]))


@settings(max_examples=100)
@given(st.data())
def test_broken_workbooks_give_rows_or_a_clear_refusal(data):
    content = bytearray(_SAMPLE.getvalue())
    if data.draw(st.booleans()):
        for at, value in data.draw(
            st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=8)
        ):
            content[at] = value
    else:
        del content[data.draw(st.integers(0, len(content))) :]
    try:
        rows = list(Workbook(io.BytesIO(bytes(content))).rows())
        assert all(isinstance(cell, str) for row in rows for cell in row)
    except FileRefused as refused:
        assert refused.code.startswith("import.") and refused.detail


@settings(max_examples=100)
@given(st.text('<>/rowcvts="1 &;#xA:!-[]', max_size=80))
def test_broken_sheets_give_rows_or_a_clear_refusal(xml):
    try:
        rows = _rows(_archive(_parts(_sheet(f"<row>{xml}</row>")), zipfile.ZIP_STORED))
        assert all(isinstance(cell, str) for row in rows for cell in row)
    except FileRefused as refused:
        assert refused.code.startswith("import.") and refused.detail


@settings(max_examples=50)
@given(st.binary(max_size=400))
def test_random_bytes_are_no_workbook(content):
    with pytest.raises(FileRefused):
        list(workbooks.Workbook(io.BytesIO(content)).rows())
