"""What people write so that nothing more comes."""

from __future__ import annotations

import pytest

from channel.stop_words import may_name_a_sender, wish_of, wish_of_label
from contracts.vocabulary import Wish


@pytest.mark.parametrize(
    "text",
    [
        "STOP", "stop", "Stop.", "  stop!!! ", "STOP\n", "S.T.O.P.", "s t o p", "stopall", "STOP ALL", "Unsubscribe",
        "CANCEL", "end", "QUIT", "opt-out", "Opt out please", "\uff53\uff54\uff4f\uff50", "STOP, proszę", "stop sms",
        "Stop writing to me", "WYPISZ", "wypisz mnie", "Wypiszcie mnie z listy!",
        "REZYGNUJĘ", "rezygnuje", "Rezygnuje\u0328", "KONIEC",
        "koniec sms", "NIE CHCĘ", "nie chce", "Nie chcę więcej wiadomości od was", "Nie życzę sobie reklam",
        "Nie wysyłajcie mi tego", "Proszę mnie wypisać", "PROSZĘ NIE WYSYŁAĆ", "Usuń mój numer z bazy", "\ufeffSTOP",
    ],
)  # fmt: skip
def test_a_refusal_is_read_however_it_is_written(text: str) -> None:
    assert wish_of(text) is Wish.STOP


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "?!", "TAK", "Please stop by at five", "Nie stop", "Kiedy koniec promocji?",
        "Koniec miesiąca mi pasuje", "Nie chcę czerwonego, wolę niebieski",
        "the end", "End of the street, on the left", "Cancel my 5pm visit",
        "stopping by later", "stopa procentowa", "NONSTOP", "restart", "Start the car", "wznowienie", "nie", "bus stop",
        "Wypis z rejestru", "s",
    ],
)  # fmt: skip
def test_what_says_something_else_is_no_refusal(text: str) -> None:
    assert wish_of(text) is None


@pytest.mark.parametrize("text", ["START", "start.", " Unstop ", "WZNÓW", "wznow!"])
def test_a_refusal_is_taken_back_by_a_word_alone(text: str) -> None:
    assert wish_of(text) is Wish.START


@pytest.mark.parametrize(
    ("label", "wish"),
    [
        ("STOP", Wish.STOP), ("Stop promotions", Wish.STOP), ("Wypisz mnie", Wish.STOP), ("Rezygnuję", Wish.STOP),
        ("Anuluj", None), ("End", None), ("Cancel", None), ("Koniec", None), ("Usuń", None), ("Start", None),
        ("Wznów", None), ("Tak", None), ("", None),
    ],
)  # fmt: skip
def test_the_label_of_a_button_is_a_refusal_only_where_it_can_be_nothing_else(label: str, wish: Wish | None) -> None:
    assert wish_of_label(label) is wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("WICI STOP", Wish.STOP),
        ("Moda Plus: koniec", Wish.STOP),
        ("wici start", Wish.START),
        ("WICI tak", None),
        ("Inna STOP", None),
    ],
)
def test_the_sender_may_be_named_before_the_word(text: str, wish: Wish | None) -> None:
    assert wish_of(text, ["Wici", "MODA PLUS"]) is wish


def test_only_what_might_be_a_wish_is_worth_a_look_at_the_senders() -> None:
    assert may_name_a_sender("Wici STOP")
    assert not may_name_a_sender("STOP")
    assert not may_name_a_sender("Do zobaczenia o piątej na dworcu")


def test_a_text_that_somebody_has_thought_out_costs_no_more_than_another() -> None:
    assert wish_of("stopstop " * 8_000) is None
    assert wish_of("stop " * 10_000) is Wish.STOP
