"""Every event: who publishes it and what it says.

An event is a fact, in the past tense, published through its source's outbox at least once. Each carries `event_id` (the
inbox's key) and `occurred_at`. An event only ever gains fields; a change of meaning is a V2 beside the V1.
"""

from __future__ import annotations

from dataclasses import dataclass

import marshmallow
from marshmallow import EXCLUDE, fields

from contracts.vocabulary import ArchiveReason, CampaignState, Channel


class EventSchema(marshmallow.Schema):
    """What every event carries. Unknown fields are ignored: a newer publisher may talk to an older handler."""

    class Meta:
        unknown = EXCLUDE

    event_id = fields.UUID(required=True)
    occurred_at = fields.AwareDateTime(required=True)


class AccountRegistered(EventSchema):
    account_id = fields.UUID(required=True)
    account_name = fields.String(required=True)
    login = fields.String(required=True)
    email = fields.String(required=True)


class AccountClosed(EventSchema):
    """Every service erases what it holds of the account."""

    account_id = fields.UUID(required=True)


class AccessChanged(EventSchema):
    """Whoever caches who a token or key belongs to, or what it may do, forgets it now (broadcast)."""

    account_id = fields.UUID(required=True)
    user_id = fields.UUID(allow_none=True, load_default=None)


class PlanChanged(EventSchema):
    account_id = fields.UUID(required=True)
    plan = fields.String(required=True)


class ArchivedAddress(EventSchema):
    channel = fields.Enum(Channel, by_value=True, required=True)
    address = fields.String(required=True)
    contact_id = fields.UUID(allow_none=True, load_default=None)
    reason = fields.Enum(ArchiveReason, by_value=True, required=True)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class AddressesArchived(EventSchema):
    """From contacts: these addresses get no more campaigns on that channel."""

    account_id = fields.UUID(required=True)
    addresses = fields.List(fields.Nested(ArchivedAddress), required=True)


class UndeliverableAddress(EventSchema):
    channel = fields.Enum(Channel, by_value=True, required=True)
    address = fields.String(required=True)
    contact_id = fields.UUID(allow_none=True, load_default=None)
    message_id = fields.UUID(allow_none=True, load_default=None)
    reason = fields.Enum(ArchiveReason, by_value=True, required=True)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class AddressesRefused(EventSchema):
    """From a channel: hard bounces, complaints and STOP words; contacts archives the addresses."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    addresses = fields.List(fields.Nested(UndeliverableAddress), required=True)


class RecipientUnsubscribed(EventSchema):
    """From the gateway's unsubscribe page or a one-click POST (RFC 8058)."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    message_id = fields.UUID(required=True)
    contact_id = fields.UUID(required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)


class CampaignStarted(EventSchema):
    """From campaigns: the audience has been taken and numbered 1 to `recipients`."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    send_id = fields.UUID(required=True)
    name = fields.String(required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)
    recipients = fields.Integer(required=True)


class CampaignStateChanged(EventSchema):
    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    state = fields.Enum(CampaignState, by_value=True, required=True)


@dataclass(frozen=True)
class Event:
    """`source` is the Nameko service name; the event's exchange is `{source}.events`, its routing key `name`."""

    source: str
    name: str
    schema: type[EventSchema]


ACCOUNT_REGISTERED = Event("identity", "account_registered", AccountRegistered)
ACCOUNT_CLOSED = Event("identity", "account_closed", AccountClosed)
ACCESS_CHANGED = Event("identity", "access_changed", AccessChanged)
PLAN_CHANGED = Event("identity", "plan_changed", PlanChanged)
ADDRESSES_ARCHIVED = Event("contacts", "addresses_archived", AddressesArchived)
SMS_ADDRESSES_REFUSED = Event("sms_gateway", "addresses_refused", AddressesRefused)
EMAIL_ADDRESSES_REFUSED = Event("email_gateway", "addresses_refused", AddressesRefused)
RECIPIENT_UNSUBSCRIBED = Event("api_gateway", "recipient_unsubscribed", RecipientUnsubscribed)
CAMPAIGN_STARTED = Event("campaigns", "campaign_started", CampaignStarted)
CAMPAIGN_STATE_CHANGED = Event("campaigns", "campaign_state_changed", CampaignStateChanged)

EVENTS: tuple[Event, ...] = (
    ACCOUNT_REGISTERED,
    ACCOUNT_CLOSED,
    ACCESS_CHANGED,
    PLAN_CHANGED,
    ADDRESSES_ARCHIVED,
    SMS_ADDRESSES_REFUSED,
    EMAIL_ADDRESSES_REFUSED,
    RECIPIENT_UNSUBSCRIBED,
    CAMPAIGN_STARTED,
    CAMPAIGN_STATE_CHANGED,
)
