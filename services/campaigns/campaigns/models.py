"""Tables of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from chassis import short_link_hosts, suspensions
from chassis.tables import inbox_table, outbox_table


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[str]: JSONB, str: String}


outbox = outbox_table(Base.metadata)
inbox = inbox_table(Base.metadata)
suspensions.table(Base.metadata)
Index("short_link_hosts_by_host", short_link_hosts.table(Base.metadata).c.host)


class Template(Base):
    """Content kept for reuse."""

    __tablename__ = "templates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    channel: Mapped[str]
    folder: Mapped[str] = mapped_column(server_default="")
    subject: Mapped[str | None] = mapped_column(Text)  # the content's: lists are read without contents
    content: Mapped[dict[str, Any]]
    # What an editor keeps, and what the channel said of the content when it was saved.
    design: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    report: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("templates_account", "account_id", "created_at", "id"),)


class TemplateVersion(Base):
    """A template as it was saved, the present one included."""

    __tablename__ = "template_versions"

    template_id: Mapped[UUID] = mapped_column(ForeignKey("templates.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    content: Mapped[dict[str, Any]]
    design: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class TemplatePicture(Base):
    """The picture of a version: to be made from `due_at` on, which is null once it is made or given up."""

    __tablename__ = "template_pictures"

    template_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[UUID]
    png: Mapped[bytes | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")

    __table_args__ = (
        ForeignKeyConstraint(
            ["template_id", "version"],
            ["template_versions.template_id", "template_versions.version"],
            ondelete="CASCADE",
        ),
        Index("template_pictures_due", "account_id", text("due_at DESC"), postgresql_where=text("due_at IS NOT NULL")),
    )


class Campaign(Base):
    """A campaign from draft to settled.

    `lease_owner` is the dispatcher that works on it, until `lease_expires_at`. `settled_at` is set once the quota is
    settled and the audience dropped. `reserving_at` marks a draft whose quota may be reserved already.
    """

    __tablename__ = "campaigns"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="draft")
    folder: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    sender: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    audience: Mapped[dict[str, Any]]
    content: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    # When it goes. What a dispatcher of before would send otherwise than was asked has `held_at` instead: such a one
    # takes whatever has a `send_at`, during an upgrade and after going back. Both by `go_at` alone.
    send_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    time_zone: Mapped[str | None]
    # The local time at which it goes in each recipient's own zone; None: to all at `send_at`.
    local_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    # It goes so many minutes after that campaign has been sent; `send_at` is none until then.
    booster_of: Mapped[UUID | None]
    booster_after: Mapped[int | None] = mapped_column(Integer)
    # It waits for a second person; who scheduled it, changed it last, and approved it.
    awaits_approval: Mapped[bool] = mapped_column(server_default=text("false"))
    scheduled_by: Mapped[UUID | None]
    changed_by: Mapped[UUID | None]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    content_hash: Mapped[str | None]
    fields: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    # Units of quota that are reserved for each recipient. None: it began when a recipient was a unit.
    units_each: Mapped[int | None] = mapped_column(Integer)
    # Units reserved in all since it began (None: it began before this was kept), and taken by who was submitted.
    reserved_units: Mapped[int | None] = mapped_column(BigInteger)
    units: Mapped[int] = mapped_column(BigInteger, server_default="0")
    trace_id: Mapped[str | None]
    reserving_at: Mapped[datetime | None]
    schedule_key: Mapped[str | None]
    state_version: Mapped[int] = mapped_column(server_default="0")

    send_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # When the last batch was done, and when to look at what the channel still tries.
    dispatched_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None] = mapped_column(Text)

    recipients: Mapped[int | None] = mapped_column(Integer)
    dispatched_to: Mapped[int] = mapped_column(Integer, server_default="0")
    published: Mapped[int] = mapped_column(Integer, server_default="0")
    submitted: Mapped[int] = mapped_column(Integer, server_default="0")
    failed: Mapped[int] = mapped_column(Integer, server_default="0")
    deferred: Mapped[int] = mapped_column(Integer, server_default="0")
    # Recipients by the reason (`LeftOut`): seen when the audience was read, and seen by the channel.
    left_out: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    channel_left_out: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # Rejected by their content, by the code (`ContentFailure`); and how many of them, and of all that the channel had
    # decided on, there were when the campaign was last resumed.
    content_failed: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    content_failed_before: Mapped[int] = mapped_column(Integer, server_default="0")
    counted_before: Mapped[int] = mapped_column(Integer, server_default="0")
    # People who left a list by its unsubscribe page (`ListLeaver`).
    left_lists: Mapped[int] = mapped_column(Integer, server_default="0")
    next_portion_at: Mapped[datetime | None]

    # A/B test: its rules and the variants' names; what each says otherwise; each one's content at the channel;
    # recipients of each; the place of the winner, and who or what chose it; when the last of the test was with the
    # channel; what the figures said.
    ab_test: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    variants: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    variant_hashes: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    variant_size: Mapped[int | None] = mapped_column(Integer)
    winner: Mapped[int | None] = mapped_column(Integer)
    winner_by: Mapped[str | None]
    tested_at: Mapped[datetime | None]
    ab_decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    # Of a campaign of steps: what each says, as `contracts.campaigns.steps` writes it, and their channels.
    steps: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    step_channels: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    # Of what is a step: of which campaign, at which place from 0 on, and whether further recipients may come to it.
    step_of: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    place: Mapped[int | None] = mapped_column(SmallInteger)
    awaits_more: Mapped[bool] = mapped_column(server_default=text("false"))
    # What of its people its progress counts (`CampaignStepCount` of place 0); none of a campaign without steps.
    counts_of_people: ClassVar[Any]

    lease_owner: Mapped[UUID | None]
    lease_expires_at: Mapped[datetime | None]

    @property
    def channels(self) -> list[str]:
        """Of its steps, or its one."""
        return list(self.step_channels or [self.channel])

    @property
    def goes_at(self) -> datetime | None:
        return self.held_at or self.send_at

    def go_at(self, moment: datetime | None) -> None:
        """Set when it goes; once it is known whether it waits for a second person."""
        has_more = any(self.options.get(name) for name in ("time_zone_field", "attachments", "unsubscribe_page_id"))
        is_held = self.awaits_approval or self.ab_test is not None or has_more
        self.send_at, self.held_at = (None, moment) if is_held else (moment, None)

    __table_args__ = (
        Index("campaigns_account", "account_id", "created_at", "id"),
        Index("campaigns_steps", "step_of", "place", unique=True, postgresql_where=text("step_of IS NOT NULL")),
        Index("campaigns_boosters", "booster_of", postgresql_where=text("booster_of IS NOT NULL")),
        Index(
            "campaigns_work",
            "send_at",
            postgresql_where=text(
                "state IN ('scheduled', 'sending')"
                " OR (settled_at IS NULL AND state IN ('sent', 'cancelled', 'failed'))"
                " OR (state = 'draft' AND reserving_at IS NOT NULL)"
            ),
        ),
    )


class CampaignPerson(Base):
    """How far one of the audience of a campaign of steps is: `domain.people`. None yet: their first step is to come.

    :ivar place: of the open step, from 0 on. :ivar is_due: it is due, and they are not in its queue.
    :ivar due_at: when the open step's channel is asked about it next.
    :ivar numbers: theirs in each step that they came to; 0: they did not.
    """

    __tablename__ = "campaign_people"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str]
    place: Mapped[int | None] = mapped_column(SmallInteger)
    reached_place: Mapped[int | None] = mapped_column(SmallInteger)
    is_due: Mapped[bool] = mapped_column(server_default=text("false"))
    due_at: Mapped[datetime | None]
    numbers: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    steps: Mapped[Any] = mapped_column(JSONB)

    __table_args__ = (
        Index("campaign_people_due_at", "campaign_id", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("campaign_people_open", "campaign_id", "place", postgresql_where=text("place IS NOT NULL")),
        Index("campaign_people_due", "campaign_id", "place", "number", postgresql_where=text("is_due")),
        Index("campaign_people_state", "campaign_id", "state", "number"),
        Index(
            "campaign_people_reached",
            "campaign_id",
            "reached_place",
            "number",
            postgresql_where=text("reached_place IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": "70"}},
    )


class CampaignQueue(Base):
    """Who has come to a step after the first: the number of each in the step's own campaign, from 1 on."""

    __tablename__ = "campaign_queue"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    person: Mapped[int] = mapped_column(Integer)


