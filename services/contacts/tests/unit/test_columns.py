"""Which column is which field, by its header and its cells."""

from __future__ import annotations

import pytest

from contacts.domain.columns import guess


def _guessed(header: str, *cells: str) -> str | None:
    [one] = guess([header], [[cell] for cell in cells or ("tak", "nie", "tak")], {}, "PL")
    return one.field


@pytest.mark.parametrize(
    "header",
    [
        "Zgoda na powiadomienia SMS", "Zgoda na powiadomienia e-mail", "Zgoda na powiadomienia handlowe",
        "Zgoda na WhatsApp i SMS", "Zgoda na SMS i e-mail", "Zgoda na e-mail oraz SMS", "Newsletter SMS",
        "Zgoda na push / mailing", "RCS consent, Viber consent", "Zgoda na powiadomienia",
    ],
)  # fmt: skip
def test_consent_to_one_channel_is_never_taken_for_consent_to_another(header: str) -> None:
    assert _guessed(header) is None


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Zgoda na SMS (marketing)", "sms_consent"),
        ("Moja zgoda na e-mail", "email_consent"),
        ("Zgoda na newsletter sklepu", "email_consent"),
        ("Zgoda marketingowa e-mail 2026", "email_consent"),
        ("Klient: zgoda na push", "push_consent"),
        ("Zgoda WhatsApp 2026", "whatsapp_consent"),
    ],
)
def test_consent_to_one_channel_is_known_among_other_words(header: str, field: str) -> None:
    assert _guessed(header) == field
