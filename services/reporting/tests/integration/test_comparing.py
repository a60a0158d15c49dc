"""Campaigns beside one another, mailbox providers, and the hours of the week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from chassis.database import Database
from chassis.rpc_client import RemoteFailure
from contracts import ids
from contracts.errors import NotFound, Unavailable
from contracts.reporting import RPC
from reporting.ingester.writing import Ingest
from reporting.store import campaigns
from reporting.usecases import reports, statistics, zones

from ..factories import Send

NOW = datetime.now(UTC)


class Identity:
    """Identity as far as reports ask it."""

    def __init__(self, zone: str | None) -> None:
        self._zone = zone

    def __call__(self, name: str, actor: Any, payload: Any, *, deadline: float) -> Any:
        assert actor["service"] == "reporting"
        if self._zone is None:
            raise Unavailable("service.unavailable", "away")
        if name == "contacts.count_growth":
            return {"days": [{"day": payload["first"], "added": 7, "gone": 1, "archived": 2}]}
        assert name == "identity.get_account"
        return {"time_zone": self._zone}


def compared(database: Database, account_id: str, *campaign_ids: str) -> list[dict[str, Any]]:
    request = RPC["compare_reports"].load({"ids": ",".join(campaign_ids)})
    with database.transaction() as session:
        answer = reports.compare_reports(session, actor={"account_id": account_id}, now=NOW, **request)
    return RPC["compare_reports"].dump(answer)["items"]  # type: ignore[no-any-return]


def test_campaigns_are_compared_in_the_order_that_is_asked_for_and_no_strangers(database: Database) -> None:
    mail = Send("email")
    sms, stranger = Send("sms", mail.account_id), Send("sms")
    told = [send.full(number, "delivered") for send in (mail, sms, stranger) for number in range(4)]
    Ingest(database).write([[*told, sms.engagement(0, "clicked", url="https://x.example/")]])

    first, second = compared(database, mail.account_id, sms.campaign_id, mail.campaign_id.upper(), sms.campaign_id)

    assert (first["campaign_id"], first["channel"], first["counts"]["parts"]) == (sms.campaign_id, "sms", 8)
    assert (first["cost"]["amount"], first["cost_per_click"]["amount"]) == (56, 56)
    assert (second["campaign_id"], second["cost_per_click"]) == (mail.campaign_id, None)
    with pytest.raises(NotFound):
        compared(database, mail.account_id, mail.campaign_id, stranger.campaign_id)


def test_a_list_is_told_the_rates_of_what_has_started_and_nobody_elses(database: Database) -> None:
    mail, stranger = Send("email"), Send("email")
    told = [send.full(number, "delivered") for send in (mail, stranger) for number in range(4)]
    Ingest(database).write([[*told, mail.full(4, "hard_bounced"), mail.engagement(0, "opened")]])
    asked = RPC["list_rates"].load({"campaign_ids": [mail.campaign_id, stranger.campaign_id, str(uuid4())]})

    with database.transaction() as session:
        for send in (mail, stranger):
            campaigns.record_start(
                session,
                {
                    "campaign_id": UUID(send.campaign_id), "account_id": UUID(send.account_id), "send_id": send.send_id,
                    "name": "Wiosna", "channel": "email", "recipients": 5, "occurred_at": NOW,
                },
            )  # fmt: skip
        answer = reports.list_rates(session, actor={"account_id": mail.account_id}, now=NOW, **asked)

    rates = {"delivery_rate": 0.8, "open_rate": 0.25, "click_rate": 0.0}
    assert RPC["list_rates"].dump(answer)["rates"] == {mail.campaign_id: rates}


def test_mailboxes_of_one_provider_are_counted_together(database: Database) -> None:
    send = Send("email")
    domains = ["onet.pl", "op.pl", "GMAIL.com", "firma.example"]
    told = [{**send.full(number, "delivered"), "domain": domain} for number, domain in enumerate(domains)]
    Ingest(database).write([told])

    with database.transaction() as session:
        report = reports.from_counters(session, UUID(send.account_id), UUID(send.campaign_id))

    providers = {one["provider"]: one["counts"]["delivered"] for one in report["providers"]}
    assert providers == {"onet": 2, "gmail": 1, "other": 1}


def asked(database: Database, send: Send, zone: str | None, **query: Any) -> Any:
    actor: Any = {"account_id": send.account_id}
    return statistics.get_statistics(database, actor=actor, now=NOW, call=Identity(zone), **query)


def test_the_best_hour_is_one_of_the_accounts_own_clock(database: Database) -> None:
    send, stranger = Send("email"), Send("email")
    told = [one.full(number, "delivered") for one in (send, stranger) for number in range(120)]
    acts = [send.engagement(number, "opened") for number in range(110)]
    Ingest(database).write([[*told, *acts]])
    opened = datetime.fromtimestamp(send.started + 60, UTC)

    found = asked(database, send, "Asia/Tokyo")

    there = opened + timedelta(hours=9)
    assert found["time_zone"] == "Asia/Tokyo"
    assert found["best_hour"] == {"weekday": there.isoweekday(), "hour": there.hour}
    today = NOW.astimezone(ZoneInfo("Asia/Tokyo")).date()
    assert found["base"] == [{"day": today - timedelta(days=29), "added": 7, "gone": 1, "archived": 2}]
    assert sum(hour["opens"] for hour in found["week"]) == 110
    assert sum(hour["sent"] for hour in found["week"]) == 120


def test_days_are_of_the_accounts_own_clock(database: Database) -> None:
    send = Send("email")
    Ingest(database).write([[send.full(number, "delivered") for number in range(3)]])
    accepted = ids.created_at(send.send_id)
    # One of them is where this hour is on another day than in UTC.
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        there = accepted.astimezone(ZoneInfo(zone)).date()

        found = asked(database, send, zone, first=there, last=there)

        assert [(one["day"], one["counts"]["delivered"]) for one in found["days"]] == [(there, 3)]
        assert [one["counts"]["delivered"] for one in found["totals"]] == [3]


def test_without_a_word_of_contacts_the_rest_is_there(database: Database) -> None:
    """An older contacts knows of no growth, and any may have a fault."""

    def call(name: str, actor: Any, payload: Any, *, deadline: float) -> Any:
        if name == "contacts.count_growth":
            raise RemoteFailure("contacts.count_growth failed: MethodNotFound")
        return Identity("Asia/Tokyo")(name, actor, payload, deadline=deadline)

    actor: Any = {"account_id": str(uuid4())}
    found = statistics.get_statistics(database, actor=actor, now=NOW, call=call)

    assert (found["time_zone"], found["base"], found["days"]) == ("Asia/Tokyo", None, [])


def test_a_time_line_shows_what_the_accounts_clocks_showed(database: Database) -> None:
    send = Send("email")
    Ingest(database).write([[send.full(0, "delivered")]])

    actor: Any = {"account_id": send.account_id}
    found = reports.get_report_timeline(
        database, actor=actor, now=NOW, call=Identity("Asia/Kolkata"), campaign_id=UUID(send.campaign_id)
    )

    (hour,) = found["items"]
    assert found["time_zone"] == "Asia/Kolkata"
    assert hour["local_hour"].endswith("+05:30")
    assert datetime.fromisoformat(hour["local_hour"]) == hour["hour"]


def test_without_the_zone_it_is_utc_and_of_few_acts_no_hour_is_the_best(database: Database) -> None:
    send = Send("email")
    Ingest(database).write([[send.full(0, "delivered"), send.engagement(0, "opened")]])

    found = asked(database, send, None)

    assert (found["time_zone"], found["best_hour"], found["base"]) == ("UTC", None, None)
    assert zones.zone_of(Identity("Nowhere/Else"), uuid4()) == "UTC"
    assert asked(database, send, "UTC", first=date.max, last=date.max)["days"] == []
    assert asked(database, send, "UTC", last=date.min)["days"] == []
    assert asked(database, send, "UTC", first=date(2020, 1, 1), last=date(2020, 1, 2))["week"] == []
