"""Single messages: POST /v1/push, and a campaign's test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from channel import plain
from chassis.actors import account_of
from chassis.database import Database
from contracts.rpc import Actor
from push_gateway.usecases.contents import ensure_application, rendered_or_refused


def plan_send(database: Database, *, actor: Actor, now: datetime, to: Sequence[str], **request: Any) -> plain.Plan:
    """Check a POST /v1/push; its content is kept with the send.

    :raises Invalid: no such application, nothing is said, or what is said is too much for a device.
    """
    account_id, sender, external_id = account_of(actor), request.pop("from"), request.pop("external_id")
    ensure_application(database, account_id, sender)
    # What a single message says is what it is: braces in it are braces.
    content = {**request, "literal": True}
    rendered_or_refused(content, {}, account_id)
    content_hash = plain.hash_of(account_id, sender, content)
    return _plan(actor, content_hash, sender, list(dict.fromkeys(to)), {}, external_id, content)


def plan_test(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, addresses: list[str], fields_: dict[str, Any]
) -> plain.Plan:
    """Check a test of a prepared content, rendered with given fields; it goes once to each address."""
    with database.transaction() as session:
        row = plain.own_content(session, actor, content_hash)
    rendered_or_refused(row.content, fields_, account_of(actor))
    return _plan(actor, content_hash, row.sender, list(dict.fromkeys(addresses)), fields_, None)


def _plan(
    actor: Actor, content_hash: str, sender: str, addresses: list[str], fields: dict[str, Any],
    external_id: str | None, content: dict[str, Any] | None = None,
) -> plain.Plan:  # fmt: skip
    return plain.Plan(
        account_id=account_of(actor), content_hash=content_hash, sender=sender, addresses=addresses, fields=fields,
        external_id=external_id, request_key=actor.get("request_key"), trace_id=str(actor.get("request_id") or ""),
        content=content,
    )  # fmt: skip
