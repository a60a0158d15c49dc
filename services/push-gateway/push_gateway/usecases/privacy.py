"""One person, as contacts asks about them: messages to them, their devices, and their forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import people, plain
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.push_gateway.devices import Device as DeviceShown
from contracts.rpc import Actor
from contracts.schema import dump
from push_gateway.models import Device
from push_gateway.store import applications, devices
from push_gateway.usecases import views


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person and to their devices by themselves, newest first; on the first page the
    devices, which are a few."""
    rows = devices.of_contacts(session, account_of(actor), people.contact_ids_among(addresses))
    theirs = _with_devices(addresses, rows)
    page = plain.export_person(session, actor=actor, now=now, addresses=theirs, cursor=cursor, limit=limit)
    if cursor is None:
        page["items"] += [{"kind": "device", "record": dump(DeviceShown, views.device(row))} for row in rows]
    return page


def erase_person(
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`, to them or to a device of theirs; forget their devices.

    The devices go last, once nothing to them is under way: until then a repeat has to find their ids.
    """
    account_id, contact_ids = account_of(actor), people.contact_ids_among(addresses)
    with database.transaction() as session:
        rows = devices.of_contacts(session, account_id, contact_ids)
        theirs = _with_devices(addresses, [row for row in rows if row.created_at <= erased_at])
    asked: dict[str, Any] = {"addresses": theirs, "erased_at": erased_at, "dry_run": dry_run}
    answer = plain.erase_person(database, actor=actor, now=now, **asked)
    if not dry_run and not answer["waiting"]:
        with database.transaction() as session:
            devices.erase(session, account_id=account_id, contact_ids=contact_ids, until=erased_at)
    return {**answer, "counts": {**answer["counts"], "devices": len(theirs) - len(addresses)}}


def _with_devices(addresses: list[str], rows: Sequence[Device]) -> list[str]:
    """A message may have gone to one device by its id."""
    return [*addresses, *(str(row.id) for row in rows)]


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    applications.erase_account(session, account_id)
