"""Templates."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns import exceptions
from campaigns.models import Template
from campaigns.store.pages import Page, newest_first


def add(session: Session, **columns: Any) -> Template:
    """Insert a template; one that the same request made before is returned as it is."""
    session.execute(insert(Template).values(**columns).on_conflict_do_nothing(index_elements=["id"]))
    return get(session, account_id=columns["account_id"], template_id=columns["id"])


def get(session: Session, *, account_id: UUID, template_id: UUID) -> Template:
    """:raises NotFound: not in this account."""
    template = session.scalars(
        select(Template).where(Template.id == template_id, Template.account_id == account_id)
    ).one_or_none()
    if template is None:
        raise exceptions.no_such_template(template_id)
    return template


def page(session: Session, *, account_id: UUID, channels: Collection[str], limit: int, cursor: str | None) -> Page:
    """Newest first."""
    query = select(Template).where(Template.account_id == account_id, Template.channel.in_(channels))
    return newest_first(session, query, Template, limit, cursor)


def remove(session: Session, template: Template) -> None:
    session.delete(template)
