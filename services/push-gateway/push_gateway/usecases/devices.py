"""Devices: registered by the application itself, with a public key, and forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import acts, outbox, pages
from chassis.actors import account_of
from chassis.database import Database, Session, cursor_of
from chassis.ids import new_id
from contracts.events import PUSH_DEVICES_GONE, PUSH_GATEWAY_ACT
from contracts.push_gateway.addresses import TOPIC
from contracts.push_gateway.devices import Platform
from contracts.rpc import Actor
from push_gateway import exceptions
from push_gateway.domain import proofs
from push_gateway.domain.push_services import is_push_service
from push_gateway.store import applications
from push_gateway.store import devices as store
from push_gateway.usecases import views
from push_gateway.usecases.ports import NoteDevice, Tools
from push_gateway.wires import keys as wire_keys

MOST_OF_CONTACT = 20  # devices; the one that was not seen for longest goes
# Devices of an application that are new in an hour and nobody's: anybody can register those, the key is public.
MOST_NEW = 20_000
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Known:
    account_id: UUID
    application_id: UUID
    proof_key: bytes


def register_device(
    database: Database, *, actor: Actor, now: datetime, tools: Tools, note: NoteDevice, app_key: str, **given: Any
) -> views.View:
    """Add a device, or tell anew of one; twice is harmless.

    No transaction is open while contacts is asked. It is told once more of a device that is new to its contact, when
    that is written down: meanwhile it may have heard that the contact has none.

    :raises NotFound: no such application, or no such contact. :raises Forbidden: the proof of the owner is wrong.
    :raises TooManyRequests: the application has had more than `MOST_NEW` devices without an owner in the last hour.
    """
    owner = given.pop("contact")
    with database.transaction() as session:
        application = _by_key(session, app_key, tools)
    _ensure_reachable(given, tools)
    contact_id = _proved(application, owner, note) if owner else None
    row = _put(database, application, contact_id, given, now)
    if owner and row.before != contact_id:
        _note(application, owner, note)
    return {"id": row.id, "contact_id": row.contact_id}


def _put(database: Database, application: _Known, contact_id: UUID | None, given: dict[str, Any], now: datetime) -> Any:
    with database.transaction() as session:
        row = store.put(
            session, id=new_id(), account_id=application.account_id, application=application.application_id,
            account=application.account_id, contact=contact_id, **given,
        )  # fmt: skip
        if row.before is not None and row.before != row.contact_id:
            _tell_gone(session, application.account_id, row.before)
        if contact_id is not None:
            store.keep_newest(session, account_id=application.account_id, contact_id=contact_id, most=MOST_OF_CONTACT)
        elif row.is_new and store.count_unowned_since(session, application.application_id, now - HOUR) > MOST_NEW:
            raise exceptions.too_many_devices(MOST_NEW)
    return row


def _by_key(session: Session, app_key: str, tools: Tools) -> _Known:
    found = applications.by_key(session, app_key)
    if found is None:
        raise exceptions.app_key_unknown()
    return _Known(found.account_id, found.id, tools.vault.decrypt(found.proof_key))


def _ensure_reachable(given: dict[str, Any], tools: Tools) -> None:
    if given["token"].startswith(TOPIC):  # as an address is written: it would be read as everybody's
        raise exceptions.token_invalid("A device has a token of its own; this is a topic.")
    if given["platform"] is not Platform.WEB:
        given["keys"] = None
        return
    if not is_push_service(given["token"], tools.web_hosts):
        raise exceptions.token_invalid("The endpoint is at none of the push services of browsers.")
    if given["keys"] is None or not wire_keys.are_of_a_browser(given["keys"]):
        raise exceptions.keys_invalid()


def _proved(application: _Known, owner: dict[str, Any], note: NoteDevice) -> UUID:
    ((name, value),) = _named(owner).items()
    if not proofs.is_right(application.proof_key, name, value, owner["proof"]):
        raise exceptions.proof_wrong()
    return _note(application, owner, note)


def _note(application: _Known, owner: dict[str, Any], note: NoteDevice) -> UUID:
    return UUID(str(note(str(application.account_id), _named(owner))["contact_id"]))


def _named(owner: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in owner.items() if name != "proof"}


def forget_device(database: Database, *, actor: Actor, now: datetime, tools: Tools, app_key: str, token: str) -> None:
    """Whoever has the token may. Harmless where there is none."""
    with database.transaction() as session:
        application = _by_key(session, app_key, tools)
        gone = store.remove_by_token(session, application_id=application.application_id, token=token)
        if gone is not None and gone.contact_id is not None:
            _tell_gone(session, application.account_id, gone.contact_id)


def list_devices(
    session: Session, *, actor: Actor, now: datetime, application_id: UUID, cursor: str | None, limit: int,
    contact_id: UUID | None = None,
) -> pages.Page:  # fmt: skip
    if applications.find(session, application_id, account_id=account_of(actor)) is None:
        raise exceptions.not_found("application")
    rows = store.of_application(
        session, account_of(actor), application_id, contact_id=contact_id, after=pages.position(cursor), limit=limit + 1
    )
    return pages.page(rows, limit, views.device)


def delete_device(session: Session, *, actor: Actor, now: datetime, device_id: UUID) -> None:
    gone = store.remove(session, account_id=account_of(actor), device_id=device_id)
    if gone is None:
        raise exceptions.not_found("device")
    if gone.contact_id is not None:
        _tell_gone(session, account_of(actor), gone.contact_id)
    acts.record(session, PUSH_GATEWAY_ACT, actor, "device.deleted", target_id=device_id)


def _tell_gone(session: Session, account_id: UUID, contact_id: UUID) -> None:
    """Contacts learns of a contact without any device."""
    for account, address in store.without_any(cursor_of(session), [(account_id, contact_id)]):
        outbox.record(session, PUSH_DEVICES_GONE, account_id=account, addresses=[address])
