"""Custom fields: typed, renamed, deleted, each in one row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.domain.columns import BUILT_IN, MAPPABLE
from contacts.domain.rule_terms import BUILT_IN as RULE_FIELDS
from contacts.store import fields as store
from contacts.store import jobs as job_store
from contacts.store import people as people_store
from contacts.usecases import segments, views
from contacts.usecases.views import View
from contracts.contacts.fields import ContactField
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor
from contracts.template_rules import is_variable

MAX_FIELDS = 100
# Names that templates and rules give a meaning of their own.
RESERVED = frozenset({*MAPPABLE, *RULE_FIELDS, "id", "unsubscribe_url", "account_id", "groups"})


def list_fields(session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None) -> View:
    rows = store.page(session, account_id=account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.field)


def get(session: Session, *, actor: Actor, now: datetime, field_id: UUID) -> View:
    return _get(session, account_of(actor), field_id)


def create(session: Session, *, actor: Actor, now: datetime, key: str, type: str, label: str | None = None) -> View:
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    _ensure_usable(key)
    if len(store.all_of(session, account_id=account_id)) >= MAX_FIELDS:
        raise Conflict("contact_field.too_many", "No more custom fields are possible.", {"limit": MAX_FIELDS})
    field_id = new_id()
    if not store.insert(session, field_id=field_id, account_id=account_id, key=key, label=label or key, kind=type):
        raise _key_taken(key)
    acts.record(session, CONTACTS_ACT, actor, "contact_field.created", target_id=field_id, key=key, type=type)
    return _get(session, account_id, field_id)


def update(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    field_id: UUID,
    if_match: list[str] | None = None,
    **request: Any,
) -> View:
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    row = _get(session, account_id, field_id)
    ensure_current(if_match, ContactField, row)
    key = str(request.get("key", row["key"]))
    if key != row["key"]:
        _ensure_usable(key)
        if any(field["key"] == key for field in store.all_of(session, account_id=account_id)):
            raise _key_taken(key)
        segments.rename_field(session, account_id=account_id, old=row["key"], new=key)
    store.update(session, account_id=account_id, field_id=field_id, values=request)
    acts.record(session, CONTACTS_ACT, actor, "contact_field.changed", target_id=field_id, fields=sorted(request))
    return _get(session, account_id, field_id)


def delete(session: Session, *, actor: Actor, now: datetime, field_id: UUID, if_match: list[str] | None = None) -> None:
    """The field is gone at once; what contacts hold under its slot is never shown again, and is taken out after.

    :raises Conflict: `contact_field.in_use`, where a segment names it.
    """
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    row = _get(session, account_id, field_id)
    ensure_current(if_match, ContactField, row)
    segments.ensure_field_unused(session, account_id=account_id, key=row["key"])
    leftover = {"slot": store.delete(session, account_id=account_id, field_id=field_id)}
    job_store.add(session, job_id=new_id(), account_id=account_id, kind="forget_field", request=leftover)
    acts.record(session, CONTACTS_ACT, actor, "contact_field.deleted", target_id=field_id)


def unknown(session: Session, *, actor: Actor, now: datetime, names: list[str]) -> View:
    """Which of `names` no contact of the account can have, and those that one can."""
    custom = {field["key"] for field in store.all_of(session, account_id=account_of(actor))}
    known = custom.union(BUILT_IN)
    return {"unknown": [name for name in names if name not in known], "known": sorted(known)}


def _get(session: Session, account_id: UUID, field_id: UUID) -> View:
    row = store.find(session, account_id=account_id, field_id=field_id)
    if row is None:
        raise views.not_found("contact_field")
    return views.field(row)


def _ensure_usable(key: str) -> None:
    if key in RESERVED:
        raise Invalid.of_field("key", "contact_field.reserved", f"{key} is a built-in name.", key=key)
    if not is_variable(key):
        raise Invalid.of_field("key", "contact_field.reserved", f"{key} is a word of templates.", key=key)


def _key_taken(key: str) -> Conflict:
    return Conflict("contact_field.exists", "There is a field of this key.", {"key": key})
