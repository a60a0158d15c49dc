"""Which column of a file is which field: guessed from Polish and English headers and from the cells, which decide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contacts.domain import second_look
from contacts.domain.emails import normalise
from contacts.domain.phones import to_e164
from contacts.domain.values import folded, to_boolean
from contracts.vocabulary import Channel

TEXT_FIELDS = ("first_name", "last_name", "company", "city")
ADDRESS_FIELDS = ("email", "phone", "external_id")
CONSENT_FIELDS = tuple(f"{channel}_consent" for channel in Channel)
MODIFIED = "modified_at"  # when the row was changed at its source; not kept, it decides which of two rows is newer
CONSENTED = "consented_at"  # when the consents of the row were given; kept beside them
BUILT_IN = (*ADDRESS_FIELDS, *TEXT_FIELDS, "birth_date", *CONSENT_FIELDS)
# What one column of a file says of several fields, which columns of their own say better.
FULL_NAME, CONSENT = "first_name+last_name", "sms_consent+email_consent"  # no key of an account's field is such
COMPOUND = {FULL_NAME: ("first_name", "last_name"), CONSENT: ("sms_consent", "email_consent")}
MAPPABLE = (*BUILT_IN, MODIFIED, CONSENTED, *COMPOUND)

# Folded headers: lower case, no accents, no punctuation.
_SYNONYMS: dict[str, str] = {
    name: field
    for field, names in {
        "email": "email|e mail|mail|adres email|adres e mail|adres mailowy|poczta|email address|e mail address"
        "|mail address|user email|billing email|adres poczty elektronicznej",
        "phone": "telefon|phone|tel|nr telefonu|numer telefonu|numer|komorka|telefon komorkowy|tel kom|gsm|mobile"
        "|mobile phone|phone number|mobile number|msisdn|cell|cell phone|sms|telefon kontaktowy"
        "|mobile phone number|telefon gsm|billing phone",
        "external_id": "external id|id zewnetrzne|id klienta|numer klienta|nr klienta|customer id|client id"
        "|customer number|id|id customer",
        "first_name": "imie|first name|firstname|given name|imiona|forename|billing first name",
        "last_name": "nazwisko|last name|lastname|surname|family name|billing last name",
        "first_name+last_name": "imie i nazwisko|full name|name|customer name",
        "company": "firma|company|nazwa firmy|organizacja|organisation|organization|company name|pracodawca"
        "|billing company|nazwa|nazwa kontrahenta|kontrahent|nazwa pelna",
        "city": "miasto|city|town|miejscowosc|miejsce zamieszkania|place",
        "birth_date": "data urodzenia|birth date|birthdate|birthday|date of birth|dob|born|urodziny|data ur|urodzony",
        "sms_consent": "zgoda sms|sms consent|zgoda na sms|sms ok|consent sms|sms opt in|zgoda marketingowa sms"
        "|accepts sms marketing",
        "email_consent": "zgoda e mail|zgoda email|email consent|zgoda mail|mail ok|email ok|consent email|email opt in"
        "|zgoda na e mail|zgoda na email|newsletter|zgoda marketingowa e mail|zgoda marketingowa email"
        "|accepts email marketing|zgoda na newsletter",
        "push_consent": "zgoda push|push consent|zgoda na push|push ok|consent push|push opt in",
        "whatsapp_consent": "zgoda whatsapp|whatsapp consent|zgoda na whatsapp|whatsapp ok|consent whatsapp"
        "|whatsapp opt in|zgoda marketingowa whatsapp",
        "viber_consent": "zgoda viber|viber consent|zgoda na viber|viber ok|consent viber|viber opt in",
        "rcs_consent": "zgoda rcs|rcs consent|zgoda na rcs|rcs ok|consent rcs|rcs opt in|zgoda marketingowa rcs",
        "sms_consent+email_consent": "zgoda|zgody|consent|zgoda marketingowa|zgoda rodo|zgoda na kontakt|opt in|optin",
        "consented_at": "data zgody|data zgod|data wyrazenia zgody|consent date|zgoda data|consented at|optin time"
        "|opt in date|confirm time",
        "modified_at": "data modyfikacji|modified at|updated at|last modified|zmodyfikowano|data aktualizacji|updated"
        "|last changed|last modified date",
        "discount_code": "kod rabatowy|discount code|rabat|kod|code|kupon|coupon|promo code|kod promocyjny",
    }.items()
    for name in names.split("|")
}
# What words of a header that is not known as a whole begin with, where it speaks of a channel.
_WORDS: dict[str, tuple[str, ...]] = {
    f"{channel}_consent": ("email", "mail") if channel is Channel.EMAIL else (channel.value,) for channel in Channel
}
# Words of many a header: they name a field alone, and not among others ("Postal code", "Nazwa produktu").
_COMMON = frozenset(("code", "kod", "numer", "nazwa"))
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


def known_headers(row: Sequence[str]) -> int:
    """How many of a row's cells name a field."""
    return sum(1 for cell in row if cell.strip() and _by_name(header_key(cell)) is not None)


