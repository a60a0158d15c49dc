"""New groups of old ones: union, subtraction, filter, a repeatable, disjoint and complete split; and of a report.

Asked for, looked at and cancelled here, made piece by piece in `jobs.combinations`. Until everybody is in, the groups
are not there: nobody writes to half of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.store import audiences as audience_store
from contacts.store import bulk as chosen_store
from contacts.store import groups as store
from contacts.store import jobs as job_store
from contacts.store import people as people_store
from contacts.store.rule_sql import Filter
from contacts.usecases import groups, open_jobs, segments, views
from contacts.usecases.views import View
from contracts.contacts.groups import GroupOperation
from contracts.errors import Conflict, Invalid
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor
from contracts.vocabulary import JobState

KIND = "combination"


def create(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    operation: str,
    group_ids: list[UUID],
    seed: str,
    name: str | None = None,
    rules: dict[str, Any] | None = None,
    parts: list[dict[str, Any]] | None = None,
) -> View:
    """Queue new groups of old ones, which stay as they are.

    :raises Invalid: what the operation needs is missing or not there.
    :raises Conflict: `group.name_taken`. :raises TooManyRequests: too many jobs of the account are open.
    """
    account_id = account_of(actor)
    groups.ensure_known(session, account_id=account_id, group_ids=group_ids, field="group_ids")
    _ensure_complete(operation, group_ids, rules, parts)
    if operation == GroupOperation.SPLIT:
        targets = [_target(part["name"], part["percent"]) for part in parts or ()]
    else:
        targets = [_target(name)]
    request = {"operation": operation, "group_ids": [str(one) for one in group_ids], "seed": seed, "rules": rules}
    if operation == GroupOperation.FILTER:
        segments.compiled(session, account_id=account_id, rules=rules or {}, now=now)
    return _queue(session, actor, now, request, targets)


def begin_report_group(
    session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, who: str, name: str
) -> View:
    """Queue a group of a campaign's recipients: reporting has seen that the campaign is there, and is asked for them.

    :raises Conflict: `group.name_taken`. :raises TooManyRequests: too many jobs of the account are open.
    """
    request = {"operation": GroupOperation.REPORT, "campaign_id": str(campaign_id), "who": who}
    return _queue(session, actor, now, request, [_target(name)])


def _ensure_complete(
    operation: str, group_ids: Sequence[UUID], rules: dict[str, Any] | None, parts: list[dict[str, Any]] | None
) -> None:
    if operation == GroupOperation.SUBTRACT and len(group_ids) < 2:
        raise Invalid.of_field("group_ids", "group.too_few", "Name the group to take from, then those to take away.")
    if operation == GroupOperation.FILTER and rules is None:
        raise Invalid.of_field("rules", "group.no_rules", "Say which contacts to keep.")
    if operation == GroupOperation.SPLIT:
        if len(group_ids) != 1:
            raise Invalid.of_field("group_ids", "group.too_many", "One group is split.")
        if not parts or abs(sum(part["percent"] for part in parts) - 100) > 1e-6:
            raise Invalid.of_field("parts", "split.not_complete", "The percentages of the parts must make 100.")


def _target(name: str | None, percent: float = 100.0) -> View:
    if name is None or not name.strip():
        raise Invalid.of_field("name", "group.no_name", "Name the new group.")
    return {"id": str(new_id()), "name": name.strip(), "percent": percent}


def _queue(session: Session, actor: Actor, now: datetime, request: View, targets: list[View]) -> View:
    account_id, user_id = account_of(actor), actor.get("user_id")
    job_id, is_begun = open_jobs.id_for(session, actor, kind=KIND)
    if is_begun:
        return get(session, actor=actor, now=now, combination_id=job_id)
    groups.ensure_free(session, account_id=account_id, names=[target["name"] for target in targets])
    open_jobs.ensure_room(session, account_id=account_id, kind=KIND)
    request |= {"targets": targets, "created_by": user_id, "asked_at": now.isoformat()}
    job_store.add(session, job_id=job_id, account_id=account_id, kind=KIND, request=request, created_by=user_id)
    acts.record(session, CONTACTS_ACT, actor, "groups.combining", target_id=job_id, **_told(request))
    return get(session, actor=actor, now=now, combination_id=job_id)


def _told(request: Mapping[str, Any]) -> View:
    """Of which groups or of whose report, for the audit trail."""
    told = {"operation": request["operation"], "of_groups": request.get("group_ids")}
    told |= {name: request.get(name) for name in ("campaign_id", "who")}
    return {name: value for name, value in told.items() if value}


def choose(session: Session, job: job_store.Job) -> list[int]:
    """Number everybody who goes into the new groups; returns up to which number each group takes them.

    Of a split the sizes differ from the exact share by less than one.

    :raises Invalid: a group that is gone, or a field of the rules.
    """
    request, account_id = job.request, job.account_id
    group_ids = [UUID(one) for one in request["group_ids"]]
    groups.ensure_known(session, account_id=account_id, group_ids=group_ids, field="group_ids")
    wanted = _wanted(session, account_id, request, group_ids)
    order = "md5(:seed || c.id::text), c.id" if request["operation"] == GroupOperation.SPLIT else "c.id"
    total = chosen_store.choose(
        session, bulk_id=job.id, account_id=account_id, where=wanted.sql, parameters=wanted.parameters, order=order
    )
    percents = [target["percent"] for target in request["targets"]]
    return [*(round(total * sum(percents[:at]) / 100) for at in range(1, len(percents))), total]


def _wanted(session: Session, account_id: UUID, request: Mapping[str, Any], group_ids: list[UUID]) -> Filter:
    if request["operation"] == GroupOperation.SUBTRACT:
        where = f"{audience_store.in_groups('first')} AND NOT {audience_store.in_groups('rest')}"
        return Filter(where, {"first": group_ids[:1], "rest": group_ids[1:]})
    members = audience_store.in_groups("groups")
    parameters: dict[str, Any] = {"groups": group_ids}
    if request["operation"] == GroupOperation.SPLIT:
        return Filter(members, {**parameters, "seed": request["seed"] or str(group_ids[0])})
    if request["operation"] == GroupOperation.FILTER:
        asked_at = datetime.fromisoformat(request["asked_at"])
        kept = segments.compiled(session, account_id=account_id, rules=request["rules"], now=asked_at)
        return Filter(f"{members} AND {kept.sql}", {**parameters, **kept.parameters})
    return Filter(members, parameters)


def put(session: Session, *, account_id: UUID, target: Mapping[str, Any], contact_ids: list[UUID]) -> int:
    """Put contacts into a group to be; returns how many were not in it. Twice the same changes nothing."""
    people_store.lock_account(session, account_id=account_id)  # against a deletion of one of them
    return store.add_members(session, account_id=account_id, group_id=UUID(target["id"]), contact_ids=contact_ids)


def show(session: Session, job: job_store.Job) -> None:
    """Make the groups, with who is in them by now. :raises Conflict: `group.name_taken` meanwhile."""
    people_store.lock_account(session, account_id=job.account_id)  # nobody is deleted between the count and the group
    actor: Actor = {"account_id": str(job.account_id), "user_id": job.request["created_by"]}
    for target in job.request["targets"]:
        group_id = UUID(target["id"])
        groups.new_group(session, account_id=job.account_id, name=target["name"], group_id=group_id)
        store.count_anew(session, account_id=job.account_id, group_id=group_id)
        details = {"name": target["name"], **_told(job.request)}
        acts.record(session, CONTACTS_ACT, actor, "group.created", target_id=group_id, **details)


def give_up(session: Session, job: job_store.Job) -> None:
    """It failed or was cancelled: who is in the groups that nobody has seen goes, a batch at a time."""
    for target in job.request["targets"]:
        groups.forget_members(session, account_id=job.account_id, group_id=UUID(target["id"]))


def get(session: Session, *, actor: Actor, now: datetime, combination_id: UUID) -> View:
    row = _combination(session, account_of(actor), combination_id)
    made = [UUID(target["id"]) for target in row["request"]["targets"]] if row["state"] == JobState.DONE else []
    found = {group["id"]: dict(group) for group in store.find_all(session, account_id=row["account_id"], ids=made)}
    return {
        "id": row["id"],
        "operation": row["request"]["operation"],
        "state": row["state"],
        "done": row["done"],
        "total": row["total"],
        "items": [found[group_id] for group_id in made if group_id in found],
        "error": row["error"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
    }


def cancel(session: Session, *, actor: Actor, now: datetime, combination_id: UUID) -> View:
    """End it; no group comes of it.

    :raises Conflict: it has ended already.
    """
    account_id = account_of(actor)
    row = _combination(session, account_id, combination_id)
    if row["state"] not in (JobState.WAITING, JobState.RUNNING):
        raise Conflict("combination.ended", "It has ended.", {"state": row["state"]})
    job_store.request_cancel(session, account_id=account_id, kind=KIND, job_id=combination_id)
    acts.record(session, CONTACTS_ACT, actor, "groups.combining_cancelled", target_id=combination_id)
    return get(session, actor=actor, now=now, combination_id=combination_id)


def _combination(session: Session, account_id: UUID, combination_id: UUID) -> Mapping[Any, Any]:
    row = job_store.find(session, account_id=account_id, kind=KIND, job_id=combination_id)
    if row is None:
        raise views.not_found("combination")
    return row
