"""Contents: checked, compiled, kept, counted, previewed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chassis import short_link_hosts
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.errors import Invalid, Unavailable
from contracts.permissions import is_granted
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from sms_gateway import exceptions
from sms_gateway.content import description, gsm, parts
from sms_gateway.content import short_links as short_links_of
from sms_gateway.content.first_render import FirstRender, render_apart, show_apart
from sms_gateway.content.template import RenderFailed
from sms_gateway.store import carriers, senders
from sms_gateway.store import contents as store
from sms_gateway.usecases import prices

SAMPLE_SECONDS = 8.0

SENDER_NOT_ACTIVE: dict[str, Any] = {
    "field": "sender",
    "code": "sender.not_active",
    "detail": "This sender ID is not active for the account.",
    "hits": [],
}


class Ask(Protocol):
    """Call `service.method` on behalf of whoever asked us."""

    def __call__(self, name: str, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


def count_parts(
    *,
    text: str,
    replace_diacritics: bool,
    national_language: str | None = None,
    short_links: bool = False,
    short_link_url: str | None = None,
) -> dict[str, Any]:
    """A text as it would travel (C7).

    :param national_language: whose tables it may be written with.
    :param short_link_url: what short links start with.
    :raises Invalid: over 255 parts, or a link that cannot be shortened.
    """
    if short_links and short_link_url is not None:
        text = _shortened(text, short_link_url)
    travelling = gsm.replace_diacritics(text) if replace_diacritics else text
    try:
        counted, plain = parts.count(travelling, national_language), description.plainly(travelling)
    except parts.TooLong:
        raise exceptions.text_too_long() from None
    return {
        **_shown(counted),
        "offending": counted.offending,
        "offenders": [asdict(one) for one in description.offenders(travelling, national_language)],
        "national_language": counted.national_language,
        "text": travelling,
        "replaced": None if plain is None else {**_shown(plain), "parts_saved": counted.parts - plain.parts},
    }


def _shortened(text: str, address: str) -> str:
    """The text with links as long as those that recipients get."""
    try:
        links = short_links_of.cut(text, address=address, is_template=False)
    except short_links_of.LinkRefused as refused:
        raise exceptions.link_refused(refused.code, refused.detail) from None
    return links.filled(links.samples)


def short_link_url_of(database: Database, *, account_id: UUID, ours: str) -> str:
    """What the account's short links start with, up to the code: its own host, else the platform's.

    :param ours: the platform's.
    """
    with database.transaction() as session:
        own = short_link_hosts.url_of(session, account_id)
    return ours if own is None else f"{own}{short_links_of.PATH}"


def keep_short_link_host(session: Session, *, event: Mapping[str, Any]) -> None:
    short_link_hosts.note(session, **event)


def with_address(content: dict[str, Any], short_link_url: str | None) -> dict[str, Any]:
    """The content as it is kept: where short links are asked for, the address that they start with."""
    kept = {name: value for name, value in content.items() if name != "short_links"}
    if kept.get("national_language") is None:
        kept.pop("national_language", None)  # of most: what they say keeps its hash
    if content.get("short_links") and short_link_url is not None:
        kept["short_link_url"] = short_link_url
    return kept


def _shown(counted: parts.Counted) -> dict[str, Any]:
    return {name: getattr(counted, name) for name in ("encoding", "characters", "units", "parts")}


def measure(
    database: Database, ask: Ask, *, actor: Actor, now: datetime, content: dict[str, Any], audience: dict[str, Any]
) -> dict[str, Any]:
    """What the content, a template, takes of its recipients and costs, by a sample of the audience; nobody's text or
    number is told.

    :raises Forbidden: the actor may not see what campaigns say. :raises Invalid: the template is broken.
    """
    if not is_granted("sms.campaigns.read", actor.get("permissions", [])):
        raise exceptions.permission_missing("sms.campaigns.read")
    until = time.monotonic() + SAMPLE_SECONDS
    try:
        variables = show_apart(content, account_of(actor), []).variables
        wanted = {"channel": str(Channel.SMS), "audience": audience, "fields": sorted({*variables, "phone"})}
        sample = ask("contacts.sample_audience", wanted, deadline=SAMPLE_SECONDS)
        contacts = sample["contacts"]
        texts = show_apart(content, account_of(actor), [contact["fields"] for contact in contacts]).texts
    except RenderFailed as failed:
        raise exceptions.template_invalid(failed.detail, failed.code) from None
    size = sample.get("size")
    if size is None:
        size = _counted_apart(ask, audience, seconds=until - time.monotonic())
    counted = _counted(contacts, texts, content.get("national_language"))
    made = [
        prices.Sampled(contact["fields"].get("phone"), one.parts, contact.get("stands_for", 0))
        for contact, one in counted
    ]
    with database.transaction() as session:
        networks, total = prices.of_sample(session, account_of(actor), made, size, now)
    measured = _measured([one for _, one in counted], len(texts))
    return {"variables": variables, **measured, "networks": networks, "reachable": size, "total": total}


def _counted_apart(ask: Ask, audience: dict[str, Any], *, seconds: float) -> int | None:
    """The size of an audience of which a sample saw a part; None where it cannot be known in that time."""
    if seconds <= 0:
        return None
    try:
        wanted = {"channel": str(Channel.SMS), "audience": audience}
        return int(ask("contacts.count_audience", wanted, deadline=seconds)["count"])
    except Unavailable:
        return None


def _counted(
    contacts: Sequence[Mapping[str, Any]], texts: Sequence[str | RenderFailed], language: str | None
) -> list[tuple[Mapping[str, Any], parts.Counted]]:
    """Those whose text can be made, with its length."""
    counted = []
    for contact, text in zip(contacts, texts, strict=True):
        if isinstance(text, str):
            with suppress(parts.TooLong):
                counted.append((contact, parts.count(text, language)))
    return counted


def _measured(counted: Sequence[parts.Counted], looked_at: int) -> dict[str, Any]:
    counted = sorted(counted, key=lambda one: (one.parts, one.units))
    return {
        "looked_at": looked_at,
        "failed": looked_at - len(counted),
        "typical": _shown(counted[len(counted) // 2]) if counted else None,
        "longest": _shown(counted[-1]) if counted else None,
    }


def check_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content: dict[str, Any],
    recipients: Sequence[Mapping[str, Any]],
    short_link_url: str | None = None,
) -> dict[str, Any]:
    """A campaign's content as it would travel, what is wrong with it, and what is worth mending; nothing is kept.

    :param short_link_url: what short links start with.
    """
    text = str(content.get("text") or "")
    answer: dict[str, Any] = {
        "content": content, "variables": [], "problems": [], "advice": [], "figures": {}, "rendered": [],
    }  # fmt: skip
    try:
        shown = show_apart(with_address({**content, "text": text}, short_link_url), account_of(actor), recipients)
    except RenderFailed as failed:
        problem = {"field": "text", "code": failed.code, "detail": failed.detail, "hits": []}
        return answer | {"problems": [problem]}
    texts = [one for one in shown.texts if isinstance(one, str)]
    replaces, language = bool(content.get("replace_diacritics")), content.get("national_language")
    longest = max(texts, key=len, default=gsm.replace_diacritics(text) if replaces else text)
    try:
        figures = count_parts(text=longest, replace_diacritics=False, national_language=language)
        rendered = [_rendered(one, language) for one in shown.texts]
    except Invalid as refused:
        problem = {"field": "text", "code": refused.code, "detail": refused.detail, "hits": []}
        return answer | {"variables": shown.variables, "problems": [problem]}
    with database.transaction() as session:
        figures["prices"] = prices.of_text(session, account_of(actor), figures["parts"], now)
        problems = _language_problems(session, content, "national_language")
    return answer | {
        "variables": shown.variables, "problems": problems, "figures": figures, "rendered": rendered,
        "advice": _advice(figures),
    }  # fmt: skip


def _rendered(text: str | RenderFailed, language: str | None) -> dict[str, Any]:
    if isinstance(text, RenderFailed):
        return {"problem": text.detail}
    counted = count_parts(text=text, replace_diacritics=False, national_language=language)
    return {name: counted[name] for name in ("text", "encoding", "characters", "units", "parts")}


def _advice(figures: Mapping[str, Any]) -> list[dict[str, str]]:
    replaced = figures["replaced"]
    if replaced is None or not replaced["parts_saved"]:
        return []
    characters = " ".join(figures["offending"][:20])
    detail = (
        f"{characters} forces UCS-2: in a plain spelling it takes {replaced['parts']} parts, not {figures['parts']}."
    )
    return [{"field": "replace_diacritics", "code": "sms.replaceable", "detail": detail}]


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
        problems = _language_problems(session, content, "content.national_language")
    if spelling is None:
        problems.insert(0, SENDER_NOT_ACTIVE.copy())
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


def ensure_language(database: Database, language: str) -> None:
    """:raises Invalid: no carrier takes its tables."""
    with database.transaction() as session:
        if not carriers.take_language(session, language):
            raise exceptions.language_not_taken()


def _language_problems(session: Session, content: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    language = content.get("national_language")
    if language is None or carriers.take_language(session, language):
        return []
    code, detail = exceptions.LANGUAGE_NOT_TAKEN, exceptions.LANGUAGE_NOT_TAKEN_DETAIL
    return [{"field": field, "code": code, "detail": detail, "hits": []}]


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
    language = row.content.get("national_language")
    return {**count_parts(text=text, replace_diacritics=False, national_language=language), "sender": row.sender}


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
