"""The sample lists, imported, against a count of their own: Python's csv, email-validator and phonenumbers, row by row.

`pytest -s services/contacts/tests/integration/test_samples.py` prints the numbers.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from python_calamine import CalamineWorkbook

from contracts.errors import Unsupported

FIXTURES = Path(__file__).parent.parent / "fixtures"
NUMBERS = {
    "contacts-pl.csv": {"read": 12381, "added": 11939, "merged": 381, "rejected": 61, "spoilt": 220},
    "contacts-cp1250.csv": {"read": 2065, "added": 1993, "merged": 65, "rejected": 7, "spoilt": 37},
    "contacts.xlsx": {"read": 521, "added": 500, "merged": 21, "rejected": 0, "spoilt": 8},
    "phones.txt": {"read": 500, "added": 500, "merged": 0, "rejected": 0, "spoilt": 0},
}  # fmt: skip


def _table(name: str) -> list[list[str]]:
    content = (FIXTURES / name).read_bytes()
    if name.endswith("xlsx"):
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        return [[str(int(cell)) if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    encoding, delimiter = {"contacts-cp1250.csv": ("cp1250", ","), "phones.txt": ("utf-16", "\t")}.get(
        name, ("utf-8-sig", ";")
    )
    rows = csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter)
    return [row for row in rows if any(cell.strip() for cell in row)]


def _email(cell: str) -> str:
    try:
        return validate_email(cell.strip(), check_deliverability=False, test_environment=True).ascii_email.lower()
    except EmailNotValidError:
        return ""


def _phone(cell: str) -> str:
    digits = "".join(char for char in cell if char.isdigit() or char == "+")
    digits = digits[1:] if digits.startswith("0") and not digits.startswith("00") else digits
    try:
        number = phonenumbers.parse(digits, "PL")
    except phonenumbers.NumberParseException:
        return ""
    valid = phonenumbers.is_valid_number(number) and not any(char.isalpha() for char in cell)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else ""


def _counted(name: str) -> dict[str, int]:
    header, *rows = _table(name)
    at = {
        field: next((n for n, title in enumerate(header) if title.lower() in titles), None)
        for field, titles in {"email": ("e-mail", "mail"), "phone": ("telefon", "mobile", "phone")}.items()
    }
    cells = [[row[n] if n is not None else "" for n in at.values()] for row in rows]
    known = [(_email(email), _phone(phone)) for email, phone in cells]
    lost = sum(1 for email, phone in known if not email and not phone)
    spoilt = sum(
        1
        for (email, phone), (raw_email, raw_phone) in zip(known, cells, strict=True)
        if (email or phone) and ((raw_email.strip() and not email) or (raw_phone.strip() and not phone))
    )
    emails = {email for email, _ in known if email}
    phones_of_emails = {phone for email, phone in known if email}
    phones_alone = {phone for email, phone in known if not email and phone} - phones_of_emails
    added = len(emails) + len(phones_alone)
    return {
        "read": len(rows), "added": added, "merged": len(rows) - added - lost, "rejected": lost, "spoilt": spoilt,
    }  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_every_row_of_a_sample_is_accounted_for(account, name):
    job = account.import_file((FIXTURES / name).read_bytes(), name, group_name="Lista")

    counts = job["counts"]
    print(f"{name:20}", counts, job["problems"])  # noqa: T201  # for `-s`
    # A phone that somebody else has is a warning too, and takes more than a look at one row to see.
    counts["spoilt"] = counts["warnings"] - job["problems"].get("phone.taken", 0)
    assert {key: counts[key] for key in NUMBERS[name]} == _counted(name) == NUMBERS[name]
    assert len(account.people()) == counts["added"]


def test_a_sample_of_two_extensions_is_refused(account):
    with pytest.raises(Unsupported) as refused:
        account.upload("phones.test.txt", b"telefon\n505603496\n")

    assert (refused.value.code, "test.txt" in refused.value.detail) == ("import.file_extension", True)
