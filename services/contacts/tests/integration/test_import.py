from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import event, text

from contacts.jobs import imports
from contacts.usecases import archive, exports, fields, groups, people
from contracts.errors import Invalid, Unsupported
from contracts.vocabulary import ArchiveReason, Channel

FIXTURES = Path(__file__).parent.parent / "fixtures"


def _adds_up(job: dict[str, Any]) -> bool:
    counts = job["counts"]
    ends = ("added", "updated", "unchanged", "merged", "rejected")
    return (
        job["state"] == "done" and counts["read"] == sum(counts[name] for name in ends) == job["total"] == job["done"]
    )


def test_the_end_of_an_import_is_told_once_with_its_counts(account, database):
    job = account.import_file("email\nala@x.example\nzły\n")

    with database.transaction() as session:
        bodies = session.scalars(text("SELECT body FROM outbox WHERE routing_key = 'import_finished'")).all()
    (told,) = (orjson.loads(bytes(body)) for body in bodies)
    assert (told["import_id"], told["state"], told["code"]) == (str(job["id"]), "done", None)
    assert told["counts"] == job["counts"]


def test_every_row_of_the_polish_list_is_accounted_for(account):
    account.call(fields.create, key="discount_code", label="Kod rabatowy", type="text")

    job = account.import_file((FIXTURES / "contacts-pl.csv").read_bytes(), "contacts-pl.csv", group_name="Lista")

    assert _adds_up(job)
    assert job["counts"] == {
        "read": 12381, "added": 11939, "updated": 0, "unchanged": 0, "merged": 381, "rejected": 61, "warnings": 221,
    }  # fmt: skip
    assert account.call(groups.get, group_id=job["group_ids"][0])["contacts"] == 11939
    assert all(person["phone"] is None or person["phone"].startswith("+48") for person in account.people())


def test_the_same_list_again_changes_nothing(account):
    content = (FIXTURES / "contacts-pl.csv").read_bytes()
    account.import_file(content, "contacts-pl.csv")

    job = account.import_file(content, "contacts-pl.csv")

    assert _adds_up(job)
    assert (job["counts"]["added"], job["counts"]["updated"], job["counts"]["unchanged"]) == (0, 0, 11939)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso8859-2", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_with_every_separator_and_line_breaks_in_quotes(new_account, encoding):
    for separator in (",", ";", "\t", "|"):
        people = [
            ("E-mail", "Imię", "Nazwisko", "Miasto"),
            ("ola@x.example", "Świętosława", f"Żółć{separator}Gęś", "Łódź\r\nŚródmieście"),
            ("jan@x.example", "Jaźwa", 'Ćwik "Źdźbło"', "Gdańsk\nWrzeszcz"),
            ("ewa@x.example", "Ewa", "", "Łąck"),
        ]
        written = io.StringIO()
        csv.writer(written, delimiter=separator).writerows(people)
        account = new_account()

        job = account.import_file(written.getvalue().encode(encoding))

        assert (job["counts"]["added"], job["counts"]["rejected"]) == (3, 0), separator
        found = account.people()
        assert {(one["email"], one["first_name"], one["last_name"] or "", one["city"]) for one in found} == {
            tuple(cell.replace("\r", "") for cell in one) for one in people[1:]
        }


def test_letters_survive_windows_1250(account):
    account.import_file("email;imię;miasto\njan@x.example;Świętosław;Łódź\n".encode("cp1250"))

    assert [(one["first_name"], one["city"]) for one in account.people()] == [("Świętosław", "Łódź")]


def test_seven_spellings_of_one_phone_are_one_contact(account):
    spellings = ["+48505603496", "505 603 496", "0505603496", "0048505603496", "(48) 505 603 496", "+48 505-603-496"]

    job = account.import_file("telefon\n" + "\n".join([*spellings, "505603496"]) + "\n")

    assert (job["counts"]["added"], job["counts"]["merged"]) == (1, 6)
    assert [one["phone"] for one in account.people()] == ["+48505603496"]


