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
    """`url`: the link by which the owner confirms the e-mail address; without it no mail goes there.

    `on_trial`: null is said by an identity that does not tell.
    """

    account_id = fields.UUID(required=True)
    account_name = fields.String(required=True)
    login = fields.String(required=True)
    email = fields.String(required=True)
    language = fields.String(load_default="pl")
    url = fields.String(allow_none=True, load_default=None)
    on_trial = fields.Boolean(allow_none=True, load_default=None)


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

    `template` is `invitation`, `password_reset`, `email_change`, `email_changed`, `new_device`, `second_factor_reset`,
    `second_factor_on`, `second_factor_off`, `api_key_created`, `rights_changed`, `ip_rules_changed`, `report_campaign`,
    `report_period`, `sender_domain_lost`, `sender_domain_stopped`, `sender_domain_found` or `account_act`; `fields` is
    what it fills in: `login` (to confirmed addresses alone), `url`, `hours_valid`, `address`, `device`, `new_email`,
    `name`, `act`, `domain`, `records` (in words), and the figures of a report.
    """

    account_id = fields.UUID(required=True)
    user_id = fields.UUID(required=True)
    to = fields.String(required=True)
    language = fields.String(required=True)
    template = fields.String(required=True)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)


class MailSender(marshmallow.Schema):
    """Who a mail is from: an address of the account's, and the name beside it."""

    class Meta:
        unknown = EXCLUDE

    email = fields.String(required=True)
    name = fields.String(load_default="")


class ConfirmationMailRequested(EventSchema):
    """From contacts: somebody signed up by a form; mail the link that confirms it, `/c/{token}`.

    The mail leaves from `sender` where the account may send from there, else from the platform's own under the
    account's name. Nothing in it was typed by whoever submitted the form.
    """

    account_id = fields.UUID(required=True)
    submission_id = fields.UUID(required=True)
    to = fields.String(required=True)
    language = fields.String(required=True)
    sender = fields.Nested(MailSender, allow_none=True, load_default=None)
    account_name = fields.String(required=True)
    title = fields.String(required=True)
    token = fields.String(required=True)
    days_valid = fields.Integer(required=True)


class PlanChanged(EventSchema):
    account_id = fields.UUID(required=True)
    plan = fields.String(required=True)


class AccountZoneChanged(EventSchema):
    """The account's days begin and end elsewhere."""

    account_id = fields.UUID(required=True)
    time_zone = fields.String(required=True)


class AccountStandingChanged(EventSchema):
    """Where the account may send to has changed: whoever remembers it asks again. `on_trial`: as above."""

    account_id = fields.UUID(required=True)
    on_trial = fields.Boolean(allow_none=True, load_default=None)


class AccountSuspensionChanged(EventSchema):
    """An operator has stopped the account, or lifted that: everything of it that is under way stops, or may go on.

    `version` grows with each change of this account: of two events the higher is the later.
    """

    account_id = fields.UUID(required=True)
    is_suspended = fields.Boolean(required=True)
    version = fields.Integer(load_default=0)


class AccountIpRulesChanged(EventSchema):
    """Where machines may use the account from: the list `api` of its IP rules, as it is now; empty: from anywhere.

    `version` grows with each change of this account.
    """

    account_id = fields.UUID(required=True)
    api = fields.List(fields.String(), required=True)
    version = fields.Integer(required=True)


class SystemSmsRequested(EventSchema):
    """From identity: send one SMS of the platform's own, in the user's language, at the platform's cost.

    `template` is `trial_number_code`; `fields` is what it fills in: `code`. Nothing in it was typed by
    anybody: it goes to a number that nobody has confirmed.
    """

    account_id = fields.UUID(required=True)
    to = fields.String(required=True)
    language = fields.String(required=True)
    template = fields.String(required=True)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)


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


class ImportFinished(EventSchema):
    """From contacts: an import of contacts has ended: done, failed (`code` says why) or cancelled.

    `counts` are rows: `read`, `added`, `updated`, `unchanged`, `merged`, `rejected`, `warnings`.
    """

    account_id = fields.UUID(required=True)
    import_id = fields.UUID(required=True)
    state = fields.String(required=True)
    code = fields.String(allow_none=True, load_default=None)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), load_default=dict)


