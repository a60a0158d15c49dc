"""What can go wrong with webhooks, each as the error that crosses the wire."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from uuid import UUID

from contracts.errors import Conflict, NotFound, TooManyRequests


def no_such_webhook(webhook_id: UUID) -> NotFound:
    return NotFound("webhook.not_found", "There is no such webhook.", {"webhook_id": str(webhook_id)})


def no_such_delivery(delivery_id: UUID) -> NotFound:
    return NotFound("webhook_delivery.not_found", "There is no such delivery.", {"delivery_id": str(delivery_id)})


def delivery_under_way(delivery_id: UUID) -> Conflict:
    return Conflict(
        "webhook_delivery.under_way", "It is being tried, or will be by itself.", {"delivery_id": str(delivery_id)}
    )


def too_many_webhooks(limit: int) -> Conflict:
    return Conflict("webhook.too_many", f"An account has at most {limit} webhooks.", {"limit": limit})


def webhook_stopped(webhook_id: UUID) -> Conflict:
    return Conflict("webhook.stopped", "It is paused or not enabled: enable it first.", {"webhook_id": str(webhook_id)})


def webhook_of_sends(webhook_id: UUID) -> Conflict:
    detail = "It stands for the `webhook_url` of sends: its address is theirs, its key the account's."
    return Conflict("webhook.of_sends", detail, {"webhook_id": str(webhook_id)})


def no_such_url_test(test_id: UUID) -> NotFound:
    return NotFound("url_test.not_found", "There is no such test, or none any more.", {"test_id": str(test_id)})


def url_not_tested(test_id: UUID) -> Conflict:
    detail = "The test has not arrived, or it went to other addresses or with another login."
    return Conflict("webhook.not_tested", detail, {"test_id": str(test_id)})


def too_many_url_tests(most: int, wait: timedelta) -> TooManyRequests:
    retry_after = ceil(wait.total_seconds())
    return TooManyRequests(
        "url_test.too_many", f"An account tests {most} addresses an hour.", {"retry_after": retry_after, "limit": most}
    )
