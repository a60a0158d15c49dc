"""What became of an account's messages, day by day; and of every account's, for operators."""

from api_gateway.routing import Route, operator_route
from contracts.reporting import statistics

_COUNTS = {
    "submitted": 11990,
    "delivered": 11420,
    "undelivered": 350,
    "expired": 120,
    "rejected": 10,
    "unknown": 0,
    "deferred": 0,
    "awaiting_receipt": 100,
    "parts": 12800,
    "clicks": 640,
    "unique_clicks": 512,
    "machine_clicks": 31,
    "unsubscribes": 3,
}
_FIGURES = {
    "channel": "sms",
    "counts": _COUNTS,
    "rates": {"delivery_rate": 0.9525, "click_rate": 0.0448},
    "cost": {"amount": 89600, "currency": "PLN"},
}
_TRAFFIC = {
    "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b01",
    "channels": [
        {"channel": "email", "messages": 41200, "sent": 41150, "delivered": 40310, "failed": 790},
        {"channel": "sms", "messages": 12000, "sent": 11990, "delivered": 11420, "failed": 480},
    ],
}

_operated = operator_route("reporting")

ROUTES = [
    Route(
        "GET",
        "/v1/statistics",
        rpc="reporting.get_statistics",
        permission="reports.read",
        summary="Messages by day and channel, growth of the base, and the best hour",
        description=(
            "Days are of the account's time zone, and those on which the messages were accepted: what became of them"
            " later counts there too."
            " `from` and `to` are both included; the last 30 days by default, 400 at most. `week` is when in the week"
            " campaigns were sent, opened and clicked, in the account's time zone and of the last 90 days at most,"
            " and `best_hour` the hour with most"
            " opens and clicks of people. `base` is how many contacts came and went and how many addresses were"
            " archived, by days of the account's time zone."
        ),
        query=statistics.StatisticsQuery,
        response=statistics.Statistics,
        tags=["Reports"],
        response_example={
            "days": [{"day": "2026-11-24", **_FIGURES}],
            "totals": [_FIGURES],
            "time_zone": "Europe/Warsaw",
            "base": [{"day": "2026-11-24", "added": 1204, "gone": 2, "archived": 31}],
            "week": [{"weekday": 2, "hour": 9, "sent": 11990, "opens": 0, "clicks": 640}],
            "best_hour": {"weekday": 2, "hour": 9},
        },
    ),
    _operated(
        "GET",
        "traffic",
        "list_traffic",
        "See what every account sent, and what became of it",
        description="By account and channel, over days of UTC on which the messages were accepted: what became of them"
        " later counts there too. Accounts without a message on these days are left out. The days stay when the"
        " messages of the log are deleted; those of a closed account are gone.",
        query=statistics.TrafficQuery,
        response=statistics.AccountTrafficPage,
        response_example={"items": [_TRAFFIC], "next_cursor": None},
    ),
]
