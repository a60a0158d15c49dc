from __future__ import annotations

import io
import random
from collections import Counter

import pytest
import xlsxwriter
from sqlalchemy import text

from contacts.usecases import archive, fields, previews
from contracts.contacts.imports import ImportOptions
from contracts.errors import Invalid
from contracts.vocabulary import ArchiveReason, Channel


def _preview(account, content: str | bytes, filename: str = "list.csv", mapping=None, **options):
    raw = content.encode() if isinstance(content, str) else content
    upload_id = account.upload(filename, raw)
    return account.call(previews.preview, upload_id=upload_id, mapping=mapping, options=ImportOptions().load(options))


def _staging_tables(database) -> set[str]:
    with database.transaction() as session:
        return set(session.scalars(text("SELECT relname FROM pg_class WHERE relname LIKE 'import\\_0%'")))


def test_each_of_the_first_rows_is_previewed_and_nothing_stays(account, database):
    account.call(fields.create, key="size", label="Rozmiar", type="number")
    account.import_file("email;telefon;imie\nola@x.example;505603496;Ola\njan@x.example;;Jan\n")
    account.call(
        archive.add,
        channel=Channel.EMAIL,
        addresses=["zla@x.example"],
        contact_ids=[],
        reason=ArchiveReason.SPAM,
        note="",
    )
    before, staged = account.people(), _staging_tables(database)

    told = _preview(
        account,
        "\n;;;\nemail;telefon;imie;rozmiar\nnowa@x.example;;Ewa;38,5\nOLA@x.example;;Ola;\nola@x.example;;Olga;\n"
        "jan@x.example;505603496;Jan;duży\nzla@x.example;;;\n;;nikt;\nzla@x.example;505603497;;\n",
    )

    assert [(row["number"], row["outcome"], row["problems"]) for row in told["rows"]] == [
        (4, "added", []),
        (5, "updated", []),
        (6, "merged", []),
        (7, "unchanged", ["phone.taken", "size.invalid"]),
        (8, "rejected", ["email.archived"]),
        (9, "rejected", ["address.missing"]),
        (10, "added", ["email.archived"]),
    ]
    assert told["rows"][0]["values"] == {"email": "nowa@x.example", "first_name": "Ewa", "size": 38.5}
    assert told["rows"][4]["reasons"] == ["The e-mail address is in the archive"]
    assert account.people() == before
    assert _staging_tables(database) <= staged
    with database.transaction() as session:
        assert not session.scalar(text("SELECT count(*) FROM import_problems"))


def test_a_preview_says_what_the_import_does(new_account):
    rng = random.Random(11)
    emails = ["", "zły", *(f"p{n}@x.example" for n in range(6))]
    phones = ["", "12", *(f"50560349{n}" for n in range(6))]
    for case in range(8):
        account = new_account(limit=rng.choice([None, 5]))
        head = "email;telefon;imie;zgoda sms;id klienta\n"
        account.import_file(head + "".join(f"p{n}@x.example;{rng.choice(phones)};;;\n" for n in range(2)))
        rows = "".join(
            f"{rng.choice(emails)};{rng.choice(phones)};{rng.choice(['', 'Ola', 'Jan'])};"
            f"{rng.choice(['', 'tak', 'nie'])};{rng.choice(['', 'k1', 'k2'])}\n"
            for _ in range(18)
        )
        options = {"merge_by": ("email", "phone", "external_id")[case % 3], "bad_values": ("drop", "reject")[case % 2]}

        told = Counter(row["outcome"] for row in _preview(account, head + rows, **options)["rows"])
        counts = account.import_file(head + rows, **options)["counts"]

        assert {name: told[name] for name in ("added", "updated", "unchanged", "merged", "rejected")} == {
            name: counts[name] for name in ("added", "updated", "unchanged", "merged", "rejected")
        }


def test_a_column_is_guessed_with_a_confidence(account):
    told = _preview(account, "E-mail służbowy;Uwagi;Imię\na@x.example;x;Ola\n")

    assert [(one["header"], one["field"], one["confidence"]) for one in told["columns"]] == [
        ("E-mail służbowy", "email", 0.8),
        ("Uwagi", None, 0.0),
        ("Imię", "first_name", 1.0),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (";".join(["email", *(f"k{n}" for n in range(200))]), "import.too_many_columns"),
        ("email;imie\n" + "a" * 1_100_000, "import.line_too_long"),
        ("\n" * 2_000 + "email\na@x.example\n", "import.empty"),
        ("email;email\na@x.example;b@x.example\n" * 2, "import.no_header"),
    ],
)
def test_a_file_beyond_a_limit_is_refused(account, content, code):
    if code == "import.no_header":
        content = content.partition("\n")[2]
    with pytest.raises(Invalid) as refused:
        _preview(account, content)

    assert refused.value.code == code and refused.value.detail


def test_a_preview_shows_the_cells_the_header_and_the_order_of_dates(account):
    told = _preview(account, "Raport 2026\n\nE-mail;Urodziny\na@x.example;05/31/1990\nb@x.example;\n")

    assert (told["header_row"], told["sheet"]) == (3, None)
    assert [(one["field"], one["samples"], one["date_order"]) for one in told["columns"]] == [
        ("email", ["a@x.example", "b@x.example"], None),
        ("birth_date", ["05/31/1990"], "mdy"),
    ]
    assert _preview(account, "a;b\nE-mail;x\na@x.example;y\n", header_row=2)["header_row"] == 2


def test_a_workbook_with_a_cover_asks_which_sheet(account):
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written)
    book.add_worksheet("Okładka").write(0, 0, "Raport")
    for name in ("Klienci", "Dostawcy"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["E-mail"])
        sheet.write_row(1, 0, [f"{name.lower()}@x.example"])
    book.close()

    with pytest.raises(Invalid) as refused:
        _preview(account, written.getvalue(), "a.xlsx")
    told = _preview(account, written.getvalue(), "a.xlsx", sheet="Dostawcy")

    assert refused.value.code == "import.which_sheet"
    assert [sheet["name"] for sheet in refused.value.extra["sheets"]] == ["Okładka", "Klienci", "Dostawcy"]
    assert refused.value.extra["sheets"][1]["rows"] == [["E-mail"], ["klienci@x.example"]]
    assert told["sheet"] == "Dostawcy" and told["rows"][0]["values"] == {"email": "dostawcy@x.example"}
