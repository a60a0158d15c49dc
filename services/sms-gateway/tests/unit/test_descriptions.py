"""Which characters force UCS-2, where they stand, and what a plain spelling saves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.content import gsm
from sms_gateway.usecases.contents import count_parts

IN_ALPHABET = [character for character in gsm.BASIC if character != "\x1b"] + list(gsm.EXTENSION)


def test_each_character_is_named_with_its_places_and_its_plain_spelling() -> None:
    counted = count_parts(text="Łąka ą 😀", replace_diacritics=False)

    assert [
        (one["character"], one["name"], one["positions"], one["times"], one["replacement"])
        for one in counted["offenders"]
    ] == [
        ("Ł", "LATIN CAPITAL LETTER L WITH STROKE", [0], 1, "L"),
        ("ą", "LATIN SMALL LETTER A WITH OGONEK", [1, 5], 2, "a"),
        ("😀", "GRINNING FACE", [7], 1, None),
    ]


def test_what_a_plain_spelling_would_save_is_told() -> None:
    long, plain = count_parts(text="ż" * 100, replace_diacritics=False), count_parts(text="z", replace_diacritics=False)

    assert (long["parts"], long["replaced"]["parts"], long["replaced"]["parts_saved"]) == (2, 1, 1)
    assert long["replaced"]["encoding"] == "gsm" and plain["replaced"] is None


def test_of_a_character_that_comes_often_the_first_places_are_told() -> None:
    (one,) = count_parts(text="ż" * 5000, replace_diacritics=False)["offenders"]

    assert (one["times"], one["positions"]) == (5000, list(range(50)))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("„Zażółć” – gęślą… ‘jaźń’", "\"Zazolc\" - gesla... 'jazn'"), ("Těšín, Žilina", "Tesin, Zilina"),
        ("½ m² ﬁ № œ", "1/2 m2 fi No oe"), ("a\u00a0b\u202fc\u2009d", "a b c d"), ("a\u200bb\u00adc\ufeff", "abc"),
        ("o\u0301", "o"), ("é ü ñ Ç € ^", "é ü ñ Ç € ^"), ("Привіт 日本 😀", "Привіт 日本 😀"), ("5×5", "5x5"),
    ],
)  # fmt: skip
def test_the_plain_spelling(written: str, plain: str) -> None:
    assert gsm.replace_diacritics(written) == plain


@given(st.text(max_size=50))
def test_a_plain_spelling_is_plain_already_and_never_worse(text: str) -> None:
    plain = gsm.replace_diacritics(text)

    assert gsm.replace_diacritics(plain) == plain
    assert set(gsm.offending_characters(plain)) <= set(gsm.offending_characters(text))


@given(st.text(st.sampled_from(IN_ALPHABET), max_size=50))
def test_what_is_in_the_alphabet_stays(text: str) -> None:
    assert gsm.replace_diacritics(text) == text
