"""Privacy: everything known of one person, and its end, with a salted hash so that no list brings the address back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import acts
from contacts.domain import emails, phones
from contacts.exceptions import field_invalid
from contacts.store import archive as archive_store
from contacts.store import audience as audience_store
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as store
from contacts.store import submissions as submission_store
from contacts.usecases import views
from contacts.usecases.views import View, account_of
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ADDRESSES = ("email", "phone")


def export(session: Session, actor: Actor, now: datetime, **who: Any) -> View:
    """What contacts knows of a person. Of several contacts (an address of each was given) the first is shown whole."""
    account_id = account_of(actor)
    rows, addresses = _person(session, account_id, **who)
    custom = field_store.all_of(session, account_id=account_id)
    shown, groups = None, []
    if rows:
        ids = store.group_ids(session, [rows[0]["id"]]).get(rows[0]["id"], [])
        shown = views.contact(rows[0], custom, ids)
        found = (group_store.find(session, account_id=account_id, group_id=one) for one in ids)
        groups = [dict(row) for row in found if row is not None]
    archived = archive_store.of_addresses(session, account_id=account_id, addresses=addresses)
    erased = store.erased(session, account_id=account_id, addresses=addresses)
    acts.record(session, CONTACTS_ACT, actor, "person.exported", target_id=rows[0]["id"] if rows else None)
    return {
        "contact": shown,
        "archive": [dict(row) for row in archived],
        "groups": groups,
        "erased": bool(erased),
    }


def erase(session: Session, actor: Actor, now: datetime, **who: Any) -> View:
    """Erase a person: the contact, its groups, archive entries and places in audiences. Harmless twice."""
    account_id = account_of(actor)
    store.lock_account(session, account_id=account_id)
    rows, addresses = _person(session, account_id, **who)
    ids = [row["id"] for row in rows]
    for snapshot_id in audience_store.tables_of_account(session, account_id=account_id):
        audience_store.forget(session, snapshot_id=snapshot_id, contact_ids=ids)
    store.delete(session, account_id=account_id, contact_ids=ids)
    archive_store.delete(session, account_id=account_id, addresses=addresses)
    submission_store.forget_addresses(session, account_id=account_id, addresses=addresses)
    store.remember_erasure(session, account_id=account_id, addresses=addresses)
    erased: View = {"contacts": len(ids), "addresses": len(addresses)}
    acts.record(session, CONTACTS_ACT, actor, "person.erased", target_id=ids[0] if ids else None, **erased)
    return erased


def _person(
    session: Session, account_id: UUID, *, contact_id: UUID | None, email: str | None, phone: str | None
) -> tuple[list[Any], list[str]]:
    """The contacts meant, and every address of theirs and of the request."""
    given = _given(session, account_id, email, phone)
    rows: dict[UUID, Any] = {}
    if contact_id is not None:
        row = store.find(session, account_id=account_id, contact_id=contact_id, lock=True)
        if row is None:
            raise views.not_found("contact")
        rows[row["id"]] = row
    for column, value in given.items():
        row = store.find_by(session, account_id=account_id, column=column, value=value, lock=True)
        if row is not None:
            rows[row["id"]] = row
    if contact_id is None and not given:
        raise field_invalid("contact_id", "person.nobody", "Name a contact, an e-mail address or a phone.")
    held = {row[name] for row in rows.values() for name in ADDRESSES if row[name]}
    return list(rows.values()), sorted(held | set(given.values()))


def _given(session: Session, account_id: UUID, email: str | None, phone: str | None) -> dict[str, str]:
    region = store.region(session, account_id=account_id)
    given = {}
    for name, raw, normal in (
        ("email", email, emails.normalise(email) if email else None),
        ("phone", phone, phones.to_e164(phone, region) if phone else None),
    ):
        if raw and normal is None:
            raise field_invalid(name, f"{name}.invalid", f"Not a valid {name}.")
        if normal:
            given[name] = normal
    return given
