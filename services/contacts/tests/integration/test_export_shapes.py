"""What other programs export, read without a mapping, against a count of its own: `csv`, email-validator, phonenumbers.

`pytest -s services/contacts/tests/integration/test_export_shapes.py` prints the table. All people are made up.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from python_calamine import CalamineWorkbook

EXPORTS = Path(__file__).parent.parent / "fixtures" / "exports"
# Encoding, separator, the line of the header, the columns of addresses, and what else is known of the first contact.
SHAPES = {
    "angled.csv": ("utf-8", ";", 1, ("Odbiorca e-mail", None), {"sms_consent": False, "email_consent": False}),
    "blank-lines.csv": ("utf-8", ";", 4, ("E-mail", None), {"first_name": "Świętosława"}),
    "comarch-optima.csv": ("cp852", ";", 1, ("E-mail", "Telefon"), {"company": "ŻÓŁĆ ŚWIĘTOSŁAWA", "city": "Łódź"}),
    "cover-sheet.xlsx": ("", "", 3, ("Adres e-mail", "Telefon"), {"first_name": "Świętosława"}),
    "excel-floats.csv": ("utf-8", ";", 1, (None, "Telefon"), {"first_name": "Świętosława"}),
    "excel-sep.csv": ("utf-8-sig", ";", 2, ("E-mail", "Telefon"), {"first_name": "Świętosława"}),
    "freshmail.csv": ("utf-8-sig", ";", 1, ("Adres e-mail", "telefon"), {"last_name": "Żółć", "city": "Łódź"}),
    "getresponse.csv": ("utf-8", ",", 1, ("Email", "Phone"), {"first_name": "Świętosława"}),
    "google-2020.csv": (
        "utf-8",
        ",",
        1,
        ("E-mail 1 - Value", "Phone 1 - Value"),
        {"last_name": "Żółć", "city": "Łódź"},
    ),
    "google-2024.csv": (
        "utf-8",
        ",",
        1,
        ("E-mail 1 - Value", "Phone 1 - Value"),
        {"last_name": "Żółć", "city": "Łódź"},
    ),
    "hubspot.csv": ("utf-8", ",", 1, ("Email", "Phone Number"), {"last_name": "Żółć", "company": "ACME"}),
    "iso.csv": ("iso8859-2", "|", 1, ("E-mail", None), {"first_name": "Świętosława", "city": "Łódź"}),
    "mailchimp.csv": ("utf-8", ",", 1, ("Email Address", "Phone Number"), {"last_name": "Żółć"}),
    "mixed.csv": ("utf-8", ";", 1, ("E-mail", None), {"first_name": "Świętosława"}),
    "open-quote.csv": ("utf-8", ";", 1, ("E-mail", None), {"first_name": "Świętosława"}),
    "outlook-en.csv": ("cp1250", ",", 1, ("E-mail Address", "Mobile Phone"), {"birth_date": "1990-05-31"}),
    "outlook-pl.csv": ("cp1250", ",", 1, ("Adres e-mail", "Telefon komórkowy"), {"birth_date": "1990-05-31"}),
    "prestashop.csv": ("utf-8", ";", 1, ("Adres e-mail", None), {"last_name": "Żółć", "email_consent": True}),
    "prestashop-sql.csv": ("utf-8", ";", 1, ("email", None), {"birth_date": "1990-05-31", "email_consent": False}),
    "shopify.csv": ("utf-8", ",", 1, ("Email", "Default Address Phone"), {"city": "Łódź", "email_consent": False}),
    "subiekt-gt.txt": (
        "cp1250",
        "\t",
        1,
        ("E-mail", "Telefon"),
        {"company": 'Świętosława Żółć "Firma"', "city": "Łódź"},
    ),
    "subiekt-nexo.csv": ("utf-8", ";", 4, ("E-mail", "Telefon"), {"last_name": "Żółć", "city": "Łódź"}),
    "unicode.txt": ("utf-16", "\t", 1, ("E-mail", "Telefon"), {"first_name": "Świętosława"}),
    "woocommerce-customers.csv": ("utf-8", ",", 1, ("Email", None), {"first_name": "Świętosława", "last_name": "Żółć"}),
    "woocommerce-orders.csv": (
        "utf-8",
        ",",
        1,
        ("billing_email", "billing_phone"),
        {"last_name": "Żółć", "city": "Łódź"},
    ),
}
# A program's own id of a customer keeps a row in that has no good address.
EXTERNAL_IDS = {"prestashop.csv": "ID", "prestashop-sql.csv": "id_customer", "shopify.csv": "Customer ID"}


def _table(name: str) -> list[list[str]]:
    encoding, separator, header, _, _ = SHAPES[name]
    content = (EXPORTS / name).read_bytes()
    if name.endswith("xlsx"):
        rows = (
            CalamineWorkbook.from_filelike(io.BytesIO(content))
            .get_sheet_by_name("Klienci")
            .to_python(skip_empty_area=False)
        )
        return [
            [str(int(cell)) if isinstance(cell, float) else str(cell) for cell in row] for row in rows[header - 1 :]
        ]
    if name in ("mixed.csv", "open-quote.csv"):  # no program writes such; a line is a row
        return [line.decode("utf-8", "replace").split(separator) for line in content.splitlines()]
    text = "".join(content.decode(encoding).splitlines(keepends=True)[header - 1 :])
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]


def _email(cell: str) -> str:
    inside = re.search("<(.*)>", cell)
    try:
        address = inside[1] if inside else cell
        return validate_email(address, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        return ""


def _phone(cell: str) -> str:
    cell = cell.partition(":::")[0].removesuffix(".0").removeprefix("tel. ").replace("0048", "+48")
    try:
        number = phonenumbers.parse(cell, "PL")
    except phonenumbers.NumberParseException:
        return ""
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else ""


def _counted(name: str) -> dict[str, int]:
    header, *rows = _table(name)
    email, phone = SHAPES[name][3]
    people = [
        (
            _email(row[header.index(email)]) if email else "",
            _phone(row[header.index(phone)]) if phone and not row[header.index(phone)].endswith("E+08") else "",
        )
        for row in rows
    ]
    ids = [row[header.index(EXTERNAL_IDS[name])] if name in EXTERNAL_IDS else "" for row in rows]
    known = [
        address or number or own for (address, number), own in zip(people, ids, strict=True) if address or number or own
    ]
    added = len(set(known))
    return {"read": len(rows), "added": added, "merged": len(known) - added, "rejected": len(rows) - len(known)}


def test_a_shape_of_each_is_here():
    assert {path.name for path in EXPORTS.iterdir()} == set(SHAPES) and len(SHAPES) >= 20


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_an_export_is_read_without_a_mapping(account, name):
    job = account.import_file((EXPORTS / name).read_bytes(), name)

    counted = _counted(name)
    found = {key: job["counts"][key] for key in counted}
    print(f"{name:26} {found} {counted == found} {job['problems']}")  # noqa: T201  # for `-s`
    assert (job["state"], job["error"], found) == ("done", None, counted)
    first = next(
        one for one in account.people() if "swieta" in (one["email"] or "") or (one["phone"] or "").endswith("201")
    )
    assert {key: str(first[key]) if key == "birth_date" else first[key] for key in SHAPES[name][4]} == SHAPES[name][4]
    if SHAPES[name][3][1]:
        assert first["phone"] == "+48600100201"
    if SHAPES[name][3][0]:
        assert first["email"] == "swieta@poczta.example"
