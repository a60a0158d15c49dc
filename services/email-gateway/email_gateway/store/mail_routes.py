"""Queries on mail routes."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chassis.refusals import flush_unless_taken
from email_gateway.models import MailRoute


def routes(session: Session, *, after: UUID | None = None, limit: int = 10_000) -> Sequence[MailRoute]:
    query = select(MailRoute)
    if after is not None:
        query = query.where(MailRoute.route_id > after)
    return session.scalars(query.order_by(MailRoute.route_id).limit(limit)).all()


def add(session: Session, route: MailRoute) -> bool:
    """False where there is one for its pattern, perhaps since a moment ago: nothing is written."""
    session.add(route)
    return flush_unless_taken(session, "mail_routes_pattern_key")


def delete_route(session: Session, *, route_id: UUID) -> bool:
    deleted = session.execute(delete(MailRoute).where(MailRoute.route_id == route_id).returning(MailRoute.route_id))
    return deleted.first() is not None
