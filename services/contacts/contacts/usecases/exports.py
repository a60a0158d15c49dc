"""Exports: ask for one, see how it goes. `contacts.jobs` writes the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import acts
from chassis.ids import new_id
from contacts.domain.columns import BUILT_IN
from contacts.exceptions import field_invalid
from contacts.store import audience as audience_store
from contacts.store import fields as field_store
from contacts.store import jobs as job_store
from contacts.store.rule_sql import Filter
from contacts.usecases import groups, segments, views
from contacts.usecases.views import View, account_of
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor
from contracts.vocabulary import JobState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

KIND = "export"


def create(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    group_id: UUID | None,
    segment_id: UUID | None,
    format: str,
    fields_: list[str] | None,
) -> View:
    account_id = account_of(actor)
    if group_id and segment_id:
        raise field_invalid("segment_id", "export.one_source", "Export a group or a segment, not both.")
    chosen(session, account_id, group_id, segment_id, now)
    names = field_names(session, account_id, fields_)
    export_id = new_id()
    request: dict[str, Any] = {
        "group_id": str(group_id) if group_id else None,
        "segment_id": str(segment_id) if segment_id else None,
        "format": format,
        "fields": names,
    }
    job_store.add(
        session, job_id=export_id, account_id=account_id, kind=KIND, request=request, created_by=actor.get("user_id")
    )
    acts.record(session, CONTACTS_ACT, actor, "export.started", target_id=export_id, **request)
    return get(session, actor, now, export_id=export_id)


def field_names(session: Session, account_id: UUID, names: list[str] | None) -> list[str]:
    """The columns of the file: those asked for, or every one.

    :raises Invalid: naming one that is no field.
    """
    known = [*BUILT_IN, *(row["key"] for row in field_store.all_of(session, account_id=account_id))]
    for at, name in enumerate(names or ()):
        if name not in known:
            raise field_invalid(f"fields.{at}", "contact_field.not_found", f"There is no contact field {name[:50]!r}.")
    return list(dict.fromkeys(names)) if names else known


def chosen(session: Session, account_id: UUID, group_id: UUID | None, segment_id: UUID | None, now: datetime) -> Filter:
    """Who is exported."""
    if group_id:
        groups.ensure_known(session, account_id, [group_id], "group_id")
        return Filter(audience_store.in_group("group_id"), {"group_id": group_id})
    if segment_id:
        return segments.of_id(session, account_id, segment_id, "segment_id", now)
    return Filter("true", {})


def get(session: Session, actor: Actor, now: datetime, *, export_id: UUID) -> View:
    row = job_store.find(session, account_id=account_of(actor), kind=KIND, job_id=export_id)
    if row is None:
        raise views.not_found("export")
    return view(row)


def view(row: Mapping[Any, Any]) -> View:
    return {
        "id": row["id"],
        "state": row["state"],
        "format": row["request"]["format"],
        "done": row["done"],
        "total": row["total"],
        "file_id": row["id"] if row["state"] == JobState.DONE else None,
        "error": row["error"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
    }
