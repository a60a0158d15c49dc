"""Tables: columns, constraints and indexes; no behaviour. The hot tables are written with plain SQL in `store`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from channel import account_networks, login_failures
from channel.tables import (
    campaign_state_table,
    claim_table,
    instance_table,
    lane_outbox_table,
    quota_lease_table,
    retry_table,
)
from chassis import erasures, suspensions
from chassis.tables import inbox_table, outbox_table


class Base(DeclarativeBase):
    type_annotation_map = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        bytes: LargeBinary,
    }


outbox_table(Base.metadata)
inbox_table(Base.metadata)
quota_lease_table(Base.metadata)
instance_table(Base.metadata)
claim_table(Base.metadata)
retry_table(Base.metadata)
campaign_state_table(Base.metadata)
lane_outbox_table(Base.metadata)
erasures.table(Base.metadata)
suspensions.table(Base.metadata)
account_networks.table(Base.metadata)
login_failures.table(Base.metadata)


class SenderDomain(Base):
    """A domain that an account sends from, once it is verified.

    `found` and `seen` by purpose of a record: whether it is there, and what is in its place (`usecases.sender_checks`).
    `lost_at`: since when records that it needs are gone; `stopped_at`: since when no campaign leaves from it for that.
    """

    __tablename__ = "sender_domains"

    domain_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    domain: Mapped[str]
    state: Mapped[str]
    ownership_token: Mapped[str]
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    verified_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    verified_by: Mapped[str | None]
    reason: Mapped[str | None]
    link_host: Mapped[str | None]
    short_links: Mapped[bool] = mapped_column(server_default="false", default=False)  # of one of an account's at most
    check_due_at: Mapped[datetime | None]
    seen: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    lost_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    return_path_label: Mapped[str] = mapped_column(server_default="bounces")
    link_label: Mapped[str] = mapped_column(server_default="link")
    keys: Mapped[list[DkimKey]] = relationship(
        order_by="DkimKey.selector", cascade="all, delete-orphan", lazy="selectin"
    )


class DkimKey(Base):
    """One signing key of a domain; the private part is encrypted."""

    __tablename__ = "dkim_keys"

    key_id: Mapped[UUID] = mapped_column(primary_key=True)
    domain_id: Mapped[UUID] = mapped_column(ForeignKey("sender_domains.domain_id", ondelete="CASCADE"))
    algorithm: Mapped[str]
    selector: Mapped[str]
    record: Mapped[str]
    sealed_key: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="active")
    retired_at: Mapped[datetime | None]


class KeysMade(Base):
    """How many signing keys were made for an account on the last day on which some were."""

    __tablename__ = "keys_made"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date]
    keys: Mapped[int]


class SenderAddress(Base):
    """A single address that an account sends from; confirmed by a code mailed to it."""

    __tablename__ = "sender_addresses"

    address_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    email: Mapped[str]
    name: Mapped[str | None]
    state: Mapped[str]
    code_hash: Mapped[str | None]
    tries_left: Mapped[int] = mapped_column(default=0)
    code_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CodeMailed(Base):
    """A code that was mailed to a sender address, which may be a stranger's and be deleted since; kept for a day."""

    __tablename__ = "codes_mailed"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(primary_key=True)
    mailed_at: Mapped[datetime] = mapped_column(primary_key=True)


class SenderPolicy(Base):
    """What a domain of single addresses says of mail that is not its own; `policy` is None until DNS answers."""

    __tablename__ = "sender_policies"

    domain: Mapped[str] = mapped_column(primary_key=True)
    policy: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    due_at: Mapped[datetime]


class ReceivedMail(Base):
    """A mail that came in: it goes once it is read, and stays for some days where nobody understands it."""

    __tablename__ = "received_mails"

    mail_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    recipient: Mapped[str]
    message_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    has_null_sender: Mapped[bool]
    octets: Mapped[bytes]
    digest: Mapped[bytes] = mapped_column(unique=True)
    is_kept: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)


class SoftBounce(Base):
    """A day on which an address's mailbox took nothing of an account's."""

    __tablename__ = "soft_bounces"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class DmarcReport(Base):
    """What one receiver reported of mail in a sender domain's name."""

    __tablename__ = "dmarc_reports"

    domain_id: Mapped[UUID] = mapped_column(
        ForeignKey("sender_domains.domain_id", ondelete="CASCADE"), primary_key=True
    )
    report_key: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    reporter: Mapped[str]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    received_at: Mapped[datetime]