class ReceivedSms(EventSchema):
    """`text` is null where the octets are no plain text; `wish`: what it says about further messages."""

    id = fields.UUID(required=True)
    from_ = fields.String(required=True, data_key="from", attribute="source")
    to = fields.String(required=True, data_key="to", attribute="destination")
    text = fields.String(allow_none=True, load_default=None)
    received_at = fields.AwareDateTime(required=True)
    message_id = fields.UUID(allow_none=True, load_default=None)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    wish = fields.String(allow_none=True, load_default=None)
    missing_parts = fields.List(fields.Integer(), load_default=list)  # of a long one: those that never came

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class SmsReceived(EventSchema):
    """From sms-gateway: messages from phones to the account's numbers, some that came together."""

    account_id = fields.UUID(required=True)
    messages = fields.List(fields.Nested(ReceivedSms), required=True)


class ReceivedMessage(EventSchema):
    """`kind` is the channel's word; `sender`: the name of the number, agent or bot that was written to."""

    id = fields.UUID(required=True)
    channel = Word(Channel, required=True)
    from_ = fields.String(required=True, data_key="from", attribute="source")
    sender = fields.String(required=True)
    kind = fields.String(required=True)
    text = fields.String(allow_none=True, load_default=None)
    payload = fields.String(allow_none=True, load_default=None)  # of the button that was tapped
    received_at = fields.AwareDateTime(required=True)
    message_id = fields.UUID(allow_none=True, load_default=None)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    wish = fields.String(allow_none=True, load_default=None)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class MessagesReceived(EventSchema):
    """From RCS, WhatsApp and Viber: what people wrote to the account, some that came together."""

    account_id = fields.UUID(required=True)
    messages = fields.List(fields.Nested(ReceivedMessage), required=True)


class ReportDue(EventSchema):
    """From reporting: mail a report to these users of the account, as far as they may read reports.

    `template` is `report_campaign` or `report_period`; `fields` is what it fills in: counts, and a campaign's name.
    """

    account_id = fields.UUID(required=True)
    user_ids = fields.List(fields.UUID(), required=True)
    template = fields.String(required=True)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)


class UndeliverableAddress(EventSchema):
    channel = Word(Channel, required=True)
    address = fields.String(required=True)
    contact_id = fields.UUID(allow_none=True, load_default=None)
    message_id = fields.UUID(allow_none=True, load_default=None)
    reason = Word(ArchiveReason, required=True)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class AddressesRefused(EventSchema):
    """From a channel: hard bounces, complaints and STOP words; contacts archives the addresses.

    An address's `occurred_at`: when its person said STOP.
    """

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    addresses = fields.List(fields.Nested(UndeliverableAddress), required=True)


class WelcomeAddress(EventSchema):
    """`occurred_at`: when the person said so."""

    channel = Word(Channel, required=True)
    address = fields.String(required=True)
    message_id = fields.UUID(allow_none=True, load_default=None)

    event_id = fields.UUID(load_default=None)


class StopsWithdrawn(EventSchema):
    """From a channel: people who had answered STOP have answered START; contacts restores what STOP archived."""

    account_id = fields.UUID(required=True)
    addresses = fields.List(fields.Nested(WelcomeAddress), required=True)


class DueReply(EventSchema):
    """`inbound_id`: the message that is answered; `number`, without `+`, answers it."""

    inbound_id = fields.UUID(required=True)
    phone = fields.String(required=True)
    number = fields.String(required=True)
    text = fields.String(required=True)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class RepliesDue(EventSchema):
    """From sms-gateway's outbound to its service: what an account answers by itself."""

    account_id = fields.UUID(required=True)
    replies = fields.List(fields.Nested(DueReply), required=True)


class KeywordWriter(EventSchema):
    """Who wrote a keyword that brings them into a group; `grants_consent`: and agrees to SMS campaigns by it."""

    phone = fields.String(required=True)
    group_id = fields.UUID(required=True)
    keyword = fields.String(required=True)
    grants_consent = fields.Boolean(load_default=False)
    written_at = fields.AwareDateTime(required=True)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class KeywordsWritten(EventSchema):
    """From sms-gateway: contacts puts these people into groups."""

    account_id = fields.UUID(required=True)
    people = fields.List(fields.Nested(KeywordWriter), required=True)


