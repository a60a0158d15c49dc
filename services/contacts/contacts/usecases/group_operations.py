"""Static operations on groups: union, subtract, filter, and a split that is repeatable, disjoint and complete."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from contacts.store import audiences as audience_store
from contacts.store import groups as store
from contacts.usecases import groups, segments
from contacts.usecases.views import View
from contracts.errors import Invalid
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor


def combine_groups(
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
    """Make new groups of old ones, which stay as they are; answers the new ones."""
    account_id = account_of(actor)
    groups.ensure_known(session, account_id=account_id, group_ids=group_ids, field="group_ids")
    if operation == "split":
        made = _split(session, account_id, group_ids, parts, seed)
    else:
        made = [_one(session, account_id, now, operation, group_ids, name, rules)]
    sources = [str(group_id) for group_id in group_ids]
    for group_id in made:
        details: dict[str, Any] = {"operation": operation, "of_groups": sources}
        acts.record(session, CONTACTS_ACT, actor, "group.created", target_id=group_id, **details)
    return {"items": [groups.get(session, actor=actor, now=now, group_id=group_id) for group_id in made]}


def _one(
    session: Session,
    account_id: UUID,
    now: datetime,
    operation: str,
    group_ids: list[UUID],
    name: str | None,
    rules: dict[str, Any] | None,
) -> UUID:
    if name is None:
        raise Invalid.of_field("name", "group.no_name", "Name the new group.")
    if operation == "union":
        where, parameters = audience_store.in_groups("groups"), {"groups": group_ids}
    elif operation == "subtract":
        if len(group_ids) < 2:
            raise Invalid.of_field(
                "group_ids", "group.too_few", "Name the group to take from, then those to take away."
            )
        where = f"{audience_store.in_groups('first')} AND NOT {audience_store.in_groups('rest')}"
        parameters = {"first": group_ids[:1], "rest": group_ids[1:]}
    else:
        if rules is None:
            raise Invalid.of_field("rules", "group.no_rules", "Say which contacts to keep.")
        kept = segments.compiled(session, account_id=account_id, rules=rules, now=now)
        where = f"{audience_store.in_groups('groups')} AND {kept.sql}"
        parameters = {"groups": group_ids, **kept.parameters}
    group_id = groups.new_group(session, account_id=account_id, name=name)
    store.fill(session, account_id=account_id, group_id=group_id, where=where, parameters=parameters)
    return group_id


def _split(
    session: Session, account_id: UUID, group_ids: list[UUID], parts: list[dict[str, Any]] | None, seed: str
) -> list[UUID]:
    if len(group_ids) != 1:
        raise Invalid.of_field("group_ids", "group.too_many", "One group is split.")
    if not parts or abs(sum(part["percent"] for part in parts) - 100) > 1e-6:
        raise Invalid.of_field("parts", "split.not_complete", "The percentages of the parts must make 100.")
    made = [groups.new_group(session, account_id=account_id, name=part["name"]) for part in parts]
    store.split(
        session,
        account_id=account_id,
        source=group_ids[0],
        targets=made,
        percents=[part["percent"] for part in parts],
        seed=seed or str(group_ids[0]),
    )
    return made
