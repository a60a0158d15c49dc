from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.protected_names import ALONE, ANYWHERE, is_protected


@pytest.mark.parametrize(
    "name",
    [
        "mBank", "m Bank 24", "PKO BP", "ZUS Oddział Łódź", "P0LICJA", "Urząd Skarbowy", "Bank", "ING", "lNG", "1ng",
        "\u0420\u043elicja", "m\u200bB\u0430nk S.A.", "Pаypаl", "PayPaI", "\uff50\uff4b\uff4f",
        "\u039c\u0412\u0430nk", "\u0396US", "Re\u03bdo\u217cut", "Bank Pol\u0455\u043aı",
        "\U0001f17c\U0001f171\U0001f170\U0001f17d\U0001f17a",
        "Krajowa KRUS", "p.o.l.i.c.j.a",
    ],
)  # fmt: skip
def test_names_that_only_their_bearers_may_have(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize(
    "name", ["", "Sklep Ing", "Kasia", "Sad owocowy", "Bank żywności Tychy", "Meble Łąka", "Trening", "Alertownik"]
)
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
