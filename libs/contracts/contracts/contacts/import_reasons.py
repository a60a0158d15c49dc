"""Why a row or a value of an import was refused, in English; the gateway has it in other languages."""

from __future__ import annotations

_REASONS = {
    "email.invalid": "The e-mail address is not valid",
    "phone.invalid": "The phone number is not valid",
    "external_id.invalid": "The external id is too long",
    "phone.shortened": "Excel has shortened the phone number; make the column one of text and export it again",
    "birth_date.invalid": "The birth date is not a date",
    "birth_date.future": "The birth date is in the future",
    "sms_consent+email_consent.invalid": "The consent is neither yes nor no nor a date",
    "consented_at.future": "The date of the consent is in the future",
    "row.open_quote": "A quote has no end where a cell can end; it was read as text",
    "row.cell_cut": "A cell is longer than 10,000 characters and was cut",
    "row.encoding": "The line is in another encoding than the rest of the file",
    "address.missing": "There is neither an e-mail address nor a phone number",
    "row.too_many_cells": "The row has more cells than the header",
    "email.taken": "The e-mail address belongs to another contact",
    "phone.taken": "The phone number belongs to another contact",
    "external_id.taken": "The external id belongs to another contact",
    "email.archived": "The e-mail address is in the archive",
    "phone.archived": "The phone number is in the archive",
    "email.erased": "The person of this e-mail address was erased on request",
    "phone.erased": "The person of this phone number was erased on request",
    "plan.contact_limit": "The plan's number of contacts is reached",
}

_CHANNELS = {"sms": "SMS", "email": "e-mail", "push": "push", "whatsapp": "WhatsApp", "viber": "Viber", "rcs": "RCS"}
for _channel, _name in _CHANNELS.items():
    _REASONS[f"{_channel}_consent.invalid"] = f"The {_name} consent is neither yes nor no"
    _REASONS[f"{_channel}_consent.refused"] = (
        f"The person has refused {_name}; a consent that is later than that needs its date"
    )

_WRONG = {
    "no_such_day": "{field}: there is no such day; is the order of day and month another?",
    "several": "{field} holds several; the first good one was taken",
    "cut": "{field} was too long and was cut",
    "future": "{field} is in the future",
}


def of(code: str) -> str:
    """`phone.invalid` → "The phone number is not valid"; a code without a sentence names its field."""
    field, _, wrong = code.partition(".")
    if wrong == "unreadable":
        return f"{field} holds a character that cannot be read"
    if wrong in _WRONG and code not in _REASONS:
        return _WRONG[wrong].format(field=field)
    return _REASONS.get(code) or f"{field} is not valid"
