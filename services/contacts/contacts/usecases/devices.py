"""Devices of contacts: who can be reached by push."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session, changed
from contacts.domain import emails, phones
from contacts.store import people as store
from contacts.usecases import views
from contacts.usecases.views import View
from contracts.rpc import Actor

SOURCE = "device"  # of the consent: whoever lets an application notify them has agreed to it


def note_device(
    session: Session, *, actor: Actor, now: datetime, external_id: str | None, email: str | None, phone: str | None
) -> View:
    """From now on the contact has a push address. Consent for push is given with the first, unless they said no.

    :raises NotFound: there is no such contact.
    """
    account_id = account_of(actor)
    spellings = {
        "external_id": external_id,
        "email": email and emails.normalise(email),
        "phone": phone and phones.to_e164(phone, store.region(session, account_id=account_id)),
    }
    column, value = next(((name, value) for name, value in spellings.items() if value), ("external_id", ""))
    row = store.find_by(session, account_id=account_id, column=column, value=value or "", lock=True)
    if row is None:
        raise views.not_found("contact")
    values: dict[str, Any] = {"push": str(row["id"])}
    if row["push_consent"] is None:
        values |= {"push_consent": True, "push_consent_source": SOURCE, "push_consent_at": now}
    if any(row[name] != value for name, value in values.items()):
        store.update(session, account_id=account_id, contact_id=row["id"], values=values)
    # What is told late of a time before this is not believed: `forget_devices`.
    changed(
        session, "UPDATE contacts SET push_at = :now WHERE account_id = :account AND id = :id",
        account=account_id, id=row["id"], now=now,
    )  # fmt: skip
    return {"address": str(row["id"]), "contact_id": row["id"]}


def forget_devices(session: Session, *, account_id: UUID, addresses: Sequence[str], at: datetime) -> None:
    """The contacts with these push addresses had no device any more at that moment. Harmless twice, and late: a device
    that was registered since is not forgotten."""
    changed(
        session,
        "UPDATE contacts SET push = NULL WHERE account_id = :account AND push = ANY(:addresses)"
        " AND id = ANY(CAST(:addresses AS uuid[])) AND (push_at IS NULL OR push_at <= :at)",
        account=account_id,
        addresses=list(addresses),
        at=at,
    )
