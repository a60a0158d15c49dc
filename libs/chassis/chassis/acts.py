"""The audit trail from outside identity: an act is told of in the transaction that makes it.

acts.record(session, events.CAMPAIGNS_ACT, actor, "campaign.scheduled", target_id=campaign.id, recipients=12000)
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from chassis import outbox
from contracts.events import Event
from contracts.rpc import Actor

_WHO = ("user_id", "api_key_id", "operator_id", "address", "request_id")


def record(
    session: Session,
    event: Event,
    actor: Actor,
    action: str,
    *,
    account_id: UUID | str | None = None,
    target_id: UUID | str | None = None,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Tell identity of an act.

    :param event: the service's own `…_ACT`
    :param action: `noun.what_was_done`, in the past tense: `sender_id.requested`
    :param account_id: whose account it touches; the actor's where it is left out
    :param target_id: id of the thing that was changed, never an address
    :param reason: an operator's, who always gives one
    :param details: JSON-safe; names, states, counts. No addresses of people, no bodies, no secrets.
    """
    outbox.record(
        session,
        event,
        account_id=account_id or actor.get("account_id"),
        action=action,
        target_id=None if target_id is None else str(target_id),
        reason=reason,
        details=details,
        **{name: actor.get(name) for name in _WHO},
    )
