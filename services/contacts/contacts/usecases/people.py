"""Contacts: look, add, change, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts import exceptions
from contacts.domain import emails, phones
from contacts.store import archive as archive_store
from contacts.store import audiences as audience_store
from contacts.store import contact_pages, word_pages
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as store
from contacts.usecases import consents, searches, segments, views
from contacts.usecases.account_terms import AccountTerms
from contacts.usecases.contact_input import columns_of
from contacts.usecases.views import View
from contracts.contacts.people import BY_NAME, BY_NAME_BACKWARDS, Contact
from contracts.errors import Invalid
from contracts.etags import ensure_current
from contracts.lists import NEWEST, OLDEST
from contracts.rpc import Actor

ADDRESSES = ("email", "phone", "external_id")
COUNTED_MOST = pages.COUNTED_MOST + 1


@dataclass(frozen=True)
class Asked:
    """The contacts of a list.

    `counts_apart`: an index finds them, so that counting them costs less than a walk. `words_alone`: by words that it
    finds, and by nothing else.
    """

    account_id: UUID
    where: list[str]
    parameters: dict[str, Any]
    counts_apart: bool
    words_alone: bool


def count(session: Session, *, actor: Actor, now: datetime) -> View:
    return {"count": store.number_of_contacts(session, account_id=account_of(actor))}


def list_contacts(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    sort: str = OLDEST,
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
            return {**pages.page([], limit), **(pages.unsaid() if cursor else pages.known(0))}
    is_archived, reason = filters.get("archived"), filters.get("archive_reason")
    if is_archived is not None:
        where.append(archive_store.holds_contact() if is_archived else f"NOT {archive_store.holds_contact()}")
    if reason is not None:
        where.append(archive_store.holds_contact("archive_reason"))
        parameters["archive_reason"] = str(reason)
    told = None
    if not q and not any(filters.get(name) is not None for name in (*ADDRESSES, "archived", "archive_reason")):
        total = group["contacts"] if group else store.number_of_contacts(session, account_id=account_id)
        told = pages.known(total)
    is_indexed = searches.is_indexed(q)
    asked = Asked(
        account_id, where, parameters, counts_apart=is_indexed, words_alone=is_indexed and where == [wanted.sql]
    )
    return _page(session, asked, cursor, limit, sort=sort, told=told)


def find_contacts(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    sort: str = OLDEST,
    **looked_for: Any,
) -> View:
    account_id = account_of(actor)
    wanted = searches.filter_of(session, account_id=account_id, now=now, **looked_for)
    is_indexed = searches.is_indexed(looked_for.pop("q", None))
    words_alone = is_indexed and not any(looked_for.values())
    asked = Asked(account_id, [wanted.sql], wanted.parameters, counts_apart=is_indexed, words_alone=words_alone)
    return _page(session, asked, cursor, limit, sort=sort)


def list_segment_contacts(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    segment_id: UUID,
    limit: int,
    cursor: str | None,
    sort: str = OLDEST,
) -> View:
    """The contacts that fit a saved segment now."""
    rules = segments.get(session, actor=actor, now=now, segment_id=segment_id)["rules"]
    return find_contacts(session, actor=actor, now=now, limit=limit, cursor=cursor, sort=sort, rules=rules)


def _page(
    session: Session,
    asked: Asked,
    cursor: str | None,
    limit: int,
    *,
    sort: str = OLDEST,
    told: View | None = None,
) -> View:
    """A page, the first of them with how many there are. :param told: these, where they are known without counting."""
    account_id = asked.account_id
    wanted: dict[str, Any] = {"account_id": account_id, "where": asked.where, "parameters": asked.parameters}
    of_kind = word_pages if asked.words_alone else contact_pages
    after = pages.position(cursor)
    if sort in (BY_NAME, BY_NAME_BACKWARDS):
        if after is not None and store.find(session, account_id=account_id, contact_id=after) is None:
            raise Invalid.of_field("cursor", "cursor.invalid", "The contact that it stands for is gone: begin again.")
        rows = contact_pages.page_by_name(
            session, **wanted, limit=limit + 1, after=after, backwards=sort == BY_NAME_BACKWARDS
        )
    elif cursor is None and told is None and (asked.words_alone or not asked.counts_apart):
        rows, found = of_kind.first_page(
            session, **wanted, limit=limit + 1, most=COUNTED_MOST, newest_first=sort == NEWEST
        )
        told = pages.counted(found)
    else:
        rows = of_kind.page(session, **wanted, limit=limit + 1, after=after, newest_first=sort == NEWEST)
    if cursor is not None:
        told = pages.unsaid()
    elif told is None:
        told = pages.counted(of_kind.count(session, **wanted, most=COUNTED_MOST))
    custom = field_store.all_of(session, account_id=account_id)
    around = _around(session, account_id, rows)
    shown = pages.page(rows, limit, lambda row: {**views.contact(row, custom), **around[row["id"]]})
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
    return {**views.contact(row, custom), **_around(session, account_id, [row])[contact_id]}


def _around(session: Session, account_id: UUID, rows: Sequence[Mapping[Any, Any]]) -> dict[UUID, View]:
    """What is shown of contacts, by id, that stands elsewhere: their groups, and their addresses in the archive."""
    groups = store.groups(session, [row["id"] for row in rows])
    archived = archive_store.of_contacts(session, account_id=account_id, contacts=rows)
    return {
        row["id"]: {
            "group_ids": [group["id"] for group in groups.get(row["id"], ())],
            "groups": groups.get(row["id"], []),
            "archived": archived.get(row["id"], []),
        }
        for row in rows
    }


def create(session: Session, *, actor: Actor, now: datetime, terms: AccountTerms, **request: Any) -> View:
    """Add a contact.

    :raises Conflict: `contact.exists`, with its id: somebody has one of the addresses. `address.erased`: the person was
        erased, and nobody says that they are back.
    :raises PlanLimit: the plan's number of contacts is reached.
    """
    account_id = account_of(actor)
    account = account_for_adding(session, account_id, terms)
    custom = field_store.all_of(session, account_id=account_id)
    columns = columns_of(request, custom, account["default_region"], now)
    _ensure_not_erased(session, account_id, columns, is_back=request.get("restore_erased", False))
    _ensure_free(session, account_id, columns, None)
    contact_id = insert(session, account=account, columns=columns)
    _join(session, account_id, contact_id, request.get("group_ids") or [])
    return get(session, actor=actor, now=now, contact_id=contact_id)


def account_for_adding(session: Session, account_id: UUID, terms: AccountTerms) -> Mapping[Any, Any]:
    """The account's row, locked, with what identity says of it now."""
    store.set_terms(session, account_id=account_id, **terms.kept)
    return store.lock_account(session, account_id=account_id)


