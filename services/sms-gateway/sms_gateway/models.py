"""Tables of the sms_gateway database. Columns and constraints only; what is hot is written by hand in `store`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from channel import account_networks, login_failures
from channel.tables import (
    campaign_state_table,
    claim_table,
    instance_table,
    lane_outbox_table,
    quota_lease_table,
    retry_table,
)
from chassis import erasures, short_link_hosts, suspensions
from chassis.tables import inbox_table, outbox_table


class Base(DeclarativeBase):
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), str: Text, dict[str, Any]: JSONB}


OUTBOX = outbox_table(Base.metadata)
INBOX = inbox_table(Base.metadata)
ERASURES = erasures.table(Base.metadata)
suspensions.table(Base.metadata)
short_link_hosts.table(Base.metadata)
account_networks.table(Base.metadata)
login_failures.table(Base.metadata)
QUOTA_LEASES = quota_lease_table(Base.metadata)
INSTANCES = instance_table(Base.metadata)
CLAIMS = claim_table(Base.metadata)
RETRIES = retry_table(Base.metadata)
CAMPAIGN_STATES = campaign_state_table(Base.metadata)
LANE_OUTBOX = lane_outbox_table(Base.metadata)


class SenderId(Base):
    __tablename__ = "sender_ids"
    __table_args__ = (
        UniqueConstraint("account_id", "sender_key"),
        Index(
            "sender_ids_by_number",
            text("regexp_replace(lower(sender_key), '^([+]|00)', '')"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    sender: Mapped[str]
    sender_key: Mapped[str]  # lower case: Wici and WICI are one
    state: Mapped[str]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Content(Base):
    """Immutable; named by the hash of account, sender and content."""

    __tablename__ = "contents"
    __table_args__ = (Index("contents_keep_until", "keep_until", postgresql_where=text("keep_until IS NOT NULL")),)

    content_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    sender: Mapped[str]
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    keep_until: Mapped[datetime | None]  # of single sends alone; a campaign's is kept for ever


class Carrier(Base):
    __tablename__ = "carriers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(default="smpp")  # or smsapi, twilio, http
    # Of one by HTTP (`contracts.sms_gateway.http_carriers`): then host, port and system id say nothing.
    http: Mapped[dict[str, Any] | None]
    token: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed by chassis.secrets, as the next
    hook_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The one before: what has left until the change is reported with it.
    previous_hook_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    hook_secret_changed_at: Mapped[datetime | None]
    host: Mapped[str]
    port: Mapped[int]
    system_id: Mapped[str]
    password: Mapped[bytes] = mapped_column(LargeBinary)  # sealed by chassis.secrets
    system_type: Mapped[str] = mapped_column(default="")
    bind_mode: Mapped[str] = mapped_column(default="transceiver")
    binds: Mapped[int] = mapped_column(default=2)
    window: Mapped[int] = mapped_column(default=50)
    rate: Mapped[int] = mapped_column(default=0)
    tls: Mapped[bool] = mapped_column(Boolean, default=False)
    tls_ca: Mapped[str | None]  # PEM, as the others
    tls_pin: Mapped[str | None]  # SHA-256 in hex
    tls_server_name: Mapped[str | None]
    tls_certificate: Mapped[str | None]
    tls_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed by chassis.secrets
    long_form: Mapped[str] = mapped_column(default="udh")
    national_languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")  # whose tables it takes
    parameters: Mapped[dict[str, Any] | None]  # optional ones of each submit_sm (`content.submission.Parameters`)
    # Tags of optional parameters that SMPP partners get with its receipts and with messages from phones.
    passed_on: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    errors: Mapped[dict[str, Any] | None]  # what its command_status mean (`http_api.meanings`), where not as usual
    receipt_ids: Mapped[str] = mapped_column(default="same")
    response_timeout: Mapped[int] = mapped_column(default=60)  # seconds
    receipts_within: Mapped[int | None]  # seconds; None: they are never late
    without_receipt: Mapped[str] = mapped_column(default="expired")  # or unknown
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Rises with every change: the outbound processes compare it and make the binds anew.
    version: Mapped[int] = mapped_column(Integer, default=1)


class Route(Base):
    __tablename__ = "routes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[UUID] = mapped_column(ForeignKey("carriers.id"))
    prefix: Mapped[str] = mapped_column(default="")
    network: Mapped[str | None]  # as `domain.networks` has it
    account_id: Mapped[UUID | None]
    lane: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=100)
    share: Mapped[int] = mapped_column(default=1)
    by_cost: Mapped[bool] = mapped_column(Boolean, server_default=false())
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)


class CarrierInstance(Base):
    """What one outbound process holds of a carrier's rate, and how the carrier is for it."""

    __tablename__ = "carrier_instances"

    carrier_id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(primary_key=True)
    rate: Mapped[int]
    is_busy: Mapped[bool]
    state: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]