def test_a_name_with_two_dots_is_refused(account):
    with pytest.raises(Unsupported) as refused:
        account.queue_import("email\njan@x.example\n", "list.test.txt")

    assert refused.value.code == "import.file_extension"
    assert "test.txt" in refused.value.detail


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"imie;miasto\nJan;Gdynia\n", "import.no_address_column"),
        (b"jan@x.example;Jan\nola@x.example;Ola\n", "import.no_header"),
        (b"\n\n", "import.empty"),
        (bytes(range(256)) * 50, "import.not_text"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(account, content, code):
    with pytest.raises(Invalid) as refused:
        account.queue_import(content)

    assert refused.value.code == code


def test_rejected_rows_come_as_a_file_that_starts_no_formula(account):
    job = account.import_file('email;imie;telefon\nzły;=HYPERLINK("x");+48 1\nola@x.example;Ola;abc\n')

    rejected = account.download(job["rejected_file_id"])
    rows = list(csv.reader(io.StringIO(rejected.removeprefix("\ufeff")), delimiter=";"))
    assert rejected.startswith("\ufeff")
    assert rows[0] == ["row", "reason", "email", "imie", "telefon"]
    assert rows[1][:2] == ["2", "email.invalid; phone.invalid"]
    assert rows[1][3:] == ['\'=HYPERLINK("x")', "'+48 1"]
    assert len(rows) == 2 and job["counts"]["warnings"] == 1


def test_a_bad_cell_rejects_the_row_where_that_is_asked(account):
    job = account.import_file("email;telefon\nola@x.example;abc\njan@x.example;\n", bad_values="reject")

    assert (job["counts"]["added"], job["counts"]["rejected"]) == (1, 1)
    assert job["problems"] == {"phone.invalid": 1}


def test_archived_addresses_are_refused_and_counted(account):
    account.call(
        archive.add,
        channel=Channel.EMAIL,
        addresses=["ola@x.example"],
        contact_ids=[],
        reason=ArchiveReason.SPAM,
        note="",
    )

    job = account.import_file("email;telefon\nOLA@x.example;505603496\nola@x.example;\njan@x.example;\n")

    assert _adds_up(job)
    assert (job["counts"]["added"], job["counts"]["rejected"], job["counts"]["warnings"]) == (2, 1, 1)
    assert job["problems"] == {"email.archived": 2}


def test_the_plan_limit_holds(new_account):
    account = new_account(limit=3)
    account.import_file("email\na@x.example\n")

    job = account.import_file("email\n" + "".join(f"p{n}@x.example\n" for n in range(5)) + "a@x.example\n")

    assert _adds_up(job)
    assert (job["counts"]["added"], job["counts"]["unchanged"], job["counts"]["rejected"]) == (2, 1, 3)
    assert job["problems"] == {"plan.contact_limit": 3}


def test_newer_value_stays_and_an_empty_one_takes_nothing_away(account):
    account.import_file("email;imie;miasto\nola@x.example;Ola;Gdynia\n")

    job = account.import_file("email;imie;miasto\nola@x.example;;Sopot\n")

    assert job["counts"]["updated"] == 1
    assert [(one["first_name"], one["city"]) for one in account.people()] == [("Ola", "Sopot")]


def test_existing_values_stay_where_that_is_asked(account):
    account.import_file("email;imie;miasto\nola@x.example;;Gdynia\n")

    account.import_file("email;imie;miasto\nola@x.example;Ola;Sopot\n", precedence="keep_existing")

    assert [(one["first_name"], one["city"]) for one in account.people()] == [("Ola", "Gdynia")]


def test_a_phone_of_somebody_else_is_not_taken(account):
    account.import_file("email;telefon\nola@x.example;505603496\n")

    job = account.import_file("email;telefon\njan@x.example;505603496\n")

    assert job["counts"]["added"] == 1 and job["problems"] == {"phone.taken": 1}
    assert {one["email"]: one["phone"] for one in account.people()} == {
        "ola@x.example": "+48505603496",
        "jan@x.example": None,
    }


def test_somebody_without_an_email_gets_the_one_of_the_row_with_the_same_phone(account):
    account.import_file("telefon;imie\n505603496;Ola\n")

    job = account.import_file("email;telefon\nola@x.example;505603496\n")

    assert job["counts"]["updated"] == 1
    assert [(one["email"], one["first_name"]) for one in account.people()] == [("ola@x.example", "Ola")]


def test_mapping_and_custom_fields(account):
    account.call(fields.create, key="size", label="Rozmiar", type="number")
    account.call(fields.create, key="vip", label="VIP", type="boolean")

    job = account.import_file(
        "adres;rozm;vip;uwagi\nola@x.example;38,5;tak;x\njan@x.example;duży;nie;y\n",
        mapping={"adres": "email", "rozm": "size", "vip": "vip", "uwagi": None},
    )

    assert job["problems"] == {"size.invalid": 1}
    found = account.call(people.list_contacts, limit=10, cursor=None, email="ola@x.example")["items"][0]
    assert found["fields_"] == {"size": 38.5, "vip": True}


def test_declared_consent_is_kept_with_its_source(account):
    job = account.import_file("email;zgoda e-mail\nola@x.example;\njan@x.example;nie\n", consent=["email"])

    told = {one["email"]: (one["email_consent"], one["email_consent_source"]) for one in account.people()}
    source = f"import:{job['id']}"
    assert told == {"ola@x.example": (True, source), "jan@x.example": (False, source)}


def test_order_of_rows_does_not_change_the_result(database, new_account):
    rng = random.Random(5)
    emails = ["", *(f"p{n}@x.example" for n in range(6))]
    phones = ["", *(f"50560349{n}" for n in range(6))]
    for case in range(9):
        merge_by, limit = ("email", "phone", "external_id")[case % 3], (None, 9, 5)[case // 3]
        rows = [
            f"{rng.choice(emails)};{rng.choice(phones)};{rng.choice(['', 'Ola', 'Jan', 'Anna Maria'])}"
            f";{rng.choice(['', 'tak', 'nie'])};{rng.choice(['', 'k1', 'k2'])}"
            for _ in range(14)
        ]
        base = [f"{rng.choice(emails[1:])};{rng.choice(phones)};;;" for _ in range(3)]
        results = []
        for _ in range(2):
            account = new_account(limit=limit)
            head = "email;telefon;imie;zgoda sms;id klienta\n"
            account.import_file(head + "\n".join(base) + "\n")
            rng.shuffle(rows)
            job = account.import_file(head + "\n".join(rows) + "\n", merge_by=merge_by)
            assert _adds_up(job) and (limit is None or len(account.people()) <= limit)
            names = ("email", "phone", "external_id", "first_name", "sms_consent")
            people = sorted(str([one[name] for name in names]) for one in account.people())
            results.append((people, job["counts"], job["problems"]))
        assert results[0] == results[1]


def test_an_exported_list_is_read_back_as_it_was(account):
    """Where a spreadsheet would take a cell for a formula, our files have an apostrophe before it; numbers are none."""
    account.call(fields.create, key="saldo", type="number")
    account.call(
        people.create, terms=account.terms, email="-ola@x.example", phone="505603496", external_id="-5",
        first_name="=1+1", last_name="O'Hara", fields_={"saldo": -3.5},
    )  # fmt: skip
    before = account.people()[0]
    asked = account.call(exports.create, group_id=None, segment_id=None, format="csv", fields_=None)
    account.run_imports()
    written = account.download(account.call(exports.get, export_id=asked["id"])["file_id"])
    assert "'-ola@x.example" in written and "'=1+1" in written and ";-3.5" in written

    counts = account.import_file(written)["counts"]

    assert (counts["unchanged"], counts["added"], counts["warnings"]) == (1, 0, 0)
    assert account.people() == [before]
    account.call(people.delete, contact_id=before["id"])
    account.import_file(written)
    again = account.people()[0]
    told = ("email", "phone", "external_id", "first_name", "last_name", "custom")
    assert [again[name] for name in told] == [before[name] for name in told]


def test_dates_are_read_in_the_order_of_their_whole_column(account, new_account):
    rows = [f"p{n}@x.example;{n % 12 + 1:02}/{n % 11 + 1:02}/1990" for n in range(300)]
    rows.append("last@x.example;12/31/1990")

    job = account.import_file("email;urodziny\n" + "\n".join(rows))

    born = {one["email"]: str(one["birth_date"]) for one in account.people()}
    assert (born["p1@x.example"], born["last@x.example"]) == ("1990-02-02", "1990-12-31") and not job["problems"]
    assert born["p2@x.example"] == "1990-03-03" and born["p12@x.example"] == "1990-01-02"

    other = new_account()
    other.import_file("email;urodziny\na@x.example;03/04/1990\n", date_order="mdy")
    assert str(other.people()[0]["birth_date"]) == "1990-03-04"


def test_a_consent_in_general_is_kept_with_its_date(account, new_account):
    account.import_file("email;telefon;zgoda;data zgody\na@x.example;600100200;tak;2025-05-04\nb@x.example;;nie;\n")

    a, b = account.people()
    assert (a["email_consent"], a["sms_consent"], str(a["email_consent_at"])[:10]) == (True, True, "2025-05-04")
    assert (b["email_consent"], b["sms_consent"]) == (False, False) and b["email_consent_at"].year >= 2026

    other = new_account()
    other.import_file("email;zgoda\na@x.example;04.05.2025\n")
    one = other.people()[0]
    assert (one["email_consent"], str(one["email_consent_at"])[:10]) == (True, "2025-05-04")


def test_a_long_cell_is_cut_and_told_of(account):
    job = account.import_file("email;notatki;imie\na@x.example;" + "x" * 20_000 + ";Ola\nb@x.example;;" + "y" * 1_500)

    assert (job["counts"]["added"], job["counts"]["warnings"]) == (2, 2)
    assert job["problems"] == {"row.cell_cut": 1, "first_name.cut": 1}
    assert [len(one["first_name"]) for one in account.people()] == [3, 1_000]


@pytest.mark.parametrize(("rows", "gathered"), [(1, []), (2, ["addresses"]), (3, ["addresses", "all"])])
def test_statistics_are_gathered_for_as_much_as_an_import_changes(account, database, monkeypatch, rows, gathered):
    monkeypatch.setattr(imports, "STATISTICS_FROM", 2)
    monkeypatch.setattr(imports, "ALL_STATISTICS_FROM", 3)
    of = {"ANALYZE contacts (account_id, email, phone, external_id), group_members": "addresses"}
    of["ANALYZE contacts, group_members"] = "all"
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.extend([of[statement]] if statement in of else [])

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        account.import_file("email\n" + "".join(f"ala{number}@x.example\n" for number in range(rows)))
    finally:
        event.remove(database.engine, "before_cursor_execute", note)

    assert seen == gathered
