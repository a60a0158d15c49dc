"""On trial a campaign begins only where everybody in its audience was seen to have a proved address."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from campaigns.usecases import dispatch
from contracts.errors import Forbidden

PROVED = frozenset({"+48600100200", "ala@poczta.example"})


def ensure(monkeypatch: pytest.MonkeyPatch, audience: dict[int, str], total: int) -> None:
    monkeypatch.setattr(dispatch, "PAGE", 2)

    def call(name: str, actor: Any, payload: dict[str, Any], *, deadline: float) -> Any:
        """As contacts: the next numbers above `after`, those who may be written to now and those who may not."""
        page = range(payload["after"] + 1, min(payload["after"] + payload["limit"], total) + 1)
        recipients = [{"number": number, "address": audience[number]} for number in page if number in audience]
        return {"recipients": recipients, "left_out": {"archived": [n for n in page if n not in audience]}}

    campaign: Any = SimpleNamespace(id=uuid4(), account_id=uuid4(), trace_id=None)
    nowhere: Any = None
    dispatch.Steps(nowhere, call, uuid4())._ensure_proved(campaign, total, PROVED)


def test_an_audience_of_proved_addresses_may_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure(monkeypatch, {1: "+48600100200", 2: "Ala@Poczta.example", 3: "ala@poczta.example"}, 3)


@pytest.mark.parametrize(
    "audience",
    [
        {1: "+48600100200", 2: "ala@poczta.example", 3: "+48600700800"},
        {1: "+48600100200", 3: "ala@poczta.example"},  # 2 is archived for this moment
        {},
    ],
)
def test_one_stranger_or_one_who_is_not_seen_holds_it_back(
    monkeypatch: pytest.MonkeyPatch, audience: dict[int, str]
) -> None:
    with pytest.raises(Forbidden, match=r"account\.on_trial"):
        ensure(monkeypatch, audience, 3)
