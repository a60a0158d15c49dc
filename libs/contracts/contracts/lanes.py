"""The lanes: quorum queues that carry bulk work, many recipients or events in one JSON message.

Lanes are the hot path, so their messages are plain JSON objects built and read without marshmallow; the typed
dictionaries below are their schema. Ids are UUID strings, times are Unix seconds (float, UTC). Readers ignore fields
that they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, Lane

BATCH_SIZE = 500

DELIVERY_EVENTS = "lane.reporting.delivery_events"
BATCHES_DONE = "lane.campaigns.batches_done"
ENGAGEMENT = "lane.contacts.engagement"
WEBHOOK_EVENTS = "lane.reporting.webhook_events"
CHAIN_EVENTS = "lane.campaigns.chain_events"
SHORT_LINKS = "lane.api_gateway.short_links"
CARRIER_REPORTS = "lane.sms_gateway.carrier_reports"
OTT_REPORTS = "lane.ott_gateway.reports"
RCS_REPORTS = "lane.rcs_gateway.agent_reports"
VIBER_REPORTS = "lane.viber_gateway.reports"

# A lane that gets all that is written into another, in that order: of its readers one at a time gets anything.
COPIES: dict[str, str] = {WEBHOOK_EVENTS: DELIVERY_EVENTS, CHAIN_EVENTS: DELIVERY_EVENTS}
# The routing key of delivery events that no chain waits for, by far the most: chains' copy does not get them.
ORDINARY_EVENTS = f"{DELIVERY_EVENTS}.ordinary"


def routing_keys(lane: str) -> tuple[str, ...]:
    """With which a message gets into a lane."""
    origin = COPIES.get(lane, lane)
    return (origin, ORDINARY_EVENTS) if origin == DELIVERY_EVENTS and lane != CHAIN_EVENTS else (origin,)


def by_routing_key(events: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Delivery events, by the key with which they are to be published."""
    told: dict[str, list[Mapping[str, Any]]] = {DELIVERY_EVENTS: [], ORDINARY_EVENTS: []}
    for event in events:
        told[ORDINARY_EVENTS if is_ordinary(event) else DELIVERY_EVENTS].append(event)
    return [(key, some) for key, some in told.items() if some]


def is_ordinary(event: Mapping[str, Any]) -> bool:
    """Whether a delivery event is of a campaign that is surely no step of another.

    A step's id is of version 5 (`ids.step_campaign_id`), an ordinary campaign's of 7, or of 5, too, where it was
    made under an `Idempotency-Key`.
    """
    return str(event.get("campaign_id"))[14:15] == "7"


def channel_lane(channel: Channel, lane: Lane) -> str:
    """Queue name of a channel's lane: `lane.sms.bulk`."""
    return f"lane.{channel}.{lane}"


ALL_LANES: tuple[str, ...] = (
    *(channel_lane(channel, lane) for channel, facts in CHANNELS.items() for lane in facts.lanes),
    DELIVERY_EVENTS,
    BATCHES_DONE,
    ENGAGEMENT,
    WEBHOOK_EVENTS,
    CHAIN_EVENTS,
    SHORT_LINKS,
    CARRIER_REPORTS,
    OTT_REPORTS,
    RCS_REPORTS,
    VIBER_REPORTS,
)


class Recipient(TypedDict):
    """One recipient of a bulk batch; its message id is `ids.message_id(send_id, number)`."""

    number: int  # 1…N in the campaign
    contact_id: str
    address: str  # E.164 or e-mail
    fields: dict[str, Any]  # only the fields that the content uses
    carrier_id: NotRequired[str]  # of a channel's own tests: by this carrier and no other
    left_out: NotRequired[str]  # a LeftOut: they are in the batch, and are not to be sent to any more


class Batch(TypedDict):
    """Dispatcher → channel: up to `BATCH_SIZE` recipients of one campaign.

    The content was stored at the channel beforehand (`{channel}.prepare_content`), under its hash.
    """

    v: int  # 1
    batch_id: str
    account_id: str
    campaign_id: str
    send_id: str
    content_hash: str  # hex SHA-256
    trace_id: str
    content: NotRequired[dict[str, Any]]  # with `sender`: it came along, and whoever waits finds it by its hash
    sender: NotRequired[str]
    recipients: list[Recipient]


class Batches(TypedDict):
    """Several batches in one message: single messages of many callers, each a send of its own."""

    v: int  # 1
    batches: list[Batch]


