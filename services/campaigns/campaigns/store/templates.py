"""Templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from campaigns import exceptions
from campaigns.models import Template, TemplateVersion

FOLDERS_LISTED = 1_000
LARGEST = 2**31  # what the column holds is below


def add(session: Session, **columns: Any) -> Template:
    """Insert a template; one that the same request made before is returned as it is."""
    subject = subject_of(columns["content"])
    session.execute(insert(Template).values(**columns, subject=subject).on_conflict_do_nothing(index_elements=["id"]))
    return get(session, account_id=columns["account_id"], template_id=columns["id"])


def subject_of(content: Mapping[str, Any]) -> str | None:
    subject: str | None = content.get("subject")
    return subject


def get(session: Session, *, account_id: UUID, template_id: UUID) -> Template:
    """:raises NotFound: not in this account."""
    template = session.scalars(
        select(Template).where(Template.id == template_id, Template.account_id == account_id)
    ).one_or_none()
    if template is None:
        raise exceptions.no_such_template(template_id)
    return template


def get_for_update(session: Session, *, account_id: UUID, template_id: UUID) -> Template:
    """As `get`, and nobody else changes it until this transaction ends. :raises NotFound: not in this account."""
    query = select(Template).where(Template.id == template_id, Template.account_id == account_id).with_for_update()
    template = session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if template is None:
        raise exceptions.no_such_template(template_id)
    return template


def fitting(
    *, account_id: UUID, channels: Collection[str], folder: str | None, words: Sequence[str]
) -> Select[Template]:
    """Those on these channels, without contents. :param words: patterns, each held by name or subject."""
    query = (
        select(Template)
        .options(defer(Template.content), defer(Template.design), defer(Template.report))
        .where(Template.account_id == account_id, Template.channel.in_(channels))
    )
    if folder is not None:
        query = query.where(Template.folder == folder)
    said = func.concat(Template.name, "\n", Template.subject)
    return query.where(*(said.op("~")(word) for word in words))


def count(session: Session, *, account_id: UUID) -> int:
    return session.scalar(select(func.count()).select_from(Template).where(Template.account_id == account_id)) or 0


def folders(session: Session, *, account_id: UUID, channels: Collection[str]) -> list[tuple[str, int]]:
    """Each folder with how many templates are in it."""
    query = (
        select(Template.folder, func.count())
        .where(Template.account_id == account_id, Template.channel.in_(channels))
        .group_by(Template.folder)
        .order_by(Template.folder)
        .limit(FOLDERS_LISTED)
    )
    return [(folder, count) for folder, count in session.execute(query)]


def keep_version(session: Session, template: Template, *, created_by: UUID | None, now: datetime, kept: int) -> None:
    """Keep the template as it is now; of earlier versions the last `kept` stay."""
    version = {
        name: getattr(template, name) for name in ("version", "account_id", "name", "content", "design")
    }  # fmt: skip
    session.execute(
        insert(TemplateVersion)
        .values(template_id=template.id, created_by=created_by, created_at=now, **version)
        .on_conflict_do_nothing()
    )
    session.execute(
        delete(TemplateVersion).where(
            TemplateVersion.template_id == template.id, TemplateVersion.version <= template.version - kept
        )
    )


def versions(session: Session, *, account_id: UUID, template_id: UUID) -> Sequence[TemplateVersion]:
    """Newest first, without their contents."""
    return session.scalars(
        select(TemplateVersion)
        .options(defer(TemplateVersion.content), defer(TemplateVersion.design))
        .where(TemplateVersion.template_id == template_id, TemplateVersion.account_id == account_id)
        .order_by(TemplateVersion.version.desc())
    ).all()


def version(session: Session, *, account_id: UUID, template_id: UUID, number: int) -> TemplateVersion:
    """:raises NotFound: it was never, or is kept no more."""
    found = (
        None
        if not 0 < number < LARGEST
        else session.scalars(
            select(TemplateVersion).where(
                TemplateVersion.template_id == template_id,
                TemplateVersion.account_id == account_id,
                TemplateVersion.version == number,
            )
        ).one_or_none()
    )
    if found is None:
        raise exceptions.no_such_version(number)
    return found


def remove(session: Session, template: Template) -> None:
    session.delete(template)
