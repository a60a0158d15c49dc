"""Which column of a file is which field: guessed from Polish and English headers, with a confidence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contacts.domain.emails import normalise
from contacts.domain.phones import to_e164
from contacts.domain.values import folded

TEXT_FIELDS = ("first_name", "last_name", "company", "city")
ADDRESS_FIELDS = ("email", "phone", "external_id")
CONSENT_FIELDS = ("sms_consent", "email_consent")
MODIFIED = "modified_at"  # when the row was changed at its source; not kept, it decides which of two rows is newer
BUILT_IN = (*ADDRESS_FIELDS, *TEXT_FIELDS, "birth_date", *CONSENT_FIELDS)
MAPPABLE = (*BUILT_IN, MODIFIED)

# Folded headers: lower case, no accents, no punctuation.
_SYNONYMS: dict[str, str] = {
    name: field
    for field, names in {
        "email": "email|e mail|mail|adres email|adres e mail|adres mailowy|poczta|email address|e mail address"
        "|mail address",
        "phone": "telefon|phone|tel|nr telefonu|numer telefonu|numer|komorka|telefon komorkowy|tel kom|gsm|mobile"
        "|mobile phone|phone number|mobile number|msisdn|cell|cell phone|sms|telefon kontaktowy",
        "external_id": "external id|id zewnetrzne|id klienta|numer klienta|nr klienta|customer id|client id"
        "|customer number|id",
        "first_name": "imie|first name|firstname|given name|name|imiona|forename",
        "last_name": "nazwisko|last name|lastname|surname|family name",
        "company": "firma|company|nazwa firmy|organizacja|organisation|organization|company name|pracodawca",
        "city": "miasto|city|town|miejscowosc|miejsce zamieszkania|place",
        "birth_date": "data urodzenia|birth date|birthdate|birthday|date of birth|dob|born|urodziny|data ur|urodzony",
        "sms_consent": "zgoda sms|sms consent|zgoda na sms|sms ok|consent sms|sms opt in|zgoda marketingowa sms",
        "email_consent": "zgoda e mail|zgoda email|email consent|zgoda mail|mail ok|email ok|consent email|email opt in"
        "|zgoda na e mail|zgoda na email|newsletter|zgoda marketingowa e mail|zgoda marketingowa email",
        "modified_at": "data modyfikacji|modified at|updated at|last modified|zmodyfikowano|data aktualizacji|updated",
        "discount_code": "kod rabatowy|discount code|rabat|kod|code|kupon|coupon|promo code|kod promocyjny",
    }.items()
    for name in names.split("|")
}
SURE, LIKELY, MAYBE = 1.0, 0.8, 0.6
ACCEPT_FROM = 0.6


@dataclass(frozen=True)
class Guess:
    """One column of a file: its place, its header, what it seems to be (None: nothing known) and how sure that is."""

    column: int
    header: str
    field: str | None
    confidence: float


def header_key(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", folded(header)).strip()


def guess(
    headers: Sequence[str], samples: Sequence[Sequence[str]], custom: Mapping[str, str], region: str
) -> list[Guess]:
    """Guess every column. A field is given once, to the column that is surest of it, the leftmost of equals.

    :param samples: the first rows, for columns whose header says nothing.
    :param custom: label by key of the account's own fields.
    """
    own = {header_key(text): key for key, label in custom.items() for text in (key, label)}
    guesses = [
        _guess_one(at, header, [row[at] for row in samples if at < len(row)], own, region)
        for at, header in enumerate(headers)
    ]
    taken: set[str] = set()
    for one in sorted(guesses, key=lambda one: (-one.confidence, one.column)):
        if one.field is None:
            continue
        if one.field in taken or (one.field not in MAPPABLE and one.field not in custom):
            guesses[one.column] = Guess(one.column, one.header, None, 0.0)
        else:
            taken.add(one.field)
    return guesses


def _guess_one(at: int, header: str, cells: Sequence[str], own: Mapping[str, str], region: str) -> Guess:
    key = header_key(header)
    if key in own:
        return Guess(at, header, own[key], SURE)
    if key in _SYNONYMS:
        return Guess(at, header, _SYNONYMS[key], SURE)
    words = f" {key} "
    inside = [(len(name), field) for name, field in _SYNONYMS.items() if len(name) > 3 and f" {name} " in words]
    if inside:
        return Guess(at, header, max(inside)[1], LIKELY)
    by_content = _by_content([cell for cell in cells if cell.strip()], region)
    return Guess(at, header, by_content, MAYBE if by_content else 0.0)


def _by_content(cells: Sequence[str], region: str) -> str | None:
    if len(cells) < 3:
        return None
    enough = 0.8 * len(cells)
    if sum(1 for cell in cells if normalise(cell)) >= enough:
        return "email"
    if sum(1 for cell in cells if to_e164(cell, region)) >= enough:
        return "phone"
    return None
