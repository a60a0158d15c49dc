"""On trial a campaign begins only where nobody in its audience has an address that was not proved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from campaigns.usecases import dispatch
from contracts.errors import Forbidden

PROVED = ["+48600100200", "ala@poczta.example"]


def ensure(strangers: int) -> None:
    def ask(name: str, payload: dict[str, Any]) -> Any:
        assert name == "contacts.count_strangers" and payload["addresses"] == PROVED
        return {"count": strangers}

    campaign: Any = SimpleNamespace(id=uuid4())
    dispatch._ensure_proved(ask, campaign, PROVED)


def test_an_audience_of_proved_addresses_may_begin() -> None:
    ensure(0)


def test_strangers_hold_it_back_and_are_counted() -> None:
    with pytest.raises(Forbidden, match=r"account\.on_trial") as refused:
        ensure(2)
    assert refused.value.extra == {"recipients": 2}
