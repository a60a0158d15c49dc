"""Webhooks: what happens is posted to the customer's own address, signed as Standard Webhooks says."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, broken_rule, line_field, page_of
from contracts.vocabulary import Channel
from contracts.webhook_urls import url_field

MOST_EVENTS = 500


class WebhookEvent(StrEnum):
    """What a webhook may be told: each state of a message, what people do with it, addresses archived, campaigns."""

    MESSAGE_ACCEPTED = "message.accepted"
    MESSAGE_DEFERRED = "message.deferred"
    MESSAGE_SUBMITTED = "message.submitted"
    MESSAGE_UNKNOWN = "message.unknown"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_UNDELIVERED = "message.undelivered"
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_REJECTED = "message.rejected"
    MESSAGE_HARD_BOUNCED = "message.hard_bounced"
    MESSAGE_SOFT_BOUNCED = "message.soft_bounced"
    MESSAGE_SPAM_BOUNCED = "message.spam_bounced"
    MESSAGE_OPENED = "message.opened"
    MESSAGE_CLICKED = "message.clicked"
    MESSAGE_ANSWERED = "message.answered"
    MESSAGE_DISMISSED = "message.dismissed"
    MESSAGE_UNSUBSCRIBED = "message.unsubscribed"
    MESSAGE_COMPLAINED = "message.complained"
    CONTACT_ARCHIVED = "contact.archived"
    CAMPAIGN_STATE_CHANGED = "campaign.state_changed"
    IMPORT_FINISHED = "import.finished"
    SMS_RECEIVED = "sms.received"
    RCS_RECEIVED = "rcs.received"
    WHATSAPP_RECEIVED = "whatsapp.received"
    VIBER_RECEIVED = "viber.received"


MESSAGE_EVENTS = tuple(event for event in WebhookEvent if event.value.startswith("message."))
TEST_EVENT = "webhook.test"


class WebhookDeliveryState(StrEnum):
    """`pending` is on its way or waits to be tried again; `failed` is not tried again unless it is replayed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class RetryPlan(StrEnum):
    """When a request that does not arrive is tried again, after the last try: as Standard Webhooks suggests (9 times in
    three days), after 1, 6 and 24 hours, after half an hour, 2 and 24 hours, or as the account says."""

    STANDARD = "standard"
    HOURS_1_6_24 = "hours_1_6_24"
    HOURS_HALF_2_24 = "hours_half_2_24"
    OWN = "own"


class Endpoint(StrEnum):
    """Which of a webhook's addresses a try went to."""

    MAIN = "main"
    SECONDARY = "secondary"


class PauseReason(StrEnum):
    """Why nothing is sent to a webhook any more: it has failed for days, or has answered 410."""

    FAILING = "failing"
    GONE = "gone"


def _delays_field(**options: Any) -> fields.List[Any]:
    return fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=5, max=2 * 24 * 3600)),
        allow_none=True,
        validate=validate.Length(min=1, max=10),
        metadata={"description": "Of the plan `own`: seconds from each try to the next"},
        **options,
    )


def _plan_and_delays(given: dict[str, Any]) -> None:
    """:raises ValidationError: a plan of the account's own without its delays, or delays of another plan."""
    if "retry_plan" in given or given.get("retry_delays") is not None:
        is_own = given.get("retry_plan") is RetryPlan.OWN
        if is_own != (given.get("retry_delays") is not None):
            raise broken_rule("webhook.retry_delays", "Given with the plan `own`, and with no other.", "retry_delays")


def _events_field(**options: Any) -> fields.List[Any]:
    return fields.List(Word(WebhookEvent), validate=validate.Length(min=1, max=len(WebhookEvent)), **options)


def _size_field(**options: Any) -> fields.Integer:
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=1, max=MOST_EVENTS),
        metadata={"description": "How many events one request holds at most"},
        **options,
    )


def _submitter_field(**options: Any) -> fields.UUID:
    return fields.UUID(
        allow_none=True,
        metadata={
            "description": "An API key, a user, an SMTP or an SMPP account: events of the single messages that"
            " were handed in with it, and of nothing else"
        },
        **options,
    )


