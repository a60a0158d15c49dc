"""Contents: checked, compiled, kept, counted, previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.rpc import Actor
from sms_gateway import exceptions
from sms_gateway.content import gsm, parts
from sms_gateway.content import short_links as short_links_of
from sms_gateway.content.first_render import FirstRender, render_apart
from sms_gateway.content.template import RenderFailed
from sms_gateway.store import contents as store
from sms_gateway.store import senders

SENDER_NOT_ACTIVE: dict[str, Any] = {
    "field": "sender",
    "code": "sender.not_active",
    "detail": "This sender ID is not active for the account.",
    "hits": [],
}


def count_parts(
    *, text: str, replace_diacritics: bool, short_links: bool = False, short_link_url: str | None = None
) -> dict[str, Any]:
    """A text as it would travel (C7).

    :param short_link_url: what short links start with.
    :raises Invalid: over 255 parts, or a link that cannot be shortened.
    """
    if short_links and short_link_url is not None:
        text = _shortened(text, short_link_url)
    travelling = gsm.replace_diacritics(text) if replace_diacritics else text
    try:
        counted = parts.count(travelling)
    except parts.TooLong:
        raise exceptions.text_too_long() from None
    return {
        "encoding": counted.encoding,
        "characters": counted.characters,
        "units": counted.units,
        "parts": counted.parts,
        "offending": counted.offending,
        "text": travelling,
    }


def _shortened(text: str, address: str) -> str:
    """The text with links as long as those that recipients get."""
    try:
        links = short_links_of.cut(text, address=address, is_template=False)
    except short_links_of.LinkRefused as refused:
        raise exceptions.link_refused(refused.code, refused.detail) from None
    return links.filled(links.samples)


def with_address(content: dict[str, Any], short_link_url: str | None) -> dict[str, Any]:
    """The content as it is kept: where short links are asked for, the address that they start with."""
    kept = {name: value for name, value in content.items() if name != "short_links"}
    if content.get("short_links") and short_link_url is not None:
        kept["short_link_url"] = short_link_url
    return kept


def prepare_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    sender: Any,
    content: dict[str, Any],
    kind: str,
    recipients: Sequence[Mapping[str, Any]],
    short_link_url: str | None = None,
) -> dict[str, Any]:
    """Check sender and template; keep them under their hash unless there are problems.

    :param recipients: fields of some, with whom it is tried.
    :param short_link_url: what short links start with.
    """
    account_id, sender = account_of(actor), str(sender or "")
    content = with_address(content, short_link_url)
    with database.transaction() as session:
        spelling = senders.active_spelling(session, account_id=account_id, sender=sender)
    problems = [] if spelling else [SENDER_NOT_ACTIVE.copy()]
    answer: dict[str, Any] = {
        "content_hash": None,
        "variables": [],
        "problems": problems,
        "parts_max": None,
        "tried": 0,
        "units": 1,
    }
    try:
        rendered = render_apart(content, None, account_id, recipients)
        answer |= {"variables": rendered.variables, "tried": rendered.tried.tried, "units": rendered.parts}
        problems += [asdict(fault) | {"hits": hits} for fault, hits in rendered.tried.hits.items()]
    except RenderFailed as failed:
        problems.append({"field": "content.text", "code": failed.code, "detail": failed.detail, "hits": []})
    if problems or spelling is None:
        return answer
    with database.transaction() as session:
        name = store.keep_content(session, account_id=account_id, sender=spelling, content=content)
    return answer | {"content_hash": name, "parts_max": rendered.parts}


def ensure_sender(session: Session, account_id: UUID, sender: str) -> str:
    """The sender ID in the case in which it was approved.

    :raises Invalid: the account may not send under this name.
    """
    spelling = senders.active_spelling(session, account_id=account_id, sender=sender)
    if spelling is None:
        raise exceptions.sender_not_active()
    return spelling


def render_preview(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, fields_: dict[str, Any], address: str | None
) -> dict[str, Any]:
    """The text as one recipient would get it, counted.

    :raises NotFound: no such content in the account.
    :raises Invalid: the template fails.
    """
    account_id = account_of(actor)
    with database.transaction() as session:
        row = own_content(session, account_id, content_hash)
    text = rendered_or_refused(row.content, fields_, account_id).text
    return {**count_parts(text=text, replace_diacritics=False), "sender": row.sender}


def own_content(session: Session, account_id: UUID, content_hash: str) -> Any:
    """:raises NotFound: no such content in the account."""
    row = store.content(session, content_hash, account_id=account_id)
    if row is None:
        raise exceptions.not_found("content")
    return row


def rendered_or_refused(content: dict[str, Any], fields: dict[str, Any], account_id: UUID) -> FirstRender:
    """:raises Invalid: the template fails for these fields, or takes too much."""
    try:
        return render_apart(content, fields, account_id)
    except RenderFailed as failed:
        raise exceptions.template_invalid(failed.detail, failed.code) from None
