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


@pytest.mark.parametrize("header", ["Business Postal Code", "Kod pocztowy", "Nazwa produktu", "Numer domu"])
def test_a_common_word_among_others_names_no_field(header: str) -> None:
    [one] = guess([header], [["80-001"], ["601234567"], [""]], {"discount_code": "Kod rabatowy"}, "PL")
    assert one.field is None


@pytest.mark.parametrize("header", ["Kod", "code", "Twój kod rabatowy", "Kupon klienta"])
def test_the_accounts_own_field_is_known_by_its_own_words(header: str) -> None:
    [one] = guess([header], [["ABC"]], {"discount_code": "Rabat"}, "PL")
    assert one.field == "discount_code"


@pytest.mark.parametrize("headers", [["Business City", "Home City"], ["City", "Home City"]])
def test_of_columns_for_one_field_a_filled_one_wins_over_an_empty_one(headers: list[str]) -> None:
    assert [one.field for one in guess(headers, [["", "Gdynia"], ["", "Hel"]], {}, "PL")] == [None, "city"]


def test_of_empty_columns_the_surest_wins() -> None:
    assert [one.field for one in guess(["Home City", "City"], [], {}, "PL")] == [None, "city"]
