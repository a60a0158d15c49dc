"""Single messages: POST /v1/push, and a campaign's test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from channel import plain
from chassis.actors import account_of
from chassis.database import Database
from contracts.rpc import Actor
from push_gateway.usecases.contents import CONTENTS, ensure_application


def plan_send(database: Database, *, actor: Actor, now: datetime, to: Sequence[str], **request: Any) -> plain.Plan:
    """Check a POST /v1/push; its content is kept with the send.

    :raises Invalid: no such application, nothing is said, or what is said is too much for a device.
    """
    sender, of_sending = request.pop("from"), plain.of_sending(request)
    ensure_application(database, account_of(actor), sender)
    return CONTENTS.plan_single(actor, sender, to, request, **of_sending)
