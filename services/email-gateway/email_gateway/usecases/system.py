"""Wici's own mails: notices and codes, in Polish or English, from the system sender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any
from uuid import UUID

from channel import protected_names
from chassis import suspensions
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.errors import Invalid
from email_gateway import exceptions
from email_gateway.content.compose import render
from email_gateway.content.prepare import Kind, prepare
from email_gateway.content.template import TemplateProblem
from email_gateway.domain.senders import FORM_ACCOUNT, SYSTEM_ACCOUNT, SenderState
from email_gateway.domain.sends import Plan, To
from email_gateway.models import SenderDomain
from email_gateway.store import senders as store
from email_gateway.usecases import contents, messages
from email_gateway.usecases.ports import Tools
from email_gateway.usecases.senders import may_send, new_domain, normalised

log = get_logger()

TEMPLATES = "system_templates"


@dataclass(frozen=True)
class From:
    """Whose mail it is: the account that it is accounted to, the address and the name that it shows."""

    account_id: UUID
    email: str
    name: str


def system_domain(session: Session, tools: Tools) -> SenderDomain | None:
    return store.domain_by_name(
        session, account_id=SYSTEM_ACCOUNT, domain=tools.config.system_from.rpartition("@")[2].lower()
    )


def new_system_domain(tools: Tools, now: datetime) -> SenderDomain:
    """The system sender's domain, with a key of its own; whoever runs the platform publishes its records."""
    made = new_domain(
        tools, account_id=SYSTEM_ACCOUNT, domain=tools.config.system_from.rpartition("@")[2], algorithms=["rsa"]
    )
    made.state, made.verified_at = SenderState.VERIFIED, now
    made.verified_by, made.reason = "configuration", "EMAIL_SYSTEM_FROM"
    return made


def ensure_system_domain(database: Database, tools: Tools, now: datetime) -> None:
    """Two processes may come here at once: the second finds what the first made."""
    with database.transaction() as session:
        if system_domain(session, tools) is not None:
            return
    made = new_system_domain(tools, now)
    with database.transaction() as session:
        store.add_if_new(session, made)


def send(
    session: Session, tools: Tools, *, send_id: UUID, to: str, template: str, locale: str, variables: dict[str, Any]
) -> None:
    """:raises Invalid: there is no such template. :raises TemplateProblem: a variable of it is missing."""
    _send(session, From(SYSTEM_ACCOUNT, tools.config.system_from, "Wici"), send_id, to, template, locale, variables)


def send_confirmation(session: Session, tools: Tools, *, send_id: UUID, request: Mapping[str, Any]) -> None:
    """The mail that asks whether a sign-up was meant (`ConfirmationMailRequested`).

    It leaves from the account's own sender where the form names one and it is still authorised; else from the system
    sender under the account's name, and then without the form's title: nobody writes what they like from our address.
    It has no price: the account did not choose whom it goes to. Of a suspended account none leaves. It may reach who
    never asked for it, so none bears the name of a bank or an authority.
    """
    if suspensions.is_suspended(session, request["account_id"]):
        log.warning("confirmation_mail_of_suspended_account", account_id=str(request["account_id"]))
        return
    sent_by, title = From(SYSTEM_ACCOUNT, tools.config.system_from, _harmless(request["account_name"]) or "Wici"), ""
    own = request["sender"]
    if own and may_send(session, account_id=request["account_id"], email=own["email"]):
        email = normalised(own["email"])
        name = _harmless(own["name"] or request["account_name"]) or email.rpartition("@")[2]
        sent_by = From(request["account_id"], email, name)
        title = request["title"]
    variables = {
        FORM_ACCOUNT: request["account_id"],
        "url": f"{tools.links.public_url}/c/{request['token']}",
        "title": title,
        "sender": sent_by.name,
        "days_valid": request["days_valid"],
    }
    locale = "pl" if request["language"].lower().startswith("pl") else "en"
    _send(session, sent_by, send_id, request["to"], "sign_up_confirmation", locale, variables)


def _harmless(name: str | None) -> str:
    return "" if not name or protected_names.is_protected(name) else name


def _send(
    session: Session, sent_by: From, send_id: UUID, to: str, template: str, locale: str, variables: dict[str, Any]
) -> None:
    prepared = prepare(
        {"from_email": sent_by.email, "from_name": sent_by.name, **load_template(template, locale)},
        Kind.SYSTEM,
        sent_by.account_id,
    )
    if prepared.content_hash is None:
        raise TemplateProblem(str(prepared.problems))
    values = {name: str(value) for name, value in variables.items() if value is not None}
    messages.ensure_storable(values, "variables")
    assert prepared.document is not None
    render(prepared.document, values)
    contents.keep(session, sent_by.account_id, prepared)
    plan = Plan(
        account_id=sent_by.account_id,
        content_hash=prepared.content_hash,
        document=prepared.document,
        sender=sent_by.email,
        recipients=[To(to, None, values)],
    )
    messages.accept(session, send_id=send_id, plan=plan)


def load_template(template: str, locale: str) -> dict[str, str]:
    """Subject (first line) and text (the rest) of `system_templates/{template}.{locale}.txt`."""
    if not template.replace("_", "").isalpha():
        raise _unknown(template)
    file = resources.files("email_gateway") / TEMPLATES / f"{template}.{locale}.txt"
    if not file.is_file():
        raise _unknown(template)
    subject, _, text = file.read_text("utf-8").partition("\n\n")
    return {"subject": subject.strip(), "text": text}


def _unknown(template: str) -> Invalid:
    return exceptions.content_problems(
        [{"field": "template", "code": "template.unknown", "detail": f"There is no template {template[:50]!r}."}]
    )
