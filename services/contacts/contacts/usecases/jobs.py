"""The account's jobs of all kinds that somebody asked for; each kind has more to say at its own place."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contacts.store import jobs as store
from contacts.usecases import named_lists, views
from contacts.usecases.views import View
from contracts.contacts.jobs import JobKind
from contracts.lists import NEWEST
from contracts.permissions import is_granted
from contracts.rpc import Actor

# What its own place asks for, of whom may see contacts.
_PERMISSIONS = {
    JobKind.IMPORT: "contacts.import",
    JobKind.EXPORT: "contacts.export",
    JobKind.PERSON_EXPORT: "contacts.erase",
    JobKind.ERASURE: "contacts.erase",
}


def seen_by(actor: Actor) -> list[JobKind]:
    """The kinds of jobs that the actor may see."""
    held = actor.get("permissions", ())
    return [kind for kind in JobKind if kind not in _PERMISSIONS or is_granted(_PERMISSIONS[kind], held)]


def list_jobs(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    kind: JobKind | None,
    open: bool | None,  # as the API names it
) -> View:
    """Newest first, of the kinds that the actor may see."""
    kinds = [one for one in seen_by(actor) if kind in (None, one)]
    is_open = "(state IN ('waiting', 'running'))"
    where = "kind = ANY(:kinds)" if open is None else f"kind = ANY(:kinds) AND {is_open} = :open"
    parameters: dict[str, Any] = {"kinds": [one.value for one in kinds], **({} if open is None else {"open": open})}
    return named_lists.page(
        session,
        "jobs",
        account_id=account_of(actor),
        limit=limit,
        cursor=cursor,
        q=None,
        sort=NEWEST,
        where=where,
        parameters=parameters,
    )


def get(session: Session, *, actor: Actor, now: datetime, job_id: UUID) -> View:
    row = store.find_any(session, account_id=account_of(actor), job_id=job_id)
    if row is None or row["kind"] not in seen_by(actor):
        raise views.not_found("job")
    return dict(row)
