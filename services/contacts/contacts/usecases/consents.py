"""The history of a contact's consents, with evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contacts.store import consents as store
from contacts.store import people as people_store
from contacts.usecases import views
from contacts.usecases.views import View
from contracts.rpc import Actor


def list_consents(session: Session, *, actor: Actor, now: datetime, contact_id: UUID) -> View:
    """Every grant and withdrawal of a contact's consents, the oldest first."""
    account_id = account_of(actor)
    if people_store.find(session, account_id=account_id, contact_id=contact_id) is None:
        raise views.not_found("contact")
    return {"items": [_change(row) for row in store.consents_of(session, account_id, contact_id)]}


def _change(row: Mapping[Any, Any]) -> View:
    if row["submission_id"] is None:
        return {**row, "evidence": None}
    moments = {
        step: {"at": row[f"{step}_at"], "address": row[f"{step}_from"], "user_agent": row[f"{step}_agent"]}
        for step in ("submitted", "confirmed")
    }
    return {**row, "evidence": {**row, **moments}}