class DmarcSource(Base):
    """Mails of a report that came from one address and were handled alike."""

    __tablename__ = "dmarc_sources"
    __table_args__ = (
        ForeignKeyConstraint(
            ["domain_id", "report_key"], ["dmarc_reports.domain_id", "dmarc_reports.report_key"], ondelete="CASCADE"
        ),
    )

    domain_id: Mapped[UUID] = mapped_column(primary_key=True)
    report_key: Mapped[bytes] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(INET, primary_key=True)
    disposition: Mapped[str] = mapped_column(primary_key=True)
    is_dkim_aligned: Mapped[bool] = mapped_column(primary_key=True)
    is_spf_aligned: Mapped[bool] = mapped_column(primary_key=True)
    messages: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[UUID]


class MtaStsPolicy(Base):
    """What a recipient's domain says of TLS at its mail hosts, until it expires."""

    __tablename__ = "mta_sts_policies"

    domain: Mapped[str] = mapped_column(primary_key=True)
    policy_id: Mapped[str]
    mode: Mapped[str]
    hosts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime]


class MailRoute(Base):
    """Where mail to matching domains goes: a smarthost, or the domain's own MX."""

    __tablename__ = "mail_routes"

    route_id: Mapped[UUID] = mapped_column(primary_key=True)
    pattern: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    host: Mapped[str | None]
    port: Mapped[int]
    tls: Mapped[str]
    username: Mapped[str | None]
    sealed_password: Mapped[bytes | None]
    connections: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ProviderPlaces(Base):
    """What of a provider's connections and mails a second, from an address of ours, an outbound process has; plain SQL
    alone."""

    __tablename__ = "provider_places"

    source: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(primary_key=True)
    places: Mapped[int]
    rate: Mapped[int] = mapped_column(server_default="0")
    is_busy: Mapped[bool]
    expires_at: Mapped[datetime]


class IpPool(Base):
    """Addresses that mail leaves from, of all accounts or of those in `ip_pool_accounts`."""

    __tablename__ = "ip_pools"

    pool_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    is_paused: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IpAddress(Base):
    """One of a pool. `is_named`: whether DNS says of it what we say in EHLO; None: not looked up."""

    __tablename__ = "ip_addresses"

    address_id: Mapped[UUID] = mapped_column(primary_key=True)
    pool_id: Mapped[UUID] = mapped_column(ForeignKey("ip_pools.pool_id", ondelete="CASCADE"))
    address: Mapped[str]
    ehlo_name: Mapped[str]
    warm_up: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    warm_up_from: Mapped[date]
    is_named: Mapped[bool | None]
    found: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    check_due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Content(Base):
    """Prepared content, immutable, known by the hash of its document."""

    __tablename__ = "contents"

    content_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    keep_until: Mapped[datetime | None]  # of single sends alone; a campaign's is kept for ever


class LedgerRow(Base):
    """One message; partitioned by ranges of its time-ordered id."""

    __tablename__ = "ledger"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    address: Mapped[str]
    sender: Mapped[str]
    lane: Mapped[str]
    state: Mapped[str]
    code: Mapped[str | None]
    detail: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    content_hash: Mapped[str | None]
    fields: Mapped[dict[str, Any] | None]
    name: Mapped[str | None]
    external_id: Mapped[str | None]


class Blob(Base):
    """Octets that mails end with or consist of; read and written with plain SQL."""

    __tablename__ = "blobs"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    octets: Mapped[bytes]
    keep_until: Mapped[datetime]


class SmtpAccount(Base):
    """What a partner's server logs in with to submit mail."""

    __tablename__ = "smtp_accounts"

    smtp_account_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    secret_hash: Mapped[bytes]
    ip_list: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    is_active: Mapped[bool] = mapped_column(default=True)
    messages_a_minute: Mapped[int]
    minute: Mapped[datetime] = mapped_column(server_default=text("'epoch'"))
    used: Mapped[int] = mapped_column(default=0)
    last_used_at: Mapped[datetime | None]
    tracks_clicks: Mapped[bool] = mapped_column(server_default=text("false"))
    tracks_opens: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SmtpBlocked(Base):
    """An address that one SMTP account does not reach; in lower case."""

    __tablename__ = "smtp_blocked"

    blocked_id: Mapped[UUID] = mapped_column(primary_key=True)
    smtp_account_id: Mapped[UUID] = mapped_column(ForeignKey("smtp_accounts.smtp_account_id", ondelete="CASCADE"))
    address: Mapped[str]
    account_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