class Send(Base):
    """One POST /v1/sms: what its messages share."""

    __tablename__ = "sends"

    send_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    content_hash: Mapped[str]
    sender: Mapped[str | None]  # None of one of before: the content tells
    lane: Mapped[str]
    text: Mapped[str | None]
    external_id: Mapped[str | None]
    recipients: Mapped[int]
    # `ids.message_id(send_id, 0)`: the ids of its messages differ from it in their last 32 bits alone.
    stem_id: Mapped[UUID] = mapped_column(unique=True)
    # Of account and request key, so that a repeated request finds what it made; None without a key.
    request_hash: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Of a partner's submit_sm: who sent it, and how its receipt is to be written (`domain.sends.Partner`).
    smpp_account_id: Mapped[UUID | None]
    smpp: Mapped[dict[str, Any] | None]
    # Of a message that is nobody else's (`store.contents.own`): there is no row of `contents` then.
    content: Mapped[dict[str, Any] | None]


class SmppAccount(Base):
    """What a partner binds with. `ip_list` and `senders`: empty means any."""

    __tablename__ = "smpp_accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str]
    system_id: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[bytes] = mapped_column(LargeBinary)  # `domain.smpp_passwords`
    ip_list: Mapped[list[str]] = mapped_column(ARRAY(Text))
    senders: Mapped[list[str]] = mapped_column(ARRAY(Text))
    lane: Mapped[str]
    max_binds: Mapped[int]
    rate: Mapped[int]
    window: Mapped[int]
    answers: Mapped[bool]
    client_certificates: Mapped[str | None]  # PEM: it must present one of these
    client_pins: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")  # SHA-256 of each
    enabled: Mapped[bool]
    last_refused: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SmppBind(Base):
    """A bind of a partner, as the server that holds it tells every second; after `expires_at` it is gone."""

    __tablename__ = "smpp_binds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    smpp_account_id: Mapped[UUID] = mapped_column(index=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    state: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SmppDelivery(Base):
    """A receipt or an answer that a partner has not acknowledged yet. `due_at`: when it may be sent (again); whoever
    takes it moves that on."""

    __tablename__ = "smpp_deliveries"
    __table_args__ = (Index("smpp_deliveries_due", "smpp_account_id", "due_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    smpp_account_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(index=True)
    message_id: Mapped[UUID | None] = mapped_column(index=True)
    address: Mapped[str]  # whose phone it is of, in E.164
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    body: Mapped[dict[str, Any]]


class Ledger(Base):
    """Every message that has an outcome so far; a partition a day, by the time in its id."""

    __tablename__ = "ledger"
    __table_args__ = {"postgresql_partition_by": "RANGE (message_id)"}

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    carrier_id: Mapped[UUID | None]
    carrier_message_id: Mapped[str | None]  # None for a message of several parts: see LedgerPart
    address: Mapped[str]
    state: Mapped[str]
    code: Mapped[str | None]
    parts: Mapped[int] = mapped_column(SmallInteger)
    submitted_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]


class LedgerPart(Base):
    """One part of a long message; a partition a day."""

    __tablename__ = "ledger_parts"
    __table_args__ = {"postgresql_partition_by": "RANGE (message_id)"}

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    carrier_id: Mapped[UUID]
    carrier_message_id: Mapped[str]
    state: Mapped[str]
    code: Mapped[str | None]


class UnknownMessage(Base):
    """Handed over perhaps, and nobody knows: waits for a receipt whose id no answer has told."""

    __tablename__ = "unknown_messages"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(index=True)
    parts_left: Mapped[int] = mapped_column(SmallInteger)  # how many receipts may come whose id nobody knows
    sender: Mapped[str | None]
    claimed_at: Mapped[datetime | None]


class ParkedReceipt(Base):
    """A receipt whose message is not in the ledger (yet)."""

    __tablename__ = "parked_receipts"

    position: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    carrier_id: Mapped[UUID]
    carrier_message_id: Mapped[str]
    spelled: Mapped[str | None]  # the id as the carrier wrote it
    address: Mapped[str]
    state: Mapped[str]
    code: Mapped[str]
    received_at: Mapped[datetime]
    sender: Mapped[str | None]  # the receipt's destination
    submitted_at: Mapped[datetime | None]  # as the receipt tells it, or when it came
    is_typed: Mapped[bool] = mapped_column(Boolean, server_default=false())  # a phone may have written it
    parameters: Mapped[dict[str, Any] | None]  # optional ones that a partner gets
    tries: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[datetime] = mapped_column(index=True)


class InboundSms(Base):
    """A message from a phone, as it came."""

    __tablename__ = "inbound_sms"
    # A person's messages, however the carrier writes their number (`store.inbound_sms`).
    __table_args__ = (
        Index("inbound_sms_by_source", text("regexp_replace(lower(source), '^([+]|00)', '')")),
        Index("inbound_sms_by_account", "account_id", "id"),
        Index("inbound_sms_without_text", "id", postgresql_where=text("said IS NULL")),
        Index("inbound_sms_said", "account_id", text("said gin_trgm_ops"), postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[UUID]
    source: Mapped[str]
    destination: Mapped[str]
    data_coding: Mapped[int] = mapped_column(SmallInteger)
    esm_class: Mapped[int] = mapped_column(SmallInteger)
    octets: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(index=True)
    account_id: Mapped[UUID | None]  # whom it answers; None where nobody knows
    campaign_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]  # the message answered
    wish: Mapped[str | None]  # stop, start
    parts: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    missing_parts: Mapped[list[int]] = mapped_column(JSONB, server_default="[]")  # numbers of those that never came
    said: Mapped[str | None]  # its text, for the search; None: not filled in yet (`inbound_sms.fill_in_texts`)


class ConversationMessage(Base):
    """A message to a phone that has answered its account (`store.conversations`). `id` tells the time when it left."""

    __tablename__ = "conversation_messages"
    __table_args__ = (Index("conversation_messages_by_phone", "account_id", "phone", "id"),)

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    account_id: Mapped[UUID]
    phone: Mapped[str]  # in E.164
    number: Mapped[str]  # bare
    campaign_id: Mapped[UUID | None]
    sent_at: Mapped[datetime] = mapped_column(index=True)


class InboundPart(Base):
    """A part of a long message from a phone (`store.inbound_parts`); `phone` and `number` are bare."""

    __tablename__ = "inbound_parts"
    __table_args__ = (
        Index("inbound_parts_by_message", "phone", "number", "reference", "total"),
        Index(
            "inbound_parts_waiting",
            "phone",
            "number",
            "reference",
            "total",
            postgresql_where=text("joined_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[UUID]
    source: Mapped[str]
    destination: Mapped[str]
    phone: Mapped[str]
    number: Mapped[str]
    reference: Mapped[int]
    total: Mapped[int] = mapped_column(SmallInteger)
    part: Mapped[int] = mapped_column(SmallInteger)
    data_coding: Mapped[int] = mapped_column(SmallInteger)
    esm_class: Mapped[int] = mapped_column(SmallInteger)
    octets: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    joined_at: Mapped[datetime | None] = mapped_column(index=True)


class InboundId(Base):
    """A message from a phone that has come, by its carrier's id (`store.inbound_ids`)."""

    __tablename__ = "inbound_ids"

    carrier_id: Mapped[UUID] = mapped_column(primary_key=True)
    carrier_message_id: Mapped[str] = mapped_column(primary_key=True)
    came_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class LastMessage(Base):
    """The last message to a phone from a number that it can answer (`store.last_messages`)."""

    __tablename__ = "last_messages"

    phone: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(primary_key=True)  # bare: neither + nor 00
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    sent_at: Mapped[datetime] = mapped_column(index=True)


class Stop(Base):
    """Who has answered STOP to an account, and when last (`channel.stop_sayers`)."""

    __tablename__ = "stops"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(primary_key=True)
    said_at: Mapped[datetime] = mapped_column(index=True)
    awaits_reply: Mapped[bool] = mapped_column(server_default="false")


class AccountCountries(Base):
    """Where alone an account may send SMS to; without a row anywhere."""

    __tablename__ = "account_countries"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    countries: Mapped[list[str]] = mapped_column(ARRAY(Text))  # ISO 3166, two letters


class CodeRate(Base):
    """How many one-time codes a number has got of an account lately (`store.code_rates`)."""

    __tablename__ = "code_rates"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # a digest of account and number
    started_at: Mapped[datetime] = mapped_column(index=True)
    codes: Mapped[int]


class UnreadDelivery(Base):
    """What a carrier sent and nobody understands."""

    __tablename__ = "unread_deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[UUID]
    frame: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str]
    received_at: Mapped[datetime]


class OverduePosition(Base):
    """How far the ledger has been looked through for messages without a receipt: one row."""

    __tablename__ = "overdue_position"

    is_only: Mapped[bool] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]


class OverdueLater(Base):
    """A message that was open when the ledger was looked through, and not overdue (scheduled for later, say), or whose
    id was too old for that when it left."""

    __tablename__ = "overdue_later"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    look_at: Mapped[datetime] = mapped_column(index=True)


class ShortLinkBlock(Base):
    """Positions of short links of some recipients of a send (`store.short_links`), from `first_number` on."""

    __tablename__ = "short_link_blocks"

    send_id: Mapped[UUID] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    first_number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    position: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class ShortLinkCounter(Base):
    """How many positions have been handed out: one row. None is ever handed out twice."""

    __tablename__ = "short_link_counter"

    is_only: Mapped[bool] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


class SmsKeyword(Base):
    """`phrase` is the keyword as it is compared, its words with blanks between; `number` bare, empty: every number."""

    __tablename__ = "sms_keywords"
    __table_args__ = (UniqueConstraint("account_id", "number", "phrase", "match"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    keyword: Mapped[str]
    phrase: Mapped[str]
    match: Mapped[str]
    number: Mapped[str]
    answer: Mapped[str | None]
    group_id: Mapped[UUID | None]
    grants_consent: Mapped[bool]
    enabled: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StopConfirmation(Base):
    """What an account answers to the first STOP of a person."""

    __tablename__ = "stop_confirmations"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    text: Mapped[str]
    enabled: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InboundReply(Base):
    """What was answered by itself; `phone` in E.164, `number` bare. `message_id`: once it is sent."""

    __tablename__ = "inbound_replies"
    __table_args__ = (Index("inbound_replies_by_phone", "account_id", "phone", "number", "made_at"),)

    inbound_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone: Mapped[str]
    number: Mapped[str]
    keyword_id: Mapped[UUID | None]  # None: to a STOP
    message_id: Mapped[UUID | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class RangeNumber(Base):
    """A number of a range that an account wrote to, once it was suspected (`domain.ranges`); `key` hides which."""

    __tablename__ = "range_numbers"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    range: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)


class SmsPrice(Base):
    """What a part costs from a moment on: an account on `plan`, the platform where `carrier_id` says by whom."""

    __tablename__ = "sms_prices"
    __table_args__ = (
        CheckConstraint("plan IS NULL OR carrier_id IS NULL", name="sms_prices_one_owner"),
        UniqueConstraint(
            "plan", "carrier_id", "network", "valid_from", name="sms_prices_once", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan: Mapped[str | None]
    carrier_id: Mapped[UUID | None] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    network: Mapped[str | None]  # a network or a country as `domain.prices` has them
    amount: Mapped[int | None]  # minor units; None: the wider price holds again
    per_parts: Mapped[int]
    valid_from: Mapped[datetime]
    created_at: Mapped[datetime]


class NumberNetwork(Base):
    """Which network a number is with, as a carrier has told. None: one that has no name here."""

    __tablename__ = "number_networks"

    number: Mapped[str] = mapped_column(primary_key=True)
    network: Mapped[str | None]
    looked_up_at: Mapped[datetime] = mapped_column(index=True)


class AccountPlan(Base):
    """The plan that an account is on, as identity told last."""

    __tablename__ = "account_plans"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan: Mapped[str]
    told_at: Mapped[datetime]


class SmsTraffic(Base):
    """What a carrier took on a day of UTC, for a network ("" where it has none)."""

    __tablename__ = "sms_traffic"
    __table_args__ = {"postgresql_with": {"fillfactor": "50"}}

    day: Mapped[date] = mapped_column(primary_key=True)
    carrier_id: Mapped[UUID] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    messages: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[int] = mapped_column(BigInteger)
    unpriced_parts: Mapped[int] = mapped_column(BigInteger)
    uncosted_parts: Mapped[int] = mapped_column(BigInteger)
    charged: Mapped[int] = mapped_column(BigInteger)
    paid_thousandths: Mapped[int] = mapped_column(BigInteger)


class HeldRange(Base):
    """A range that an account sent too much to: `held`, or what an operator decided."""

    __tablename__ = "held_ranges"
    __table_args__ = (UniqueConstraint("account_id", "range"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    range: Mapped[str]
    state: Mapped[str]
    numbers: Mapped[int]
    held_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class RangeLimit(Base):
    """How many numbers of a range an account may write to, where an operator has said; 0: as many as there are."""

    __tablename__ = "range_limits"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    most: Mapped[int]
