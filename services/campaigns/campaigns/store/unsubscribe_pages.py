"""Unsubscribe pages, and the reasons that people give on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns import exceptions
from campaigns.models import Campaign, ListLeaver, UnsubscribePage, UnsubscribeReason


def lock(session: Session, *, account_id: UUID) -> None:
    """Who changes the account's pages does so one after the other: there is one default."""
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account AS text), 1970366823))"  # "unsg"
    session.execute(text(lock), {"account": account_id})


def add(session: Session, **columns: Any) -> UnsubscribePage:
    """Insert a page; one that the same request made before is returned as it is."""
    session.execute(insert(UnsubscribePage).values(**columns).on_conflict_do_nothing(index_elements=["id"]))
    return get(session, account_id=columns["account_id"], page_id=columns["id"])


def get(session: Session, *, account_id: UUID, page_id: UUID) -> UnsubscribePage:
    """:raises NotFound: not in this account."""
    page = find(session, account_id=account_id, page_id=page_id)
    if page is None:
        raise exceptions.no_such_unsubscribe_page()
    return page


def find(session: Session, *, account_id: UUID, page_id: UUID) -> UnsubscribePage | None:
    query = select(UnsubscribePage).where(UnsubscribePage.id == page_id, UnsubscribePage.account_id == account_id)
    return session.scalars(query).one_or_none()


def is_there(session: Session, *, account_id: UUID, page_id: UUID) -> bool:
    """Whether the account has the page; locks it, so that it is still there at the commit."""
    query = select(UnsubscribePage.id).where(UnsubscribePage.id == page_id, UnsubscribePage.account_id == account_id)
    return session.scalar(query.with_for_update(key_share=True)) is not None


def no_default(session: Session, *, account_id: UUID) -> None:
    session.execute(
        update(UnsubscribePage)
        .where(UnsubscribePage.account_id == account_id, UnsubscribePage.is_default)
        .values(is_default=False)
    )


def count(session: Session, *, account_id: UUID) -> int:
    query = select(func.count()).select_from(UnsubscribePage).where(UnsubscribePage.account_id == account_id)
    return session.scalar(query) or 0


def page(
    session: Session, *, account_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[UnsubscribePage]:
    """Newest first."""
    query = (
        select(UnsubscribePage)
        .where(UnsubscribePage.account_id == account_id)
        .order_by(UnsubscribePage.created_at.desc(), UnsubscribePage.id.desc())
    )
    if before is not None:
        query = query.where(tuple_(UnsubscribePage.created_at, UnsubscribePage.id) < before)
    return session.scalars(query.limit(limit)).all()


def remove(session: Session, page: UnsubscribePage) -> None:
    """The page, and what was said on it."""
    session.delete(page)
    session.flush()
    session.execute(delete(UnsubscribeReason).where(UnsubscribeReason.page_id == page.id))


def keep_reason(session: Session, **columns: Any) -> None:
    """One for each message; the last that is told counts."""
    statement = insert(UnsubscribeReason).values(**columns)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["message_id"],
            set_={"reason": statement.excluded.reason, "given_at": statement.excluded.given_at},
            where=UnsubscribeReason.given_at < statement.excluded.given_at,
        )
    )


def count_list_leaver(session: Session, *, campaign_id: UUID, **columns: Any) -> None:
    """One for each message of a campaign that is still there."""
    campaign = select(Campaign.id).where(Campaign.id == campaign_id, Campaign.account_id == columns["account_id"])
    if session.scalar(campaign.with_for_update(key_share=True)) is None:
        return
    statement = insert(ListLeaver).values(campaign_id=campaign_id, **columns).on_conflict_do_nothing()
    if session.execute(statement.returning(ListLeaver.message_id)).first() is not None:
        more = {"left_lists": Campaign.left_lists + 1}
        session.execute(update(Campaign).where(Campaign.id == campaign_id).values(more))


def reasons(session: Session, page_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """How often each was given, by page."""
    query = (
        select(UnsubscribeReason.page_id, UnsubscribeReason.reason, func.count())
        .where(UnsubscribeReason.page_id.in_(page_ids))
        .group_by(UnsubscribeReason.page_id, UnsubscribeReason.reason)
    )
    counted: dict[UUID, dict[str, int]] = defaultdict(dict)
    for page_id, reason, times in session.execute(query):
        counted[page_id][reason] = times
    return counted
