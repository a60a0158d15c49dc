"""Wici's own mails: notices and codes, in Polish or English, from the system sender."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.errors import Invalid
from email_gateway import exceptions
from email_gateway.domain import SYSTEM_ACCOUNT, SenderState
from email_gateway.mail.composer import render
from email_gateway.mail.content import Kind, prepare
from email_gateway.mail.template import TemplateProblem
from email_gateway.models import SenderDomain
from email_gateway.store import senders as store
from email_gateway.usecases import contents, messages
from email_gateway.usecases.senders import new_domain

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from email_gateway.dependencies import Tools

TEMPLATES = "system_templates"


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


def add_system_domain(session: Session, made: SenderDomain) -> None:
    """Two processes may come here at once: the second finds what the first made."""
    store.add_if_new(session, made)


def send(
    session: Session, tools: Tools, *, send_id: UUID, to: str, template: str, locale: str, variables: dict[str, Any]
) -> None:
    """:raises Invalid: there is no such template. :raises TemplateProblem: a variable of it is missing."""
    prepared = prepare(
        {"from_email": tools.config.system_from, "from_name": "Wici", **load_template(template, locale)},
        Kind.SYSTEM,
        SYSTEM_ACCOUNT,
    )
    if prepared.content_hash is None:
        raise TemplateProblem(str(prepared.problems))
    values = {name: str(value) for name, value in variables.items() if value is not None}
    messages.ensure_storable(values, "variables")
    assert prepared.document is not None
    render(prepared.document, values)
    contents.keep(session, SYSTEM_ACCOUNT, prepared)
    messages.accept(
        session,
        account_id=SYSTEM_ACCOUNT,
        send_id=send_id,
        content_hash=prepared.content_hash,
        sender=tools.config.system_from,
        recipients=[messages.To(to, None, values)],
    )


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
