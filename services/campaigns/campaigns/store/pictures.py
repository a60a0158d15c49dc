"""Pictures of templates' versions: which are to be made, and those that are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.models import Template, TemplatePicture, TemplateVersion

MOST_TRIES = 3
# Longer than making one takes; after a crash somebody else takes it up then.
LEASE = timedelta(minutes=5)

# One account after another has its turn, each with what it saved last. `=`, not `IN`: for that a plan may choose anew
# for each row, and each time it is another one.
_CLAIM = text(
    "UPDATE template_pictures SET tries = tries + 1,"
    " due_at = CASE WHEN tries + 1 < :most THEN CAST(:lease_ends AS timestamptz) END"
    " WHERE (template_id, version) = ("
    "  SELECT template_id, version FROM template_pictures WHERE due_at <= :now AND account_id > :after"
    "  ORDER BY account_id, due_at DESC, version DESC LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING template_id, version, account_id"
)
_FIRST = UUID(int=0)


class Claimed(NamedTuple):
    template_id: UUID
    version: int
    account_id: UUID
    content: Mapping[str, Any]


def add(session: Session, *, template: Template, now: datetime) -> None:
    """One is to be made of the template's present version."""
    values = {"template_id": template.id, "version": template.version, "account_id": template.account_id}
    session.execute(insert(TemplatePicture).values(**values, due_at=now).on_conflict_do_nothing())


def claim(session: Session, *, after: UUID | None, now: datetime) -> Claimed | None:
    """The next one to be made: of the account after `after`, else of the first. One that nobody finishes is claimed
    again after `LEASE`, three times at most."""
    values = {"now": now, "lease_ends": now + LEASE, "most": MOST_TRIES}
    starts = (_FIRST,) if after is None else (after, _FIRST)
    row = next((row for start in starts if (row := session.execute(_CLAIM, {**values, "after": start}).first())), None)
    if row is None:
        return None
    content = session.scalar(
        select(TemplateVersion.content).where(
            TemplateVersion.template_id == row.template_id, TemplateVersion.version == row.version
        )
    )
    return Claimed(row.template_id, row.version, row.account_id, content or {})


def keep(session: Session, claimed: Claimed, png: bytes | None) -> None:
    """The picture; None: there is none to be had."""
    _change(session, claimed, png=png, due_at=None)


def put_back(session: Session, claimed: Claimed, *, due_at: datetime) -> None:
    """It was not tried: others were away."""
    _change(session, claimed, due_at=due_at, tries=TemplatePicture.tries - 1)


def _change(session: Session, claimed: Claimed, **values: Any) -> None:
    """A version that was dropped meanwhile took its picture with it."""
    session.execute(
        update(TemplatePicture)
        .where(TemplatePicture.template_id == claimed.template_id, TemplatePicture.version == claimed.version)
        .values(**values)
    )


def png_of(session: Session, *, account_id: UUID, template_id: UUID, version: int) -> bytes | None:
    return session.scalar(
        select(TemplatePicture.png).where(
            TemplatePicture.template_id == template_id,
            TemplatePicture.version == version,
            TemplatePicture.account_id == account_id,
        )
    )


def shown_now(session: Session, *, template_ids: Collection[UUID]) -> set[UUID]:
    """Those of the templates of whose present version there is a picture."""
    query = (
        select(TemplatePicture.template_id)
        .join(Template, (Template.id == TemplatePicture.template_id) & (Template.version == TemplatePicture.version))
        .where(TemplatePicture.template_id.in_(template_ids), TemplatePicture.png.is_not(None))
    )
    return set(session.scalars(query))


def versions_shown(session: Session, *, template_id: UUID) -> set[int]:
    """Versions of which there is a picture."""
    query = select(TemplatePicture.version).where(
        TemplatePicture.template_id == template_id, TemplatePicture.png.is_not(None)
    )
    return set(session.scalars(query))
