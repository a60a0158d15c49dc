"""Webhooks and the log of their deliveries."""

from __future__ import annotations

from typing import Any

from api_gateway.routing import Route
from contracts.reporting import webhooks as contract
from contracts.schema import PageQuery

_WEBHOOK: dict[str, Any] = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1f01",
    "url": "https://sklep.example/wici",
    "events": ["message.delivered", "message.hard_bounced"],
    "description": "Sklep",
    "enabled": True,
    "channel": None,
    "campaign_id": None,
    "submitter_id": None,
    "for_sends": False,
    "max_events": 100,
    "username": None,
    "secondary_url": "https://zapas.example/wici",
    "retry_plan": "hours_1_6_24",
    "retry_delays": [3600, 21600, 86400],
    "failing_since": None,
    "paused_at": None,
    "pause_reason": None,
    "previous_secret_until": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_SECRET = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
_DELIVERY: dict[str, Any] = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1f02",
    "state": "pending",
    "events": 37,
    "is_test": False,
    "attempts": [
        {"at": "2026-11-24T08:00:00+00:00", "endpoint": "main", "status": 503, "error": None, "milliseconds": 84}
    ],
    "due_at": "2026-11-24T08:00:05+00:00",
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": None,
}
_URL_TEST: dict[str, Any] = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1f03",
    "url": _WEBHOOK["url"],
    "state": "delivered",
    "attempts": [
        {"at": "2026-11-24T08:00:00+00:00", "endpoint": "main", "status": 204, "error": None, "milliseconds": 84}
    ],
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": "2026-11-24T08:00:01+00:00",
}
_ONE = "/v1/webhooks/<uuid:webhook_id>"


def _route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method, path, rpc=f"reporting.{rpc}", permission="reports.webhooks", summary=summary, tags=["Webhooks"], **more
    )