class BatchDone(TypedDict):
    """Channel → dispatcher: every recipient of the batch is settled or in the channel's retry schedule."""

    v: int  # 1
    batch_id: str
    campaign_id: str
    submitted: int
    failed: int  # final, never handed over (rejected, invalid)
    deferred: int  # waiting in the channel's retry schedule
    units: NotRequired[int]  # of quota, that the submitted took; left out: one each
    left_out: dict[str, int]  # by LeftOut
    content_failed: NotRequired[dict[str, int]]  # of those that failed, by ContentFailure


class DeliveryEvent(TypedDict, total=False):
    """One change of one message. Those marked * are always there; a static field may be left out once it was told.

    The ingester inserts the message at whatever event comes first and fills in the rest from later ones.
    """

    message_id: str  # *
    account_id: str  # *
    at: float  # *
    kind: str  # * a MessageState or an Engagement
    channel: str  # *
    campaign_id: str | None  # * None for a single message
    contact_id: str | None
    address: str
    sender: str
    code: str  # the carrier's or server's code: `000`, `5.1.1`
    detail: str  # at most 200 characters
    peer: str  # who gave that answer: the mail server's host, the carrier's name; left out where nobody was asked
    parts: int
    cost: int  # minor units
    domain: str  # of the e-mail address, or the network of the phone
    url: str  # clicked
    link: int  # clicked: the link's number in the content, from 0; left out by older tokens
    link_url: str  # clicked, where `link` is: `url` as far as it is the same for everybody
    ip: str  # opened, clicked
    user_agent: str  # opened, clicked; at most 200 characters
    request: str  # opened, clicked: what it says of itself, `HEAD` or `Sec-Purpose: prefetch`; left out: nothing
    labels: dict[str, Any]  # accepted, of a single message: its `MessageLabels`
    event_id: str  # engagement only: the deduplication key


class MessageLabels(TypedDict, total=False):
    """What is known of a single message when it is accepted, and looked for later."""

    external_id: str | None
    subject: str
    tags: list[str]
    submitter_id: str | None  # who handed it in: an API key, a user, an SMTP or an SMPP account
    test_of: str | None  # the campaign of which it is a test
    webhook_url: str | None  # where its events are posted, beside what the account's webhooks are told


class DeliveryEvents(TypedDict):
    """Channel or gateway → reporting: a batch of events, any campaigns mixed."""

    v: int  # 1
    source: str
    events: list[DeliveryEvent]


class EngagementColumn(TypedDict):
    """Whom one thing happened to: contacts of one campaign on one day, each as often as it happened."""

    account_id: str
    campaign_id: str
    channel: NotRequired[str]  # an older reporting does not say
    kind: str  # submitted (told where no end is known yet), delivered, bounced (any other end), or an Engagement
    day: str  # ISO date, UTC
    contact_ids: str  # ids with commas between: neither side touches one of them by itself


class EngagementBatch(TypedDict):
    """Reporting → contacts: what one transaction of the ingester found to be new of campaigns' messages."""

    v: int  # 1
    batch_id: str
    columns: list[EngagementColumn]


class ShortLinkBlock(TypedDict):
    """Positions of short links (`contracts.short_codes`) that belong to one send: `size` times `len(links)` of them.

    The link number `link` of the recipient `number` is at `position + (number - first_number) * len(links) + link`.
    """

    position: int
    first_number: int
    size: int  # recipients, from `first_number` on
    account_id: str
    campaign_id: str | None
    send_id: str
    links: list[str]  # where they lead


class ShortLinkBlocks(TypedDict):
    """sms-gateway → gateway: whose positions are, before the first message with one of them leaves."""

    v: int  # 1
    blocks: list[ShortLinkBlock]


class CarrierReport(TypedDict):
    """Gateway → sms-gateway: what a carrier by HTTP has told, receipts or messages from phones; it is the carrier's,
    that has been checked."""

    v: int  # 1
    carrier_id: str
    kind: str  # of the carrier
    http: dict[str, Any]  # its settings: `contracts.sms_gateway.http_carriers.HttpSettings`
    document: dict[str, Any]  # its fields, or its JSON
    at: float


class OttReport(TypedDict):
    """Gateway → ott-gateway: what Meta tells of a number: messages, and what became of ours. Its signature is right."""

    v: int  # 1
    sender_id: str
    document: dict[str, Any]
    at: float


class ViberReport(TypedDict):
    """Gateway → viber-gateway: what Viber tells of a bot. Its signature is right."""

    v: int  # 1
    sender_id: str
    document: dict[str, Any]
    at: float


class RcsReport(TypedDict):
    """Gateway → rcs-gateway: what Google has told of an agent; it is Google's, that has been checked."""

    v: int  # 1
    agent_id: str  # ours
    account_id: str
    event: dict[str, Any]  # a UserEvent, UserMessage or ServerEvent
    at: float
