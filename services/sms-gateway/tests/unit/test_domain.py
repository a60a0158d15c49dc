"""Rules of sender IDs and of waiting."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Lane
from sms_gateway.domain import retrying, senders

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "sender", ["Wici", "Sklep 24", "A1b", "abcdefghijk", "+48600100200", "24h Kurier", "7557", "71234", "600100200"]
)
def test_good_sender_ids(sender: str) -> None:
    assert senders.is_sender(sender)


@pytest.mark.parametrize(
    "sender",
    ["", "ab", "abcdefghijkl", "123", "12345678901", " Wici", "Wici ", "Łódź", "a-b", "Wici\n", "+0123", "0600100200"],
)
def test_bad_sender_ids(sender: str) -> None:
    assert not senders.is_sender(sender)


@pytest.mark.parametrize(
    "sender",
    [
        "Policja",
        "POLICJA",
        "P0LICJA",
        "Po licja",
        "mBank",
        "mBank 24",
        "ING",
        "ZUS",
        "PKO",
        "Santander",
        "Bank ING",
        "ZUS Info",
        "ZUS24",
        "2US",
        "Moj Z U S",
        "lNG Bank",
        "InfoZUS",
        "rnBank",
        "Po1icja 24",
        "P K O",
    ],
)
def test_protected_names(sender: str) -> None:
    assert senders.is_protected(sender)


@pytest.mark.parametrize(
    "sender", ["Wici", "Trening", "Sklep Inga", "Zusanna", "Kasia", "Burger King", "+48600100200", "Alertownik"]
)
def test_honest_names_are_not_protected(sender: str) -> None:
    assert not senders.is_protected(sender)


def test_a_sender_id_becomes_active_only_through_a_decision() -> None:
    assert senders.SenderStep.ACCEPT not in senders.NEXT[senders.SenderState.REQUESTED]
    assert senders.NEXT[senders.SenderState.REJECTED] == {}


@given(st.integers(0, 1000), st.floats(0, 1))
def test_waits_grow_to_a_quarter_of_an_hour_at_most(attempts: int, jitter: float) -> None:
    wait = retrying.retry_at(NOW, attempts, jitter) - NOW
    assert retrying.FIRST_WAIT <= wait <= retrying.LAST_WAIT * 1.5


def test_a_code_is_of_no_use_after_half_an_hour() -> None:
    assert retrying.give_up_at(NOW, Lane.OTP, None) == NOW + timedelta(minutes=30)
    assert retrying.give_up_at(NOW, Lane.BULK, None) == NOW + timedelta(hours=48)
    assert retrying.give_up_at(NOW, Lane.BULK, 5) == NOW + timedelta(minutes=5)