class RecipientUnsubscribed(EventSchema):
    """From the gateway's unsubscribe page or a one-click POST (RFC 8058), or by mail to a message's own address."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    message_id = fields.UUID(required=True)
    contact_id = fields.UUID(required=True)
    channel = Word(Channel, required=True)


class UnsubscribeReasonGiven(EventSchema):
    """From the gateway's unsubscribe page: why somebody has left, by a key of that page's reasons."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    message_id = fields.UUID(required=True)
    page_id = fields.UUID(required=True)
    reason = fields.String(required=True)


class UnsubscribePageChanged(EventSchema):
    """From campaigns: what the account's default page is now, as `contracts.campaigns.unsubscribe_pages` has it.

    `page_id`, `brand` and `texts` are null where it has none. Of two events the higher `version` is the later.
    """

    account_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    page_id = fields.UUID(required=True, allow_none=True)
    brand = fields.Dict(keys=fields.String(), required=True, allow_none=True)
    texts = fields.Dict(keys=fields.String(), required=True, allow_none=True)


class UnsubscribePageWritten(EventSchema):
    """From campaigns: what a page says now that campaigns may show instead of the default.

    `brand` and `texts` are null once it is deleted. Of two events of a page the higher `version` is the later.
    """

    account_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    page_id = fields.UUID(required=True)
    brand = fields.Dict(keys=fields.String(), required=True, allow_none=True)
    texts = fields.Dict(keys=fields.String(), required=True, allow_none=True)


class CampaignPageSet(EventSchema):
    """From campaigns, as an e-mail campaign starts: what its unsubscribe links show.

    `page_id` is null where it has the account's default; `group_ids` are those that it was sent to.
    """

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    page_id = fields.UUID(required=True, allow_none=True)
    group_ids = fields.List(fields.UUID(), required=True)


class PublicListChanged(EventSchema):
    """From contacts: what people are told of a group that they may leave, as `contracts.contacts.groups.ListTexts` by
    language; null where they are told nothing of it (any more).

    Of two events of a group the higher `version` is the later.
    """

    account_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    group_id = fields.UUID(required=True)
    texts = fields.Dict(keys=fields.String(), required=True, allow_none=True)


class RecipientLeftLists(EventSchema):
    """From the gateway's unsubscribe page: somebody leaves these groups, and none of the channels."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(allow_none=True, load_default=None)
    message_id = fields.UUID(required=True)
    contact_id = fields.UUID(required=True)
    group_ids = fields.List(fields.UUID(), required=True)


class NamedLinkChanged(EventSchema):
    """From campaigns: where a named link leads now; nowhere where `target` is null, for it was deleted.

    Of two events of a link the higher `version` is the later.
    """

    account_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    link_id = fields.UUID(required=True)
    suffix = fields.String(required=True)
    target = fields.String(required=True, allow_none=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)


class NamedLinkClick(marshmallow.Schema):
    class Meta:
        unknown = EXCLUDE

    click_id = fields.UUID(required=True)
    link_id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    is_machine = fields.Boolean(required=True)


class NamedLinksFollowed(EventSchema):
    """From the gateway: clicks on named links of an account, up to 500 at once; each may be told of twice."""

    account_id = fields.UUID(required=True)
    clicks = fields.List(fields.Nested(NamedLinkClick), required=True)


class CampaignStarted(EventSchema):
    """From campaigns: the audience has been taken and numbered 1 to `recipients`."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    send_id = fields.UUID(required=True)
    name = fields.String(required=True)
    channel = Word(Channel, required=True)
    recipients = fields.Integer(required=True)


class CampaignStateChanged(EventSchema):
    """From campaigns. `version` grows with each change of this campaign: of two events the higher is the later."""

    account_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    state = Word(CampaignState, required=True)
    version = fields.Integer(load_default=0)


