"""Where an account may send to: at the door, and in campaigns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from channel import quota_leases
from chassis.database import Database
from chassis.ids import new_id
from contracts.errors import Forbidden, Invalid
from contracts.vocabulary import Lane
from sms_gateway.domain.countries import country_of
from sms_gateway.domain.sends import Plan
from sms_gateway.models import SenderId
from sms_gateway.store import senders
from sms_gateway.usecases import countries
from sms_gateway.usecases.messages import store_sends

NOW = datetime.now(UTC)
OPERATOR: dict[str, Any] = {"actor": {"operator_id": str(new_id())}, "now": NOW}


def limited(database: Database, account_id: Any, to: list[str] | None) -> Any:
    with database.transaction() as session:
        return countries.set_sms_countries(session, **OPERATOR, account_id=account_id, countries=to, reason="Test")


@pytest.mark.parametrize(
    ("address", "country"),
    [("+48600100200", "PL"), ("+420601123456", "CZ"), ("+12025550123", "US"), ("+14165550123", "CA"),
     ("+447400123456", "GB"), ("+77011234567", "KZ"), ("+79161234567", "RU"), ("+999123456", ""), ("+1", "US")],
)  # fmt: skip
def test_the_country_of_a_phone(address: str, country: str) -> None:
    assert country_of(address) == country


def test_a_single_message_elsewhere_is_refused(database: Database) -> None:
    account_id = new_id()
    with database.transaction() as session:
        key = senders.sender_key("Wici")
        session.add(SenderId(id=new_id(), account_id=account_id, sender="Wici", sender_key=key, state="active"))
        session.flush()
        session.execute(quota_leases._OPEN, {"reservation_id": new_id(), "account_id": account_id})
        session.execute(text("UPDATE quota_leases SET granted = 1000"))

    def refusals(*to: str) -> list[Any]:
        content = {
            "text": "Hej",
            "literal": True,
            "replace_diacritics": False,
            "flash": False,
            "validity_minutes": None,
        }
        plan = Plan(account_id, "Wici", content, list(to), {}, 1, Lane.TRANSACTIONAL, "Hej", None, None, None, "")
        with database.transaction() as session:
            (answer,) = store_sends(session, [plan], now=NOW)
        return answer.errors if isinstance(answer, Invalid) else []

    assert refusals("+48600100200", "+4915112345678") == []
    assert limited(database, account_id, ["PL", "CZ"])["countries"] == ["CZ", "PL"]
    assert refusals("+48600100200", "+420601123456") == []
    (refusal,) = refusals("+48600100200", "+4915112345678")
    assert (refusal["field"], refusal["code"]) == ("to.1", "country.not_allowed")
    assert limited(database, account_id, [])["countries"] == [] and refusals("+48600100200")
    assert limited(database, account_id, None)["countries"] is None and not refusals("+4915112345678")
    with pytest.raises(Forbidden), database.transaction() as session:
        countries.get_sms_countries(session, actor={"account_id": str(account_id)}, now=NOW, account_id=account_id)


def test_a_campaigns_recipients_elsewhere_are_rejected(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc()
    carrier(simulator)
    limited(database, campaign.account_id, ["PL"])
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), ["+48600100200", "+4915112345678"]))

    campaign.wait_final(2)

    assert [message["to"] for message in simulator.messages()] == ["+48600100200"]
    assert {event.get("code") for event in campaign.events if event["kind"] == "rejected"} == {"country.not_allowed"}
    assert [(done["submitted"], done["failed"]) for done in campaign.done] == [(1, 1)]