ROUTES = [
    _route(
        "GET", "/v1/webhooks", "list_webhooks", "Webhooks",
        query=PageQuery, response=contract.WebhookPage, response_example={"items": [_WEBHOOK], "next_cursor": None},
    ),
    _route(
        "POST", "/v1/webhooks", "create_webhook", "Set up a webhook",
        description=(
            "What happens is posted to `url` as a JSON array of events, each `{id, type, timestamp, data}`, within"
            " seconds. Requests are signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp` and"
            " `webhook-signature`, by the secret in this answer, which is never shown again. A request that is not"
            " answered by 2xx within 15 seconds goes to `secondary_url` at once, where there is one, and is sent again"
            " by `retry_plan` (for three days by default), under the same `webhook-id`; an event may"
            " come twice, with the same `id`, and those of one message come in their order. 410 ends it, `Retry-After`"
            " of 429 and 503 is kept, redirects are not followed. Where nothing arrives for three days the webhook is"
            " paused, and the account's owner is told by mail. It begins with what happens a second later. To try an"
            " address first: `POST /v1/webhooks/test`, and give its `test_id` here."
            " An account has 5 webhooks at most, beside those that are made for the `webhook_url` of sends: up to 50"
            " addresses, each until no send has named it for 120 days, shown and stopped like any other; of a further"
            " one nothing is told. `machine`, in the data of `message.opened` and `message.clicked`, is the rule by"
            " which the request was a machine's (a"
            " scanner, a prefetch), and null where none says so. What only several clicks"
            " together tell, many links within a moment, is not known yet: reports leave it out, and an event that has"
            " gone out is not taken back."
        ),
        request=contract.WebhookCreate, response=contract.NewWebhook, status=201, location="/v1/webhooks/{id}",
        example={
            "url": _WEBHOOK["url"], "secondary_url": _WEBHOOK["secondary_url"], "events": _WEBHOOK["events"],
            "retry_plan": "hours_1_6_24", "description": "Sklep",
        },
        response_example={**_WEBHOOK, **_SECRET},
    ),
    _route(
        "POST", "/v1/webhooks/key", "rotate_webhook_key", "Get a new key for the addresses of sends",
        description="What is posted to the `webhook_url` of a send is signed by one key of the account, whatever the"
        " address. It is in this answer and never shown again: before it is asked for the first time, requests are"
        " signed by one that nobody has seen. Until the overlap ends each request has two signatures, one by either"
        " key.",
        request=contract.WebhookRotation, response=contract.WebhookKey, status=201,
        example={"overlap_minutes": 1440},
        response_example={**_SECRET, "previous_secret_until": "2026-11-25T08:00:00+00:00"},
    ),
    _route(
        "POST", "/v1/webhooks/test", "test_url", "Test an address before a webhook has it",
        description="One event `webhook.test` is posted to `url` (and to `secondary_url`, where that fails), once,"
        " signed by the secret in this answer, which is never shown again. Ask for the test until its `state` is"
        " `delivered`, then save the address by `POST /v1/webhooks` with its `test_id`: the webhook keeps the"
        " secret. A test is kept for an hour; an account has 20 of them at most.",
        request=contract.UrlTestRequest, response=contract.NewUrlTest, status=202, retry_after=1,
        location="/v1/webhooks/url-tests/{id}",
        example={"url": _WEBHOOK["url"], "basic_auth": {"username": "sklep", "password": "haslo-do-webhooka"}},
        response_example={**_URL_TEST, "state": "pending", "attempts": [], "finished_at": None, **_SECRET},
    ),
    _route(
        "GET", "/v1/webhooks/url-tests/<uuid:test_id>", "get_url_test", "What became of a test of an address",
        response=contract.UrlTest, response_example=_URL_TEST,
    ),
    _route("GET", _ONE, "get_webhook", "One webhook", response=contract.Webhook, response_example=_WEBHOOK),
    _route(
        "PATCH", _ONE, "update_webhook", "Change a webhook",
        description="While it is not enabled nothing is kept for it. `enabled: true` ends a pause; what it had missed"
        " and was tried is sent again by a replay.",
        request=contract.WebhookUpdate, response=contract.Webhook, example={"enabled": True}, response_example=_WEBHOOK,
    ),
    _route(
        "DELETE", _ONE, "delete_webhook", "Delete a webhook",
        description="What was to be sent is dropped, and the log of its deliveries goes with it.", status=204,
    ),
    _route(
        "POST", f"{_ONE}/rotation", "rotate_webhook_secret", "Rotate a webhook's secret",
        description="Until the overlap ends each request has two signatures, one by either secret. The new one is in"
        " this answer and never shown again.",
        request=contract.WebhookRotation, response=contract.NewWebhook, status=201,
        example={"overlap_minutes": 1440}, response_example={**_WEBHOOK, **_SECRET},
    ),
    _route(
        "POST", f"{_ONE}/test", "test_webhook", "Send a test to a webhook",
        description="One event `webhook.test`, tried once, also while the webhook is paused or not enabled.",
        response=contract.WebhookDelivery, status=202, retry_after=1,
        location="/v1/webhooks/{webhook_id}/deliveries/{id}",
        response_example={**_DELIVERY, "is_test": True, "events": 1, "attempts": []},
    ),
    _route(
        "GET", f"{_ONE}/deliveries", "list_webhook_deliveries", "Deliveries of a webhook, newest first",
        description="They are kept for 30 days.",
        query=contract.DeliveryQuery, response=contract.WebhookDeliveryPage,
        response_example={"items": [_DELIVERY], "next_cursor": None},
    ),
    _route(
        "GET", f"{_ONE}/deliveries/<uuid:delivery_id>", "get_webhook_delivery", "One delivery",
        response=contract.WebhookDelivery, response_example=_DELIVERY,
    ),
    _route(
        "POST", f"{_ONE}/deliveries/<uuid:delivery_id>/replay", "replay_webhook_delivery", "Send a delivery again",
        description="One that is finished, arrived or not, from the start of the schedule and under the same id.",
        response=contract.WebhookDelivery, status=202, response_example=_DELIVERY,
    ),
    _route(
        "POST", f"{_ONE}/replay", "replay_webhook", "Send all failed deliveries again",
        description="Those that were made between `from` and `to`: some at a time, as they arrive. A second range that"
        " is asked for meanwhile is joined with the first.",
        request=contract.ReplayRange, response=contract.Replayed, status=202,
        example={"from": "2026-11-24T08:00:00+00:00", "to": "2026-11-25T08:00:00+00:00"},
        response_example={"deliveries": 12},
    ),
]  # fmt: skip