class ActRecorded(EventSchema):
    """From any service but identity: somebody changed something. Identity keeps it in the audit trail (A14).

    `event_id` becomes the entry's id. An act of an operator on the platform itself (carriers, routes) has no account.
    `details` names fields, states and counts; never a person's address, a body, a secret.
    """

    account_id = fields.UUID(required=True, allow_none=True)
    action = fields.String(required=True)
    user_id = fields.UUID(allow_none=True, load_default=None)
    api_key_id = fields.UUID(allow_none=True, load_default=None)
    operator_id = fields.UUID(allow_none=True, load_default=None)
    target_id = fields.String(allow_none=True, load_default=None)
    address = fields.String(allow_none=True, load_default=None)
    request_id = fields.String(allow_none=True, load_default=None)
    reason = fields.String(allow_none=True, load_default=None)
    details = fields.Dict(keys=fields.String(), load_default=dict)


class DevicesGone(EventSchema):
    """From push-gateway: contacts that have no device any more; their push addresses are worth nothing."""

    account_id = fields.UUID(required=True)
    addresses = fields.List(fields.String(), required=True)


class ReachOfPerson(EventSchema):
    contact_id = fields.UUID(required=True)
    is_reachable = fields.Boolean(required=True)

    event_id = fields.UUID(load_default=None)
    occurred_at = fields.AwareDateTime(load_default=None)


class ReachChanged(EventSchema):
    """From viber-gateway: contacts that have subscribed to a bot of the account's, and who are subscribed to none any
    more. Of two events the one that occurred later says what is."""

    account_id = fields.UUID(required=True)
    people = fields.List(fields.Nested(ReachOfPerson), required=True)


class PasswordResetRequested(EventSchema):
    """From identity to itself: look whether somebody has that address in that account, and mail the link.

    Whoever asks gets the answer before anybody has looked, so neither it nor its time tells.
    """

    account_name = fields.String(required=True)
    email = fields.String(required=True)
    address = fields.String(allow_none=True, load_default=None)
    request_id = fields.String(allow_none=True, load_default=None)


