"""Contents: checked against WhatsApp's limits and templates, compiled, kept, previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import plain
from channel.plain_contents import PlainContents, longest_text
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.ott_gateway.templates import APPROVED
from contracts.rpc import Actor
from ott_gateway.content.first_render import FIRST_RENDERS
from ott_gateway.content.shape import problems_of
from ott_gateway.content.template import Rendered
from ott_gateway.domain.fits import Misfit, misfits, placeholders
from ott_gateway.store import senders, templates

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
    """Check sender, template and texts; keep them under their hash unless there are problems.

    :param sender: the name of a number. :param recipients: fields of some, with whom it is tried.
    """
    account_id, name = account_of(actor), str(sender or "")
    with database.transaction() as session:
        problems = problems_with(session, account_id, name, content)
    return CONTENTS.prepare(database, account_id, name, content, recipients=recipients, problems=problems)


def problems_with(session: Session, account_id: UUID, name: str, content: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with sender and content as they are written, whoever gets it."""
    found = [_problem(one) for one in problems_of(content)]
    sender = senders.active(session, account_id, name)
    if sender is None:
        detail = "The account has no active WhatsApp number of this name."
        return [*found, {"field": "sender", "code": "whatsapp_sender.unknown", "detail": detail, "hits": []}]
    if use := content.get("template"):
        found += [_problem(one) for one in _of_template(session, sender.id, use)]
    return found


def _of_template(session: Session, sender_id: UUID, use: Mapping[str, Any]) -> list[Misfit]:
    template = templates.find(session, sender_id, use["name"], use["language"])
    if template is None:
        detail = "The number has no template of this name and language."
        return [Misfit("template.name", "whatsapp.template_unknown", detail)]
    if template.status != APPROVED:
        detail = f"WhatsApp has not approved the template: it is {template.status}."
        return [Misfit("template.name", "whatsapp.template_not_approved", detail)]
    return misfits(use, template.components)


def _problem(misfit: Misfit) -> Problem:
    return {"field": f"content.{misfit.field}", "code": str(misfit.code), "detail": misfit.detail, "hits": []}


def render_preview(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, fields_: dict[str, Any], address: str | None
) -> dict[str, Any]:
    """What one recipient would get. :raises NotFound: no such content in the account. :raises Invalid: it fails."""
    account_id = account_of(actor)
    with database.transaction() as session:
        row = plain.own_content(session, actor, content_hash)
        body = _body_of(session, account_id, row.sender, row.content)
    return preview_of(CONTENTS.rendered_or_refused(row.content, fields_, account_id), body)


def _body_of(session: Session, account_id: UUID, name: str, content: Mapping[str, Any]) -> str | None:
    """The body of the template that it uses, as WhatsApp keeps it."""
    use, sender = content.get("template"), senders.active(session, account_id, name)
    template = use and sender and templates.find(session, sender.id, use["name"], use["language"])
    found = (one.get("text") for one in (template.components if template else ()) if one.get("type") == "BODY")
    return next((str(text) for text in found if text), None)


def preview_of(rendered: Rendered, body: str | None = None) -> dict[str, Any]:
    """:param body: of a template, with {{1}} where its values stand."""
    shown = rendered.get("text") or rendered.get("media.caption") or body or ""
    for number in range(1, placeholders(body) + 1):
        shown = shown.replace(f"{{{{{number}}}}}", rendered.get(f"template.body.{number - 1}", ""))
    return {"text": shown, "texts": dict(rendered)}


def check_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content: dict[str, Any],
    recipients: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What would be sent of a content and what is wrong with it; nothing is kept. Drafts need not be whole."""
    problems = [_problem(one) for one in problems_of(content)] if content else []
    return CONTENTS.show(actor, content, recipients, preview_of=preview_of, advice_of=longest_text, problems=problems)
