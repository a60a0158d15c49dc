"""Templates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns import exceptions
from campaigns.models import Template


def add(session: Session, **columns: Any) -> Template:
    """Insert a template; one that the same request made before is returned as it is."""
    session.execute(insert(Template).values(**columns).on_conflict_do_nothing(index_elements=["id"]))
    return get(session, account_id=columns["account_id"], template_id=columns["id"])


def get(session: Session, *, account_id: UUID, template_id: UUID, locked: bool = False) -> Template:
    """:param locked: until the transaction ends. :raises NotFound: not in this account."""
    found = select(Template).where(Template.id == template_id, Template.account_id == account_id)
    template = session.scalars(found.with_for_update() if locked else found).one_or_none()
    if template is None:
        raise exceptions.no_such_template(template_id)
    return template


def page(
    session: Session,
    *,
    account_id: UUID,
    channels: Collection[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Template]:
    """Newest first; ids are in no order where they were derived from a request's key."""
    query = (
        select(Template)
        .where(Template.account_id == account_id, Template.channel.in_(channels))
        .order_by(Template.created_at.desc(), Template.id.desc())
    )
    if before is not None:
        query = query.where(tuple_(Template.created_at, Template.id) < before)
    return session.scalars(query.limit(limit)).all()


def remove(session: Session, template: Template) -> None:
    session.delete(template)