class ShortLinkHostChanged(EventSchema):
    """From email_gateway: the host that the account's short and named links start with from now on; null: the
    platform's. Of two the greater `version` is the later."""

    account_id = fields.UUID(required=True)
    host = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)


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
CONFIRMATION_MAIL_REQUESTED = Event("contacts", "confirmation_mail_requested", ConfirmationMailRequested)
PLAN_CHANGED = Event("identity", "plan_changed", PlanChanged)
ACCOUNT_ZONE_CHANGED = Event("identity", "account_zone_changed", AccountZoneChanged)
ACCOUNT_STANDING_CHANGED = Event("identity", "account_standing_changed", AccountStandingChanged)
ACCOUNT_SUSPENSION_CHANGED = Event("identity", "account_suspension_changed", AccountSuspensionChanged)
ACCOUNT_IP_RULES_CHANGED = Event("identity", "account_ip_rules_changed", AccountIpRulesChanged)
SYSTEM_SMS_REQUESTED = Event("identity", "system_sms_requested", SystemSmsRequested)
ADDRESSES_ARCHIVED = Event("contacts", "addresses_archived", AddressesArchived)
SMS_ADDRESSES_REFUSED = Event("sms_gateway", "addresses_refused", AddressesRefused)
EMAIL_ADDRESSES_REFUSED = Event("email_gateway", "addresses_refused", AddressesRefused)
SMS_STOPS_WITHDRAWN = Event("sms_gateway", "stops_withdrawn", StopsWithdrawn)
SMS_REPLIES_DUE = Event("sms_gateway", "replies_due", RepliesDue)
SMS_KEYWORDS_WRITTEN = Event("sms_gateway", "keywords_written", KeywordsWritten)
IMPORT_FINISHED = Event("contacts", "import_finished", ImportFinished)
SMS_RECEIVED = Event("sms_gateway", "sms_received", SmsReceived)
RECIPIENT_UNSUBSCRIBED = Event("api_gateway", "recipient_unsubscribed", RecipientUnsubscribed)
UNSUBSCRIBE_REASON_GIVEN = Event("api_gateway", "unsubscribe_reason_given", UnsubscribeReasonGiven)
NAMED_LINKS_FOLLOWED = Event("api_gateway", "named_links_followed", NamedLinksFollowed)
NAMED_LINK_CHANGED = Event("campaigns", "named_link_changed", NamedLinkChanged)
UNSUBSCRIBE_PAGE_CHANGED = Event("campaigns", "unsubscribe_page_changed", UnsubscribePageChanged)
UNSUBSCRIBE_PAGE_WRITTEN = Event("campaigns", "unsubscribe_page_written", UnsubscribePageWritten)
CAMPAIGN_PAGE_SET = Event("campaigns", "campaign_page_set", CampaignPageSet)
PUBLIC_LIST_CHANGED = Event("contacts", "public_list_changed", PublicListChanged)
RECIPIENT_LEFT_LISTS = Event("api_gateway", "recipient_left_lists", RecipientLeftLists)
EMAIL_RECIPIENT_UNSUBSCRIBED = Event("email_gateway", "recipient_unsubscribed", RecipientUnsubscribed)
SHORT_LINK_HOST_CHANGED = Event("email_gateway", "short_link_host_changed", ShortLinkHostChanged)
CAMPAIGN_STARTED = Event("campaigns", "campaign_started", CampaignStarted)
CAMPAIGN_STATE_CHANGED = Event("campaigns", "campaign_state_changed", CampaignStateChanged)
PASSWORD_RESET_REQUESTED = Event("identity", "password_reset_requested", PasswordResetRequested)
CONTACTS_ACT = Event("contacts", "act_recorded", ActRecorded)
CAMPAIGNS_ACT = Event("campaigns", "act_recorded", ActRecorded)
SMS_GATEWAY_ACT = Event("sms_gateway", "act_recorded", ActRecorded)
EMAIL_GATEWAY_ACT = Event("email_gateway", "act_recorded", ActRecorded)
PUSH_GATEWAY_ACT = Event("push_gateway", "act_recorded", ActRecorded)
PUSH_DEVICES_GONE = Event("push_gateway", "devices_gone", DevicesGone)
OTT_GATEWAY_ACT = Event("ott_gateway", "act_recorded", ActRecorded)
OTT_ADDRESSES_REFUSED = Event("ott_gateway", "addresses_refused", AddressesRefused)
OTT_STOPS_WITHDRAWN = Event("ott_gateway", "stops_withdrawn", StopsWithdrawn)
OTT_MESSAGES_RECEIVED = Event("ott_gateway", "messages_received", MessagesReceived)
RCS_GATEWAY_ACT = Event("rcs_gateway", "act_recorded", ActRecorded)
RCS_ADDRESSES_REFUSED = Event("rcs_gateway", "addresses_refused", AddressesRefused)
RCS_STOPS_WITHDRAWN = Event("rcs_gateway", "stops_withdrawn", StopsWithdrawn)
RCS_MESSAGES_RECEIVED = Event("rcs_gateway", "messages_received", MessagesReceived)
VIBER_GATEWAY_ACT = Event("viber_gateway", "act_recorded", ActRecorded)
VIBER_ADDRESSES_REFUSED = Event("viber_gateway", "addresses_refused", AddressesRefused)
VIBER_STOPS_WITHDRAWN = Event("viber_gateway", "stops_withdrawn", StopsWithdrawn)
VIBER_MESSAGES_RECEIVED = Event("viber_gateway", "messages_received", MessagesReceived)
VIBER_REACH_CHANGED = Event("viber_gateway", "reach_changed", ReachChanged)
REPORT_DUE = Event("reporting", "report_due", ReportDue)
REPORTING_ACT = Event("reporting", "act_recorded", ActRecorded)

