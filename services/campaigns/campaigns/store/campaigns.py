"""Campaigns as their owners see them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, String, and_, cast, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session, defer

from campaigns import exceptions
from campaigns.models import Campaign, CampaignLeftOut, Template, UnsubscribePage, UnsubscribeReason
from campaigns.store import chains, files, links, rules
from chassis import short_link_hosts, suspensions

# They may be a megabyte.
_WITHOUT_CONTENT = (defer(Campaign.content), defer(Campaign.variants), defer(Campaign.steps))


def add(session: Session, **columns: Any) -> Campaign:
    """Insert a campaign; one that the same request made before is returned as it is."""
    session.execute(insert(Campaign).values(**columns).on_conflict_do_nothing(index_elements=["id"]))
    return get(session, account_id=columns["account_id"], campaign_id=columns["id"])


def get(session: Session, *, account_id: UUID, campaign_id: UUID, with_content: bool = True) -> Campaign:
    """:raises NotFound: not in this account."""
    query = select(Campaign) if with_content else select(Campaign).options(*_WITHOUT_CONTENT)
    return _one(session, query, account_id, campaign_id)


def get_for_update(session: Session, *, account_id: UUID, campaign_id: UUID) -> Campaign:
    """The same, locked until the transaction ends."""
    return _one(session, select(Campaign).with_for_update(), account_id, campaign_id)


def next_state_version(session: Session, campaign_id: UUID) -> int:
    """The number of the change of state that this transaction makes."""
    following = update(Campaign).where(Campaign.id == campaign_id).values(state_version=Campaign.state_version + 1)
    return int(session.scalars(following.returning(Campaign.state_version)).one())


def fitting(
    *,
    account_id: UUID,
    channels: Collection[str],
    channel: str | None,
    state: str | None,
    words: Sequence[str],
    folder: str | None = None,
    tag: str | None = None,
) -> Select[Campaign]:
    """Those whose name holds every word, patterns of `chassis.words`; without their content, and without steps.

    :param channels: which may be seen; one of steps is where all of its channels may. :param channel: that it has.
    """
    query = (
        select(Campaign)
        .options(*_WITHOUT_CONTENT)
        .where(Campaign.account_id == account_id, Campaign.step_of.is_(None), _is_on(channels, channel))
    )
    if state is not None:
        query = query.where(Campaign.state == state)
    if folder is not None:
        query = query.where(Campaign.folder == folder)
    if tag is not None:
        query = query.where(Campaign.tags.contains([tag]))
    return query.where(*(Campaign.name.op("~")(word) for word in words))


def _is_on(channels: Collection[str], channel: str | None) -> ColumnElement[bool]:
    """The first step's channel is the campaign's own, so that an index on it serves both kinds."""
    readable = cast(list(channels), ARRAY(String))
    seen = or_(Campaign.step_channels.is_(None), Campaign.step_channels.contained_by(readable))
    if channel is None:
        return and_(Campaign.channel.in_(channels), seen)
    return and_(or_(Campaign.channel == channel, Campaign.step_channels.contains([channel])), seen)


def left_out(
    session: Session, *, account_id: UUID, campaign_id: UUID, reason: str | None, after: int, limit: int
) -> Sequence[CampaignLeftOut]:
    """Who was left out, in the order of their numbers."""
    query = select(CampaignLeftOut).where(
        CampaignLeftOut.campaign_id == campaign_id,
        CampaignLeftOut.account_id == account_id,
        CampaignLeftOut.number > after,
    )
    if reason is not None:
        query = query.where(CampaignLeftOut.reason == reason)
    return session.scalars(query.order_by(CampaignLeftOut.number).limit(limit)).all()


def running_for_update(session: Session, *, account_id: UUID) -> Sequence[Campaign]:
    """The account's campaigns that are sent or will be, locked, as they are once the lock is held."""
    query = (
        select(Campaign)
        .options(*_WITHOUT_CONTENT)
        .where(Campaign.account_id == account_id, Campaign.state.in_(("scheduled", "sending")))
        .order_by(Campaign.id)
        .with_for_update()
    )
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def sending_for_update(session: Session, campaign_ids: Collection[UUID]) -> Sequence[Campaign]:
    """Those of them that are being sent, locked, as they are once the lock is held."""
    query = (
        select(Campaign)
        .options(*_WITHOUT_CONTENT)
        .where(Campaign.id.in_(campaign_ids), Campaign.state == "sending")
        .order_by(Campaign.id)
        .with_for_update()
    )
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def _named_in(part: str) -> str:
    """SQL: the audience names any of the ids of that parameter, to take or to leave out."""
    both = f"coalesce(audience->'{part}', '[]') || coalesce(audience->'exclude_{part}', '[]')"
    return f"jsonb_exists_any({both}, CAST(:{part} AS text[]))"


_NEEDING = text(
    "SELECT id, name FROM campaigns WHERE account_id = :account AND state IN ('scheduled', 'sending', 'paused')"
    f" AND ({_named_in('groups')} OR {_named_in('segments')}"
    " OR jsonb_exists_any(fields, CAST(:fields AS text[]))) ORDER BY created_at, id LIMIT :limit"
)


def needing(
    session: Session, *, account_id: UUID, groups: list[str], segments: list[str], fields: list[str], limit: int
) -> Sequence[RowMapping]:
    """Id and name of the account's campaigns that are to go or going, and name any of these."""
    wanted = {"groups": groups, "segments": segments, "fields": fields}
    return session.execute(_NEEDING, {"account": account_id, "limit": limit, **wanted}).mappings().all()


def remove(session: Session, campaign: Campaign) -> None:
    """Delete it with its batches."""
    session.delete(campaign)


def erase_account(session: Session, account_id: UUID) -> None:
    """Delete everything that is held of an account."""
    suspensions.close(session, account_id)
    session.execute(delete(Campaign).where(Campaign.account_id == account_id))
    rules.erase(session, account_id)
    files.erase_account(session, account_id)
    links.erase_account(session, account_id)
    short_link_hosts.forget(session, account_id)
    chains.erase_account(session, account_id)
    session.execute(delete(Template).where(Template.account_id == account_id))
    session.execute(delete(UnsubscribePage).where(UnsubscribePage.account_id == account_id))
    session.execute(delete(UnsubscribeReason).where(UnsubscribeReason.account_id == account_id))


def _one(session: Session, query: Any, account_id: UUID, campaign_id: UUID) -> Campaign:
    campaign: Campaign | None = session.scalars(
        query.where(Campaign.id == campaign_id, Campaign.account_id == account_id)
    ).one_or_none()
    if campaign is None:
        raise exceptions.no_such_campaign(campaign_id)
    return campaign