class BasicAuth(Schema):
    """Sent with each request, beside the signature (RFC 7617). The password is never shown again."""

    username = fields.String(
        required=True,
        validate=[
            validate.Length(min=1, max=200),
            validate.Regexp(r"^[!-9;-~]*\Z", error="Not a valid user: printable ASCII without spaces and colons."),
        ],
    )
    password = line_field(200, required=True)


class WebhookCreate(Schema):
    """Where to, and which events; of one channel, campaign or submitter alone where these are named."""

    url = url_field(required=True)
    events = _events_field(required=True)
    description = line_field(200, load_default="")
    enabled = fields.Boolean(load_default=True)
    channel = fields.Enum(Channel, by_value=True, load_default=None, allow_none=True)
    campaign_id = fields.UUID(load_default=None, allow_none=True)
    submitter_id = _submitter_field(load_default=None)
    max_events = _size_field(load_default=100)
    basic_auth = fields.Nested(BasicAuth, load_default=None, allow_none=True)
    secondary_url = url_field(load_default=None, allow_none=True)
    retry_plan = fields.Enum(RetryPlan, by_value=True, load_default=RetryPlan.STANDARD)
    retry_delays = _delays_field(load_default=None)
    test_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "A test of this `url`, `secondary_url` and `basic_auth` that has arrived within the last"
            " hour: the webhook keeps the secret that signed it"
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def _plan(self, given: dict[str, Any], **_: Any) -> None:
        _plan_and_delays(given)


class WebhookUpdate(Schema):
    """`enabled: true` also ends a pause."""

    url = url_field()
    events = _events_field()
    description = line_field(200)
    enabled = fields.Boolean()
    channel = fields.Enum(Channel, by_value=True, allow_none=True)
    campaign_id = fields.UUID(allow_none=True)
    submitter_id = _submitter_field()
    max_events = _size_field()
    basic_auth = fields.Nested(BasicAuth, allow_none=True)
    secondary_url = url_field(allow_none=True)
    retry_plan = fields.Enum(RetryPlan, by_value=True)
    retry_delays = _delays_field()

    @validates_schema(skip_on_field_errors=True)
    def _plan(self, given: dict[str, Any], **_: Any) -> None:
        _plan_and_delays(given)


class Webhook(Schema):
    id = fields.UUID()
    url = fields.String()
    events = fields.List(Word(WebhookEvent))
    description = fields.String()
    enabled = fields.Boolean()
    channel = Word(Channel, allow_none=True)
    campaign_id = fields.UUID(allow_none=True)
    submitter_id = fields.UUID(allow_none=True)
    for_sends = fields.Boolean(
        metadata={"description": "Made for the `webhook_url` of sends: told of their messages alone"}
    )
    max_events = fields.Integer()
    username = fields.String(allow_none=True, metadata={"description": "Of Basic authentication, where there is one"})
    secondary_url = fields.String(
        allow_none=True, metadata={"description": "Where a request goes at once that has not arrived at `url`"}
    )
    retry_plan = Word(RetryPlan)
    retry_delays = fields.List(
        fields.Integer(), metadata={"description": "Seconds from each try to the next, whatever the plan"}
    )
    failing_since = fields.AwareDateTime(
        allow_none=True, metadata={"description": "Since when nothing has arrived", "volatile": True}
    )
    paused_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "Since then nothing is sent or kept for it, until it is enabled"}
    )
    pause_reason = Word(PauseReason, allow_none=True)
    previous_secret_until = fields.AwareDateTime(
        allow_none=True, metadata={"description": "Until then requests are signed with the secret before, too"}
    )
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class NewWebhook(Webhook):
    """`secret` is shown this once: the key of the signatures, `whsec_` and base64."""

    secret = fields.String()


class WebhookRotation(Schema):
    overlap_minutes = fields.Integer(
        load_default=24 * 60,
        strict=True,
        validate=validate.Range(min=0, max=7 * 24 * 60),
        metadata={"description": "How long requests are signed with both secrets; 0: with the new one alone"},
    )