EVENTS: tuple[Event, ...] = (
    ACCOUNT_REGISTERED,
    ACCOUNT_CLOSED,
    ACCESS_CHANGED,
    SYSTEM_MAIL_REQUESTED,
    CONFIRMATION_MAIL_REQUESTED,
    PLAN_CHANGED,
    ACCOUNT_ZONE_CHANGED,
    ACCOUNT_STANDING_CHANGED,
    ACCOUNT_SUSPENSION_CHANGED,
    ACCOUNT_IP_RULES_CHANGED,
    SYSTEM_SMS_REQUESTED,
    ADDRESSES_ARCHIVED,
    SMS_ADDRESSES_REFUSED,
    EMAIL_ADDRESSES_REFUSED,
    SMS_STOPS_WITHDRAWN,
    SMS_REPLIES_DUE,
    SMS_KEYWORDS_WRITTEN,
    IMPORT_FINISHED,
    SMS_RECEIVED,
    RECIPIENT_UNSUBSCRIBED,
    UNSUBSCRIBE_REASON_GIVEN,
    UNSUBSCRIBE_PAGE_CHANGED,
    UNSUBSCRIBE_PAGE_WRITTEN,
    CAMPAIGN_PAGE_SET,
    PUBLIC_LIST_CHANGED,
    RECIPIENT_LEFT_LISTS,
    NAMED_LINKS_FOLLOWED,
    NAMED_LINK_CHANGED,
    EMAIL_RECIPIENT_UNSUBSCRIBED,
    SHORT_LINK_HOST_CHANGED,
    CAMPAIGN_STARTED,
    CAMPAIGN_STATE_CHANGED,
    PASSWORD_RESET_REQUESTED,
    CONTACTS_ACT,
    CAMPAIGNS_ACT,
    SMS_GATEWAY_ACT,
    EMAIL_GATEWAY_ACT,
    PUSH_GATEWAY_ACT,
    PUSH_DEVICES_GONE,
    OTT_GATEWAY_ACT,
    OTT_ADDRESSES_REFUSED,
    OTT_STOPS_WITHDRAWN,
    OTT_MESSAGES_RECEIVED,
    RCS_GATEWAY_ACT,
    RCS_ADDRESSES_REFUSED,
    RCS_STOPS_WITHDRAWN,
    RCS_MESSAGES_RECEIVED,
    VIBER_GATEWAY_ACT,
    VIBER_ADDRESSES_REFUSED,
    VIBER_STOPS_WITHDRAWN,
    VIBER_MESSAGES_RECEIVED,
    VIBER_REACH_CHANGED,
    REPORTING_ACT,
    REPORT_DUE,
)

