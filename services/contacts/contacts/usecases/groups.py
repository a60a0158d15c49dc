"""Groups: named lists of contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.store import groups as store
from contacts.store import jobs as job_store
from contacts.store import people as people_store
from contacts.usecases import named_lists, segments, views
from contacts.usecases.views import View
from contracts.contacts.groups import Group
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import CONTACTS_ACT
from contracts.lists import OLDEST
from contracts.rpc import Actor


def list_groups(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    archived: bool,
    q: str | None = None,
    sort: str = OLDEST,
) -> View:
    wanted: dict[str, Any] = {"where": "archived = :archived", "parameters": {"archived": archived}}
    return named_lists.page(
        session, "groups", account_id=account_of(actor), limit=limit, cursor=cursor, q=q, sort=sort, **wanted
    )


def create(session: Session, *, actor: Actor, now: datetime, name: str, description: str) -> View:
    group_id = new_group(session, account_id=account_of(actor), name=name, description=description)
    acts.record(session, CONTACTS_ACT, actor, "group.created", target_id=group_id, name=name)
    return get(session, actor=actor, now=now, group_id=group_id)


def new_group(session: Session, *, account_id: UUID, name: str, description: str = "") -> UUID:
    group_id = new_id()
    if not name.strip():
        raise Invalid.of_field("name", "group.no_name", "The name is empty.")
    if not store.insert(session, group_id=group_id, account_id=account_id, name=name.strip(), description=description):
        raise _name_taken()
    return group_id


def get(session: Session, *, actor: Actor, now: datetime, group_id: UUID) -> View:
    return dict(_group(session, account_of(actor), group_id))


def update(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    group_id: UUID,
    if_match: list[str] | None = None,
    **request: Any,
) -> View:
    account_id = account_of(actor)
    row = _group(session, account_id, group_id, lock=True)
    ensure_current(if_match, Group, row)
    name = str(request.get("name", row["name"])).strip()
    archived = request.get("archived", row["archived"])
    renamed = not archived and (name.lower() != row["name"].lower() or row["archived"])
    if renamed and store.find_named(session, account_id=account_id, name=name) not in (None, group_id):
        raise _name_taken()
    store.update(session, account_id=account_id, group_id=group_id, values=request)
    acts.record(session, CONTACTS_ACT, actor, "group.changed", target_id=group_id, fields=sorted(request))
    return get(session, actor=actor, now=now, group_id=group_id)


def delete(session: Session, *, actor: Actor, now: datetime, group_id: UUID, if_match: list[str] | None = None) -> None:
    """The group goes at once, its million memberships behind it; its contacts stay.

    :raises Conflict: `group.in_use`, where a segment names it.
    """
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    ensure_current(if_match, Group, _group(session, account_id, group_id, lock=True))
    segments.ensure_group_unused(session, account_id=account_id, group_id=group_id)
    if not store.delete(session, account_id=account_id, group_id=group_id):
        raise views.not_found("group")
    leftover = {"group_id": str(group_id)}
    job_store.add(session, job_id=new_id(), account_id=account_id, kind="forget_group", request=leftover)
    acts.record(session, CONTACTS_ACT, actor, "group.deleted", target_id=group_id)


def add_contacts(session: Session, *, actor: Actor, now: datetime, group_id: UUID, contact_ids: list[UUID]) -> View:
    account_id = account_of(actor)
    _group(session, account_id, group_id, lock=True)
    known = store.existing_members(session, account_id=account_id, contact_ids=contact_ids)
    for at, contact_id in enumerate(contact_ids):
        if contact_id not in known:
            raise Invalid.of_field(f"contact_ids.{at}", "contact.not_found", "There is no such contact.")
    changed = store.add_members(session, account_id=account_id, group_id=group_id, contact_ids=contact_ids)
    return {"changed": changed, "contacts": _group(session, account_id, group_id)["contacts"]}


def remove_contacts(session: Session, *, actor: Actor, now: datetime, group_id: UUID, contact_ids: list[UUID]) -> View:
    account_id = account_of(actor)
    _group(session, account_id, group_id, lock=True)
    changed = store.remove_members(session, account_id=account_id, group_id=group_id, contact_ids=contact_ids)
    return {"changed": changed, "contacts": _group(session, account_id, group_id)["contacts"]}


def ensure_known(session: Session, *, account_id: UUID, group_ids: list[UUID], field: str) -> None:
    """:raises Invalid: naming the first id in `field` that is no group of the account."""
    known = store.known(session, account_id=account_id, group_ids=group_ids)
    for at, group_id in enumerate(group_ids):
        if group_id not in known:
            raise Invalid.of_field(f"{field}.{at}", "group.not_found", f"There is no group {group_id}.")


def _group(session: Session, account_id: UUID, group_id: UUID, *, lock: bool = False) -> View:
    row = store.find(session, account_id=account_id, group_id=group_id, lock=lock)
    if row is None:
        raise views.not_found("group")
    return dict(row)


def _name_taken() -> Conflict:
    return Conflict("group.name_taken", "There is a group of this name.")
