"""What decides by which carrier a message leaves besides routes: languages, prices, and receipts that do not come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database, cursor_of
from chassis.ids import new_id
from contracts.errors import Invalid
from contracts.ids import message_id
from contracts.rpc import Actor
from contracts.sms_gateway import RPC
from sms_gateway.domain.prices import Amount
from sms_gateway.store import prices, receipts
from sms_gateway.usecases import contents, messages

NOW = datetime.now(UTC)
TURKISH = "ş" * 155


def planned(database: Database, said: str, **more: Any) -> Any:
    request = RPC["send_messages"].load({"from": "Wici", "to": ["+905001002030"], "text": said, **more})
    return messages.plan_send(database, actor=Actor(account_id=str(new_id())), now=NOW, **request)


def test_a_text_in_a_languages_tables_is_taken_while_a_carrier_takes_them(database: Database, carrier: Any) -> None:
    with pytest.raises(Invalid) as refused:
        planned(database, TURKISH, national_language="tr")
    assert refused.value.errors[0]["code"] == "national_language.not_taken"
    assert "national_language" not in planned(database, "Merhaba", national_language="tr").content

    carrier(SimpleNamespace(port=1), national_languages=["tr"])
    plan = planned(database, TURKISH, national_language="tr")
    assert (plan.parts, plan.content["national_language"]) == (1, "tr")
    assert planned(database, TURKISH).parts == 3
    with pytest.raises(Invalid):
        planned(database, "más", national_language="es")


def test_a_campaigns_content_says_that_no_carrier_takes_its_language(database: Database) -> None:
    of: dict[str, Any] = {"actor": Actor(account_id=str(new_id())), "now": NOW, "recipients": []}
    content = {"text": TURKISH, "national_language": "tr"}
    checked = contents.check_content(database, **of, content=content)
    assert [each["code"] for each in checked["problems"]] == ["national_language.not_taken"]
    assert (checked["figures"]["parts"], checked["figures"]["offending"]) == (1, [])
    prepared = contents.prepare_content(database, **of, sender="Wici", content=content, kind="campaign")
    assert "national_language.not_taken" in [each["code"] for each in prepared["problems"]]


def test_what_carriers_take_now_is_their_latest_price_that_holds(database: Database, carrier: Any) -> None:
    carrier_id = carrier(SimpleNamespace(port=1))
    given = [(-3, "pl", 9), (-2, "pl", 7), (1, "pl", 5), (-1, None, 20), (-3, "us", 30), (-1, "us", None)]
    with database.transaction() as session:
        for hours, network, amount in given:
            session.execute(
                text(
                    "INSERT INTO sms_prices (id, carrier_id, network, amount, per_parts, valid_from, created_at)"
                    " VALUES (:id, :carrier, :network, :amount, 100, :since, now())"
                ),
                {
                    "id": new_id(), "carrier": carrier_id, "network": network, "amount": amount,
                    "since": NOW + timedelta(hours=hours),
                },
            )  # fmt: skip
        assert prices.of_carriers(session) == {(carrier_id, "pl"): Amount(7, 100), (carrier_id, None): Amount(20, 100)}


def test_of_how_many_messages_nobody_knows_more_than_that_a_carrier_took_them(database: Database) -> None:
    made = [str(message_id(new_id(), 1)) for _ in range(4)]
    with database.transaction() as session:
        for each, state in zip(made, ("submitted", "delivered", "undelivered", "submitted"), strict=True):
            session.execute(
                text(
                    "INSERT INTO ledger (message_id, account_id, address, state, parts, submitted_at)"
                    " VALUES (:id, :id, '+48600100200', :state, 1, now())"
                ),
                {"id": each, "state": state},
            )
        unheard_of = str(message_id(new_id(), 1))
        assert receipts.without(cursor_of(session), [*made, unheard_of]) == (4, 2)