class WebhookKey(Schema):
    """`secret` is shown this once: the key of the signatures, `whsec_` and base64."""

    secret = fields.String()
    previous_secret_until = fields.AwareDateTime(
        allow_none=True, metadata={"description": "Until then requests are signed with the key before, too"}
    )


class WebhookAttempt(Schema):
    """One try of a delivery."""

    at = fields.AwareDateTime()
    endpoint = Word(Endpoint)
    status = fields.Integer(allow_none=True, metadata={"description": "What the endpoint answered; null: no answer"})
    error = fields.String(allow_none=True, metadata={"description": "Why there was no answer, or none that counts"})
    milliseconds = fields.Integer()


class WebhookDelivery(Schema):
    """One request: an array of events, tried until it has arrived. `id` is its `webhook-id`."""

    id = fields.UUID()
    state = Word(WebhookDeliveryState)
    events = fields.Integer()
    is_test = fields.Boolean()
    attempts = fields.List(fields.Nested(WebhookAttempt))
    due_at = fields.AwareDateTime(allow_none=True, metadata={"description": "When it is tried next"})
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class DeliveryQuery(PageQuery):
    """Query of a webhook's deliveries; `from` and `to` bound when they were made."""

    state = fields.Enum(WebhookDeliveryState, by_value=True, load_default=None, allow_none=True)
    since = fields.AwareDateTime(data_key="from", load_default=None, allow_none=True)
    until = fields.AwareDateTime(data_key="to", load_default=None, allow_none=True)


class ReplayRange(Schema):
    """All that failed and were made in this time are tried again."""

    since = fields.AwareDateTime(data_key="from", required=True)
    until = fields.AwareDateTime(data_key="to", required=True)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, asked: dict[str, Any], **_: Any) -> None:
        if asked["since"] > asked["until"]:
            raise broken_rule("period.invalid", "Must not be before `from`.", "to")


class UrlTestRequest(Schema):
    """An address that no webhook has yet, as it is to be set up."""

    url = url_field(required=True)
    secondary_url = url_field(load_default=None, allow_none=True)
    basic_auth = fields.Nested(BasicAuth, load_default=None, allow_none=True)


class UrlTest(Schema):
    """One request to an address that no webhook has yet. It is kept for an hour; `id` is its `webhook-id`."""

    id = fields.UUID()
    url = fields.String()
    state = Word(WebhookDeliveryState)
    attempts = fields.List(fields.Nested(WebhookAttempt))
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class NewUrlTest(UrlTest):
    """`secret` is shown this once: the key of the signature, `whsec_` and base64."""

    secret = fields.String()


class Replayed(Schema):
    deliveries = fields.Integer(metadata={"description": "How many are tried again; 100,000 may be more"})


WebhookPage = page_of(Webhook)
WebhookDeliveryPage = page_of(WebhookDelivery)

_WEBHOOK = {"webhook_id": UUID}
_DELIVERY = {**_WEBHOOK, "delivery_id": UUID}
RPC: dict[str, Call] = {
    "create_webhook": Call(WebhookCreate, NewWebhook),
    "list_webhooks": Call(PageQuery, WebhookPage),
    "get_webhook": Call(response=Webhook, path=_WEBHOOK),
    "update_webhook": Call(WebhookUpdate, Webhook, path=_WEBHOOK, edits=Webhook),
    "delete_webhook": Call(path=_WEBHOOK, edits=Webhook),
    "rotate_webhook_secret": Call(WebhookRotation, NewWebhook, path=_WEBHOOK),
    "rotate_webhook_key": Call(WebhookRotation, WebhookKey),
    "test_webhook": Call(response=WebhookDelivery, path=_WEBHOOK),
    "test_url": Call(UrlTestRequest, NewUrlTest),
    "get_url_test": Call(response=UrlTest, path={"test_id": UUID}),
    "list_webhook_deliveries": Call(DeliveryQuery, WebhookDeliveryPage, path=_WEBHOOK),
    "get_webhook_delivery": Call(response=WebhookDelivery, path=_DELIVERY),
    "replay_webhook_delivery": Call(response=WebhookDelivery, path=_DELIVERY),
    "replay_webhook": Call(ReplayRange, Replayed, path=_WEBHOOK),
}
