"""The history of a contact's consents, with evidence, and what a new one may not undo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contacts.domain import consents as domain
from contacts.store import consents as store
from contacts.store import leavers
from contacts.store import people as people_store
from contacts.usecases import views
from contacts.usecases.views import View
from contracts.errors import Conflict
from contracts.rpc import Actor
from contracts.vocabulary import Channel


def list_consents(session: Session, *, actor: Actor, now: datetime, contact_id: UUID) -> View:
    """Every grant and withdrawal of a contact's consents, the oldest first."""
    account_id = account_of(actor)
    if people_store.find(session, account_id=account_id, contact_id=contact_id) is None:
        raise views.not_found("contact")
    left = leavers.of_contact(session, account_id=account_id, contact_id=contact_id)
    return {"items": [_change(row) for row in store.consents_of(session, account_id, contact_id)], "left_lists": left}


def _change(row: Mapping[Any, Any]) -> View:
    if row["submission_id"] is None:
        return {**row, "evidence": None}
    moments = {
        step: {"at": row[f"{step}_at"], "address": row[f"{step}_from"], "user_agent": row[f"{step}_agent"]}
        for step in ("submitted", "confirmed")
    }
    return {**row, "evidence": {**row, **moments}}


def ensure_not_refused_since(row: Mapping[Any, Any], columns: Mapping[Any, Any], now: datetime) -> None:
    """Who copies what another system held a while ago undoes nothing that the person has said since.

    :raises Conflict: `consent.refused_since`.
    """
    for channel in Channel:
        name = f"{channel}_consent"
        if columns.get(name) and row[name] is False:
            given_at, refused_at = columns[f"{name}_at"], row[f"{name}_at"]
            if domain.undoes_later_refusal(granted_at=given_at, refused_at=refused_at, now=now):
                raise Conflict(
                    "consent.refused_since",
                    f"The person has refused {channel} since then; a later consent needs its own time.",
                    {"channel": channel, "refused_at": refused_at.isoformat()},
                )
