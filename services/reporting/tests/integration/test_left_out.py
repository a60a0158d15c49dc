"""A report says who was left out, as campaigns counts it; without campaigns it says all else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.database import Database
from contracts.errors import NotFound, Unavailable
from reporting.ingester.writing import Ingest
from reporting.usecases import reports

from ..factories import Send

LEFT_OUT = {"archived": 3, "erased": 1, "withdrawn": 0, "deleted": 2, "changed": 0}


class Campaigns:
    """Campaigns as far as a report asks it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, Any, Any]] = []

    def __call__(self, name: str, actor: Any, payload: Any, *, deadline: float) -> Any:
        self.asked.append((name, actor, payload))
        if self.error is not None:
            raise self.error
        return {"recipients": 8, "left_out": LEFT_OUT}


def report(database: Database, send: Send, campaigns: Campaigns, account_id: str | None = None) -> dict[str, Any]:
    actor: Any = {"account_id": account_id or send.account_id, "permissions": ["reports.read"]}
    asked = {"actor": actor, "now": datetime.now(UTC), "campaign_id": UUID(send.campaign_id)}
    return reports.get_report(database, call=campaigns, **asked)


@pytest.fixture
def send(database: Database) -> Send:
    one = Send("email")
    Ingest(database).write([[one.full(number, "delivered") for number in range(2)]])
    return one


def test_a_report_says_who_was_left_out_by_the_reason(database: Database, send: Send) -> None:
    campaigns = Campaigns()

    assert report(database, send, campaigns)["left_out"] == LEFT_OUT
    own = {"account_id": send.account_id, "service": "reporting"}
    assert campaigns.asked == [("campaigns.get_progress", own, {"campaign_id": send.campaign_id})]


@pytest.mark.parametrize("error", [Unavailable("service.timeout", "x"), NotFound("campaign.not_found", "x")])
def test_a_report_is_there_while_nobody_can_say_who_was_left_out(
    database: Database, send: Send, error: Exception
) -> None:
    answer = report(database, send, Campaigns(error))

    assert answer["left_out"] is None
    assert answer["counts"]["delivered"] == 2


def test_campaigns_is_not_asked_about_another_accounts_campaign(database: Database, send: Send) -> None:
    campaigns = Campaigns()

    with pytest.raises(NotFound):
        report(database, send, campaigns, account_id=str(uuid4()))
    assert campaigns.asked == []


def test_links_are_called_by_the_words_of_their_places(database: Database, send: Send) -> None:
    clicks = [
        send.engagement(number, "clicked", url="https://s.example/", link=number, link_url="https://s.example/")
        for number in range(2)
    ]
    Ingest(database).write([clicks])

    def labels(campaigns: Any) -> list[tuple[int, str | None]]:
        actor: Any = {"account_id": send.account_id, "permissions": ["reports.read"]}
        asked = {"actor": actor, "now": datetime.now(UTC), "campaign_id": UUID(send.campaign_id)}
        items = reports.get_report_links(database, call=campaigns, **asked)["items"]
        return [(link["number"], link["label"]) for link in items]

    assert labels(lambda *_asked, **_deadline: {"labels": ["Logo", "Kup teraz", "Stopka"]}) == [
        (0, "Logo"), (1, "Kup teraz"),
    ]  # fmt: skip
    assert labels(lambda *_asked, **_deadline: {"labels": []}) == [(0, None), (1, None)]
    assert labels(Campaigns(Unavailable("service.timeout", "x"))) == [(0, None), (1, None)]
