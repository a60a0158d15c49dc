"""Folding events into patches: what comes first does not matter."""

from __future__ import annotations

import copy
import itertools

import pytest

from contracts.ids import created_at
from reporting.domain.folding import Folded, day_of, readable_events

from ..factories import Send


def fold(events: list[dict]) -> Folded:
    folded = Folded()
    folded.add(copy.deepcopy(event) for event in events)
    return folded


def test_any_order_folds_to_the_same_patch() -> None:
    send = Send("sms")
    reported = [
        send.event(1, "delivered", 5.0, code="000"),
        send.event(1, "deferred", 2.0, code="20"),
        send.full(1, "submitted", 3.0),
        send.event(1, "undelivered", 6.0, code="1"),
    ]
    kept = ("state", "state_at", "submitted_at", "delivered_at", "code", "address", "parts", "cost")

    patches = [fold(list(order)).patches[send.message_id(1)] for order in itertools.permutations(reported)]

    assert all([patch.get(name) for name in kept] == [patches[0].get(name) for name in kept] for patch in patches)
    assert patches[0]["code"] == "000"


def test_day_of_an_id_is_the_day_when_it_was_made() -> None:
    send = Send()

    assert day_of(send.message_id(7)) == created_at(send.send_id).date()


def test_an_engagement_without_an_event_id_is_known_again() -> None:
    send = Send()
    opened = send.event(1, "opened")

    assert len(fold([opened, dict(opened)]).engagements) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "x"},
        {"message_id": 7},
        {"account_id": None},
        {"campaign_id": "x"},
        {"kind": "eaten"},
        {"channel": "pigeon"},
        {"at": "soon"},
        {"at": float("nan")},
        {"at": 1e300},
        {"contact_id": [1]},
    ],
)
def test_an_event_that_says_nothing_readable_is_left_out(wrong: dict) -> None:
    send = Send()

    readable, unreadable = readable_events([send.full(1, "delivered"), send.full(2, "delivered") | wrong])

    assert (len(readable), unreadable) == (1, 1)


def test_odd_fields_of_a_readable_event_are_made_fit() -> None:
    send = Send()
    odd = send.full(1, "delivered") | {"detail": "a\0b" + "x" * 300, "parts": 2**40, "cost": True, "sender": 7}

    (fit,), _ = readable_events([odd])

    assert fit["detail"].startswith("abx") and len(fit["detail"]) == 200
    assert not {"parts", "cost", "sender"} & fit.keys()
