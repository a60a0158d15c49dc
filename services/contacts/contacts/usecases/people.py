"""Contacts: look, add, change, delete, and many at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.domain import emails, phones
from contacts.store import audiences as audience_store
from contacts.store import contact_pages
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as store
from contacts.usecases import consents, searches, segments, totals, views
from contacts.usecases.account_terms import AccountTerms
from contacts.usecases.contact_input import columns_of
from contacts.usecases.views import View
from contracts.contacts.people import Contact
from contracts.errors import Conflict, Invalid, PlanLimit, WiciError
from contracts.etags import ensure_current
from contracts.rpc import Actor

ADDRESSES = ("email", "phone", "external_id")


def count(session: Session, *, actor: Actor, now: datetime) -> View:
    return {"count": store.number_of_contacts(session, account_id=account_of(actor))}


def list_contacts(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    sort: str = "created",
    q: str | None = None,
    **filters: Any,
) -> View:
    account_id = account_of(actor)
    wanted = searches.filter_of(session, account_id=account_id, now=now, q=q)
    where, parameters = [wanted.sql], wanted.parameters
    for name in ADDRESSES:
        if filters.get(name) is not None:
            where.append(f"c.{name} = :{name}")
            parameters[name] = _as_searched(session, account_id, name, filters[name])
    group = None
    if group_id := filters.get("group_id"):
        where.append(audience_store.in_group("group_id"))
        parameters["group_id"] = group_id
        group = group_store.find(session, account_id=account_id, group_id=group_id)
        if group is None:
            return {**pages.page([], limit), **(totals.unsaid() if cursor else totals.known(0))}
    if q or any(filters.get(name) is not None for name in ADDRESSES):
        total = None
    else:
        total = group["contacts"] if group else store.number_of_contacts(session, account_id=account_id)
    return _page(session, account_id, where, parameters, cursor, limit, newest_first=sort == "-created", total=total)


def find_contacts(
    session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None, **looked_for: Any
) -> View:
    account_id = account_of(actor)
    wanted = searches.filter_of(session, account_id=account_id, now=now, **looked_for)
    return _page(session, account_id, [wanted.sql], wanted.parameters, cursor, limit)


def list_segment_contacts(
    session: Session, *, actor: Actor, now: datetime, segment_id: UUID, limit: int, cursor: str | None
) -> View:
    """The contacts that fit a saved segment now."""
    rules = segments.get(session, actor=actor, now=now, segment_id=segment_id)["rules"]
    return find_contacts(session, actor=actor, now=now, limit=limit, cursor=cursor, rules=rules)


def _page(
    session: Session,
    account_id: UUID,
    where: list[str],
    parameters: dict[str, Any],
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = False,
    total: int | None = None,
) -> View:
    """A page, the first of them with how many there are. :param total: where that is known without counting."""
    asked: dict[str, Any] = {"account_id": account_id, "where": where, "parameters": parameters, "limit": limit + 1}
    if cursor is None and total is None:
        most = totals.COUNTED_MOST + 1
        rows, found = contact_pages.first_page(session, **asked, most=most, newest_first=newest_first)
        told = totals.counted(found)
    else:
        rows = contact_pages.page(session, **asked, after=pages.position(cursor), newest_first=newest_first)
        told = totals.known(total) if cursor is None and total is not None else totals.unsaid()
    custom = field_store.all_of(session, account_id=account_id)
    groups = store.group_ids(session, [row["id"] for row in rows])
    shown = pages.page(rows, limit, lambda row: views.contact(row, custom, groups.get(row["id"], ())))
    return {**shown, **told}


def _as_searched(session: Session, account_id: UUID, name: str, value: str) -> str:
    if name == "email":
        return emails.normalise(value) or value.strip().lower()
    if name == "phone":
        return phones.to_e164(value, store.region(session, account_id=account_id)) or value
    return value


def get(session: Session, *, actor: Actor, now: datetime, contact_id: UUID) -> View:
    account_id = account_of(actor)
    row = store.find(session, account_id=account_id, contact_id=contact_id)
    if row is None:
        raise views.not_found("contact")
    custom = field_store.all_of(session, account_id=account_id)
    return views.contact(row, custom, store.group_ids(session, [contact_id]).get(contact_id, ()))


def create(session: Session, *, actor: Actor, now: datetime, terms: AccountTerms, **request: Any) -> View:
    """Add a contact.

    :raises Conflict: `contact.exists`, with its id: somebody has one of the addresses. `address.erased`: the person was
        erased, and nobody says that they are back.
    :raises PlanLimit: the plan's number of contacts is reached.
    """
    account_id = account_of(actor)
    account = _account(session, account_id, terms)
    custom = field_store.all_of(session, account_id=account_id)
    columns = columns_of(request, custom, account["default_region"], now)
    _ensure_not_erased(session, account_id, columns, is_back=request.get("restore_erased", False))
    _ensure_free(session, account_id, columns, None)
    contact_id = insert(session, account=account, columns=columns)
    _join(session, account_id, contact_id, request.get("group_ids") or [])
    return get(session, actor=actor, now=now, contact_id=contact_id)


def _account(session: Session, account_id: UUID, terms: AccountTerms) -> Mapping[Any, Any]:
    """The account's row, locked, with what identity says of it now."""
    store.set_terms(session, account_id=account_id, limit=terms.limit, region=terms.region)
    return store.lock_account(session, account_id=account_id)


