from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.protected_names import ALONE, ANYWHERE, IN_HONEST_WORDS, is_protected, is_protected_id


@pytest.mark.parametrize(
    "name",
    [
        "mBank", "m Bank 24", "PKO BP", "ZUS Oddział Łódź", "P0LICJA", "Urząd Skarbowy", "Bank", "ING", "lNG", "1ng",
        "\u0420\u043elicja", "m\u200bB\u0430nk S.A.", "Pаypаl", "PayPaI", "\uff50\uff4b\uff4f",
        "\u039c\u0412\u0430nk", "\u0396US", "Re\u03bdo\u217cut", "Bank Pol\u0455\u043aı",
        "\U0001f17c\U0001f171\U0001f170\U0001f17d\U0001f17a",
        "Krajowa KRUS", "p.o.l.i.c.j.a", "Obsługa mBanku", "mBank24", "mbank24", "MojmBank", "BLIK", "Płatność BLIKiem",
        "InfoBLIK", "blik24", "V i s a", "Karta Visa", "VISA-pl", "Urzad Gminy", "u Rzad", "Revolut Polska", "Revoluta",
        "santanderbank", "Bank Pekao SA", "iPKO", "Komenda POLICE", "Santander Bank Polska", "Citi Bank",
        "PKObp online",
    ],
)  # fmt: skip
def test_names_that_only_their_bearers_may_have(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "Sklep Ing", "Kasia", "Sad owocowy", "Bank żywności Tychy", "Meble Łąka", "Trening", "Alertownik",
        "Salon Visage", "Republika", "Revolution", "Szkoła Policealna", "Publikacje UW", "RePublika Kawy",
        "Visagistka Ola",
        "Filip Kowalski", "Filipkowski Meble", "Diego Vega", "Davis Apartments", "Urządzenia AGD", "Urządź dom",
        "Trening bankowy", "Team Bank Pomysłów", "Lego Visual", "Elvis Alive", "Policealne Studium", "Evolution",
    ],
)  # fmt: skip
def test_honest_names(name: str) -> None:
    assert not is_protected(name)


@given(st.sampled_from(ANYWHERE + ALONE), st.data())
def test_neither_case_nor_spaces_joiners_or_figures_hide_a_name(name: str, data: st.DataObject) -> None:
    swaps = {"o": "0о", "i": "1lі", "e": "3е", "a": "4а", "s": "5", "t": "7", "b": "8"}
    drawn = []
    for letter in name:
        letter = data.draw(st.sampled_from(letter + letter.upper().replace("I", letter) + swaps.get(letter, "")))
        drawn.append(letter + data.draw(st.sampled_from(["", " ", ".", "\u200d", "_"])))
    assert is_protected("".join(drawn))


@given(
    st.sampled_from(ANYWHERE), st.sampled_from(["", "u", "em", " Polska", "24", "-info"]),
    st.sampled_from(["", "Obsługa ", "24 ", "Twój."]),
)  # fmt: skip
def test_a_name_among_other_words_is_one_whatever_stands_beside_it(name: str, after: str, before: str) -> None:
    assert is_protected(f"{before}{name}{after}")


@given(st.sampled_from(ANYWHERE), st.data())
def test_a_name_that_begins_in_one_word_and_ends_in_another_is_none(name: str, data: st.DataObject) -> None:
    """But in a sender ID, which has no room for words that say what is meant."""
    place = data.draw(st.integers(1, len(name) - 1))
    drawn = f"wy{name[:place]} {name[place:]}wy"
    assert not is_protected(drawn)
    assert is_protected_id(drawn)


@given(
    st.sampled_from(sorted(IN_HONEST_WORDS)),
    st.sampled_from(["ko", "wka", "tor"]),
    st.sampled_from(["lny", "rst", "g"]),
)
def test_what_stands_in_a_longer_word_counts_in_a_sender_id_alone(name: str, before: str, after: str) -> None:
    drawn = f"{before}{name}{after}"
    assert not is_protected(drawn)
    assert is_protected_id(drawn)
