"""The list of campaigns, with how they went."""

from __future__ import annotations

import pytest

from api_gateway.routes import campaigns
from contracts.errors import Unavailable

STARTED = {"id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11", "started_at": "2026-11-24T08:00:00+00:00"}
DRAFT = {"id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b12", "started_at": None}
RATES = {"delivery_rate": 0.98, "open_rate": 0.3, "click_rate": 0.1}


@pytest.mark.parametrize(
    ("permissions", "told", "shown"),
    [
        (("reports.read",), {"rates": {STARTED["id"]: RATES}}, RATES),
        (("reports.read",), {"rates": {}}, None),
        (("reports.read",), Unavailable("service.unavailable", "away"), None),
        ((), {"rates": {STARTED["id"]: RATES}}, None),
    ],
)
def test_rates_are_there_for_who_may_read_reports_while_reporting_answers(
    services, make_client, log_in, permissions, told, shown
):
    services.answers["campaigns.list_campaigns"] = {"items": [STARTED, DRAFT], "next_cursor": None}
    services.answers["reporting.list_rates"] = told
    client, headers = make_client(campaigns.ROUTES), log_in("list", kind="session", permissions=permissions)

    items = client.get("/v1/campaigns", headers=headers).json["items"]

    assert [one["rates"] for one in items] == [shown, None]