def insert(session: Session, *, account: Mapping[Any, Any], columns: Mapping[str, Any]) -> UUID:
    """Add a contact to an account whose row is locked; returns its id."""
    if not any(columns.get(name) for name in ADDRESSES):
        raise Invalid.of_field(
            "email", "contact.no_address", "A contact needs an e-mail address, a phone or an external id."
        )
    limit = account["contact_limit"]
    if limit is not None and account["contacts"] >= limit:
        raise PlanLimit(
            "plan.contact_limit", "The plan's number of contacts is reached.", {"feature": "contacts", "limit": limit}
        )
    contact_id = new_id()
    store.insert(session, contact_id=contact_id, account_id=account["account_id"], values=columns)
    return contact_id


def _join(session: Session, account_id: UUID, contact_id: UUID, group_ids: list[UUID]) -> None:
    known = group_store.known(session, account_id=account_id, group_ids=group_ids)
    for at, group_id in enumerate(group_ids):
        if group_id not in known:
            raise Invalid.of_field(f"group_ids.{at}", "group.not_found", "There is no such group.")
    for group_id in sorted(set(group_ids)):
        group_store.add_members(session, account_id=account_id, group_id=group_id, contact_ids=[contact_id])


def update(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    contact_id: UUID,
    if_match: list[str] | None = None,
    **request: Any,
) -> View:
    """Change the fields that are given; null empties one."""
    account_id = account_of(actor)
    account = store.lock_account(session, account_id=account_id)
    row = store.find(session, account_id=account_id, contact_id=contact_id, lock=True)
    if row is None:
        raise views.not_found("contact")
    if if_match is not None:
        ensure_current(if_match, Contact, get(session, actor=actor, now=now, contact_id=contact_id))
    custom = field_store.all_of(session, account_id=account_id)
    columns = columns_of(request, custom, account["default_region"], now)
    _change(session, account_id, row, columns, now)
    return get(session, actor=actor, now=now, contact_id=contact_id)


def _change(session: Session, account_id: UUID, row: Mapping[Any, Any], columns: dict[str, Any], now: datetime) -> bool:
    """Write what differs; returns whether anything did."""
    consents.ensure_not_refused_since(row, columns, now)
    _ensure_not_erased(session, account_id, columns)
    _ensure_free(session, account_id, columns, row["id"])
    if "custom" in columns:
        merged = {**row["custom"], **columns["custom"]}
        columns = {**columns, "custom": {slot: value for slot, value in merged.items() if value is not None}}
    changed = {name: value for name, value in columns.items() if row[name] != value}
    if all(name.endswith(("_source", "_at")) for name in changed):
        return False
    if not any(changed.get(name, row[name]) for name in ADDRESSES):
        raise Invalid.of_field(
            "email", "contact.no_address", "A contact needs an e-mail address, a phone or an external id."
        )
    store.update(session, account_id=account_id, contact_id=row["id"], values=changed)
    return True


