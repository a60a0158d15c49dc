"""The audit trail (A14): reading it, and adding the acts that other services announce."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis import pages
from chassis.actors import account_of, operator_of
from chassis.database import Session
from contracts.rpc import Actor
from identity.domain import notices
from identity.store import accounts, audit
from identity.usecases import mail, views

_COLUMNS = ("account_id", "action", "user_id", "api_key_id", "operator_id", "target_id", "request_id", "reason")


def add_act(session: Session, *, act: dict[str, Any]) -> None:
    """Add an act of another service. Harmless twice: the event's id is the entry's.

    An act in an account that has been closed meanwhile is added as closing would have left it.
    """
    address, details = act["address"], act["details"]
    is_closed = act["account_id"] is not None and accounts.is_closed(session, account_id=act["account_id"])
    if is_closed:
        address, details = None, {}
    is_new = audit.insert(
        session,
        id=act["event_id"],
        at=act["occurred_at"],
        address=address,
        details=details,
        **{name: act[name] for name in _COLUMNS},
    )
    if is_new and not is_closed and act["action"] in notices.OF_OTHERS:
        mail.tell_owner(session, act["action"], account_id=act["account_id"], details=details)


def list_audit_entries(
    session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None, **filters: Any
) -> views.View:
    """The account's trail, newest first."""
    rows = audit.account_page(
        session, account_id=account_of(actor), before=pages.position(cursor), limit=limit + 1, **_as_columns(filters)
    )
    return pages.page(rows, limit, lambda row: views.audit_entry(*row))


def list_operator_acts(
    session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None, **filters: Any
) -> views.View:
    """What operators did, to accounts and to the platform, newest first."""
    operator_of(actor)
    rows = audit.operators_page(session, before=pages.position(cursor), limit=limit + 1, **_as_columns(filters))
    return pages.page(rows, limit, lambda row: views.audit_entry(*row))


def _as_columns(filters: dict[str, Any]) -> dict[str, Any]:
    address = filters.get("address")
    return {**filters, "address": None if address is None else str(address)}