class CampaignStepCount(Base):
    """`domain.people.figures`, added up over a campaign's people."""

    __tablename__ = "campaign_step_counts"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[int] = mapped_column(Integer)


Campaign.counts_of_people = column_property(
    select(func.jsonb_object_agg(CampaignStepCount.state, CampaignStepCount.people))
    .where(CampaignStepCount.campaign_id == Campaign.id, CampaignStepCount.place == 0)
    .correlate_except(CampaignStepCount)
    .scalar_subquery(),
    expire_on_flush=False,
)


class CampaignLeftOut(Base):
    """A recipient who was left out when their page of the audience was read; no contact where they were erased."""

    __tablename__ = "campaign_left_out"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[UUID]
    reason: Mapped[str]
    contact_id: Mapped[UUID | None]


class CampaignRules(Base):
    """What all campaigns of an account keep to."""

    __tablename__ = "campaign_rules"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    quiet_hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    approval_above: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CampaignBatch(Base):
    """Recipients `first` to `last` of a campaign: publishing → published → done, or withdrawn after a cancel."""

    __tablename__ = "campaign_batches"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    account_id: Mapped[UUID]
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="publishing")
    first: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)
    # Who is in it; none where that is everybody from `first` to `last`.
    numbers: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    submitted: Mapped[int] = mapped_column(Integer, server_default="0")
    failed: Mapped[int] = mapped_column(Integer, server_default="0")
    deferred: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        Index("campaign_batches_campaign", "campaign_id", "first", unique=True),
        Index("campaign_batches_open", "campaign_id", postgresql_where=text("state IN ('publishing', 'published')")),
    )


