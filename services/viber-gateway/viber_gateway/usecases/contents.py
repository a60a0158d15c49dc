"""Contents: checked against Viber's limits, compiled, kept, previewed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channel.plain_contents import PlainContents, longest_text
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.rpc import Actor
from contracts.vocabulary import ContentFailure
from viber_gateway.content.first_render import FIRST_RENDERS
from viber_gateway.store import senders

CONTENTS = PlainContents(FIRST_RENDERS)
Problem = dict[str, Any]


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
    """Check sender and text; keep them under their hash unless there are problems.

    :param sender: the name of a bot. :param recipients: fields of some, with whom it is tried.
    """
    account_id, name = account_of(actor), str(sender or "")
    with database.transaction() as session:
        problems = problems_with(session, account_id, name, content)
    return CONTENTS.prepare(database, account_id, name, content, recipients=recipients, problems=problems)


def problems_with(session: Session, account_id: UUID, name: str, content: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with sender and content as they are written, whoever gets it."""
    found = list(_of_shape(content))
    if senders.active(session, account_id, name) is None:
        detail = "The account has no active Viber bot of this name."
        found.append({"field": "sender", "code": "viber_bot.unknown", "detail": detail, "hits": []})
    return found


def _of_shape(content: Mapping[str, Any]) -> Iterator[Problem]:
    if not content.get("text") and not content.get("picture"):
        detail = "There is neither a text nor a picture."
        yield {"field": "content.text", "code": str(ContentFailure.TEXT_EMPTY), "detail": detail, "hits": []}


def render_preview(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, fields_: dict[str, Any], address: str | None
) -> dict[str, Any]:
    """What one recipient would get. :raises NotFound: no such content in the account. :raises Invalid: it fails."""
    return {"text": CONTENTS.rendered_of(database, actor, content_hash, fields_)}


def check_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content: dict[str, Any],
    recipients: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What would be sent of a content and what is wrong with it; nothing is kept. Drafts need not be whole."""
    problems = list(_of_shape(content)) if content else []
    return CONTENTS.show(
        actor, content, recipients, preview_of=lambda text: {"text": text}, advice_of=longest_text, problems=problems
    )