def guess(
    headers: Sequence[str], samples: Sequence[Sequence[str]], custom: Mapping[str, str], region: str
) -> list[Guess]:
    """Guess every column. A field is given once: to a column that holds something before an empty one, then to the
    surest of it, to the one with most good cells, to the leftmost.

    :param samples: the first rows.
    :param custom: label by key of the account's own fields.
    """
    own = {header_key(text): key for key, label in custom.items() for text in (key, label)}
    columns = [[row[at] for row in samples if at < len(row) and row[at].strip()] for at in range(len(headers))]
    found = [_guess_one(header, columns[at], own, region) for at, header in enumerate(headers)]
    guesses = [Guess(at, header, None, 0.0) for at, header in enumerate(headers)]
    taken: set[str] = set()
    for at in sorted(range(len(headers)), key=lambda at: (not columns[at], -found[at][1], -found[at][2], at)):
        field, confidence, _ = found[at]
        if field is None or field in taken or (field not in MAPPABLE and field not in custom):
            continue
        taken.add(field)
        guesses[at] = Guess(at, headers[at], field, confidence)
    for one in guesses:
        if one.field in COMPOUND and taken.intersection(COMPOUND[one.field]):
            guesses[one.column] = Guess(one.column, one.header, None, 0.0)
    return guesses


Found = tuple[str | None, float, int]  # the field, how sure that is, how many cells can be read as it


def _guess_one(header: str, cells: Sequence[str], own: Mapping[str, str], region: str) -> Found:
    key = header_key(header)
    if key in own:
        return own[key], SURE, 0
    named = _by_name(key)
    if named is None:
        by_content = _by_content(cells, region)
        return by_content, MAYBE if by_content else 0.0, len(cells)
    field, confidence = named
    if field == FULL_NAME:
        return _name(cells, confidence)
    good = _good(field, cells, region, exact=confidence == SURE)
    if good is None:
        return field, confidence, 0
    if good == 0 and confidence < SURE and cells:
        return None, 0.0, 0
    if field == CONSENT:
        confidence = MAYBE
    return field, confidence if good else MAYBE, good


def _by_name(key: str) -> tuple[str, float] | None:
    if key in _SYNONYMS:
        return _SYNONYMS[key], SURE
    words = f" {key} "
    names = [name for name in _SYNONYMS if len(name) > 3 and name not in _COMMON and f" {name} " in words]
    inside = [(len(name), _SYNONYMS[name]) for name in names]
    inside = [one for one in inside if one[1] not in (FULL_NAME, CONSENT)]
    if not inside or _is_of_another(field := max(inside)[1], key.split()):
        return None
    return field, LIKELY


def _is_of_another(field: str, words: Sequence[str]) -> bool:
    """Whether a header with a consent's name inside speaks of another channel, too: it is a person's word on both."""
    others = [start for one, starts in _WORDS.items() if one != field for start in starts]
    return field in CONSENT_FIELDS and any(word.startswith(tuple(others)) for word in words)


def _good(field: str, cells: Sequence[str], region: str, *, exact: bool) -> int | None:
    """How many cells can be read as `field`; None where any text can, or there is none to judge by."""
    if field == "email":
        return sum(1 for cell in cells if normalise(cell) or second_look.email(cell)[0])
    if field == "phone":
        return sum(1 for cell in cells if to_e164(cell, region) or second_look.phone(cell, region)[0])
    if field in (*CONSENT_FIELDS, CONSENT) and cells and not exact:
        return sum(1 for cell in cells if to_boolean(cell) is not None)
    return None


def _name(cells: Sequence[str], confidence: float) -> Found:
    """A column of names is one of whole names where most cells hold two words or more."""
    whole = sum(1 for cell in cells if len(cell.split()) > 1)
    return (FULL_NAME if cells and 2 * whole >= len(cells) else "first_name"), min(confidence, LIKELY), len(cells)


def _by_content(cells: Sequence[str], region: str) -> str | None:
    if len(cells) < 3:
        return None
    enough = 0.8 * len(cells)
    if sum(1 for cell in cells if normalise(cell)) >= enough:
        return "email"
    if sum(1 for cell in cells if to_e164(cell, region)) >= enough:
        return "phone"
    return None
