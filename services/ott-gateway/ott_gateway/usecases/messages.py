"""Single messages: POST /v1/whatsapp, and a campaign's test; one message, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import plain
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.errors import Invalid
from contracts.rpc import Actor
from ott_gateway import exceptions
from ott_gateway.store import messages as store
from ott_gateway.usecases import views
from ott_gateway.usecases.contents import CONTENTS, problems_with


def plan_send(database: Database, *, actor: Actor, now: datetime, to: Sequence[str], **request: Any) -> plain.Plan:
    """Check a POST /v1/whatsapp; its content is kept with the send.

    :raises Invalid: no such number, or something that WhatsApp or its template would refuse: the first of it.
    """
    account_id, sender, of_sending = account_of(actor), request.pop("from"), plain.of_sending(request)
    # What a single message says is what it is: braces in it are braces.
    content = {**request, "literal": True}
    with database.transaction() as session:
        problems = problems_with(session, account_id, sender, content)
    for problem in problems:
        if problem["field"] == "sender":
            raise exceptions.sender_unknown()
        raise Invalid.of_field(problem["field"], problem["code"], problem["detail"])
    CONTENTS.rendered_or_refused(content, {}, account_id)
    content_hash = plain.hash_of(account_id, sender, content)
    return plain.plan_of(actor, content_hash, sender, to, content=content, **of_sending)


def get_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> views.View:
    """:raises NotFound: no such message in the account."""
    row = store.find(session, account_of(actor), message_id)
    if row is None:
        raise exceptions.not_found("message")
    return views.message(row)
