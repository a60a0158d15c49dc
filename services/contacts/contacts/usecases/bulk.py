"""Acts on every contact that fits a filter: groups, the archive, deleting. `contacts.jobs` does them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.store import audiences as audience_store
from contacts.store import bulk as store
from contacts.store import groups as group_store
from contacts.store import jobs as job_store
from contacts.store import people as people_store
from contacts.store.audiences import ADDRESS
from contacts.store.rule_sql import Filter
from contacts.usecases import archive, groups, open_jobs, searches, views
from contacts.usecases.views import View
from contracts.contacts.bulk import BulkAct
from contracts.errors import Conflict, Invalid
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor
from contracts.vocabulary import Channel, JobState

KIND = "bulk"
FILTERS = ("q", "text", "group_ids", "segment_id", "rules")
GROUP_ACTS = (BulkAct.ADD_TO_GROUP, BulkAct.REMOVE_FROM_GROUP)


def create(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> View:
    """Queue the act.

    :raises Invalid: nobody is named, or what the act needs is missing or not there.
    :raises Forbidden: `permission.missing`, to archive. :raises TooManyRequests: too many jobs of the account are open.
    """
    account_id = account_of(actor)
    _ensure_complete(actor, asked)
    request = _as_json(asked)
    filter_of(session, account_id=account_id, request=request, now=now)
    groups.ensure_known(session, account_id=account_id, group_ids=asked["group_ids"] or [], field="group_ids")
    _group_of(session, account_id, request)
    open_jobs.ensure_room(session, account_id=account_id, kind=KIND)
    bulk_id, user_id = new_id(), actor.get("user_id")
    request |= {"created_by": user_id, "asked_at": now.isoformat()}
    job_store.add(session, job_id=bulk_id, account_id=account_id, kind=KIND, request=request, created_by=user_id)
    if not asked["dry_run"]:
        acts.record(session, CONTACTS_ACT, actor, "bulk.started", target_id=bulk_id, **_told(request))
    return get(session, actor=actor, now=now, bulk_id=bulk_id)


def _ensure_complete(actor: Actor, asked: Mapping[str, Any]) -> None:
    if all(asked[name] is None for name in FILTERS):
        raise _nobody("rules")
    if asked["act"] is BulkAct.ARCHIVE:
        archive.ensure_may(actor)
        for name in ("channel", "reason"):
            if asked[name] is None:
                raise Invalid.of_field(name, f"bulk.no_{name}", f"To archive needs a {name}.")
    elif asked["act"] in GROUP_ACTS and asked["target_group_id"] is None:
        raise Invalid.of_field("target_group_id", "bulk.no_group", "Say which group.")


def _as_json(asked: Mapping[str, Any]) -> dict[str, Any]:
    group_ids = asked["group_ids"]
    named = {name: str(asked[name]) if asked[name] else None for name in ("segment_id", "target_group_id")}
    return {**asked, **named, "group_ids": None if group_ids is None else [str(one) for one in group_ids]}


def _told(request: Mapping[str, Any]) -> View:
    """What the audit trail is told of an act: whom by which filter, but for words, which may name a person."""
    told = ("act", "target_group_id", "channel", "reason", "segment_id", "group_ids")
    return {("reason_given" if name == "reason" else name): request[name] for name in told if request[name]}


def filter_of(session: Session, *, account_id: UUID, request: Mapping[str, Any], now: datetime) -> Filter:
    """Whom a request is about. :raises Invalid: everybody, for want of a word: nobody who means it says it so."""
    for name in ("q", "text"):
        if request[name] is not None and searches.is_blank(request[name]):
            raise _nobody(name)
    group_ids, segment_id = request["group_ids"], request["segment_id"]
    wanted = searches.filter_of(
        session,
        account_id=account_id,
        now=now,
        q=request["q"],
        text=request["text"],
        group_ids=None if group_ids is None else [UUID(one) for one in group_ids],
        segment_id=UUID(segment_id) if segment_id else None,
        rules=request["rules"],
    )
    if wanted.sql == "true":
        raise _nobody("rules")
    return wanted


def _nobody(field: str) -> Invalid:
    return Invalid.of_field(field, "bulk.nobody", "Say whom: by q, text, group_ids, segment_id or rules.")


def count(session: Session, *, account_id: UUID, request: Mapping[str, Any]) -> View:
    """How many contacts fit, and for how many of them the act would change anything."""
    wanted = filter_of(session, account_id=account_id, request=request, now=_asked_at(request))
    _group_of(session, account_id, request)
    if request["act"] == BulkAct.ARCHIVE:
        changing = audience_store.not_archived(Channel(request["channel"]))
    elif request["act"] == BulkAct.DELETE:
        changing = "true"
    else:
        member = audience_store.in_groups("target")
        changing = member if request["act"] == BulkAct.REMOVE_FROM_GROUP else f"NOT {member}"
    parameters = {**wanted.parameters, "target": [request["target_group_id"]]}
    fitting, changed = store.count(
        session, account_id=account_id, where=wanted.sql, changing=changing, parameters=parameters
    )
    return {"fitting": fitting, "changed": changed}


def choose(session: Session, *, account_id: UUID, bulk_id: UUID, request: Mapping[str, Any]) -> int:
    """Number everybody whom the act is about; returns how many they are."""
    wanted = filter_of(session, account_id=account_id, request=request, now=_asked_at(request))
    return store.choose(session, bulk_id=bulk_id, account_id=account_id, where=wanted.sql, parameters=wanted.parameters)


def act_on(
    session: Session, *, account_id: UUID, bulk_id: UUID, request: Mapping[str, Any], contact_ids: list[UUID]
) -> int:
    """Do it with these; returns for how many it changed something. Twice the same changes nothing.

    :raises Invalid: the group is gone.
    """
    if request["act"] == BulkAct.ARCHIVE:
        return _archive(session, account_id, bulk_id, request, contact_ids)
    if request["act"] == BulkAct.DELETE:
        people_store.lock_account(session, account_id=account_id)
        return people_store.delete(session, account_id=account_id, contact_ids=contact_ids)
    group_id = _group_of(session, account_id, request, lock=True)
    assert group_id is not None
    change = group_store.add_members if request["act"] == BulkAct.ADD_TO_GROUP else group_store.remove_members
    return change(session, account_id=account_id, group_id=group_id, contact_ids=contact_ids)


def _archive(
    session: Session, account_id: UUID, bulk_id: UUID, request: Mapping[str, Any], contact_ids: list[UUID]
) -> int:
    channel = Channel(request["channel"])
    people = people_store.find_ids(session, account_id=account_id, contact_ids=contact_ids)
    entries: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "address": row[ADDRESS[channel]],
            "contact_id": row["id"],
            "reason": request["reason"],
            "note": request["note"],
        }
        for row in people.values()
        if row[ADDRESS[channel]] is not None
    ]
    archived = archive.archive(
        session,
        account_id=account_id,
        channel=channel,
        entries=entries,
        source=f"bulk:{bulk_id}",
        archived_by=request["created_by"],
    )
    return len(archived)


def _group_of(session: Session, account_id: UUID, request: Mapping[str, Any], *, lock: bool = False) -> UUID | None:
    """The group of the act. :raises Invalid: there is no such group."""
    if request["act"] not in GROUP_ACTS:
        return None
    group_id = UUID(request["target_group_id"])
    if group_store.find(session, account_id=account_id, group_id=group_id, lock=lock) is None:
        raise Invalid.of_field("target_group_id", "group.not_found", f"There is no group {group_id}.")
    return group_id


def _asked_at(request: Mapping[str, Any]) -> datetime:
    """Rules that count days count them from when the act was asked for."""
    return datetime.fromisoformat(request["asked_at"])


def record_end(session: Session, job: job_store.Job) -> None:
    """Tell the audit trail what the act has changed, also one that was cancelled."""
    changed = job.checkpoint.get("changed", 0)
    if changed and not job.request["dry_run"]:
        actor: Actor = {"account_id": str(job.account_id), "user_id": job.request["created_by"]}
        details = {**_told(job.request), "changed": changed}
        acts.record(session, CONTACTS_ACT, actor, "bulk.ended", target_id=job.id, **details)


def get(session: Session, *, actor: Actor, now: datetime, bulk_id: UUID) -> View:
    return _view(_bulk(session, account_of(actor), bulk_id))


def cancel(session: Session, *, actor: Actor, now: datetime, bulk_id: UUID) -> View:
    """End it; what it has changed stays so.

    :raises Conflict: it has ended already.
    """
    account_id = account_of(actor)
    row = _bulk(session, account_id, bulk_id)
    if row["state"] not in (JobState.WAITING, JobState.RUNNING):
        raise Conflict("bulk.ended", "It has ended.", {"state": row["state"]})
    job_store.request_cancel(session, account_id=account_id, kind=KIND, job_id=bulk_id)
    acts.record(session, CONTACTS_ACT, actor, "bulk.cancelled", target_id=bulk_id)
    return get(session, actor=actor, now=now, bulk_id=bulk_id)


def _bulk(session: Session, account_id: UUID, bulk_id: UUID) -> Any:
    row = job_store.find(session, account_id=account_id, kind=KIND, job_id=bulk_id)
    if row is None:
        raise views.not_found("bulk")
    return row


def _view(row: Mapping[Any, Any]) -> View:
    request, checkpoint = row["request"], row["checkpoint"]
    return {
        "id": row["id"],
        "act": request["act"],
        "dry_run": request["dry_run"],
        "state": row["state"],
        "done": row["done"],
        "total": row["total"],
        "counts": {name: checkpoint.get(name, 0) for name in ("fitting", "changed")},
        "error": row["error"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
    }
