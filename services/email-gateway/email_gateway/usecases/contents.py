"""Content: prepare it once, look at it rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import protected_names
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.errors import FieldError, Forbidden
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.content.advice import Advice
from email_gateway.content.first_render import check_apart, render_apart, try_apart
from email_gateway.content.prepare import Kind, Prepared, Problem
from email_gateway.domain.alignment import Standing
from email_gateway.store import contents as store
from email_gateway.store import signing
from email_gateway.usecases.ports import Tools
from email_gateway.usecases.senders import normalised

_UNKNOWN_SENDER = {"from_email": "nobody@localhost", "subject": ""}
_NO_VERDICT = Advice("content", "email.no_spam_verdict", "The spam filter gave no verdict in time; check again later.")
_SENDER_FIELDS = ("from_email", "from_name", "reply_to")


def prepare_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    sender: Any,
    content: dict[str, Any],
    kind: str,
    recipients: Sequence[Mapping[str, Any]],
    is_on_trial: Callable[[], bool],
) -> dict[str, Any]:
    """Check the sender, prepare the content and keep it under its hash; problems are for the caller to show.

    :param recipients: fields of some, with whom it is tried.
    :param is_on_trial: whether the account is; asked where the From name is one that such an account may not bear.
    :raises Forbidden: the sender is not authorised, its domain has lost its records, or its name is protected.
    """
    account_id = account_of(actor)
    sendable = with_sender(sender, content)
    with database.transaction() as session:
        standing = signing.standing(session, account_id=account_id, email=sendable["from_email"])
    if (refusal := refusal_of(standing, "sender.from_email" if sender else "content.from_email")) is not None:
        raise refusal
    _ensure_has_records(database, account_id, sendable["from_email"], kind, is_mapped=isinstance(sender, Mapping))
    prepared, tried = try_apart(sendable, Kind(kind), account_id, recipients)
    if prepared.document and protected_names.is_protected(prepared.document["from_name"]) and is_on_trial():
        raise exceptions.name_protected("sender.from_name" if isinstance(sender, Mapping) else "content.from_name")
    with database.transaction() as session:
        keep(session, account_id, prepared)
    return {
        "content_hash": prepared.content_hash,
        "variables": prepared.variables,
        "problems": [asdict(problem) for problem in prepared.problems],
        "tried": tried,
        "units": 1,
    }


def _ensure_has_records(database: Database, account_id: UUID, email: str, kind: str, *, is_mapped: bool) -> None:
    if kind != Kind.CAMPAIGN:
        return
    with database.transaction() as session:
        if signing.is_stopped(session, account_id=account_id, email=email):
            raise exceptions.sender_lost_records("sender.from_email" if is_mapped else "content.from_email")


def with_sender(sender: Any, content: dict[str, Any]) -> dict[str, Any]:
    """The content with its sender, in the spelling that all addresses have here; whether they may send is not asked."""
    given = sender if isinstance(sender, Mapping) else {"from_email": sender}
    content = {**content, **{name: content.get(name) or given.get(name) for name in _SENDER_FIELDS}}
    from_email = content["from_email"]
    if not isinstance(from_email, str) or "@" not in from_email:
        raise exceptions.content_problems(
            [{"field": "content.from_email", "code": "content.no_sender", "detail": "The e-mail needs a sender."}]
        )
    from_email = normalised(from_email)
    reply_to = content.get("reply_to")
    reply_to = normalised(reply_to) if reply_to and isinstance(reply_to, str) else None
    ensure_ascii({"content.from_email": from_email, "content.reply_to": reply_to or ""})
    return {**content, "from_email": from_email, "reply_to": reply_to}


def refusal_of(standing: Standing, field: str) -> Forbidden | None:
    """What a sender of that standing is told; None: they may send. :param field: where the request names them."""
    if standing is Standing.AUTHORISED:
        return None
    refused = exceptions.sender_unaligned if standing is Standing.UNALIGNED else exceptions.sender_not_authorised
    return refused(field)


def ensure_ascii(addresses: Mapping[str, str]) -> None:
    """:raises Invalid: a part before @ is not of ASCII characters.

    No header of ours could hold it, and no server takes it without SMTPUTF8, which we do not speak.
    """
    problems: list[FieldError] = [
        {"field": name, "code": "address.local_part", "detail": "The part before @ must be of ASCII characters."}
        for name, address in addresses.items()
        if not address.rpartition("@")[0].isascii()
    ]
    if problems:
        raise exceptions.content_problems(problems)


def keep(session: Session, account_id: UUID, prepared: Prepared) -> None:
    if prepared.document is not None and prepared.content_hash is not None:
        store.keep(session, content_hash=prepared.content_hash, account_id=account_id, document=prepared.document)


def render_preview(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, fields_: dict[str, Any], address: str | None
) -> dict[str, Any]:
    """Subject, html and text as a recipient with these fields would get them; links lead where they lead."""
    account_id = account_of(actor)
    with database.transaction() as session:
        document = get_document(session, account_id=account_id, content_hash=content_hash)
    rendered = render_apart(document, fields_, account_id)
    if isinstance(rendered, Problem):
        return {"subject": None, "html": None, "text": None, "problems": [asdict(rendered)]}
    return {**rendered, "problems": []}


def check_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content: dict[str, Any],
    recipients: Sequence[Mapping[str, Any]],
    tools: Tools,
) -> dict[str, Any]:
    """A campaign's content as it would be sent, what is wrong with it, and what is worth mending; nothing is kept.

    A spam filter is asked about a content alone, not where it is shown to recipients: that happens while one writes.
    """
    is_judged = bool(tools.config.spam_filter) and not recipients
    sender = {**_UNKNOWN_SENDER, "from_email": tools.config.system_from}
    mail_from = tools.links.public_url if is_judged else None
    checked = check_apart({**sender, **content}, account_of(actor), recipients, mail_from=mail_from)
    verdict = tools.judge(checked.mail) if checked.mail else None
    advice = checked.advice if verdict or not checked.mail else [*checked.advice, _NO_VERDICT]
    return {
        "content": {name: value for name, value in checked.content.items() if name not in _SENDER_FIELDS},
        "variables": checked.variables,
        "problems": [asdict(problem) for problem in checked.problems],
        "advice": [asdict(one) for one in advice],
        "figures": asdict(checked.figures) | {"spam": asdict(verdict) if verdict else None},
        "rendered": [{"problem": one} if isinstance(one, str) else one for one in checked.rendered],
    }


def get_link_labels(session: Session, *, actor: Actor, now: datetime, content_hash: str) -> dict[str, Any]:
    """What the places of the content's links are called; nothing of one that was prepared before they had labels."""
    document = get_document(session, account_id=account_of(actor), content_hash=content_hash)
    return {"labels": document.get("labels") or []}


def get_document(session: Session, *, account_id: UUID, content_hash: str) -> dict[str, Any]:
    document = store.document(session, account_id=account_id, content_hash=content_hash)
    if document is None:
        raise exceptions.content_not_found()
    return document