def insert(session: Session, *, account: Mapping[Any, Any], columns: Mapping[str, Any]) -> UUID:
    """Add a contact to an account whose row is locked; returns its id."""
    ensure_may_be_added(columns, contacts=account["contacts"], limit=account["contact_limit"])
    contact_id = new_id()
    store.insert(session, contact_id=contact_id, account_id=account["account_id"], values=columns)
    return contact_id


def ensure_may_be_added(columns: Mapping[str, Any], *, contacts: int, limit: int | None) -> None:
    """:raises Invalid: `contact.no_address`. :raises PlanLimit: the account has as many contacts as it may."""
    if not any(columns.get(name) for name in ADDRESSES):
        raise exceptions.no_address()
    if limit is not None and contacts >= limit:
        raise exceptions.contact_limit(limit)


def _join(session: Session, account_id: UUID, contact_id: UUID, group_ids: list[UUID]) -> None:
    known = group_store.known(session, account_id=account_id, group_ids=group_ids)
    exceptions.ensure_known_groups(group_ids, known)
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
    changed = differing(row, columns)
    if changed:
        store.update(session, account_id=account_id, contact_id=row["id"], values=changed)
    return bool(changed)


def differing(row: Mapping[Any, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """What of `columns` is to be written to a contact's row; nothing where only a consent's source or time does.

    :raises Invalid: `contact.no_address`: nothing would be left that says who it is.
    """
    if "custom" in columns:
        merged = {**row["custom"], **columns["custom"]}
        columns = {**columns, "custom": {slot: value for slot, value in merged.items() if value is not None}}
    changed = {name: value for name, value in columns.items() if row[name] != value}
    if all(name.endswith(("_source", "_at")) for name in changed):
        return {}
    if not any(changed.get(name, row[name]) for name in ADDRESSES):
        raise exceptions.no_address()
    return changed


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
        raise exceptions.address_erased()


def _ensure_free(session: Session, account_id: UUID, columns: Mapping[Any, Any], own: UUID | None) -> None:
    for name in ADDRESSES:
        if columns.get(name):
            holder = store.find_by(session, account_id=account_id, column=name, value=columns[name])
            if holder is not None and holder["id"] != own:
                raise exceptions.contact_exists(name, holder["id"])


def delete(
    session: Session, *, actor: Actor, now: datetime, contact_id: UUID, if_match: list[str] | None = None
) -> None:
    account_id = account_of(actor)
    store.lock_account(session, account_id=account_id)
    if if_match is not None and store.find(session, account_id=account_id, contact_id=contact_id, lock=True):
        ensure_current(if_match, Contact, get(session, actor=actor, now=now, contact_id=contact_id))
    if not store.delete(session, account_id=account_id, contact_ids=[contact_id]):
        raise views.not_found("contact")
