"""Groups: named lists of contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, outbox
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.store import groups as store
from contacts.store import jobs as job_store
from contacts.store import leavers
from contacts.store import people as people_store
from contacts.usecases import named_lists, segments, views
from contacts.usecases.views import View
from contracts.contacts.groups import PUBLIC_MAX, Group
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import CONTACTS_ACT, PUBLIC_LIST_CHANGED
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


def create(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name: str,
    description: str,
    public: dict[str, Any] | None = None,
) -> View:
    account_id = account_of(actor)
    if public is not None:
        _ensure_room_for_public(session, account_id)
    group_id = new_group(session, account_id=account_id, name=name, description=description, public=public)
    if public is not None:
        _tell(session, account_id, group_id, public)
    acts.record(session, CONTACTS_ACT, actor, "group.created", target_id=group_id, name=name)
    return get(session, actor=actor, now=now, group_id=group_id)


def new_group(
    session: Session,
    *,
    account_id: UUID,
    name: str,
    description: str = "",
    public: dict[str, Any] | None = None,
    group_id: UUID | None = None,
) -> UUID:
    group_id = group_id or new_id()
    if not name.strip():
        raise Invalid.of_field("name", "group.no_name", "The name is empty.")
    values: dict[str, Any] = {"name": name.strip(), "description": description, "public": public}
    if not store.insert(session, group_id=group_id, account_id=account_id, **values):
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
    if request.get("public") is not None:
        people_store.lock_account(session, account_id=account_id)  # before the group, as everywhere
    row = _group(session, account_id, group_id, lock=True)
    ensure_current(if_match, Group, row)
    name = str(request.get("name", row["name"])).strip()
    archived = request.get("archived", row["archived"])
    renamed = not archived and (name.lower() != row["name"].lower() or row["archived"])
    if renamed and store.find_named(session, account_id=account_id, name=name) not in (None, group_id):
        raise _name_taken()
    if request.get("public") is not None and row["public"] is None:
        _ensure_room_for_public(session, account_id)
    store.update(session, account_id=account_id, group_id=group_id, values=request)
    shown, was_shown = _shown({**row, **request}), _shown(row)
    if shown != was_shown:
        _tell(session, account_id, group_id, shown)
    acts.record(session, CONTACTS_ACT, actor, "group.changed", target_id=group_id, fields=sorted(request))
    return get(session, actor=actor, now=now, group_id=group_id)


def delete(session: Session, *, actor: Actor, now: datetime, group_id: UUID, if_match: list[str] | None = None) -> None:
    """The group goes at once, its million memberships behind it; its contacts stay.

    :raises Conflict: `group.in_use`, where a segment names it.
    """
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    row = _group(session, account_id, group_id, lock=True)
    ensure_current(if_match, Group, row)
    segments.ensure_group_unused(session, account_id=account_id, group_id=group_id)
    if not store.delete(session, account_id=account_id, group_id=group_id):
        raise views.not_found("group")
    if _shown(row) is not None:
        _tell(session, account_id, group_id, None)
    leavers.forget_group(session, account_id=account_id, group_id=group_id)
    forget_members(session, account_id=account_id, group_id=group_id)
    acts.record(session, CONTACTS_ACT, actor, "group.deleted", target_id=group_id)


def forget_members(session: Session, *, account_id: UUID, group_id: UUID) -> None:
    """Queue the end of the memberships of a group that is not there, a batch at a time."""
    leftover = {"group_id": str(group_id)}
    job_store.add(session, job_id=new_id(), account_id=account_id, kind="forget_group", request=leftover)


def ensure_free(session: Session, *, account_id: UUID, names: list[str]) -> None:
    """:raises Conflict: `group.name_taken`, by a group or by another of these names."""
    if len({name.lower() for name in names}) < len(names):
        raise _name_taken()
    if store.names_in_use(session, account_id=account_id, names=names):
        raise _name_taken()


def add_contacts(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    group_id: UUID,
    contact_ids: list[UUID],
    rejoin: bool = False,
) -> View:
    """:param rejoin: who has left the group by themselves has asked to be back."""
    account_id = account_of(actor)
    _group(session, account_id, group_id, lock=True)
    known = store.existing_members(session, account_id=account_id, contact_ids=contact_ids)
    for at, contact_id in enumerate(contact_ids):
        if contact_id not in known:
            raise Invalid.of_field(f"contact_ids.{at}", "contact.not_found", "There is no such contact.")
    if rejoin:
        back = leavers.come_back(session, account_id=account_id, group_ids=[group_id], contact_ids=contact_ids)
        if back:
            acts.record(session, CONTACTS_ACT, actor, "group.rejoined", target_id=group_id, contacts=back)
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


def _shown(row: View) -> dict[str, Any] | None:
    """What people are told of the group; an archived one stands on no page."""
    shown: dict[str, Any] | None = None if row["archived"] else row["public"]
    return shown


def _tell(session: Session, account_id: UUID, group_id: UUID, texts: dict[str, Any] | None) -> None:
    """Under the group's lock, so that a later telling has the greater version."""
    version = outbox.next_number(session)
    outbox.record(session, PUBLIC_LIST_CHANGED, account_id=account_id, version=version, group_id=group_id, texts=texts)


def _ensure_room_for_public(session: Session, account_id: UUID) -> None:
    people_store.lock_account(session, account_id=account_id)
    if leavers.count_public(session, account_id=account_id) >= PUBLIC_MAX:
        raise Conflict(
            "group.too_many_public",
            f"At most {PUBLIC_MAX} groups may stand on unsubscribe pages.",
            {"limit": PUBLIC_MAX},
        )


def _name_taken() -> Conflict:
    return Conflict("group.name_taken", "There is a group of this name.")