class MessageChain(Base):
    """One message over several channels: `domain.chains.Chain`.

    :ivar channel: of the open step, by which it is found when it is due; None: no step is open.
    :ivar due_at: when it is to be looked at next; None: when something is heard of it, or never.
    :ivar content_until: when what was said is deleted; None: it is not over, or that is done.
    :ivar lease: of who works on it until `due_at`; what another has found out since counts for nothing.
    """

    __tablename__ = "message_chains"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    external_id: Mapped[str | None]
    webhook_url: Mapped[str | None] = mapped_column(Text)
    time_zone: Mapped[str | None]
    state: Mapped[str]
    channel: Mapped[str | None]
    reached_by: Mapped[str | None]
    is_cancelled: Mapped[bool] = mapped_column(server_default=text("false"))
    due_at: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    content_until: Mapped[datetime | None]

    __table_args__ = (
        Index("message_chains_account", "account_id", "created_at", "id"),
        Index("message_chains_state", "account_id", "state", "created_at", "id"),
        Index(
            "message_chains_reached",
            "account_id",
            "reached_by",
            "created_at",
            "id",
            postgresql_where=text("reached_by IS NOT NULL"),
        ),
        Index("message_chains_contents", "content_until", postgresql_where=text("content_until IS NOT NULL")),
        Index("message_chains_due", "channel", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("message_chains_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        Index("message_chains_external", "account_id", "external_id", postgresql_where=text("external_id IS NOT NULL")),
        Index("message_chains_contact", "account_id", "contact_id", postgresql_where=text("contact_id IS NOT NULL")),
    )


class ChainStep(Base):
    """A step of one: `domain.chains.Step`. The content is deleted some days after the chain's end.

    :ivar address: as it was given, or, of a contact's, that it was handed over to: `is_addressed`.
    """

    __tablename__ = "chain_steps"

    chain_id: Mapped[UUID] = mapped_column(ForeignKey("message_chains.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    account_id: Mapped[UUID]
    channel: Mapped[str]
    sender: Mapped[Any] = mapped_column(JSONB(none_as_null=True))
    content: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    go_on: Mapped[dict[str, Any]]
    quiet_hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    address: Mapped[str | None] = mapped_column(Text)
    is_addressed: Mapped[bool] = mapped_column(server_default=text("false"))
    message_id: Mapped[UUID | None]
    units: Mapped[int] = mapped_column(Integer, server_default="0")
    state: Mapped[str]
    code: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    unanswered_since: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    asked_back: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        Index("chain_steps_message", "message_id", unique=True, postgresql_where=text("message_id IS NOT NULL")),
        Index("chain_steps_address", "account_id", "address", postgresql_where=text("address IS NOT NULL")),
    )


class UnsubscribePage(Base):
    """What people see who leave; an account has one default."""

    __tablename__ = "unsubscribe_pages"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    brand: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    is_default: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("unsubscribe_pages_account", "account_id", "created_at", "id"),
        Index("unsubscribe_pages_default", "account_id", unique=True, postgresql_where=text("is_default")),
    )


class UnsubscribeReason(Base):
    """Why somebody has left, by a key of the page's reasons."""

    __tablename__ = "unsubscribe_reasons"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    page_id: Mapped[UUID] = mapped_column(index=True)
    campaign_id: Mapped[UUID | None]
    reason: Mapped[str]
    given_at: Mapped[datetime]


class ListLeaver(Base):
    """A message by whose unsubscribe page somebody left a list: counted once, however often they press."""

    __tablename__ = "list_leavers"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[UUID]
    left_at: Mapped[datetime]


class HostedFile(Base):
    """A file of an account; its octets are objects of 256 KiB each (`store.objects`), all full but the last.

    It is an upload until `token` is set, the public name under which strangers read it.
    """

    __tablename__ = "files"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    media_type: Mapped[str | None]
    size: Mapped[int] = mapped_column(Integer, server_default="0")
    pieces: Mapped[int] = mapped_column(Integer, server_default="0")
    digest: Mapped[str | None]
    token: Mapped[str | None] = mapped_column(unique=True)
    downloads: Mapped[int] = mapped_column(BigInteger, server_default="0")
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("files_account", "account_id", "created_at", "id"),
        Index("files_expiry", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )


class DroppedFile(Base):
    """Objects that nobody needs any more: they are deleted from storage, and then the row is."""

    __tablename__ = "dropped_files"

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    pieces: Mapped[int] = mapped_column(Integer)


class NamedLink(Base):
    """A link of a name of its own (`/l/SUFFIX`); suffixes are everybody's. `clicks` are those of people."""

    __tablename__ = "named_links"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    suffix: Mapped[str] = mapped_column(unique=True)
    target: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None]
    clicks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("named_links_account", "account_id", "created_at", "id"),)


class NamedLinkClick(Base):
    """One time that a link was followed, by somebody who is not known."""

    __tablename__ = "named_link_clicks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    link_id: Mapped[UUID] = mapped_column(ForeignKey("named_links.id", ondelete="CASCADE"))
    account_id: Mapped[UUID]
    created_at: Mapped[datetime]
    is_machine: Mapped[bool]

    __table_args__ = (
        Index("named_link_clicks_link", "link_id", "created_at", "id"),
        Index("named_link_clicks_at", "created_at"),
    )
