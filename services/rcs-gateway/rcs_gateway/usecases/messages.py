"""Single messages: POST /v1/rcs, a campaign's test, and taking back what has not been delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import plain
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.rpc import Actor
from rcs_gateway import exceptions
from rcs_gateway.store import messages as store
from rcs_gateway.store import revocations
from rcs_gateway.usecases.contents import CONTENTS, as_stored, ensure_agent


def plan_send(database: Database, *, actor: Actor, now: datetime, to: Sequence[str], **request: Any) -> plain.Plan:
    """Check a POST /v1/rcs; its content is kept with the send.

    :raises Invalid: no such agent, or a text that is empty or too long.
    """
    sender, of_sending = request.pop("from"), plain.of_sending(request)
    ensure_agent(database, account_of(actor), sender)
    return CONTENTS.plan_single(actor, sender, to, as_stored(request), **of_sending)


def get_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> dict[str, Any]:
    """:raises NotFound: no such message in the account."""
    found = store.of_account(session, account_of(actor), [message_id])
    if not found:
        raise exceptions.not_found("message")
    return found[0]


def revoke_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> dict[str, Any]:
    """Ask for one to be taken back: what came of it stands in its `revocation`. Twice is harmless.

    :raises NotFound: no such message in the account.
    """
    get_message(session, actor=actor, now=now, message_id=message_id)
    found = revoke_messages(session, actor=actor, now=now, message_ids=[message_id])["messages"][0]
    return {**found, "revoked": None if found["revocation"] == "waiting" else found["revocation"] == "revoked"}


def revoke_messages(session: Session, *, actor: Actor, now: datetime, message_ids: Sequence[UUID]) -> dict[str, Any]:
    """Those of the account among them, as they are now."""
    account_id = account_of(actor)
    revocations.ask(session, account_id=account_id, message_ids=message_ids, now=now)
    return {"messages": store.of_account(session, account_id, message_ids)}


def take_back_messages(
    session: Session, *, actor: Actor, now: datetime, message_ids: Sequence[UUID], is_wanted_back: bool
) -> dict[str, Any]:
    """As every channel's; what has been handed over and not delivered is asked back, which takes a moment."""
    account_id = account_of(actor)
    if is_wanted_back:
        revocations.ask(session, account_id=account_id, message_ids=message_ids, now=now)
    waits = {"waiting": None, "revoked": True}
    found = store.of_account(session, account_id, message_ids)
    return {"messages": [{**one, "revoked": waits.get(one["revocation"], False)} for one in found]}
