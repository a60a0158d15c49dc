"""Contents: checked, compiled, kept, previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channel.plain_contents import PlainContents
from chassis.actors import account_of
from chassis.database import Database
from contracts.rpc import Actor
from push_gateway import exceptions
from push_gateway.content.advice import advice_of
from push_gateway.content.first_render import FIRST_RENDERS
from push_gateway.content.template import Rendered
from push_gateway.store import applications

CONTENTS = PlainContents(FIRST_RENDERS)
_NO_APPLICATION: dict[str, Any] = {
    "field": "sender",
    "code": "application.unknown",
    "detail": "The account has no application of this name.",
    "hits": [],
}


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

    :param sender: the name of an application. :param recipients: fields of some, with whom it is tried.
    """
    account_id, name = account_of(actor), str(sender or "")
    with database.transaction() as session:
        is_there = applications.named(session, account_id, name) is not None
    problems = [] if is_there else [_NO_APPLICATION.copy()]
    return CONTENTS.prepare(database, account_id, name, content, recipients=recipients, problems=problems)


def render_preview(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, fields_: dict[str, Any], address: str | None
) -> dict[str, Any]:
    """What one recipient would get, in each language.

    :raises NotFound: no such content in the account. :raises Invalid: the template fails.
    """
    return preview_of(CONTENTS.rendered_of(database, actor, content_hash, fields_))


def preview_of(rendered: Mapping[str | None, Rendered]) -> dict[str, Any]:
    main = rendered[None]
    others = {name: {"title": one.title, "body": one.body} for name, one in rendered.items() if name is not None}
    return {"title": main.title, "body": main.body, "url": main.url, "languages": others}


def check_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content: dict[str, Any],
    recipients: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What would be sent of a content, what is wrong with it, and what is worth mending; nothing is kept."""
    return CONTENTS.show(actor, content, recipients, preview_of=preview_of, advice_of=advice_of)


def ensure_application(database: Database, account_id: UUID, name: str) -> None:
    """:raises Invalid: the account has no application of this name."""
    with database.transaction() as session:
        if applications.named(session, account_id, name) is None:
            raise exceptions.application_unknown()
