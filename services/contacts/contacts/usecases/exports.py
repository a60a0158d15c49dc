"""Exports: ask for one, see how it goes. `contacts.jobs` writes the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from contacts.domain.columns import BUILT_IN
from contacts.store import audiences as audience_store
from contacts.store import fields as field_store
from contacts.store import files as file_store
from contacts.store import jobs as job_store
from contacts.store.rule_sql import Filter
from contacts.usecases import groups, open_jobs, segments, views
from contacts.usecases.views import View
from contracts.errors import Invalid
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor
from contracts.vocabulary import JobState

KIND = "export"
ARCHIVE = "archive"
ARCHIVE_FIELDS = ("channel", "address", "reason", "note", "source", "campaign_id", "created_at")


def create(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    group_id: UUID | None,
    segment_id: UUID | None,
    format: str,
    fields_: list[str] | None,
    source: str = "contacts",
) -> View:
    account_id = account_of(actor)
    if source == ARCHIVE and (group_id or segment_id):
        raise Invalid.of_field(
            "source", "export.one_source", "The archive is of the account, not of a group or segment."
        )
    if group_id and segment_id:
        raise Invalid.of_field("segment_id", "export.one_source", "Export a group or a segment, not both.")
    filter_of(session, account_id=account_id, group_id=group_id, segment_id=segment_id, now=now)
    names = _field_names(session, account_id, fields_, source)
    export_id, is_begun = open_jobs.id_for(session, actor, kind=KIND)
    if is_begun:
        return get(session, actor=actor, now=now, export_id=export_id)
    open_jobs.ensure_room(session, account_id=account_id, kind=KIND)
    request: dict[str, Any] = {
        "source": source,
        "group_id": str(group_id) if group_id else None,
        "segment_id": str(segment_id) if segment_id else None,
        "format": format,
        "fields": names,
    }
    job_store.add(
        session, job_id=export_id, account_id=account_id, kind=KIND, request=request, created_by=actor.get("user_id")
    )
    acts.record(session, CONTACTS_ACT, actor, "export.started", target_id=export_id, **request)
    return get(session, actor=actor, now=now, export_id=export_id)


def _field_names(session: Session, account_id: UUID, names: list[str] | None, source: str) -> list[str]:
    """The columns of the file: those asked for, or every one.

    :raises Invalid: naming one that is no field.
    """
    custom = (row["key"] for row in field_store.all_of(session, account_id=account_id))
    known = [*ARCHIVE_FIELDS] if source == ARCHIVE else [*BUILT_IN, *custom]
    for at, name in enumerate(names or ()):
        if name not in known:
            raise Invalid.of_field(
                f"fields.{at}", "contact_field.not_found", f"There is no field {name[:50]!r} to export.", name=name[:50]
            )
    return list(dict.fromkeys(names)) if names else known


def filter_of(
    session: Session, *, account_id: UUID, group_id: UUID | None, segment_id: UUID | None, now: datetime
) -> Filter:
    """Who is exported."""
    if group_id:
        groups.ensure_known(session, account_id=account_id, group_ids=[group_id], field="group_id")
        return Filter(audience_store.in_group("group_id"), {"group_id": group_id})
    if segment_id:
        return segments.filter_of_segment(
            session, account_id=account_id, segment_id=segment_id, field="segment_id", now=now
        )
    return Filter("true", {})


def get(session: Session, *, actor: Actor, now: datetime, export_id: UUID) -> View:
    account_id = account_of(actor)
    row = job_store.find(session, account_id=account_id, kind=KIND, job_id=export_id)
    if row is None:
        raise views.not_found("export")
    is_done = row["state"] == JobState.DONE
    return _view(row, file_store.find(session, account_id=account_id, file_id=export_id) if is_done else None)


def _view(row: Mapping[Any, Any], file: Mapping[Any, Any] | None) -> View:
    """A file that has expired, or went when somebody was erased, is not there any more."""
    return {
        "id": row["id"],
        "state": row["state"],
        "source": row["request"].get("source", "contacts"),
        "format": row["request"]["format"],
        "done": row["done"],
        "total": row["total"],
        "file_id": file["id"] if file else None,
        "expires_at": file["expires_at"] if file else None,
        "error": row["error"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
    }