def _ensure_not_erased(
    session: Session, account_id: UUID, columns: Mapping[Any, Any], *, is_back: bool = False
) -> None:
    """No list and no other system brings an erased person back; somebody who knows that they are back says so.

    :raises Conflict: `address.erased`.
    """
    addresses = [columns[name] for name in ("email", "phone") if columns.get(name)]
    if is_back:
        store.forget_erasure(session, account_id=account_id, addresses=addresses)
    elif addresses and store.erased(session, account_id=account_id, addresses=addresses):
        raise Conflict("address.erased", "The person was erased on request; `restore_erased` says that they are back.")


def _ensure_free(session: Session, account_id: UUID, columns: Mapping[Any, Any], own: UUID | None) -> None:
    for name in ADDRESSES:
        if columns.get(name):
            holder = store.find_by(session, account_id=account_id, column=name, value=columns[name])
            if holder is not None and holder["id"] != own:
                raise Conflict(
                    "contact.exists",
                    f"Another contact has this {name.replace('_', ' ')}.",
                    {"contact_id": str(holder["id"]), "field": name},
                )


def delete(
    session: Session, *, actor: Actor, now: datetime, contact_id: UUID, if_match: list[str] | None = None
) -> None:
    account_id = account_of(actor)
    store.lock_account(session, account_id=account_id)
    if if_match is not None and store.find(session, account_id=account_id, contact_id=contact_id, lock=True):
        ensure_current(if_match, Contact, get(session, actor=actor, now=now, contact_id=contact_id))
    if not store.delete(session, account_id=account_id, contact_ids=[contact_id]):
        raise views.not_found("contact")


def upsert_many(
    session: Session, *, actor: Actor, now: datetime, terms: AccountTerms, merge_by: str, contacts: list[dict[str, Any]]
) -> View:
    """Add or change up to 1,000 contacts, each judged by itself: one that is wrong does not stop the others."""
    account_id = account_of(actor)
    _account(session, account_id, terms)
    custom = field_store.all_of(session, account_id=account_id)
    items: list[View] = []
    for index, request in enumerate(contacts):
        try:
            with session.begin_nested():
                contact_id, outcome = _upsert(session, account_id, custom, merge_by, request, now)
            items.append({"index": index, "outcome": outcome, "id": contact_id, "code": None, "detail": None})
        except WiciError as error:
            first = error.errors[0] if error.errors else {"code": error.code, "detail": error.detail}
            items.append(
                {"index": index, "outcome": "rejected", "id": None, "code": first["code"], "detail": first["detail"]}
            )
    return {"items": items}


def _upsert(
    session: Session,
    account_id: UUID,
    custom: list[Any],
    merge_by: str,
    request: dict[str, Any],
    now: datetime,
) -> tuple[UUID, str]:
    account = store.lock_account(session, account_id=account_id)
    columns = columns_of(request, custom, account["default_region"], now)
    order = (merge_by, *(name for name in ADDRESSES if name != merge_by))
    names = [name for name in order if columns.get(name)]
    _ensure_not_erased(session, account_id, columns, is_back=request.get("restore_erased", False))
    row = _match(session, account_id, merge_by, names, columns)
    if row is None:
        _ensure_free(session, account_id, columns, None)
        contact_id, outcome = insert(session, account=account, columns=columns), "added"
    else:
        contact_id = row["id"]
        outcome = "updated" if _change(session, account_id, row, columns, now) else "unchanged"
    _join(session, account_id, contact_id, request.get("group_ids") or [])
    return contact_id, outcome


def _match(
    session: Session, account_id: UUID, merge_by: str, names: list[str], columns: Mapping[Any, Any]
) -> Mapping[Any, Any] | None:
    """Who this is: by the chosen address, or by another one of somebody who has none of the chosen kind."""
    for name in names:
        row = store.find_by(session, account_id=account_id, column=name, value=columns[name], lock=True)
        if row is not None and (name == merge_by or not columns.get(merge_by) or row[merge_by] is None):
            return row
    return None
