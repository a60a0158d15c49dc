"""Every event: who publishes it and what it says.

An event is a fact, in the past tense, published through its source's outbox at least once. Each carries `event_id` (the
inbox's key) and `occurred_at`. An event only ever gains fields; a change of meaning is a V2 beside the V1.
"""

from __future__ import annotations

from dataclasses import dataclass

import marshmallow
from marshmallow import EXCLUDE, fields

from contracts.schema import Word
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
    language = fields.String(load_default="pl")


class AccountClosed(EventSchema):
    """Every service erases what it holds of the account."""

    account_id = fields.UUID(required=True)


class AccessChanged(EventSchema):
    """Whoever caches who a token or key belongs to, or what it may do, forgets it now (broadcast).

    An operator's has no account.
    """

    account_id = fields.UUID(required=True, allow_none=True)
    user_id = fields.UUID(allow_none=True, load_default=None)
    operator_id = fields.UUID(allow_none=True, load_default=None)


class SystemMailRequested(EventSchema):
    """From identity: send one mail of the platform's own, in the user's language.

    `template` is `password_reset`, `email_change`, `email_changed`, `new_device` or `second_factor_reset`; `fields` is
    what it fills in: `login`, `account_name`, `url`, `hours_valid`, `address`, `device`, `new_email`.
    """

    account_id = fields.UUID(required=True)
    user_id = fields.UUID(required=True)
    to = fields.String(required=True)
    language = fields.String(required=True)
    template = fields.String(required=True)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)


class PlanChanged(EventSchema):
    account_id = fields.UUID(required=True)
    plan = fields.String(required=True)


class ArchivedAddress(EventSchema):
    channel = Word(Channel, required=True)
    address = fields.String(required=True)
    contact_id = fields.UUID(allow_none=True, load_default=None)
    reason = Word(ArchiveReason, required=True)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class AddressesArchived(EventSchema):
    """From contacts: these addresses get no more campaigns on that channel."""

    account_id = fields.UUID(required=True)
    addresses = fields.List(fields.Nested(ArchivedAddress), required=True)


class UndeliverableAddress(EventSchema):
    channel = Word(Channel, required=True)
    address = fields.String(required=True)
    contact_id = fields.UUID(allow_none=True, load_default=None)
    message_id = fields.UUID(allow_none=True, load_default=None)
    reason = Word(ArchiveReason, required=True)

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
    channel = Word(Channel, required=True)


class CampaignStarted(EventSchema):
    """From campaigns: the audience has been taken and numbered 1 to `recipients`."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    send_id = fields.UUID(required=True)
    name = fields.String(required=True)
    channel = Word(Channel, required=True)
    recipients = fields.Integer(required=True)


class CampaignStateChanged(EventSchema):
    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    state = Word(CampaignState, required=True)


@dataclass(frozen=True)
class Event:
    """`source` is the Nameko service name; the event's exchange is `{source}.events`, its routing key `name`."""

    source: str
    name: str
    schema: type[EventSchema]


ACCOUNT_REGISTERED = Event("identity", "account_registered", AccountRegistered)
ACCOUNT_CLOSED = Event("identity", "account_closed", AccountClosed)
ACCESS_CHANGED = Event("identity", "access_changed", AccessChanged)
SYSTEM_MAIL_REQUESTED = Event("identity", "system_mail_requested", SystemMailRequested)
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
    SYSTEM_MAIL_REQUESTED,
    PLAN_CHANGED,
    ADDRESSES_ARCHIVED,
    SMS_ADDRESSES_REFUSED,
    EMAIL_ADDRESSES_REFUSED,
    RECIPIENT_UNSUBSCRIBED,
    CAMPAIGN_STARTED,
    CAMPAIGN_STATE_CHANGED,
)

# Who handles what: `service.method`. The queues of these handlers are declared by whoever connects first, so that an
# event published before its handler ever ran waits for it. A handler that is not named here does not start.
SUBSCRIPTIONS: dict[Event, tuple[str, ...]] = {
    ACCOUNT_REGISTERED: ("email_gateway.send_registration_notice",),
    SYSTEM_MAIL_REQUESTED: ("email_gateway.send_requested_mail",),
    ACCOUNT_CLOSED: (
        "contacts.erase_account",
        "campaigns.erase_account",
        "sms_gateway.erase_account",
        "email_gateway.erase_account",
        "reporting.erase_account",
    ),
    ADDRESSES_ARCHIVED: (),
    SMS_ADDRESSES_REFUSED: ("contacts.archive_sms_refusals",),
    EMAIL_ADDRESSES_REFUSED: ("contacts.archive_email_refusals",),
    RECIPIENT_UNSUBSCRIBED: ("contacts.archive_unsubscribed",),
    CAMPAIGN_STARTED: ("reporting.record_campaign_start",),
    CAMPAIGN_STATE_CHANGED: ("reporting.record_campaign_state",),
}
