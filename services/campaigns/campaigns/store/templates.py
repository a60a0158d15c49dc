"""Templates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
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


def fitting(*, account_id: UUID, channels: Collection[str], words: Sequence[str]) -> Select[Template]:
    """The account's on these channels whose name holds every word (patterns of `chassis.words`)."""
    query = select(Template).where(Template.account_id == account_id, Template.channel.in_(channels))
    return query.where(*(Template.name.op("~")(word) for word in words))


def remove(session: Session, template: Template) -> None:
    session.delete(template)
