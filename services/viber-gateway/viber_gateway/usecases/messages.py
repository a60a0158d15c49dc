"""Single messages: POST /v1/viber, and a campaign's test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from channel import plain
from chassis.actors import account_of
from chassis.database import Database
from contracts.errors import Invalid
from contracts.rpc import Actor
from viber_gateway import exceptions
from viber_gateway.usecases.contents import CONTENTS, problems_with


def plan_send(database: Database, *, actor: Actor, now: datetime, to: Sequence[str], **request: Any) -> plain.Plan:
    """Check a POST /v1/viber; its content is kept with the send.

    :raises Invalid: no such bot, or something that Viber would refuse: the first of it.
    """
    sender, of_sending = request.pop("from"), plain.of_sending(request)
    with database.transaction() as session:
        problems = problems_with(session, account_of(actor), sender, request)
    for problem in problems:
        if problem["field"] == "sender":
            raise exceptions.sender_unknown()
        raise Invalid.of_field(problem["field"], problem["code"], problem["detail"])
    return CONTENTS.plan_single(actor, sender, to, request, **of_sending)
