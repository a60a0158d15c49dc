"""Contents: checked, compiled, kept, previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from channel.plain_contents import Advised, PlainContents, unfit
from chassis.actors import account_of
from chassis.database import Database
from contracts.rcs_gateway.contents import RcsContent
from contracts.rpc import Actor
from contracts.schema import field_errors
from rcs_gateway import exceptions
from rcs_gateway.content.advice import advice_of, characters_of
from rcs_gateway.content.first_render import FIRST_RENDERS
from rcs_gateway.store import agents

CONTENTS = PlainContents(FIRST_RENDERS)
_NO_AGENT: dict[str, Any] = {
    "field": "sender",
    "code": "agent.unknown",
    "detail": "The account has no active agent of this name.",
    "hits": [],
}


def as_stored(content: Mapping[str, Any]) -> dict[str, Any]:
    """Moments and words as JSON has them."""
    stored: dict[str, Any] = orjson.loads(orjson.dumps(content))
    return stored


def prepare_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    sender: Any,
    content: dict[str, Any],
    kind: str,
    recipients: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Check sender and templates; keep them under their hash unless there are problems.

    :param sender: the name of an agent. :param recipients: fields of some, with whom it is tried.
    """
    account_id, name, content = account_of(actor), str(sender or ""), as_stored(content)
    with database.transaction() as session:
        is_there = agents.active(session, account_id, name) is not None
    problems = [] if is_there else [_NO_AGENT.copy()]
    return CONTENTS.prepare(database, account_id, name, content, recipients=recipients, problems=problems)


def render_preview(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, fields_: dict[str, Any], address: str | None
) -> dict[str, Any]:
    """What one recipient would get.

    :raises NotFound: no such content in the account. :raises Invalid: the template fails.
    """
    return preview_of(CONTENTS.rendered_of(database, actor, content_hash, fields_))


def preview_of(rendered: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in rendered.items() if name != "literal"}
    return {"content": shown, "kind": rendered.get("kind"), "characters": characters_of(rendered)}


def check_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content: dict[str, Any],
    recipients: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What would be sent of a content, what is wrong with it, and what is worth mending; nothing is kept."""
    if problems := _unfit(content):
        return unfit(content, problems)

    def advised(content: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> Advised:
        return advice_of(content, [one["content"] for one in shown])

    return CONTENTS.show(actor, content, recipients, preview_of=preview_of, advice_of=advised)


def _unfit(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What of a draft does not fit the description; what it lacks altogether is not said of a draft without a kind."""
    if not content.get("kind"):
        return []
    return [
        {"field": f"content.{error['field']}", "code": error["code"], "detail": error["detail"], "hits": []}
        for error in field_errors(RcsContent().validate(content))
    ]


def ensure_agent(database: Database, account_id: UUID, name: str) -> None:
    """:raises Invalid: the account has no active agent of this name."""
    with database.transaction() as session:
        if agents.active(session, account_id, name) is None:
            raise exceptions.agent_unknown()
