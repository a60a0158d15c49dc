"""Privacy: everything known of one person, and its end. Jobs ask the other services (`contacts.jobs`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from contacts.domain import emails, phones
from contacts.domain.person import ASKED, OWN, WITHOUT, Person
from contacts.store import archive as archive_store
from contacts.store import files as file_store
from contacts.store import jobs as job_store
from contacts.store import leavers
from contacts.store import people as store
from contacts.store import privacy as privacy_store
from contacts.store import snapshots as snapshot_store
from contacts.store import submissions as submission_store
from contacts.usecases import open_jobs, views
from contacts.usecases.views import View
from contracts.errors import Invalid
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor

EXPORT, ERASURE = "person_export", "erasure"
ADDRESSES = ("email", "phone")


def request_export(session: Session, *, actor: Actor, now: datetime, **who: Any) -> View:
    """Ask for a file of all that every service knows of a person."""
    account_id = account_of(actor)
    job_id, is_begun = open_jobs.id_for(session, actor, kind=EXPORT)
    if is_begun:
        return get_export(session, actor=actor, now=now, person_export_id=job_id)
    person = _person(session, account_id, **who)
    _queue(session, actor, job_id, EXPORT, {**person.as_json()})
    acts.record(session, CONTACTS_ACT, actor, "person.exported", target_id=_target(person))
    return get_export(session, actor=actor, now=now, person_export_id=job_id)


def get_export(session: Session, *, actor: Actor, now: datetime, person_export_id: UUID) -> View:
    account_id = account_of(actor)
    row = job_store.find(session, account_id=account_id, kind=EXPORT, job_id=person_export_id)
    if row is None:
        raise views.not_found("person_export")
    file = file_store.find(session, account_id=account_id, file_id=row["id"]) if row["state"] == "done" else None
    return {
        **_view(row),
        "file_id": file["id"] if file else None,
        "expires_at": file["expires_at"] if file else None,
    }


def erase(session: Session, *, actor: Actor, now: datetime, dry_run: bool = False, **who: Any) -> View:
    """Erase a person here and now, and have every other service do so. Harmless twice.

    From this commit on no audience holds the person and no list brings them back; what was on its way already, the job
    ends. With `dry_run` the job only counts.
    """
    account_id = account_of(actor)
    store.lock_account(session, account_id=account_id)
    job_id, is_begun = open_jobs.id_for(session, actor, kind=ERASURE)
    if is_begun:
        return get_erasure(session, actor=actor, now=now, erasure_id=job_id)
    person = _person(session, account_id, **who)
    counts: dict[str, Any] = {} if dry_run else _forget(session, account_id, person)
    _queue(session, actor, job_id, ERASURE, {**person.as_json(), "dry_run": dry_run, "counts": counts})
    if not dry_run:
        acts.record(session, CONTACTS_ACT, actor, "person.erased", target_id=_target(person), **counts)
    return get_erasure(session, actor=actor, now=now, erasure_id=job_id)


def get_erasure(session: Session, *, actor: Actor, now: datetime, erasure_id: UUID) -> View:
    row = job_store.find(session, account_id=account_of(actor), kind=ERASURE, job_id=erasure_id)
    if row is None:
        raise views.not_found("erasure")
    return {**_view(row), "dry_run": bool(row["checkpoint"].get("dry_run", row["request"].get("dry_run")))}


def count(session: Session, *, account_id: UUID, person: Person) -> dict[str, int]:
    """What `_forget` would take."""
    submitted = submission_store.of_addresses(session, account_id=account_id, addresses=person.addresses)
    return {
        "contacts": len(person.contact_ids),
        "addresses": len(person.addresses),
        "archive": len(archive_store.of_addresses(session, account_id=account_id, addresses=person.addresses)),
        "submissions": len(submitted),
    }


def _forget(session: Session, account_id: UUID, person: Person) -> dict[str, int]:
    counts = count(session, account_id=account_id, person=person)
    snapshot_store.forget(session, account_id=account_id, contact_ids=person.contact_ids, addresses=person.addresses)
    store.delete(session, account_id=account_id, contact_ids=person.contact_ids)
    archive_store.delete(session, account_id=account_id, addresses=person.addresses)
    leavers.forget_people(session, account_id=account_id, contact_ids=person.contact_ids, addresses=person.addresses)
    submission_store.forget_addresses(session, account_id=account_id, addresses=person.addresses)
    store.remember_erasure(session, account_id=account_id, addresses=person.addresses)
    return counts


def _target(person: Person) -> UUID | None:
    return person.contact_ids[0] if person.contact_ids else None


def _queue(session: Session, actor: Actor, job_id: UUID, kind: str, request: View) -> None:
    account_id = account_of(actor)
    open_jobs.ensure_room(session, account_id=account_id, kind=kind)
    job_store.add(
        session, job_id=job_id, account_id=account_id, kind=kind, request=request, created_by=actor.get("user_id")
    )


def _view(row: Mapping[Any, Any]) -> View:
    """A job with how far each service is; those that hold nothing of anybody are named with the reason."""
    progress = row["checkpoint"].get("services", {})
    services = [{"service": name, "state": "waiting", "counts": {}, "detail": None, **progress.get(name, {})}
                for name in (OWN, *ASKED)]  # fmt: skip
    services += [
        {"service": name, "state": "holds_nothing", "counts": {}, "detail": why} for name, why in WITHOUT.items()
    ]
    return {
        **{name: row[name] for name in ("id", "state", "error", "created_at", "finished_at")},
        "done": sum(one["state"] == "done" for one in services),
        "total": 1 + len(ASKED),
        "services": services,
    }


def _person(
    session: Session,
    account_id: UUID,
    *,
    contact_id: UUID | None = None,
    email: str | None = None,
    phone: str | None = None,
    external_id: str | None = None,
) -> Person:
    """The contacts meant (an address of each may have been given), and every address of theirs and of the request.

    :raises NotFound: there is no contact of that id or external id.
    """
    addresses = _normalised(session, account_id, email, phone)
    if contact_id is None and external_id is None and not addresses:
        raise Invalid.of_field("contact_id", "person.nobody", "Name a contact, an e-mail address or a phone.")
    value_by_column: dict[str, Any] = {"id": contact_id, "external_id": external_id, **addresses}
    rows: dict[UUID, Any] = {}
    for column, value in value_by_column.items():
        if value is None:
            continue
        row = store.find_by(session, account_id=account_id, column=column, value=value, lock=True)
        if row is not None:
            rows[row["id"]] = row
        elif column in ("id", "external_id"):
            raise views.not_found("contact")
    present = {row[name] for row in rows.values() for name in ADDRESSES if row[name]}
    # Their address for push and Viber is their id; messages may have gone there before the last device was gone.
    present |= {
        str(row["id"])
        for row in rows.values()
        if any(row[channel] or row[f"{channel}_consent"] is not None for channel in ("push", "viber"))
    }
    former = privacy_store.former_addresses(session, account_id=account_id, contact_ids=list(rows))
    every = present | set(addresses.values()) | {row["address"] for row in former}
    return Person(tuple(sorted(rows)), tuple(sorted(every)))


def _normalised(session: Session, account_id: UUID, email: str | None, phone: str | None) -> dict[str, str]:
    region = store.region(session, account_id=account_id)
    addresses = {}
    for name, raw, normal in (
        ("email", email, emails.normalise(email) if email else None),
        ("phone", phone, phones.to_e164(phone, region) if phone else None),
    ):
        if raw and normal is None:
            raise Invalid.of_field(name, f"{name}.invalid", f"Not a valid {name}.")
        if normal:
            addresses[name] = normal
    return addresses
