"""Acts on every contact that fits a filter: asked for, looked at and cancelled. What they do: `bulk_acts`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from contacts.store import jobs as job_store
from contacts.usecases import archive, bulk_acts, groups, open_jobs, views
from contacts.usecases.views import View
from contracts.contacts.bulk import RESTORED_AT_ONCE, BulkAct, BulkCreate
from contracts.errors import Conflict, Invalid
from contracts.events import CONTACTS_ACT
from contracts.reporting.recipients import Who
from contracts.rpc import Actor
from contracts.vocabulary import ArchiveReason, JobState

KIND = "bulk"
FILTERS = ("q", "text", "group_ids", "segment_id", "rules")


def create(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> View:
    """Queue the act.

    :raises Invalid: nobody is named, or what the act needs is missing or not there.
    :raises Forbidden: `permission.missing`, to archive. :raises TooManyRequests: too many jobs of the account are open.
    """
    account_id = account_of(actor)
    _ensure_complete(actor, asked)
    request = _as_json(asked)
    if asked["act"] is not BulkAct.RESTORE:
        bulk_acts.filter_of(session, account_id=account_id, request=request, now=now)
    groups.ensure_known(session, account_id=account_id, group_ids=asked["group_ids"] or [], field="group_ids")
    bulk_acts.ensure_possible(session, account_id=account_id, request=request, now=now)
    return _queue(session, actor, now, request)


def begin_report_archive(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> View:
    """Queue the archiving of the addresses to which a campaign could not be delivered for good; reporting has seen that
    the campaign is there, and is asked for them.

    :raises Forbidden: `permission.missing`. :raises TooManyRequests: too many jobs of the account are open.
    """
    archive.ensure_may(actor)
    reason = ArchiveReason.HARD_BOUNCE
    asked = BulkCreate().load({"act": BulkAct.ARCHIVE, "reason": reason, "campaign_id": str(campaign_id)})
    return _queue(session, actor, now, {**_as_json(asked), "who": Who.HARD_BOUNCED})


def _queue(session: Session, actor: Actor, now: datetime, request: dict[str, Any]) -> View:
    account_id, user_id = account_of(actor), actor.get("user_id")
    bulk_id, is_begun = open_jobs.id_for(session, actor, kind=KIND)
    if is_begun:
        return get(session, actor=actor, now=now, bulk_id=bulk_id)
    open_jobs.ensure_room(session, account_id=account_id, kind=KIND)
    request |= {"created_by": user_id, "asked_at": now.isoformat()}
    job_store.add(session, job_id=bulk_id, account_id=account_id, kind=KIND, request=request, created_by=user_id)
    if not request["dry_run"]:
        acts.record(session, CONTACTS_ACT, actor, "bulk.started", target_id=bulk_id, **_told(request))
    return get(session, actor=actor, now=now, bulk_id=bulk_id)


def _ensure_complete(actor: Actor, asked: Mapping[str, Any]) -> None:
    if asked["act"] is BulkAct.RESTORE:
        _ensure_may_restore(actor, asked)
        return
    if all(asked[name] is None for name in FILTERS):
        raise bulk_acts.nobody("rules")
    if asked["act"] is BulkAct.ARCHIVE:
        archive.ensure_may(actor)
        for name in ("channel", "reason"):
            if asked[name] is None:
                raise Invalid.of_field(name, f"bulk.no_{name}", f"To archive needs a {name}.")
    elif asked["act"] is BulkAct.SET_FIELDS and not _is_given(asked["values_"]):
        raise Invalid.of_field("values", "bulk.no_values", "Say what to set.")
    for name in bulk_acts.GROUPS_OF.get(asked["act"], ()):
        if asked[name] is None:
            raise Invalid.of_field(name, "bulk.no_group", "Say which group.")
    if asked["act"] is BulkAct.MOVE_TO_GROUP and asked["source_group_id"] == asked["target_group_id"]:
        raise Invalid.of_field("source_group_id", "bulk.same_group", "From one group to another, not to itself.")


def _is_given(values: Mapping[str, Any] | None) -> bool:
    return any(name != "fields_" or given for name, given in (values or {}).items())


def _ensure_may_restore(actor: Actor, asked: Mapping[str, Any]) -> None:
    """:raises Invalid: contacts are named, which it is not about, or a reason for which only a person can be taken back
    by hand: one that the person gave."""
    archive.ensure_may(actor)
    for name in FILTERS:
        if asked[name] is not None:
            raise Invalid.of_field(name, "bulk.not_for_restore", "Addresses are named by reason, channel and campaign.")
    if asked["reason"] not in RESTORED_AT_ONCE:
        detail = "Only what nobody has said is restored for many: " + ", ".join(RESTORED_AT_ONCE) + "."
        raise Invalid.of_field("reason", "bulk.not_restored", detail)


def _as_json(asked: Mapping[str, Any]) -> dict[str, Any]:
    group_ids = asked["group_ids"]
    ids = ("segment_id", "target_group_id", "source_group_id", "campaign_id")
    named = {name: str(asked[name]) if asked[name] else None for name in ids}
    return {**asked, **named, "group_ids": None if group_ids is None else [str(one) for one in group_ids]}


def _told(request: Mapping[str, Any]) -> View:
    """What the audit trail is told of an act: whom by which filter, but for words, which may name a person."""
    told = ("act", "target_group_id", "source_group_id", "channel", "reason", "campaign_id", "segment_id", "group_ids")
    return {("reason_given" if name == "reason" else name): request[name] for name in told if request[name]}


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
