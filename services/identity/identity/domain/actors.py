"""Who asks: the ids that a use case needs, or the error that says why it may not go on."""

from __future__ import annotations

from uuid import UUID

from contracts.errors import WiciError
from contracts.rpc import Actor
from identity.exceptions import account_required, operator_required, session_invalid, session_required


def account_of(actor: Actor) -> UUID:
    """The account on whose behalf the call is made."""
    account_id = actor.get("account_id")
    if not account_id:
        raise _nobody(actor)
    return UUID(account_id)


def user_of(actor: Actor) -> UUID:
    """The user who asks, or whose key does."""
    user_id = actor.get("user_id")
    if not user_id:
        raise _nobody(actor)
    return UUID(user_id)


def session_user_of(actor: Actor) -> UUID:
    """The user who asks in a logged-in session; raises `Forbidden` for a key (A9)."""
    if not actor.get("session_id"):
        raise session_required()
    return user_of(actor)


def operator_of(actor: Actor) -> UUID:
    """The operator who asks; raises `Forbidden` for anybody else."""
    operator_id = actor.get("operator_id")
    if not operator_id:
        raise operator_required()
    return UUID(operator_id)


def _nobody(actor: Actor) -> WiciError:
    return account_required() if actor.get("operator_id") else session_invalid()


def id_or_none(written: str | None) -> UUID | None:
    return UUID(written) if written else None
