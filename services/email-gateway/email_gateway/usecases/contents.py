"""Content: prepare it once, look at it rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contracts.errors import FieldError
from contracts.rpc import Actor
from contracts.template_rules import refusal
from email_gateway import exceptions
from email_gateway.content.compose import render
from email_gateway.content.prepare import Kind, Prepared, Problem, prepare
from email_gateway.content.template import TemplateProblem
from email_gateway.store import contents as store
from email_gateway.store import signing
from email_gateway.usecases.senders import normalised

_SENDER_FIELDS = ("from_email", "from_name", "reply_to")


def prepare_content(
    session: Session, *, actor: Actor, now: datetime, sender: Any, content: dict[str, Any], kind: str
) -> dict[str, Any]:
    """Check the sender, prepare the content and keep it under its hash; problems are for the caller to show.

    :raises Forbidden: the sender is not authorised.
    """
    prepared = keep_prepared(session, account_id=account_of(actor), sender=sender, content=content, kind=Kind(kind))
    return {
        "content_hash": prepared.content_hash,
        "variables": prepared.variables,
        "problems": [asdict(problem) for problem in prepared.problems],
    }


def keep_prepared(session: Session, *, account_id: UUID, sender: Any, content: dict[str, Any], kind: Kind) -> Prepared:
    """Check the sender, prepare the content and keep it under its hash; problems are for the caller to show.

    :raises Forbidden: the sender is not authorised.
    """
    given = sender if isinstance(sender, Mapping) else {"from_email": sender}
    content = {**content, **{name: content.get(name) or given.get(name) for name in _SENDER_FIELDS}}
    from_email = content["from_email"]
    if not isinstance(from_email, str) or "@" not in from_email:
        raise exceptions.content_problems(
            [{"field": "content.from_email", "code": "content.no_sender", "detail": "The e-mail needs a sender."}]
        )
    from_email = normalised(from_email)
    if not signing.may_send_from(session, account_id=account_id, email=from_email):
        raise exceptions.sender_not_authorised("sender.from_email" if sender else "content.from_email")
    reply_to = content.get("reply_to")
    reply_to = normalised(reply_to) if reply_to and isinstance(reply_to, str) else None
    _ensure_ascii({"content.from_email": from_email, "content.reply_to": reply_to or ""})
    prepared = _safe(prepare({**content, "from_email": from_email, "reply_to": reply_to}, kind, account_id))
    keep(session, account_id, prepared)
    return prepared


def _ensure_ascii(addresses: Mapping[str, str]) -> None:
    """:raises Invalid: no header could hold it, which the sender would find, with everybody's mail behind it."""
    problems: list[FieldError] = [
        {"field": name, "code": "address.local_part", "detail": "The part before @ must be of ASCII characters."}
        for name, address in addresses.items()
        if not address.isascii()
    ]
    if problems:
        raise exceptions.content_problems(problems)


def _safe(prepared: Prepared) -> Prepared:
    """What was prepared, unless it would build what fuel does not stop.

    The texts that will be rendered are looked at, not those that were given: a derived text part has its character
    references resolved, and may hold tags that the html did not.
    """
    if prepared.document is None:
        return prepared
    texts = [(name, prepared.document[name]) for name in ("subject", "html", "text")]
    texts += [("html", link) for link in prepared.document["links"]]
    problems = [
        Problem(name, "template.invalid", f"{name}: {refused}")
        for name, text in texts
        if (refused := refusal(text)) is not None
    ]
    return Prepared(None, problems=problems[:1]) if problems else prepared


def keep(session: Session, account_id: UUID, prepared: Prepared) -> None:
    if prepared.document is not None and prepared.content_hash is not None:
        store.keep(session, content_hash=prepared.content_hash, account_id=account_id, document=prepared.document)


def render_preview(
    session: Session, *, actor: Actor, now: datetime, content_hash: str, fields_: dict[str, Any], address: str | None
) -> dict[str, Any]:
    """Subject, html and text as a recipient with these fields would get them; links lead where they lead."""
    document = get_document(session, account_id=account_of(actor), content_hash=content_hash)
    try:
        return {**render(document, fields_), "problems": []}
    except TemplateProblem as problem:
        found = {"field": "content", "code": "template.field_missing", "detail": str(problem)}
        return {"subject": None, "html": None, "text": None, "problems": [found]}


def get_document(session: Session, *, account_id: UUID, content_hash: str) -> dict[str, Any]:
    document = store.document(session, account_id=account_id, content_hash=content_hash)
    if document is None:
        raise exceptions.content_not_found()
    return document
