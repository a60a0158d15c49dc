"""Users as actors: the user who asks, or the error that says why the call may not go on."""

from __future__ import annotations

from uuid import UUID

from chassis.actors import account_of
from contracts.rpc import Actor
from identity.exceptions import session_required


def user_of(actor: Actor) -> UUID:
    """The user who asks, or whose key does.

    :raises Forbidden: `account.required`, for an operator and an actor without an account; `session.required`, for a
        service that asks on an account's behalf.
    """
    account_of(actor)
    user_id = actor.get("user_id")
    if not user_id:
        raise session_required()
    return UUID(user_id)


def session_user_of(actor: Actor) -> UUID:
    """The user who asks in a logged-in session. :raises Forbidden: `session.required`, for a key (A9)."""
    if not actor.get("session_id"):
        raise session_required()
    return user_of(actor)
