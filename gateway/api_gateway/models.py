"""The gateway's own tables: answers of idempotent requests, what is used up of rate limits, slots, ended accounts, and
what links need to lead on with every service down."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, Integer, LargeBinary, SmallInteger, String, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import suspensions


class Base(DeclarativeBase):
    pass


suspensions.table(Base.metadata)


class IdempotentRequest(Base):
    """One `Idempotency-Key` of one account or operator: running until `locked_until`, or answered once `status` is."""

    __tablename__ = "idempotent_requests"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    # What services derive their ids from; a retry after a crash passes the same one.
    request_key: Mapped[UUID]
    lock_id: Mapped[UUID]
    locked_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (Index("idempotent_requests_created_at", "created_at"),)


class RateWindow(Base):
    """How many requests of one subject the workers have leased in one window; unlogged: a crash forgets a minute."""

    __tablename__ = "rate_windows"

    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    window_start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    leased: Mapped[int] = mapped_column(BigInteger)
    granted: Mapped[int] = mapped_column(BigInteger)  # by the last lease, for its RETURNING

    __table_args__ = (Index("rate_windows_window_start", "window_start"), {"prefixes": ["UNLOGGED"]})


class Slot(Base):
    """One of the things of a kind that a tenant has going on; free again at `ends_at`, whatever became of it."""

    __tablename__ = "slots"

    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    slot_id: Mapped[UUID] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = {"prefixes": ["UNLOGGED"]}


class EndedAccount(Base):
    """An account whose links lead nowhere any more; kept until the last of them would be too old anyway."""

    __tablename__ = "ended_accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ShortLinkBlock(Base):
    """Positions of short links of one send (`contracts.lanes.ShortLinkBlock`); without links once its account ended."""

    __tablename__ = "short_link_blocks"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    first_number: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[UUID] = mapped_column(index=True)
    campaign_id: Mapped[UUID | None]
    send_id: Mapped[UUID]
    links: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)


class UnsubscribePage(Base):
    """The unsubscribe page of an account (`contracts.events.UnsubscribePageChanged`); null where it has Wici's own."""

    __tablename__ = "unsubscribe_pages"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    page: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class WrittenPage(Base):
    """A page that campaigns may name (`contracts.events.UnsubscribePageWritten`); null once it is deleted."""

    __tablename__ = "written_pages"

    page_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(BigInteger)
    page: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class CampaignPage(Base):
    """What a campaign's unsubscribe links show (`contracts.events.CampaignPageSet`)."""

    __tablename__ = "campaign_pages"

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    page_id: Mapped[UUID | None]
    group_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)


class PublicList(Base):
    """A group that people may leave by themselves (`contracts.events.PublicListChanged`); null where it is none."""

    __tablename__ = "public_lists"

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(BigInteger)
    texts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class NamedLink(Base):
    """A named link (`contracts.events.NamedLinkChanged`); one that was deleted has no target."""

    __tablename__ = "named_links"

    link_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(BigInteger)
    suffix: Mapped[str] = mapped_column(index=True)
    target: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
