"""What operators see of every account's traffic: by account and channel, of days of UTC."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.database import Database
from contracts.errors import Forbidden, Invalid
from contracts.reporting import RPC
from reporting.domain.counting import Dimension, Tally, day_key
from reporting.ingester.writing import Ingest
from reporting.store import counters, traffic
from reporting.usecases.traffic import list_traffic

from ..factories import Send

OPERATOR: Any = {"operator_id": str(uuid4())}
TODAY = datetime.now(UTC).date()
FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))


def asked(database: Database, actor: Any = OPERATOR, **query: Any) -> Any:
    """As the service answers it, to the last thirty days."""
    call = RPC["list_traffic"]
    # A run over midnight asks for both days.
    days = {"from": (TODAY - timedelta(days=30)).isoformat(), "to": (TODAY + timedelta(days=1)).isoformat()}
    with database.transaction() as session:
        answer = list_traffic(session, actor=actor, now=datetime.now(UTC), **call.load({**days, **query}))
    return call.dump(answer)


def counted(database: Database, *days: tuple[UUID, date, str, int]) -> None:
    """So many messages that were delivered, by account, day and channel."""
    tally = Tally()
    for account_id, day, channel, messages in days:
        for metric in ("messages", "sent", "delivered"):
            tally.add(account_id, (account_id, Dimension.DAY, day_key(day, channel)), metric, messages)
    with database.transaction() as session:
        counters.add(session, tally)


def test_each_account_shows_by_channel_what_was_sent_delivered_and_failed(database: Database) -> None:
    mail = Send("email", str(FIRST))
    states = ["delivered"] * 3 + ["hard_bounced", "soft_bounced", "rejected", "deferred", "submitted"]
    sms, others = Send("sms", str(FIRST)), Send("sms", str(SECOND))
    told = [
        [mail.full(number, state) for number, state in enumerate(states)],
        [sms.full(1, "undelivered"), sms.full(2, "expired"), sms.full(3, "accepted")],
        [others.full(1, "delivered")],
    ]
    Ingest(database).write(told)

    found = asked(database)

    one = {"channel": "sms", "messages": 1, "sent": 1, "delivered": 1, "failed": 0}
    assert found == {
        "items": [
            {
                "account_id": str(FIRST),
                "channels": [
                    {"channel": "email", "messages": 8, "sent": 6, "delivered": 3, "failed": 3},
                    {"channel": "sms", "messages": 3, "sent": 2, "delivered": 0, "failed": 2},
                ],
            },
            {"account_id": str(SECOND), "channels": [one]},
        ],
        "next_cursor": None,
    }


def test_days_are_summed_and_both_ends_belong_to_them(database: Database) -> None:
    start = date(2026, 11, 1)
    counted(database, *((FIRST, start + timedelta(days=after), "sms", 10**after) for after in range(5)))

    found = asked(database, **{"from": "2026-11-02", "to": "2026-11-04"})

    assert [channel["messages"] for channel in found["items"][0]["channels"]] == [1110]
    assert asked(database, **{"from": "2026-11-06", "to": "2026-11-30"}) == {"items": [], "next_cursor": None}


def test_a_channel_or_an_account_is_asked_for_alone(database: Database) -> None:
    counted(database, (FIRST, TODAY, "sms", 1), (FIRST, TODAY, "rcs", 2), (SECOND, TODAY, "rcs", 3))

    by_channel = asked(database, channel="sms")["items"]
    of_one = asked(database, account_id=str(SECOND))["items"]

    assert [(one["account_id"], [of["channel"] for of in one["channels"]]) for one in by_channel] == [
        (str(FIRST), ["sms"])
    ]
    assert [(one["account_id"], one["channels"][0]["messages"]) for one in of_one] == [(str(SECOND), 3)]
    assert asked(database, account_id=str(THIRD))["items"] == []


def test_pages_follow_one_another_and_pass_over_accounts_without_messages(database: Database) -> None:
    long_ago = TODAY - timedelta(days=200)
    counted(database, (FIRST, TODAY, "sms", 1), (SECOND, long_ago, "sms", 1), (THIRD, TODAY, "sms", 1))

    first = asked(database, limit=1)
    second = asked(database, limit=1, cursor=first["next_cursor"])

    assert [one["account_id"] for one in first["items"] + second["items"]] == [str(FIRST), str(THIRD)]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("actor", [{"account_id": str(FIRST)}, {"account_id": str(FIRST), "user_id": str(SECOND)}, {}])
def test_it_is_for_operators_alone(database: Database, actor: dict[str, str]) -> None:
    with pytest.raises(Forbidden) as refused:
        asked(database, actor)
    assert refused.value.code == "operator.required"


@pytest.mark.parametrize("to", ["2026-01-01", "2027-03-09"])
def test_a_period_has_an_end_and_is_no_longer_than_the_longest(to: str) -> None:
    with pytest.raises(Invalid) as refused:
        RPC["list_traffic"].load({"from": "2026-02-02", "to": to})
    assert [error["code"] for error in refused.value.errors] == ["traffic.period"]
    RPC["list_traffic"].load({"from": "2026-02-02", "to": "2027-03-08"})


def test_a_page_looks_at_no_counters_of_campaigns_and_at_no_accounts_after_it(database: Database) -> None:
    """A hundred accounts, each with a thousand counters of campaigns: a page of five looks at these and the next."""
    tally = Tally()
    for number in range(100):
        account_id = UUID(int=10_000 + number)
        for of_campaign in range(1000):
            tally.add(account_id, (uuid4(), Dimension.DOMAIN, f"{of_campaign}.example"), "messages", 1)
        for after in range(30):
            key = (account_id, Dimension.DAY, day_key(TODAY - timedelta(days=after), "sms"))
            tally.add(account_id, key, "messages", 1)
    with database.transaction() as session:
        counters.add(session, tally)
        session.execute(text("ANALYZE counters"))

        days = traffic.Days(TODAY - timedelta(days=29), TODAY)
        bound = {**days.bounds(), "after": UUID(int=10_010), "limit": 6}
        explained = session.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {traffic._SUMMED % traffic._SOME}"), bound)

    looked_at = sum(rows_of(explained[0]["Plan"]))
    assert 6 * 30 <= looked_at <= 6 * 30 + 50, json.dumps(explained)


def rows_of(node: dict[str, Any]) -> list[float]:
    """Of each scan of the counters: how many rows it looked at, those that it did not take counted too."""
    below = [rows for one in node.get("Plans", []) for rows in rows_of(one)]
    if node.get("Relation Name") != "counters":
        return below
    passed_over = node.get("Rows Removed by Filter", 0)
    return [(node["Actual Rows"] + passed_over) * node["Actual Loops"], *below]
