"""Segments: saved rules, evaluated when they are used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.domain import rule_terms
from contacts.domain import rules as domain
from contacts.domain.values import FieldType
from contacts.store import audiences as audience_store
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as people_store
from contacts.store import rule_sql
from contacts.store import segments as store
from contacts.store.rule_sql import Filter
from contacts.usecases import named_lists, views
from contacts.usecases.views import View
from contracts.contacts.segments import Segment
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import CONTACTS_ACT
from contracts.lists import OLDEST
from contracts.rpc import Actor


def compiled(session: Session, *, account_id: UUID, rules: dict[str, Any], now: datetime, prefix: str = "") -> Filter:
    """The rules as SQL over a contact, and the transaction made ready for it.

    :raises Invalid: naming the unknown field or operator, or the wrong value.
    """
    custom = field_store.all_of(session, account_id=account_id)
    region = people_store.region(session, account_id=account_id)
    try:
        node = domain.parse(rules, {row["key"]: FieldType(row["kind"]) for row in custom}, region)
    except domain.RuleError as error:
        raise Invalid.of_field(error.path, error.code, error.detail) from None
    named = domain.groups_in(rules)
    if named - group_store.known(session, account_id=account_id, group_ids=list(named)):
        raise Invalid.of_field("rules", "group.not_found", "The rules name a group that is not there.")
    slots = {row["key"]: row["slot"] for row in custom}
    audience_store.expect_sets(session)
    today, zone = people_store.day(session, account_id=account_id, now=now)
    return rule_sql.compiled(node, slots, today, zone, prefix=prefix)


def filter_of_segment(
    session: Session, *, account_id: UUID, segment_id: UUID, field: str, now: datetime, prefix: str = ""
) -> Filter:
    """The rules of a saved segment as SQL; `field` names the offending place of the request where there is none."""
    row = store.find(session, account_id=account_id, segment_id=segment_id)
    if row is None:
        raise Invalid.of_field(field, "segment.not_found", f"There is no segment {segment_id}.")
    return compiled(session, account_id=account_id, rules=row["rules"], now=now, prefix=prefix)


def list_segments(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    sort: str = OLDEST,
) -> View:
    return named_lists.page(
        session, "segments", account_id=account_of(actor), limit=limit, cursor=cursor, q=q, sort=sort
    )


def create(session: Session, *, actor: Actor, now: datetime, **request: Any) -> View:
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    compiled(session, account_id=account_id, rules=request["rules"], now=now)
    _ensure_name_free(session, account_id, request["name"], None)
    segment_id = new_id()
    store.insert(session, segment_id=segment_id, account_id=account_id, values=request)
    acts.record(session, CONTACTS_ACT, actor, "segment.created", target_id=segment_id, name=request["name"])
    return get(session, actor=actor, now=now, segment_id=segment_id)


def get(session: Session, *, actor: Actor, now: datetime, segment_id: UUID) -> View:
    row = store.find(session, account_id=account_of(actor), segment_id=segment_id)
    if row is None:
        raise views.not_found("segment")
    return dict(row)


def update(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    segment_id: UUID,
    if_match: list[str] | None = None,
    **request: Any,
) -> View:
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    before = get(session, actor=actor, now=now, segment_id=segment_id)
    ensure_current(if_match, Segment, before)
    changed = {**before, **request}
    compiled(session, account_id=account_id, rules=changed["rules"], now=now)
    _ensure_name_free(session, account_id, changed["name"], segment_id)
    store.update(session, account_id=account_id, segment_id=segment_id, values=changed)
    acts.record(session, CONTACTS_ACT, actor, "segment.changed", target_id=segment_id, fields=sorted(request))
    return get(session, actor=actor, now=now, segment_id=segment_id)


def delete(
    session: Session, *, actor: Actor, now: datetime, segment_id: UUID, if_match: list[str] | None = None
) -> None:
    people_store.lock_account(session, account_id=account_of(actor))
    ensure_current(if_match, Segment, get(session, actor=actor, now=now, segment_id=segment_id))
    if not store.delete(session, account_id=account_of(actor), segment_id=segment_id):
        raise views.not_found("segment")
    acts.record(session, CONTACTS_ACT, actor, "segment.deleted", target_id=segment_id)


def count(session: Session, *, actor: Actor, now: datetime, rules: dict[str, Any]) -> View:
    """How many contacts fit the rules now."""
    account_id = account_of(actor)
    members = compiled(session, account_id=account_id, rules=rules, now=now)
    count = audience_store.count(session, account_id=account_id, where=members.sql, parameters=members.parameters)
    return {"count": count}


def describe(session: Session, *, actor: Actor, now: datetime) -> View:
    """Every field that rules may name, with its operators."""
    custom = field_store.all_of(session, account_id=account_of(actor))
    kinds = {row["key"]: FieldType(row["kind"]) for row in custom}
    return rule_terms.described(kinds, {row["key"]: row["label"] for row in custom})


def ensure_field_unused(session: Session, *, account_id: UUID, key: str) -> None:
    """:raises Conflict: segments name this custom field, and would not be what they were without it."""
    _ensure_unused(
        session,
        account_id,
        "contact_field",
        lambda rules: any(one["field"] == key for one in domain.conditions_in(rules)),
    )


def ensure_group_unused(session: Session, *, account_id: UUID, group_id: UUID) -> None:
    """:raises Conflict: segments name this group."""
    _ensure_unused(session, account_id, "group", lambda rules: group_id in domain.groups_in(rules))


def _ensure_unused(session: Session, account_id: UUID, noun: str, names: Callable[[dict[str, Any]], bool]) -> None:
    using = [row for row in store.all_of(session, account_id=account_id) if names(row["rules"])]
    if using:
        raise Conflict(
            f"{noun}.in_use",
            f"Segments use it: {', '.join(row['name'] for row in using[:5])}. Change or delete them first.",
            {"segments": [{"id": str(row["id"]), "name": row["name"]} for row in using[:100]]},
        )


def rename_field(session: Session, *, account_id: UUID, old: str, new: str) -> None:
    """Segments go on meaning the field that they named. `new` was the name of no field."""
    for row in store.all_of(session, account_id=account_id):
        named = [one for one in domain.conditions_in(row["rules"]) if one["field"] == old]
        for one in named:
            one["field"] = new
        if named:
            store.update(session, account_id=account_id, segment_id=row["id"], values=dict(row))


def _ensure_name_free(session: Session, account_id: UUID, name: str, own: UUID | None) -> None:
    if store.is_named(session, account_id=account_id, name=name, but=own):
        raise Conflict("segment.name_taken", "There is a segment of this name.")
