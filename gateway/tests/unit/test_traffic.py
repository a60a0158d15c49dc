"""The traffic of all accounts: what is asked of reporting, and by whom alone."""

from __future__ import annotations

import pytest
from things import problem_of

from api_gateway.routes import statistics
from contracts.reporting.statistics import TrafficQuery

PATH = "/v1/operator/traffic"
SHOP = {"account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b01", "channels": []}
PAGE = {"items": [SHOP], "next_cursor": None}


@pytest.fixture
def client(services, make_client):
    services.answers["reporting.list_traffic"] = PAGE
    return make_client(statistics.ROUTES)


def test_an_operator_asks_for_days_of_a_channel_and_an_account(client, services, log_in):
    operator = log_in("operator", kind="operator", account_id=None)
    query = {"from": "2026-11-01", "to": "2026-11-30", "channel": "sms", "account_id": SHOP["account_id"]}

    answer = client.get(PATH, query_string=query, headers=operator)

    assert answer.json == PAGE
    [(actor, payload)] = services.asked("reporting.list_traffic")
    assert actor["operator_id"]
    assert TrafficQuery().load(payload)["from_"].day == 1
    assert {name: payload[name] for name in query} == query


def test_no_right_of_an_account_is_enough(client, services, log_in):
    reader = log_in("reader", permissions=("reports.read",))

    problem_of(client.get(f"{PATH}?from=2026-11-01&to=2026-11-30", headers=reader), 403, "operator.required")

    assert services.asked("reporting.list_traffic") == []


def test_a_period_that_is_too_long_is_refused_in_polish(client, services, log_in):
    operator = log_in("operator", kind="operator", account_id=None) | {"Accept-Language": "pl"}

    refused = client.get(f"{PATH}?from=2025-01-01&to=2026-11-30", headers=operator)

    assert refused.status_code == 422
    [error] = refused.json["errors"]
    assert (error["field"], error["code"], error["detail"]) == ("to", "traffic.period", "Okres ma od 1 do 400 dni.")
    assert services.asked("reporting.list_traffic") == []
