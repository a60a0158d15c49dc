"""What can go wrong with webhooks, each as the error that crosses the wire."""

from __future__ import annotations

from uuid import UUID

from contracts.errors import Conflict, NotFound


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
