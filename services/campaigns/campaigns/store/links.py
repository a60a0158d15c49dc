"""Named links, and when they were followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns import exceptions
from campaigns.models import NamedLink, NamedLinkClick
from chassis.database import changed

# Of clicks that came before, in one statement with how many of them are new, by people: doing it twice does it once.
_KEEP_CLICKS = """
WITH told AS (SELECT * FROM jsonb_to_recordset(CAST(:clicks AS jsonb))
    AS t(click_id uuid, link_id uuid, at timestamptz, is_machine boolean)),
known AS (SELECT l.id, l.account_id FROM named_links l WHERE l.id IN (SELECT link_id FROM told)
    AND l.account_id = :account ORDER BY l.id FOR NO KEY UPDATE),
new AS (INSERT INTO named_link_clicks (id, link_id, account_id, created_at, is_machine)
    SELECT t.click_id, t.link_id, k.account_id, t.at, t.is_machine FROM told t JOIN known k ON k.id = t.link_id
    ON CONFLICT DO NOTHING RETURNING link_id, is_machine)
UPDATE named_links l SET clicks = l.clicks + n.clicks
FROM (SELECT link_id, count(*) AS clicks FROM new WHERE NOT is_machine GROUP BY 1) n WHERE l.id = n.link_id
"""


def lock(session: Session, *, account_id: UUID) -> None:
    """Who changes the account's links does so one after the other: what the gateway is told has an order."""
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account AS text), 1818848875))"  # "link"
    session.execute(text(lock), {"account": account_id})


def add(session: Session, **columns: Any) -> NamedLink:
    """Insert a link; one that the same request made before is returned as it is.

    :raises Conflict: another link has the suffix.
    """
    session.execute(insert(NamedLink).values(**columns).on_conflict_do_nothing())
    row = session.scalars(select(NamedLink).where(NamedLink.suffix == columns["suffix"])).one_or_none()
    if row is None or row.id != columns["id"]:
        raise exceptions.suffix_taken()
    return row


def get(session: Session, *, account_id: UUID, link_id: UUID, is_locked: bool = False) -> NamedLink:
    """:raises NotFound: not in this account."""
    query = select(NamedLink).where(NamedLink.id == link_id, NamedLink.account_id == account_id)
    row = session.scalars(query.with_for_update() if is_locked else query).one_or_none()
    if row is None:
        raise exceptions.no_such_link()
    return row


def count(session: Session, *, account_id: UUID) -> int:
    query = select(func.count()).select_from(NamedLink).where(NamedLink.account_id == account_id)
    return session.scalar(query) or 0


def fitting(*, account_id: UUID, words: Sequence[str]) -> Select[NamedLink]:
    """The account's links whose suffix, name or target hold every word, patterns of `chassis.words`."""
    said = func.concat(NamedLink.suffix, "\n", NamedLink.name, "\n", NamedLink.target)
    return select(NamedLink).where(NamedLink.account_id == account_id, *(said.op("~")(word) for word in words))


def clicks(
    session: Session, *, link_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[NamedLinkClick]:
    """Newest first."""
    query = select(NamedLinkClick).where(NamedLinkClick.link_id == link_id)
    if before is not None:
        query = query.where(tuple_(NamedLinkClick.created_at, NamedLinkClick.id) < before)
    return session.scalars(
        query.order_by(NamedLinkClick.created_at.desc(), NamedLinkClick.id.desc()).limit(limit)
    ).all()


def keep_clicks(session: Session, *, account_id: UUID, clicks: Sequence[dict[str, Any]]) -> None:
    changed(session, _KEEP_CLICKS, account=account_id, clicks=orjson.dumps(list(clicks)).decode())


def forget_clicks(session: Session, before: datetime) -> int:
    return changed(session, "DELETE FROM named_link_clicks WHERE created_at < :before", before=before)


def erase_account(session: Session, account_id: UUID) -> None:
    session.execute(delete(NamedLink).where(NamedLink.account_id == account_id))