# Who handles what: `service.method`. The queues of these handlers are declared before any process starts, so that an
# event published before its handler ever ran waits for it. A handler that is not named here does not start.
SUBSCRIPTIONS: dict[Event, tuple[str, ...]] = {
    ACCOUNT_REGISTERED: ("email_gateway.send_registration_notice",),
    SYSTEM_MAIL_REQUESTED: ("email_gateway.send_requested_mail",),
    CONFIRMATION_MAIL_REQUESTED: ("email_gateway.send_confirmation_mail",),
    ACCOUNT_CLOSED: (
        "contacts.erase_account",
        "campaigns.erase_account",
        "sms_gateway.erase_account",
        "email_gateway.erase_account",
        "push_gateway.erase_account",
        "ott_gateway.erase_account",
        "rcs_gateway.erase_account",
        "viber_gateway.erase_account",
        "reporting.erase_account",
        "api_gateway.erase_account",
    ),
    PLAN_CHANGED: (
        "sms_gateway.end_lease",
        "sms_gateway.follow_plan",
        "email_gateway.end_lease",
        "push_gateway.end_lease",
        "ott_gateway.end_lease",
        "rcs_gateway.end_lease",
        "viber_gateway.end_lease",
        "reporting.forget_plan",
    ),
    ACCOUNT_ZONE_CHANGED: ("contacts.follow_zone",),
    ACCOUNT_STANDING_CHANGED: (
        "sms_gateway.follow_standing",
        "email_gateway.follow_standing",
        "push_gateway.follow_standing",
        "ott_gateway.follow_standing",
        "rcs_gateway.follow_standing",
        "viber_gateway.follow_standing",
    ),
    ACCOUNT_SUSPENSION_CHANGED: (
        "campaigns.follow_suspension",
        "sms_gateway.follow_suspension",
        "email_gateway.follow_suspension",
        "push_gateway.follow_suspension",
        "ott_gateway.follow_suspension",
        "rcs_gateway.follow_suspension",
        "viber_gateway.follow_suspension",
        "reporting.follow_suspension",
        "api_gateway.follow_suspension",
    ),
    ACCOUNT_IP_RULES_CHANGED: ("sms_gateway.follow_ip_rules", "email_gateway.follow_ip_rules"),
    SYSTEM_SMS_REQUESTED: ("sms_gateway.send_requested_sms",),
    ADDRESSES_ARCHIVED: ("reporting.keep_archived",),
    SMS_ADDRESSES_REFUSED: ("contacts.archive_sms_refusals",),
    EMAIL_ADDRESSES_REFUSED: ("contacts.archive_email_refusals",),
    SMS_STOPS_WITHDRAWN: ("contacts.restore_stopped",),
    SMS_REPLIES_DUE: ("sms_gateway.send_replies",),
    SMS_KEYWORDS_WRITTEN: ("contacts.add_keyword_writers",),
    IMPORT_FINISHED: ("reporting.keep_import",),
    SMS_RECEIVED: ("reporting.keep_received_sms",),
    RECIPIENT_UNSUBSCRIBED: ("contacts.archive_unsubscribed",),
    UNSUBSCRIBE_REASON_GIVEN: ("campaigns.keep_unsubscribe_reason",),
    UNSUBSCRIBE_PAGE_CHANGED: ("api_gateway.keep_unsubscribe_page",),
    UNSUBSCRIBE_PAGE_WRITTEN: ("api_gateway.keep_written_page",),
    CAMPAIGN_PAGE_SET: ("api_gateway.keep_campaign_page",),
    PUBLIC_LIST_CHANGED: ("api_gateway.keep_public_list",),
    RECIPIENT_LEFT_LISTS: ("contacts.leave_lists", "campaigns.count_list_leaver"),
    NAMED_LINKS_FOLLOWED: ("campaigns.keep_link_clicks",),
    NAMED_LINK_CHANGED: ("api_gateway.keep_named_link",),
    EMAIL_RECIPIENT_UNSUBSCRIBED: ("contacts.archive_unsubscribed_by_mail",),
    SHORT_LINK_HOST_CHANGED: ("sms_gateway.keep_short_link_host", "campaigns.keep_short_link_host"),
    CAMPAIGN_STARTED: ("reporting.record_campaign_start",),
    CAMPAIGN_STATE_CHANGED: (
        "reporting.record_campaign_state",
        "sms_gateway.note_campaign_state",
        "email_gateway.note_campaign_state",
        "push_gateway.note_campaign_state",
        "ott_gateway.note_campaign_state",
        "rcs_gateway.note_campaign_state",
        "viber_gateway.note_campaign_state",
    ),
    PASSWORD_RESET_REQUESTED: ("identity.send_password_reset",),
    CONTACTS_ACT: ("identity.record_act",),
    CAMPAIGNS_ACT: ("identity.record_act",),
    SMS_GATEWAY_ACT: ("identity.record_act",),
    EMAIL_GATEWAY_ACT: ("identity.record_act",),
    PUSH_GATEWAY_ACT: ("identity.record_act",),
    PUSH_DEVICES_GONE: ("contacts.forget_devices",),
    OTT_GATEWAY_ACT: ("identity.record_act",),
    OTT_ADDRESSES_REFUSED: ("contacts.archive_ott_refusals",),
    OTT_STOPS_WITHDRAWN: ("contacts.restore_ott_stopped",),
    OTT_MESSAGES_RECEIVED: ("reporting.keep_received_messages",),
    RCS_GATEWAY_ACT: ("identity.record_act",),
    RCS_ADDRESSES_REFUSED: ("contacts.archive_rcs_refusals",),
    RCS_STOPS_WITHDRAWN: ("contacts.restore_rcs_stopped",),
    RCS_MESSAGES_RECEIVED: ("reporting.keep_received_messages",),
    VIBER_GATEWAY_ACT: ("identity.record_act",),
    VIBER_ADDRESSES_REFUSED: ("contacts.archive_viber_refusals",),
    VIBER_STOPS_WITHDRAWN: ("contacts.restore_viber_stopped",),
    VIBER_MESSAGES_RECEIVED: ("reporting.keep_received_messages",),
    VIBER_REACH_CHANGED: ("contacts.note_viber_reach",),
    REPORTING_ACT: ("identity.record_act",),
    REPORT_DUE: ("identity.mail_report",),
}
