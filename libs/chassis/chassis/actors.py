"""On whose behalf a call is made: the id that a use case needs, or the error that says why it may not go on."""

from __future__ import annotations

from uuid import UUID

from contracts.errors import account_required, operator_required
from contracts.rpc import Actor


def account_of(actor: Actor) -> UUID:
    """The account that asks; no payload ever names one.

    :raises Forbidden: `account.required`, for an operator and for whoever has no account.
    """
    account_id = actor.get("account_id")
    if not account_id:
        raise account_required()
    return UUID(account_id)


def operator_of(actor: Actor) -> UUID:
    """The operator who asks. :raises Forbidden: `operator.required`, for anybody else."""
    operator_id = actor.get("operator_id")
    if not operator_id:
        raise operator_required()
    return UUID(operator_id)


def submitter_of(actor: Actor) -> str | None:
    """The id of the API key, or of the user, who hands something in."""
    return actor.get("api_key_id") or actor.get("user_id")
