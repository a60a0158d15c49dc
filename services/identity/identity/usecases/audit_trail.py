"""The audit trail (A14): what other services tell of, and reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts.rpc import Actor
from identity.domain.actors import account_of, operator_of
from identity.store import accounts, audit
from identity.usecases import views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_KEPT = ("account_id", "action", "user_id", "api_key_id", "operator_id", "target_id", "request_id", "reason")


def keep(session: Session, act: dict[str, Any]) -> None:
    """Add what another service tells of. Harmless twice: the event's id is the entry's.

    What is told of an account that has been closed meanwhile comes in as closing would have left it.
    """
    address, details = act["address"], act["details"]
    if act["account_id"] is not None and accounts.is_closed(session, account_id=act["account_id"]):
        address, details = None, {}
    audit.insert(
        session,
        id=act["event_id"],
        at=act["occurred_at"],
        address=address,
        details=details,
        **{name: act[name] for name in _KEPT},
    )


def list_entries(session: Session, actor: Actor, *, limit: int, cursor: str | None, **wanted: Any) -> views.View:
    """The account's trail, newest first."""
    rows = audit.account_page(
        session, account_id=account_of(actor), before=views.cursor_id(cursor), limit=limit + 1, **_as_kept(wanted)
    )
    return views.page(rows, limit, lambda row: views.audit_entry(*row))


def list_operator_acts(session: Session, actor: Actor, *, limit: int, cursor: str | None, **wanted: Any) -> views.View:
    """What operators did, to whichever account and to the platform, newest first."""
    operator_of(actor)
    rows = audit.operators_page(session, before=views.cursor_id(cursor), limit=limit + 1, **_as_kept(wanted))
    return views.page(rows, limit, lambda row: views.audit_entry(*row))


def _as_kept(wanted: dict[str, Any]) -> dict[str, Any]:
    address = wanted.get("address")
    return {**wanted, "address": None if address is None else str(address)}
